"""One number for many rows, beyond the losses of the cycle's own scores: plain functions, actual before predicted.

Rows are complete here: `registry.score` leaves out those with a missing value. A score that is not defined for its
rows is `nan`.
"""

from collections.abc import Sequence

import numpy as np

from pulse_kedro.domain.metrics.losses import same_shape
from pulse_kedro.domain.panel import Array

MSIS_ALPHA = 0.05
"""Share of outcomes outside the interval that MSIS judges; the M4 competition."""


def mae(actual: Array, predicted: Array) -> float:
    """Mean absolute error, target unit."""
    return _mean(_absolute(actual, predicted))


def rmse(actual: Array, predicted: Array) -> float:
    """Root of the mean squared error, target unit."""
    return float(np.sqrt(_mean(_absolute(actual, predicted) ** 2)))


def median_absolute_error(actual: Array, predicted: Array) -> float:
    """Median of the absolute errors, target unit."""
    return _quantile(_absolute(actual, predicted), 0.5)


def high_absolute_error(actual: Array, predicted: Array) -> float:
    """Ninth decile of the absolute errors (linear between order statistics), target unit."""
    return _quantile(_absolute(actual, predicted), 0.9)


def mean_bias_error(actual: Array, predicted: Array) -> float:
    """Mean of forecast minus actual, target unit; 0 is best, a forecast that is too high is positive.

    Example:
        >>> mean_bias_error(np.array([10.0, 20.0]), np.array([11.0, 21.0]))
        1.0
    """
    same_shape(actual, predicted)
    return _mean(predicted - actual)


def mape(actual: Array, predicted: Array) -> float:
    """Mean absolute error relative to the actual, in per cent; `nan` when an actual is 0 (K14).

    Example:
        >>> mape(np.array([100.0, 50.0]), np.array([110.0, 50.0])), mape(np.array([0.0]), np.array([1.0]))
        (5.0, nan)
    """
    errors, size = _absolute(actual, predicted), np.abs(actual)
    return 100.0 * _mean(errors / size) if size.size and size.min() > 0 else float("nan")


def wape(actual: Array, predicted: Array) -> float:
    """Sum of absolute errors over the sum of absolute actuals, no unit; `nan` when all actuals are 0.

    Example:
        >>> wape(np.array([0.0, 10.0]), np.array([1.0, 8.0]))
        0.3
    """
    return _ratio(float(np.sum(_absolute(actual, predicted))), float(np.sum(np.abs(actual))))


def r2(actual: Array, predicted: Array) -> float:
    """Share of the variance of the actuals that the forecast explains; at most 1.

    Returns:
        1 for a perfect forecast, also of a constant (K15); `nan` for any other forecast of a constant and for no rows.

    Example:
        >>> r2(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0])), r2(np.array([1.0, 3.0]), np.array([2.0, 2.0]))
        (1.0, 0.0)
    """
    missed = float(np.sum(_absolute(actual, predicted) ** 2))
    if not actual.size:
        return float("nan")
    if missed == 0:
        return 1.0
    return 1.0 - _ratio(missed, float(np.sum((actual - np.mean(actual)) ** 2)))


def directional_accuracy(actual: Array, predicted: Array, last: Array) -> float:
    """Share of rows whose forecast moves from the last known value to the side to which the actual moved.

    Rows whose actual did not move are left out; a forecast of no move is wrong where there was one.

    Example:
        >>> directional_accuracy(np.array([2.0, 2.0, 1.0]), np.array([3.0, 0.5, 1.0]), np.ones(3))
        0.5
    """
    same_shape(actual, predicted)
    same_shape(actual, last)
    moved = np.sign(actual - last)
    return _mean((np.sign(predicted - last) == moved)[moved != 0].astype(float))


def skill(actual: Array, predicted: Array, reference: Array) -> float:
    """Share of the absolute error of a reference forecast that is avoided; at most 1, 0 when equally good.

    Returns:
        `nan` when the reference makes no error.

    Example:
        >>> skill(np.array([10.0, 10.0]), np.array([9.0, 10.0]), np.array([8.0, 8.0]))
        0.75
    """
    return 1.0 - _ratio(mae(actual, predicted), mae(actual, reference))


def interval_score(actual: Array, lower: Array, upper: Array, alpha: float) -> Array:
    """Width of each interval plus a penalty for an actual outside, target unit.

    Args:
        actual: Observed values.
        lower: Lower bounds of the same rows.
        upper: Upper bounds.
        alpha: Share of outcomes that should fall outside.

    Source:
        Gneiting & Raftery (2007), equation 43.

    Example:
        >>> interval_score(np.array([5.0, 1.0]), np.array([2.0, 2.0]), np.array([6.0, 6.0]), 0.5).tolist()
        [4.0, 8.0]
    """
    same_shape(actual, lower)
    same_shape(actual, upper)
    outside = np.maximum(lower - actual, 0.0) + np.maximum(actual - upper, 0.0)
    return np.asarray(upper - lower + 2.0 / alpha * outside)


def crps_of_sample(actual: Array, sample: Array) -> Array:
    """Continuous ranked probability score of each row from draws of its forecast, target unit.

    Args:
        actual: Observed values; shape `(rows,)`.
        sample: Draws; shape `(rows, draws)`.

    Returns:
        `mean|X - y| - mean|X - X'| / 2`, over all pairs of draws; shape `(rows,)`.

    Source:
        Gneiting & Raftery (2007), equation 21; the mean over pairs from the sorted draws, in O(m log m).

    Example:
        >>> crps_of_sample(np.array([0.0]), np.array([[-1.0, 1.0]])).tolist()
        [0.5]
    """
    same_shape(actual, sample[:, 0])
    draws = sample.shape[1]
    weights = (2.0 * np.arange(1, draws + 1) - draws - 1.0) / draws**2
    return np.asarray(np.abs(sample - actual[:, None]).mean(axis=1) - np.sort(sample, axis=1) @ weights)


def shares_below(actual: Array, quantiles: Array) -> Array:
    """Share of actuals at or below each quantile; a calibrated forecast gives its level.

    Args:
        actual: Observed values; shape `(rows,)`.
        quantiles: Shape `(levels, rows)`.

    Returns:
        Shape `(levels,)`.
    """
    return np.asarray((actual[None, :] <= quantiles).mean(axis=1))


def pit_gap(actual: Array, quantiles: Array, levels: Sequence[float]) -> float:
    """Largest distance between the distribution of the PIT and the uniform one, at the levels; 0 to 1.

    The probability integral transform of an outcome is at most a level exactly where the outcome is at most its
    quantile, so no draw and no interpolation is needed.

    Source:
        Dawid (1984) for the transform; the Kolmogorov distance at the stored levels is ours.

    Example:
        >>> pit_gap(np.array([1.0, 5.0]), np.array([[2.0, 2.0], [6.0, 6.0]]), [0.25, 0.75])
        0.25
    """
    return float(np.max(np.abs(shares_below(actual, quantiles) - np.asarray(levels)))) if actual.size else float("nan")


def _absolute(actual: Array, predicted: Array) -> Array:
    same_shape(actual, predicted)
    return np.asarray(np.abs(actual - predicted))


def _mean(values: Array) -> float:
    return float(np.mean(values)) if values.size else float("nan")


def _quantile(values: Array, level: float) -> float:
    return float(np.quantile(values, level)) if values.size else float("nan")


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0 else float("nan")
