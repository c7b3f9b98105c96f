"""Rules never look ahead, have one written form, apply whatever was accepted, and come back as they went."""

import json
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.rules.applying import holds, total_shift
from pulse_kedro.domain.rules.context import context_of
from pulse_kedro.domain.rules.learning import advance, shifts_now
from pulse_kedro.domain.rules.rule import Condition, Rule, one_of, rule_of, within
from pulse_kedro.domain.rules.rulebook import RuleTrial, Watchfulness, empty_rulebook, read_rulebook
from pulse_kedro.domain.rules.variables import NUMERIC, VARIABLES
from rule_samples import FIRST, TERMS, a_scene, leaning

RULE: TypeAdapter[Rule] = TypeAdapter(Rule)
NAMES = ("weekday", "series", "step", "trend", "volatility")
CATEGORIES = {"weekday": tuple("1234567"), "series": ("a", "b", "c")}
STEPS = st.integers(1, 8)
EIGHTHS = st.integers(-16, 16).map(lambda number: number / 8)


@st.composite
def conditions(draw: st.DrawFn, name: str) -> Condition:
    """A condition on a variable of `NAMES`, on a small grid so that boxes often meet."""
    if name in CATEGORIES:
        known = CATEGORIES[name]
        values = draw(st.sets(st.sampled_from(known), min_size=1, max_size=6))
        return one_of(name, *values)
    if name == "step":
        low = draw(st.integers(2, 8))
        high = draw(st.integers(low, 9))
        return draw(st.sampled_from([within(name, at_least=low), within(name, at_least=low, at_most=high)]))
    low = draw(EIGHTHS) if name == "trend" else draw(st.integers(1, 8)) / 8
    high = low + draw(st.integers(1, 8)) / 8
    return draw(
        st.sampled_from([within(name, at_least=low), within(name, below=high), within(name, at_least=low, below=high)])
    )


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Any rule over `NAMES`."""
    names = draw(st.sets(st.sampled_from(NAMES), min_size=1, max_size=3))
    shift = draw(st.integers(-30000, 30000).filter(bool)) / 10000
    return rule_of([draw(conditions(name)) for name in sorted(names)], shift)


def everything() -> dict[str, np.ndarray]:
    """Facts in every combination of what `conditions` can tell apart; one axis each, and missing values."""
    numbers = np.append(np.arange(-17, 33) / 8, np.nan)
    axes = {
        "weekday": np.array([*CATEGORIES["weekday"], ""]),
        "series": np.array([*CATEGORIES["series"], "other", ""]),
        "step": np.arange(1.0, 12),
        "trend": numbers,
        "volatility": np.append(np.arange(33) / 8, np.nan),
    }
    shapes = np.eye(len(axes), dtype=int) * -2 + 1  # -1 on the diagonal: as long as it is
    return {name: axes[name].reshape(shape) for (name, shape) in zip(axes, shapes, strict=True)}


WORLD = everything()


def box(rule: Rule) -> np.ndarray:
    return np.broadcast_to(holds(rule, WORLD), tuple(fact.size for fact in WORLD.values()))


@settings(max_examples=30)
@given(rules(), rules())
def test_families_are_equal_exactly_where_rules_hold_alike(first: Rule, second: Rule) -> None:
    assert (first.family == second.family) == np.array_equal(box(first), box(second))


@given(rules(), st.randoms())
def test_a_rule_has_one_fingerprint_however_it_is_written(rule: Rule, random: object) -> None:
    when = list(rule.when)
    random.shuffle(when)  # type: ignore[attr-defined]
    again = rule_of(when, rule.shift + 1e-6)

    assert (again, again.fingerprint) == (rule, rule.fingerprint)
    assert RULE.validate_json(RULE.dump_json(rule)) == rule


ANY_NUMBER = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 30), st.floats(-5, 5).map(lambda number: round(number, 3)),
    st.sampled_from([float("nan"), float("inf"), -0.0, 1e300, "7"]),
)  # fmt: skip
ANY_TEXT = st.sampled_from(["1", "7", "07", "23", "25", "nan", "", "a", "__import__('os')"])
ANY_CONDITION = st.one_of(
    st.fixed_dictionaries(
        {"variable": st.sampled_from([*VARIABLES, "moon"]), "values": st.lists(ANY_TEXT, max_size=3)}
    ),
    st.fixed_dictionaries(
        {"variable": st.sampled_from([*NUMERIC, "hour"])}, optional={"low": ANY_NUMBER, "high": ANY_NUMBER}
    ),
    st.dictionaries(st.sampled_from(["variable", "values", "low", "code"]), ANY_TEXT, max_size=3),
)
ANY_RULE = st.fixed_dictionaries({"when": st.lists(ANY_CONDITION, max_size=3), "shift": st.one_of(ANY_NUMBER, EIGHTHS)})
SCENE = a_scene(np.random.default_rng(1).normal(size=(FIRST + 28, 2)))
FACTS = context_of(SCENE)


@settings(max_examples=150)
@given(ANY_RULE)
def test_whatever_is_accepted_applies(written: dict[str, object]) -> None:
    """Refused, in one of two ways, or applied; nothing else happens, whatever the JSON says."""
    try:
        rule = RULE.validate_json(json.dumps(written))
    except (ValidationError, InvalidInput):
        return
    found = total_shift([rule], FACTS, SCENE.shape, cap=TERMS.largest_shift)

    assert np.isfinite(found).all()
    assert 0 < len(str(rule)) < 400
    assert not holds(rule, {}).any()
    assert rule == rule_of(rule.when, rule.shift)


@settings(max_examples=25)
@given(st.lists(rules(), min_size=1, max_size=5), st.randoms(), st.floats(0.1, 3))
def test_order_of_rules_and_rows_does_not_matter_and_the_cap_holds(
    made: list[Rule], random: object, cap: float
) -> None:
    found = total_shift(made, FACTS, SCENE.shape, cap=cap)
    shuffled = list(made)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    rows = np.random.default_rng(len(made)).permutation(SCENE.shape[0])
    moved = {name: fact[rows] if len(fact) == len(rows) else fact for name, fact in FACTS.items()}

    assert np.abs(found).max() <= cap
    np.testing.assert_array_equal(found, total_shift(shuffled, FACTS, SCENE.shape, cap=cap))
    np.testing.assert_array_equal(found[rows], total_shift(made, moved, SCENE.shape, cap=cap))
    np.testing.assert_allclose(
        found,
        np.clip(sum(holds(rule, FACTS) * rule.shift for rule in made), -cap, cap) + np.zeros(SCENE.shape),
        atol=1e-9,
    )


@settings(max_examples=12)
@given(st.integers(0, 2**32), st.integers(1, 10), st.integers(1, 10), st.lists(rules(), min_size=1, max_size=3))
def test_what_comes_later_changes_no_fact_and_no_shift(seed: int, horizon: int, stride: int, made: list[Rule]) -> None:
    """Every value after a cutoff is replaced: its facts and its shifts stay the same to the bit."""
    rng = np.random.default_rng(seed)
    errors = rng.normal(size=(FIRST + 60, 2))
    cut = FIRST + 40
    other = errors.copy()
    other[cut:] = rng.permutation(other[cut:] * 7)
    before, after = (a_scene(values, horizon=horizon, stride=stride) for values in (errors, other))
    now = a_scene(errors[:cut], horizon=horizon, stride=stride)
    known = before.places <= cut

    for name, fact in context_of(before).items():
        rows = known if len(fact) == len(known) else slice(None)
        np.testing.assert_array_equal(fact[rows], context_of(after)[name][rows])
        np.testing.assert_array_equal(fact[rows], context_of(now)[name])
    cap = TERMS.largest_shift
    shifts = [total_shift(made, context_of(scene), scene.shape, cap=cap) for scene in (before, after, now)]
    np.testing.assert_array_equal(shifts[0][known], shifts[1][known])
    book = replace(empty_rulebook("r"), rules=tuple(made))
    np.testing.assert_array_equal(shifts[2][-1], shifts_now(book, now, TERMS))


MOMENTS = st.datetimes().map(lambda moment: moment.isoformat(timespec="seconds"))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
BOOKS = st.builds(
    replace,
    st.builds(empty_rulebook, st.text(max_size=8), st.text(max_size=8)),
    rules=st.lists(rules(), max_size=3).map(tuple),
    trial=st.none() | st.builds(RuleTrial, rules=st.lists(rules(), max_size=2).map(tuple), opens=MOMENTS),
    watch=st.none() | st.builds(Watchfulness, unit=NUMBERS, expected=NUMBERS, missing=NUMBERS, opens=MOMENTS),
    opens=st.none() | MOMENTS,
)


@settings(max_examples=15)
@given(BOOKS)
def test_a_book_comes_back_from_its_record(book: object) -> None:
    record = json.loads(json.dumps(book.record()))  # type: ignore[attr-defined]

    assert read_rulebook(record) == book


@settings(max_examples=8)
@given(st.integers(0, 2**32), st.floats(-1, 1), st.integers(31, 110))
def test_asking_again_changes_nothing(seed: int, lean: float, windows: int) -> None:
    scene = a_scene(leaning(np.random.default_rng(seed), windows, lean=lean, series=1))
    once = advance(empty_rulebook("r"), scene, TERMS).book

    assert advance(once, scene, TERMS).book == once
