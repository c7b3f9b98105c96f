"""How often useless sets pass, good ones are applied, and lost ones are dropped: simulated, with the shipped terms."""

from dataclasses import replace

import numpy as np
import pytest

from pulse_kedro.domain.rules.context import Scene, context_of
from pulse_kedro.domain.rules.learning import advance, shifts_now
from pulse_kedro.domain.rules.rulebook import Rulebook, Watchfulness, empty_rulebook
from rule_samples import FIRST, LATER, TERMS, a_scene, on_trial

NOTHING = 0.5
"""Mean error where shifting by 1 neither gains nor loses."""


def errors_with(share: float, sign: float = 1.0) -> tuple[float, float]:
    """Mean error, in standard deviations of it, at which a shift of 1 gains so many standard deviations per window."""
    noise = np.random.default_rng(99).normal(size=20_000)
    grid = np.linspace(0.5, 1.6, 111)
    gains = [np.abs(noise + mean) - np.abs(noise + mean - 1) for mean in grid]
    place = int(np.argmin([abs(gain.mean() / gain.std() - share) for gain in gains]))
    mean = 0.5 + sign * (grid[place] - 0.5)
    return float(mean), float(gains[place].std() / 2)


def scene_of(rng: np.random.Generator, means: np.ndarray) -> Scene:
    """Windows of two steps; only the second, where `LATER` holds, errs."""
    errors = np.zeros((FIRST + 2 * len(means), 1))
    errors[FIRST + 1 :: 2, 0] = rng.normal(means)
    return a_scene(errors, horizon=2)


def share_passed(mean: float, draws: int) -> float:
    rng = np.random.default_rng([draws, int(100 * mean)])
    books = [advance(on_trial(LATER), scene_of(rng, np.full(40, mean)), TERMS).book for _ in range(draws)]
    return float(np.mean([bool(book.rules) for book in books]))


def test_a_useless_set_passes_its_trial_one_time_in_ten() -> None:
    """At most 13 % (rules reference, 11)."""
    assert 0.04 <= share_passed(NOTHING, 300) <= 0.13


def test_a_good_set_passes_its_trial_nine_times_in_ten() -> None:
    """A gain of .6 standard deviations per window: at least 90 %."""
    assert share_passed(errors_with(0.6)[0], 200) >= 0.90


def in_force(share: float) -> Rulebook:
    """A set whose gain is known: what its windows gain is estimated well."""
    watch = Watchfulness(unit=errors_with(share)[1], expected=share, missing=0.0, opens="2020-01-01T00:00:00")
    return replace(empty_rulebook("r"), rules=(LATER,), watch=watch, opens="2020-01-01T00:00:00")


def dropped(share: float, mean: float, windows: int, draws: int) -> float:
    """Share of runs in which the set is gone; nothing is learned after it."""
    rng, once = np.random.default_rng([draws, windows]), replace(TERMS, least_mine=10**6)
    ends = [advance(in_force(share), scene_of(rng, np.full(windows, mean)), once).book for _ in range(draws)]
    return float(np.mean([not book.rules for book in ends]))


def test_a_reversed_set_is_dropped_within_forty_windows() -> None:
    assert dropped(0.6, errors_with(0.6, -1.0)[0], 40, 60) >= 0.90


def test_a_set_that_still_gains_stays() -> None:
    """.4 standard deviations per window, over a hundred windows: at most one in twenty goes."""
    assert dropped(0.4, errors_with(0.4)[0], 100, 60) <= 0.05


def test_a_set_whose_gain_was_estimated_by_its_trial_stays_too() -> None:
    """The whole life: what passed after 20 or 40 windows is kept for a hundred more, seven times in eight."""
    rng, mean = np.random.default_rng(12), errors_with(0.6)[0]
    once = replace(TERMS, least_mine=10**6)
    lives = [advance(on_trial(LATER), scene_of(rng, np.full(160, mean)), once).book for _ in range(60)]

    assert np.mean([book.rules == (LATER,) for book in lives]) >= 0.85


def placebo(seed: int, windows: int = 160) -> tuple[float, bool]:
    """Relative change of the error by rules on errors that no fact explains, at every later window."""
    rng = np.random.default_rng([2026, seed])
    errors = rng.standard_t(5, size=(FIRST + 7 * windows, 3))
    book, base, ruled, applied = empty_rulebook("r"), 0.0, 0.0, False
    for window in range(100, windows, 5):
        scene = a_scene(errors, known=FIRST + 7 * window)
        book = advance(book, scene, TERMS).book
        shift = shifts_now(book, scene, TERMS)
        applied |= bool(book.rules)
        truth = errors[FIRST + 7 * window : FIRST + 7 * (window + 1)]
        base, ruled = base + np.abs(truth).sum(), ruled + np.abs(truth - shift).sum()
    return 1 - ruled / base, applied


@pytest.mark.slow
def test_placebo() -> None:
    """Ten seeds of noise: mean change within half a percent, none loses two percent, and hardly any set is applied."""
    runs = [placebo(seed) for seed in range(10)]
    changes = np.array([change for change, _ in runs])

    assert abs(changes.mean()) <= 0.005
    assert changes.min() >= -0.02
    assert sum(applied for _, applied in runs) <= 4


def test_facts_of_the_guards_are_what_they_say() -> None:
    scene = scene_of(np.random.default_rng(0), np.full(5, NOTHING))

    assert scene.overlap == 1
    assert context_of(scene)["step"].shape == (1, 2, 1)
