"""Losses against numbers worked by hand and against other libraries."""

import pickle

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.metrics.losses import (
    LengthMismatch,
    coverage,
    covered,
    mase,
    pinball,
    rmsse,
    scaled_absolute_error,
    smape,
    symmetric_percentage_error,
    theil_u2,
    theil_u2_levels,
    wis,
)
from pulse_kedro.domain.panel import QUANTILE_LEVELS


@pytest.fixture
def path() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    actual = 50 + rng.normal(size=40).cumsum()
    return actual, actual + rng.normal(size=40)


def test_theil_u2_of_the_worked_example() -> None:
    """K13: actuals 100, 101, 102, 101 and forecasts 1 % too high."""
    actual, last = np.array([101.0, 102.0, 101.0]), np.array([100.0, 101.0, 102.0])

    assert round(theil_u2(actual, 1.01 * actual, last), 3) == 1.013


def test_theil_u2_of_repeating_the_last_value_is_exactly_one() -> None:
    """K13: the formula that divides by levels gives .00102 here."""
    walk = 1000 + np.random.default_rng(0).normal(size=501).cumsum()

    assert theil_u2(walk[1:], walk[:-1], walk[:-1]) == 1.0
    assert theil_u2_levels(walk[1:], walk[:-1], walk[:-1]) == 1.0


def test_theil_u2_sees_that_one_per_cent_too_high_is_ten_times_worse_than_naive() -> None:
    """K13: the formula that divides by levels gives .0100, which looks excellent."""
    walk = 1000 + np.random.default_rng(0).normal(size=501).cumsum()

    assert 9 < theil_u2(walk[1:], 1.01 * walk[1:], walk[:-1]) < 11


def test_theil_u2_is_undefined_when_nothing_moved() -> None:
    flat = np.full(5, 3.0)

    assert np.isnan(theil_u2(flat, flat + 1, flat))


@pytest.mark.parametrize(
    ("actual", "predicted", "expected"), [(100, 150, 40.0), (100, 50, 66.7), (0, 0, 0.0), (0, 5, 200.0)]
)
def test_smape_counts_from_0_to_200(actual: float, predicted: float, expected: float) -> None:
    """K15."""
    assert expected == round(smape(np.array([actual], dtype=float), np.array([predicted], dtype=float)), 1)


def test_rows_without_a_scale_are_left_out() -> None:
    actual, predicted = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 9.0])

    errors = scaled_absolute_error(actual, predicted, np.array([0.5, 0.0, np.nan]))

    np.testing.assert_array_equal([2.0, np.nan, np.nan], errors)
    assert mase(actual, predicted, np.array([0.5, 0.0, np.nan])) == 2.0
    assert np.isnan(mase(actual, predicted, 0.0))
    assert np.isnan(rmsse(actual, predicted, 0.0))


def test_mase_and_rmsse_agree_with_utilsforecast(path: tuple[np.ndarray, np.ndarray]) -> None:
    from utilsforecast import losses

    actual, predicted = path
    history = np.arange(30) + np.random.default_rng(1).normal(size=30)
    times = pd.date_range("2020-01-01", periods=70, freq="MS")
    test = pd.DataFrame({"unique_id": "a", "ds": times[30:], "y": actual, "model": predicted})
    train = pd.DataFrame({"unique_id": "a", "ds": times[:30], "y": history})
    steps = history[4:] - history[:-4]

    ours = mase(actual, predicted, np.mean(np.abs(steps))), rmsse(actual, predicted, np.mean(steps**2))

    theirs = (
        losses.mase(test, ["model"], seasonality=4, train_df=train)["model"].item(),
        losses.rmsse(test, ["model"], seasonality=4, train_df=train)["model"].item(),
    )
    np.testing.assert_allclose(theirs, ours, rtol=1e-12)


def test_smape_agrees_with_utilsforecast_after_conversion(path: tuple[np.ndarray, np.ndarray]) -> None:
    from utilsforecast import losses

    actual, predicted = path
    frame = pd.DataFrame({"unique_id": "a", "ds": range(len(actual)), "y": actual, "model": predicted})

    np.testing.assert_allclose(200 * losses.smape(frame, ["model"])["model"].item(), smape(actual, predicted))


@pytest.mark.parametrize("level", QUANTILE_LEVELS)
def test_pinball_agrees_with_scikit_learn(path: tuple[np.ndarray, np.ndarray], level: float) -> None:
    from sklearn.metrics import mean_pinball_loss

    actual, quantile = path

    np.testing.assert_allclose(
        mean_pinball_loss(actual, quantile, alpha=level), pinball(actual, quantile, level).mean()
    )


def test_wis_equals_its_definition_by_intervals(path: tuple[np.ndarray, np.ndarray]) -> None:
    """K15: weighted interval scores with the median are the mean of 2 x pinball."""
    actual, median = path
    quantiles = [median + 3 * (level - 0.5) for level in QUANTILE_LEVELS]
    pairs = len(QUANTILE_LEVELS) // 2

    expected = 0.5 * np.abs(actual - quantiles[pairs])
    for low, high, level in zip(quantiles[:pairs], quantiles[::-1], QUANTILE_LEVELS[:pairs], strict=False):
        alpha = 2 * level
        misses = np.maximum(low - actual, 0) + np.maximum(actual - high, 0)
        expected += alpha / 2 * (high - low + 2 / alpha * misses)

    np.testing.assert_allclose(expected / (pairs + 0.5), wis(actual, quantiles, QUANTILE_LEVELS))


def test_wis_agrees_with_scoringrules(path: tuple[np.ndarray, np.ndarray]) -> None:
    scoringrules = pytest.importorskip("scoringrules")
    actual, median = path
    quantiles = np.stack([median + 3 * (level - 0.5) for level in QUANTILE_LEVELS], axis=1)

    theirs = scoringrules.crps_quantile(actual, quantiles, np.array(QUANTILE_LEVELS), backend="numpy")

    np.testing.assert_allclose(theirs, wis(actual, list(quantiles.T), QUANTILE_LEVELS))


def test_wis_of_a_point_mass_is_the_absolute_error(path: tuple[np.ndarray, np.ndarray]) -> None:
    """K15."""
    actual, point = path

    np.testing.assert_allclose(np.abs(actual - point), wis(actual, [point] * len(QUANTILE_LEVELS), QUANTILE_LEVELS))


def test_coverage_counts_the_bounds_in_and_missing_bounds_out() -> None:
    actual = np.array([1.0, 2.0, 3.0, 4.0])
    lower, upper = np.array([1.0, 0.0, 0.0, np.nan]), np.array([2.0, 2.0, 2.0, 9.0])

    np.testing.assert_array_equal([1.0, 1.0, 0.0, np.nan], covered(actual, lower, upper))
    assert round(coverage(actual, lower, upper), 3) == 0.667


def test_arrays_of_different_length_are_refused() -> None:
    with pytest.raises(LengthMismatch, match=r"got shape \(1,\), expected \(2,\)"):
        symmetric_percentage_error(np.zeros(2), np.zeros(1))


def test_length_mismatch_survives_a_worker_process() -> None:
    error = LengthMismatch((2,), (1,))

    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301 - our own bytes
