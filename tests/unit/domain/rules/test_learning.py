"""The life of a rulebook on made-up errors: learned, tried, applied, watched, dropped, learned anew."""

from dataclasses import replace

import numpy as np
import pytest

from pulse_kedro.domain.metrics.cosine import cosine_interval, cosine_p
from pulse_kedro.domain.rules.context import Scene
from pulse_kedro.domain.rules.learning import advance, shifts_now
from pulse_kedro.domain.rules.rule import one_of, rule_of
from pulse_kedro.domain.rules.rulebook import Rulebook, Watchfulness, empty_rulebook, without_rules
from rule_samples import FIRST, LATER, MONDAYS, TERMS, a_scene, leaning, on_trial

WEEKS = FIRST + 7 * np.arange(1, 400)
TWO_STEPS = 2


def one_by_one(book: Rulebook, errors: np.ndarray, known: np.ndarray, **scene: int) -> list[Rulebook]:
    """The book after each moment."""
    books = []
    for stop in known:
        book = advance(book, a_scene(errors, known=int(stop), **scene), TERMS).book
        books.append(book)
    return books


def two_steps(second: np.ndarray) -> Scene:
    """Windows of two steps without overlap; the second errs as given, the first by nothing; `LATER` holds there."""
    errors = np.zeros((FIRST + TWO_STEPS * len(second), 1))
    errors[FIRST + 1 :: TWO_STEPS, 0] = second
    return a_scene(errors, horizon=TWO_STEPS)


def gained(second: np.ndarray) -> np.ndarray:
    """Gains of `LATER`, which shifts by 1, by hand: half of the forecasts are shifted."""
    return (np.abs(second) - np.abs(second - 1)) / 2


def test_a_lasting_lean_is_learned_and_applied() -> None:
    scene = a_scene(leaning(np.random.default_rng(1), 150, lean=0.8))

    step = advance(empty_rulebook("r"), scene, TERMS)

    assert step.mined is not None
    assert step.book.rules == step.mined.rules
    assert step.book.rules[0].when == (one_of("weekday", "1"),)
    assert step.book.recipe == "r"
    assert step.book.reason.startswith("In force; ")
    now = shifts_now(step.book, scene, TERMS)
    assert now.shape == (7, 2)
    assert (now[0] > 0.4).all()


def test_shifts_of_an_empty_book_are_zero() -> None:
    scene = a_scene(np.zeros((60, 2)))

    assert not shifts_now(empty_rulebook("r"), scene, TERMS).any()


@pytest.mark.parametrize("windows", [1, 5, 25])
def test_a_short_past_waits(windows: int) -> None:
    step = advance(empty_rulebook("r"), a_scene(np.ones((FIRST + 7 * windows, 1))), TERMS)

    assert step.mined is None
    assert step.book == replace(empty_rulebook("r"), reason=step.book.reason)
    assert "8 windows that could choose" in step.book.reason


def test_overlap_leaves_too_little_to_mine() -> None:
    """All but two of the windows that would be mined share targets with those that choose."""
    step = advance(empty_rulebook("r"), a_scene(np.ones((FIRST + 60, 1)), horizon=28, stride=1), TERMS)

    assert "of 8 windows to learn from" in step.book.reason


def test_no_rule_worth_a_try_waits_for_newer_windows() -> None:
    step = advance(empty_rulebook("r"), a_scene(np.zeros((FIRST + 7 * 60, 1))), TERMS)

    assert step.mined is not None
    assert step.book.reason == "None of 0 rules that were tried gained on later windows; newer ones choose again."
    assert step.book.opens is not None


def test_switched_off_drops_what_is_in_force() -> None:
    book = advance(empty_rulebook("r"), a_scene(leaning(np.random.default_rng(1), 150, lean=0.8)), TERMS).book

    off = advance(book, a_scene(np.zeros((60, 2))), replace(TERMS, enabled=False)).book

    assert off == without_rules(book, "Rules are switched off.", opens=book.opens)


@pytest.mark.parametrize(("windows", "looks"), [(19, []), (20, [20]), (39, [20])])
def test_a_trial_is_looked_at_when_it_is_due(windows: int, looks: list[int]) -> None:
    second = 0.5 + np.where(np.arange(windows) % 2, 1.0, -1.0)

    book = advance(on_trial(LATER), two_steps(second), TERMS).book

    assert book.trial is not None
    assert [look.windows for look in book.trial.looks] == looks
    assert not book.rules


def test_a_trial_that_shows_nothing_twice_is_over() -> None:
    second = 0.5 + np.where(np.arange(40) % 2, 1.0, -1.0)

    book = advance(on_trial(LATER), two_steps(second), TERMS).book

    assert (book.rules, book.trial) == ((), None)
    assert book.reason == "Failed its trial: gain 0.0 % over 40 new windows, p = 0.500; newer windows choose again."


def test_figures_of_a_look_by_hand() -> None:
    rng = np.random.default_rng(2)
    second = rng.normal(0.45, 1, size=30)
    scene, gains = two_steps(second), gained(second[:20])

    trial = advance(on_trial(LATER), scene, TERMS).book.trial

    assert trial is not None
    (look,) = trial.looks
    assert look.gain == pytest.approx(gains.mean())
    assert look.relative == pytest.approx(gains.mean() / np.mean(np.abs(second[:20]) / 2))
    assert look.p == pytest.approx(cosine_p(gains))
    assert (look.low, look.high) == pytest.approx(cosine_interval(gains))
    assert (look.clipped, look.passed) == (0.0, False)
    assert look.running_bias == pytest.approx(_bias_gain(second)[:20].mean())


def _bias_gain(second: np.ndarray) -> np.ndarray:
    """Gain of correcting both steps by the fading mean of what was known; periods count, so a cutoff is two of them."""
    keep, gains, total, weight = np.sqrt(0.9), [], 0.0, 0.0
    for error in second:
        bias = float(np.clip(total / weight, -2, 2)) if weight else 0.0
        gains.append((abs(error) - abs(error - bias) - abs(bias)) / 2)
        total, weight = keep * (keep * total) + error, keep * (keep * weight + 1) + 1
    return np.array(gains)


def test_rules_that_ask_for_more_than_the_cap_are_counted() -> None:
    heavy = rule_of(LATER.when, 1.6)

    trial = advance(on_trial(heavy), two_steps(np.full(20, 0.5)), TERMS).book.trial

    assert trial is not None
    assert trial.looks[0].clipped == 0.5


def test_a_set_that_passed_expects_what_it_showed() -> None:
    second = np.random.default_rng(3).normal(1.0, 0.7, size=20)

    book = advance(on_trial(LATER), two_steps(second), TERMS).book

    assert book.rules == (LATER,)
    assert book.watch is not None
    assert book.watch.expected * book.watch.unit == pytest.approx(gained(second).mean())
    assert book.watch.missing == 0


def test_equal_gains_have_an_expectation_too() -> None:
    book = advance(on_trial(LATER), two_steps(np.full(60, 2.0)), TERMS).book

    assert book.rules == (LATER,)
    assert book.watch is not None
    assert np.isfinite(book.watch.expected)
    assert book.watch.missing == 0


def in_force(*, unit: float = 0.5, expected: float = 0.4) -> Rulebook:
    watch = Watchfulness(unit=unit, expected=expected, missing=0.0, opens="2020-01-01T00:00:00")
    return replace(empty_rulebook("r"), rules=(LATER,), watch=watch, opens="2020-01-01T00:00:00")


def test_missing_gain_adds_up_by_hand() -> None:
    """`C = max(0, C - (gain / .5 - .25 x .4))`: gains of -.5 add 1.1, a gain of .5 takes .9."""
    book = advance(in_force(), two_steps(np.array([-1.0, -1, 2, -1])), TERMS).book

    assert book.watch is not None
    assert book.watch.missing == pytest.approx(1.1 + 1.1 - 0.9 + 1.1)


def test_a_set_is_dropped_where_its_gain_is_gone_and_not_before() -> None:
    """14 standard deviations at 1.1 a window: the thirteenth."""
    second = np.full(30, -1.0)

    kept = advance(in_force(), two_steps(second[:12]), TERMS).book
    dropped = advance(in_force(), two_steps(second), TERMS).book

    assert kept.rules == (LATER,)
    assert dropped.rules == ()
    assert dropped.reason.startswith("Dropped: 14.3 standard deviations")
    scene = two_steps(second)
    assert dropped.opens == str(np.datetime_as_string(scene.targets[12, -1], unit="s"))


def test_a_hundred_windows_without_the_rule_change_nothing() -> None:
    """Mondays never come up where forecasts are of other days."""
    errors = np.full((FIRST + 700, 1), 5.0)
    scene = a_scene(errors[:-1], horizon=6, stride=7)
    scene = replace(scene, targets=scene.targets + np.timedelta64(1, "D"))
    book = replace(in_force(), rules=(MONDAYS,))

    after = advance(book, scene, TERMS).book

    assert len(scene.places) >= 100
    assert after.watch is not None
    assert after.watch.missing == 0
    assert after.watch.opens > scene.cutoffs[-3].astype(str)


@pytest.mark.parametrize("lean", [0.0, 0.8])
def test_asked_at_every_cutoff_it_says_the_same_as_asked_once(lean: float) -> None:
    """From a first search on: a trial, a failure or a set in force, a drop, and what is learned then."""
    errors = leaning(np.random.default_rng(4), 160, lean=lean, series=1)
    errors[WEEKS[110] : WEEKS[150] : 7] -= 2.5 * lean
    begun = advance(empty_rulebook("r"), a_scene(errors, known=int(WEEKS[60])), TERMS).book

    books = one_by_one(begun, errors, WEEKS[61:160:6])
    at_once = advance(begun, a_scene(errors, known=int(WEEKS[157])), TERMS).book

    assert books[-1] == at_once
    assert books[-1] == advance(at_once, a_scene(errors, known=int(WEEKS[157])), TERMS).book
    assert len({book.opens for book in books}) > 1


def test_overlapping_cutoffs_say_the_same_too() -> None:
    errors = leaning(np.random.default_rng(5), 40, lean=0.8, series=1)
    known = np.arange(FIRST + 120, FIRST + 270)
    begun = advance(empty_rulebook("r"), a_scene(errors, known=int(known[0]), stride=1), TERMS).book

    books = one_by_one(begun, errors, known[1::5], stride=1)

    assert books[-1] == advance(begun, a_scene(errors, known=int(known[1::5][-1]), stride=1), TERMS).book


def test_nothing_is_looked_at_twice() -> None:
    """Whatever chose or decided lies before the moment from which windows count, and that moment never goes back."""
    errors = leaning(np.random.default_rng(6), 200, lean=0.5, series=1)

    books = one_by_one(empty_rulebook("r"), errors, WEEKS[20:190:4])

    opened = [book.opens for book in books if book.opens is not None]
    assert opened == sorted(opened)
    for stop, book in zip(WEEKS[20:190:4], books, strict=True):
        newest = str(np.datetime_as_string(a_scene(errors, known=int(stop)).cutoffs[-1], unit="s"))
        assert book.opens is None or book.opens <= newest


def test_a_book_knows_nothing_of_what_comes_later() -> None:
    errors = leaning(np.random.default_rng(7), 120, lean=0.5)
    other = errors.copy()
    other[WEEKS[70] :] *= -3

    first, second = (
        advance(empty_rulebook("r"), a_scene(made, known=int(WEEKS[70])), TERMS) for made in (errors, other)
    )

    assert first == second


def test_windows_that_fell_away_neither_repeat_a_look_nor_undo_one() -> None:
    """The scene forgets its first windows while a trial waits for its second look."""
    errors = np.zeros((FIRST + 2 * 80, 1))
    errors[FIRST + 1 :: 2, 0] = 0.5 + np.where(np.arange(80) % 2, 1.0, -1.0)
    waiting = advance(on_trial(LATER), a_scene(errors, horizon=2, known=FIRST + 2 * 30), TERMS).book
    whole = a_scene(errors, horizon=2)
    newer = slice(25, None)
    rest = replace(
        whole,
        places=whole.places[newer],
        points=whole.points[newer],
        actual=whole.actual[newer],
        scale=whole.scale[newer],
        cutoffs=whole.cutoffs[newer],
        targets=whole.targets[newer],
    )

    book = advance(waiting, rest, TERMS).book

    assert waiting.trial is not None
    assert len(waiting.trial.looks) == 1
    assert book.trial is None
    assert book.reason.startswith("Failed its trial: gain 0.0 % over 40 new windows")
    assert book.opens is not None
    assert book.opens >= str(np.datetime_as_string(rest.cutoffs[39], unit="s"))


def test_the_books_on_the_way_lead_from_the_first_to_the_last() -> None:
    scene = a_scene(leaning(np.random.default_rng(1), 150, lean=0.8))

    step = advance(empty_rulebook("r"), scene, TERMS)

    on_trial, in_force, *_ = (book for book in step.through if book.trial is not None or book.rules)
    assert on_trial.trial is not None
    assert on_trial.trial.rules == in_force.rules == step.book.rules
    assert step.through[-1] == step.book
    assert () == advance(step.book, scene, TERMS).through
