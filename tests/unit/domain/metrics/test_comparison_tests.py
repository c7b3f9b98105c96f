"""What chance could do to losses: against statsmodels, and laws of the model confidence set."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.stattools import diebold_mariano_test

from pulse_kedro.domain.metrics.comparison_tests import (
    TooFewCutoffs,
    cutoff_means,
    diebold_mariano,
    difference_interval,
    mean_interval,
    model_confidence_set,
)


@pytest.mark.parametrize("horizon", [1, 4, 12])
def test_diebold_mariano_is_that_of_statsmodels(horizon: int) -> None:
    rng = np.random.default_rng(horizon)
    y, a = rng.normal(size=90), rng.normal(size=90)
    b = a + rng.normal(0.2, 0.6, 90)
    expected = diebold_mariano_test(y, a, b, harvey_adj=True, horizon=horizon)

    found = diebold_mariano((y - a) ** 2, (y - b) ** 2, horizon=horizon)

    assert (found.statistic, found.p) == pytest.approx((float(expected[0]), float(expected[1])), rel=1e-9)


def test_equal_losses_and_constant_gaps_are_no_accident() -> None:
    losses = np.arange(1.0, 9.0)

    assert (0.0, 1.0, True) == _short(losses, losses)
    assert (float("inf"), 0.0, True) == _short(losses + 1.0, losses)


def _short(first: np.ndarray, second: np.ndarray) -> tuple[float, float, bool]:
    found = diebold_mariano(first, second)
    return found.statistic, found.p, found.degenerate


def test_one_cutoff_proves_nothing() -> None:
    with pytest.raises(TooFewCutoffs, match="got 1 cutoffs, expected 2 or more"):
        diebold_mariano(np.ones(1), np.zeros(1))


@given(seed=st.integers(0, 10_000), models=st.integers(2, 5), block=st.integers(1, 8))
@settings(max_examples=30, deadline=None)
def test_identical_models_are_never_separated(seed: int, models: int, block: int) -> None:
    one = np.random.default_rng(seed).gamma(2.0, size=(40, 1))
    names = [str(index) for index in range(models)]

    found = model_confidence_set(np.repeat(one, models, axis=1), names, block=block, draws=99)

    assert set(names) == set(found.kept)
    assert dict.fromkeys(names, 1.0) == found.p


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_a_clearly_best_model_stays_and_a_clearly_worst_one_goes(seed: int) -> None:
    losses = np.random.default_rng(seed).normal(size=(60, 4)) * 0.1 + np.array([1.0, 2.0, 2.0, 5.0])

    found = model_confidence_set(losses, ["best", "b", "c", "worst"], block=3, draws=199)

    assert ("best",) == found.kept
    assert found.p["worst"] <= found.p["best"] == 1.0


def test_the_best_of_equals_stays_as_often_as_promised() -> None:
    rng, runs = np.random.default_rng(11), 200
    kept = sum(
        "0" in model_confidence_set(rng.normal(size=(80, 4)), list("0123"), alpha=0.1, block=2, draws=199).kept
        for _ in range(runs)
    )

    assert kept / runs >= 0.9


def test_intervals_hold_the_mean_and_pairs_are_kept_together() -> None:
    rng = np.random.default_rng(3)
    common = rng.normal(10.0, 5.0, 120)
    first, second = common + rng.normal(0.5, 0.1, 120), common
    alone, paired = mean_interval(first, block=6), difference_interval(first, second, block=6)

    assert alone.low < alone.value < alone.high
    assert alone.value == pytest.approx(first.mean())
    assert 0.4 < paired.low < paired.high < 0.6
    assert alone == mean_interval(np.append(first, np.nan), block=6)
    assert np.isnan(mean_interval(np.array([np.nan]), block=6).value)


def test_rows_of_one_cutoff_are_one_number() -> None:
    found = cutoff_means(np.array([1.0, 3.0, np.nan, 5.0]), np.array([0, 0, 1, 2]))

    np.testing.assert_array_equal(found, [2.0, np.nan, 5.0])
