"""A rulebook says the same after it was stored, or is refused."""

import json
from dataclasses import replace

import pytest

from pulse_kedro.domain.cycle import digest
from pulse_kedro.domain.rules.rulebook import (
    WORDED,
    BrokenRulebook,
    Look,
    Rulebook,
    RuleTrial,
    Watchfulness,
    empty_rulebook,
    read_rulebook,
    without_rules,
)
from rule_samples import LATER, MONDAYS, on_trial

LOOK = Look(
    windows=20, gain=0.1, relative=0.05, low=-0.1, high=0.3, p=0.02, running_bias=-0.01, clipped=0.0, passed=True
)
WATCH = Watchfulness(unit=0.5, expected=0.4, missing=1.25, opens="2021-01-01T00:00:00")
BOOKS = {
    "empty": empty_rulebook("a"),
    "on trial": replace(on_trial(LATER, MONDAYS), trial=RuleTrial(rules=(LATER,), opens="2021-01-01", looks=(LOOK,))),
    "in force": replace(empty_rulebook("a", "Passed."), rules=(LATER, MONDAYS), watch=WATCH, opens="2021-01-01"),
}


@pytest.mark.parametrize("book", BOOKS.values(), ids=list(BOOKS))
def test_a_record_comes_back_as_it_went(book: Rulebook) -> None:
    record = json.loads(json.dumps(book.record()))

    assert read_rulebook(record) == book
    assert read_rulebook(record).hash == book.hash == record["hash"]


def test_a_record_has_every_rule_in_words() -> None:
    assert BOOKS["in force"].record()["words"] == [str(LATER), str(MONDAYS)]


def test_hash_covers_everything_but_the_words() -> None:
    record = BOOKS["in force"].record()

    assert digest({key: value for key, value in record.items() if key not in WORDED}) == record["hash"]


def test_rulebooks_that_differ_in_anything_have_another_hash() -> None:
    book = BOOKS["in force"]
    others = [
        replace(book, recipe="b"),
        replace(book, rules=(MONDAYS, LATER)),
        replace(book, watch=replace(WATCH, missing=1.26)),
        replace(book, opens=None),
        replace(book, reason=""),
    ]

    assert len({made.hash for made in (book, *others)}) == 6


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"recipe": "b"}, "expected rules under the hash of their content"),
        ({"hash": "0" * 64}, "at 0000"),
        ({"hash": None}, "at None"),
        ({"rules": []}, "under the hash"),
        ({"rule": []}, "Unexpected keyword argument' at rule"),
        ({"rules": [{"when": [{"variable": "weekday", "values": ["1"]}], "shift": 9.0}]}, "at rules.0.shift"),
        ({"rules": [{"when": [{"variable": "weekday", "values": ["9"]}], "shift": 1.0}]}, "expected some, not all, of"),
        ({"rules": [{"when": [{"variable": "moon", "values": ["9"]}], "shift": 1.0}]}, "the variable 'moon'"),
        ({"schema_version": 3}, "Input should be 2' at schema_version"),
        ({"schema_version": None}, "at schema_version"),
        ({"reason": None}, "at reason"),
    ],
)
def test_what_was_changed_by_hand_is_refused(changes: dict[str, object], words: str) -> None:
    record = {**BOOKS["in force"].record(), **changes}

    with pytest.raises(BrokenRulebook, match=r"Reading a rulebook failed: got .*Run `kedro pulse doctor`") as caught:
        read_rulebook(record)

    assert words in str(caught.value)


def test_a_missing_field_is_refused() -> None:
    record = BOOKS["empty"].record()
    del record["recipe"]

    with pytest.raises(BrokenRulebook, match="at recipe"):
        read_rulebook(record)


def test_rulebooks_of_the_first_version_had_no_rules() -> None:
    old = {"recipe": "3f2a", "rules": [], "schema_version": 1, "hash": "f" * 64}

    assert read_rulebook(old) == empty_rulebook("3f2a")
    with pytest.raises(BrokenRulebook, match="at recipe"):
        read_rulebook({"schema_version": 1, "rules": []})


def test_what_is_dropped_leaves_the_moment_from_which_windows_choose_again() -> None:
    dropped = without_rules(BOOKS["in force"], "Gone.", opens="2022-01-01T00:00:00")

    assert dropped == replace(empty_rulebook("a", "Gone."), opens="2022-01-01T00:00:00")
