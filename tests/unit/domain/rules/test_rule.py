"""The rule language: one written form for what treats every forecast alike, and no other."""

import json

import pytest
from pydantic import TypeAdapter, ValidationError

from pulse_kedro.domain.rules.rule import OneOf, Rule, UnfitCondition, Within, one_of, rule_of, within
from pulse_kedro.domain.rules.variables import VARIABLES, UnknownVariable, variable

RULE: TypeAdapter[Rule] = TypeAdapter(Rule)
SUNDAY = {"variable": "weekday", "values": ["7"]}


def read(when: list[dict[str, object]], shift: object = 0.5) -> Rule:
    return RULE.validate_json(json.dumps({"when": when, "shift": shift}))


def test_an_accepted_rule_is_the_one_that_was_written() -> None:
    assert read([{"variable": "step", "low": 7}, SUNDAY]) == rule_of(
        [one_of("weekday", "7"), within("step", above=6)], 0.5
    )


@pytest.mark.parametrize(
    "condition",
    [
        {"variable": "hour", "values": ["25"]},
        {"variable": "hour", "values": ["7"]},
        {"variable": "weekday", "values": ["0"]},
        {"variable": "weekday", "values": list("1234567")},
        {"variable": "weekday", "values": ["7", "6"]},
        {"variable": "weekday", "values": ["7", "7"]},
        {"variable": "weekday", "values": []},
        {"variable": "weekday", "values": [7]},
        {"variable": "weekday", "values": "7"},
        {"variable": "weekday", "low": 6},
        {"variable": "series", "values": [""]},
        {"variable": "series", "values": [f"{number:03d}" for number in range(65)]},
        {"variable": "step", "values": ["7", "8"]},
        {"variable": "step", "low": 1},
        {"variable": "step", "low": -3, "high": 4},
        {"variable": "step", "high": 0},
        {"variable": "step", "low": 8, "high": 7},
        {"variable": "step", "low": 2.5},
        {"variable": "step", "low": "7"},
        {"variable": "step", "low": True},
        {"variable": "step", "low": float("nan")},
        {"variable": "step", "high": float("inf")},
        {"variable": "step"},
        {"variable": "step", "low": 7, "open": True},
        {"variable": "trend", "low": 0.5, "high": 0.5},
        {"variable": "trend", "low": 0.12345678},
        {"variable": "trend", "low": -0.0},
        {"variable": "volatility", "low": 0.0, "high": 0.5},
        {"variable": "volatility", "high": 0.0},
        {"variable": "__class__", "values": ["x"]},
    ],
    ids=json.dumps,
)
def test_conditions_in_another_form_are_refused(condition: dict[str, object]) -> None:
    """The traps of the rules reference, 2: what is out of its domain, always or never true, or written twice."""
    with pytest.raises((ValidationError, UnfitCondition, UnknownVariable)):
        read([condition])


@pytest.mark.parametrize("shift", [0, -0.0, 3.5, float("nan"), float("-inf"), True, "0.5", 0.00004, 0.12345, None])
def test_shifts_that_do_nothing_too_much_or_too_finely_are_refused(shift: object) -> None:
    with pytest.raises((ValidationError, UnfitCondition)):
        read([SUNDAY], shift)


@pytest.mark.parametrize(
    "when",
    [
        [],
        [{"variable": "weekday", "values": ["6"]}, SUNDAY],
        [SUNDAY, {"variable": "step", "low": 7}],
        [{"variable": name, "low": 0.5} for name in ("beyond_naive", "last_bias", "rise", "trend", "volatility")],
    ],
    ids=["unconditional", "one variable twice", "another order", "five conditions"],
)
def test_conjunctions_in_another_form_are_refused(when: list[dict[str, object]]) -> None:
    with pytest.raises((ValidationError, UnfitCondition)):
        read(when)


def test_equal_boxes_have_one_fingerprint() -> None:
    written = [
        rule_of([within("step", above=6), one_of("weekday", "7", "6")], 0.25),
        rule_of([one_of("weekday", "6", "7", "6"), within("step", at_least=7)], 0.25),
        rule_of((one_of("weekday", "6", "7"), within("step", at_least=6.5)), 0.250001),
    ]

    assert len({rule.fingerprint for rule in written}) == len({rule.family for rule in written}) == 1


def test_integers_have_one_form_for_a_range() -> None:
    assert (
        within("step", at_least=7, at_most=8)
        == within("step", above=6, below=9)
        == within("step", at_least=6.2, at_most=8.9)
    )


def test_a_bound_that_every_value_passes_is_left_out() -> None:
    assert within("step", at_least=1, at_most=8) == within("step", at_most=8)
    assert within("volatility", at_least=0, below=0.5) == within("volatility", below=0.5)


def test_zero_has_no_sign() -> None:
    plus, minus = (rule_of([within("trend", at_least=zero)], 1.0) for zero in (0.0, -0.0))

    assert plus.fingerprint == minus.fingerprint


def test_another_shift_is_another_rule_of_the_same_family() -> None:
    first, second = (rule_of([one_of("weekday", "7")], shift) for shift in (0.5, 0.5001))

    assert first.family == second.family
    assert first.fingerprint != second.fingerprint
    assert len(first.fingerprint) == 16


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({}, "got no bound, expected at least one"),
        ({"at_least": float("nan")}, "got nan, expected finite bounds"),
        ({"at_most": float("inf")}, "got inf, expected finite bounds"),
        ({"at_least": 9, "at_most": 3}, "got 9 to 3, expected a lower bound below the upper one"),
        ({"at_most": 0}, "got step <= 0, expected a lower bound above 1, an upper one not below it"),
    ],
)
def test_the_message_says_what_is_wrong(bounds: dict[str, float], words: str) -> None:
    with pytest.raises(UnfitCondition, match=f"Reading a condition on step failed: {words}. Correct the condition"):
        within("step", **bounds)


def test_a_category_of_another_calendar_is_named() -> None:
    with pytest.raises(UnfitCondition, match="expected some, not all, of 1, 2, 3, 4"):
        one_of("quarter", "5")
    with pytest.raises(UnfitCondition, match="got categories, expected bounds"):
        OneOf(variable="step", values=("7",))
    with pytest.raises(UnfitCondition, match="got bounds, expected categories"):
        Within(variable="hour", low=7.0)
    with pytest.raises(UnfitCondition, match="at_least, or below"):
        within("trend", above=1.0)


def test_an_unknown_variable_names_the_nearest() -> None:
    with pytest.raises(UnknownVariable, match="Did you mean 'weekday'"):
        one_of("weekdays", "7")


def test_every_closed_category_is_sorted_as_written() -> None:
    for name in VARIABLES:
        assert list(variable(name).values) == sorted(variable(name).values)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (rule_of([within("step", at_most=6)], -0.25), "IF step <= 6 THEN forecast -= 0.25 scale"),
        (
            rule_of([within("trend", at_least=-0.5, below=0.5), one_of("series", "b", "a")], 1),
            "IF series IN {a, b} AND -0.5 <= trend < 0.5 THEN forecast += 1 scale",
        ),
        (rule_of([within("rise", below=2)], 1), "IF rise < 2 THEN forecast += 1 scale"),
    ],
)
def test_rules_in_words(rule: Rule, words: str) -> None:
    assert str(rule) == words
