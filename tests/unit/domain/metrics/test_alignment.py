"""Alignment: chance is a half, always right is one, and nothing fired is no answer (K19)."""

import numpy as np
import pytest

from pulse_kedro.domain.metrics.alignment import (
    Alignment,
    UnequalPaths,
    balanced_accuracy,
    independence,
    symbolic_alignment,
)


def align(raw: object, ruled: object, actual: object, *, scale: float = 1.0) -> Alignment:
    arrays = [np.asarray(values, dtype=float) for values in (raw, ruled, actual)]
    n = len(arrays[0])
    return symbolic_alignment(*arrays, np.full(n, scale), np.arange(n), block=4, draws=199, seed=1)


def test_independent_signs_are_chance() -> None:
    rng = np.random.default_rng(0)
    effect, outcome = rng.choice([-1.0, 1.0], 5000), rng.choice([-1.0, 1.0], 5000)

    found = align(np.zeros(5000), effect, outcome)

    assert abs(found.value - 0.5) < 0.03
    assert found.low < 0.5 < found.high
    assert found.p_independent > 0.01


def test_always_right_is_one_and_always_wrong_is_zero() -> None:
    outcome = np.random.default_rng(1).normal(size=200)

    assert 1.0 == align(np.zeros(200), np.sign(outcome) * (np.abs(outcome) > 0.05), outcome).value
    assert 0.01 > align(np.zeros(200), -outcome, outcome).value


def test_an_optimist_on_falling_residuals_is_below_chance() -> None:
    falling = -np.linspace(0.1, 2.0, 30)

    found = align(np.zeros(30), np.full(30, 0.2), falling)

    assert found.value < 0.5
    assert found.p_independent is None  # one sign never changed


def test_a_fall_is_not_neutral() -> None:
    assert 0.0 == align([0.9], [1.0], [0.1]).value


def test_the_size_of_an_effect_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    effect, outcome = rng.normal(size=50), rng.normal(size=50)

    assert align(np.zeros(50), effect, outcome) == align(np.zeros(50), effect * 1e-3, outcome)


@pytest.mark.parametrize("actual", [[1.0], [0.0], [np.nan]])
def test_nothing_fired_is_no_answer(actual: list[float]) -> None:
    found = align([0.0], [0.0], actual)

    assert (None, None, None, 0) == (found.value, found.low, found.high, found.fired)


def test_a_series_without_a_scale_is_left_out() -> None:
    assert align([0.0, 0.0], [1.0, 1.0], [1.0, 1.0], scale=0.0).value is None


def test_rows_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(UnequalPaths, match="Aligning rules failed: got 1, 2, 1, 1, 1 values"):
        align([0.0], [1.0, 2.0], [1.0])


def test_independence_against_a_worked_table() -> None:
    # 100 signs, 60 up and 60 rises, 50 of them together: agreement .8 against .52 by chance.
    first = np.array([True] * 60 + [False] * 40)
    second = np.array([True] * 50 + [False] * 10 + [True] * 10 + [False] * 30)

    spread = 0.52 * 0.48 / 100 - (2 * 0.2**2 * 0.24 / 100 + 4 * 0.6 * 0.6 * 0.4 * 0.4 / 100**2)
    from scipy.stats import norm

    assert norm.sf(0.28 / np.sqrt(spread)) == pytest.approx(independence(first, second))


def test_a_trend_cannot_inflate_balanced_accuracy() -> None:
    rises = np.array([1.0] * 90 + [-1.0] * 10)

    assert 0.5 == balanced_accuracy(np.ones(100), rises)
    assert 1.0 == balanced_accuracy(rises, rises)
    assert balanced_accuracy(np.ones(3), np.ones(3)) is None
