"""Losses of point, quantile and interval forecasts: plain functions on arrays, actual before predicted.

What ends in `_error` or scores one row each returns an array of the shape of `actual`; the named scores (`mase`,
`rmsse`, `smape`, `theil_u2`, `coverage`) return one float. How rows are averaged over a panel is in `aggregation`.
"""

from collections.abc import Sequence

import numpy as np

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import Array


class LengthMismatch(InvalidInput):
    """Two arrays that must describe the same rows differ in shape."""

    def __init__(self, expected: tuple[int, ...], got: tuple[int, ...]) -> None:
        """Keep both shapes."""
        super().__init__(expected, got)
        self.expected, self.got = expected, got

    def __str__(self) -> str:
        """Say which shape came and which was expected."""
        return f"Scoring a forecast failed: got shape {self.got}, expected {self.expected}. Align the rows first."


def scaled_absolute_error(actual: Array, predicted: Array, scale: Array | float) -> Array:
    """Absolute error of each row in units of its series' usual seasonal change.

    Args:
        actual: Observed values, target unit; any shape.
        predicted: Forecasts of the same rows.
        scale: Mean |y_t - y_{t-m}| up to the cutoff, target unit; a number or one per row.

    Returns:
        No unit, at least 0. `nan` where the scale is 0 or missing: such rows are left out *and counted*.

    Source:
        Hyndman & Koehler (2006), with the seasonal difference as denominator.

    Example:
        >>> scaled_absolute_error(np.array([10.0, 12.0]), np.array([9.0, 14.0]), 2.0).tolist()
        [0.5, 1.0]
    """
    same_shape(actual, predicted)
    usable = np.where(np.asarray(scale, dtype=float) > 0, scale, np.nan)
    return np.asarray(np.abs(actual - predicted) / usable)


def mase(actual: Array, predicted: Array, scale: Array | float) -> float:
    """Mean absolute scaled error over the rows that have a scale; `nan` when none has.

    Source:
        Hyndman & Koehler (2006). The denominator never includes the test period.

    Example:
        >>> mase(np.array([10.0, 12.0]), np.array([9.0, 14.0]), 2.0)
        0.75
    """
    return finite_mean(scaled_absolute_error(actual, predicted, scale))


def rmsse(actual: Array, predicted: Array, squared_scale: Array | float) -> float:
    """Root mean squared scaled error of one path.

    Args:
        actual: Observed values of the path, target unit.
        predicted: Forecasts of the same steps.
        squared_scale: Mean (y_t - y_{t-m})^2 up to the cutoff, target unit squared.

    Returns:
        No unit; `nan` when no row has a positive squared scale.

    Source:
        M5 competition (Makridakis et al. 2022), with the seasonal difference as denominator.

    Example:
        >>> rmsse(np.array([10.0, 12.0]), np.array([7.0, 16.0]), 50.0)
        0.5
    """
    same_shape(actual, predicted)
    usable = np.where(np.asarray(squared_scale, dtype=float) > 0, squared_scale, np.nan)
    return float(np.sqrt(finite_mean((actual - predicted) ** 2 / usable)))


def symmetric_percentage_error(actual: Array, predicted: Array) -> Array:
    """Error of each row relative to the mean of both absolute values, in per cent.

    Returns:
        Between 0 and 200; 0 where both values are 0.

    Source:
        Makridakis & Hibon (2000), the 0-200 form of the M competitions.

    Example:
        >>> symmetric_percentage_error(np.array([100.0, 0.0]), np.array([150.0, 0.0])).tolist()
        [40.0, 0.0]
    """
    same_shape(actual, predicted)
    size = np.abs(actual) + np.abs(predicted)
    return np.asarray(200.0 * np.abs(actual - predicted) / np.where(size == 0, 1.0, size))


def smape(actual: Array, predicted: Array) -> float:
    """Mean symmetric percentage error, 0 to 200; `nan` for no rows.

    Source:
        Makridakis & Hibon (2000). Libraries that use 0 to 1 divide this by 200 or by 100: look before comparing.

    Example:
        >>> round(smape(np.array([100.0]), np.array([50.0])), 1)
        66.7
    """
    return finite_mean(symmetric_percentage_error(actual, predicted))


def theil_u2(actual: Array, predicted: Array, last: Array) -> float:
    """Relative forecast error against repeating the last known value, which scores exactly 1.

    Args:
        actual: Observed values, target unit; one or several paths, flattened.
        predicted: Forecasts of the same rows.
        last: Value known at the cutoff of each row; same shape. One step ahead it is the previous value.

    Returns:
        Below 1 beats the no-change forecast. `nan` when the actual never moved from `last`.

    Source:
        Theil (1966), relative form. Over several steps every error is divided by the value at the cutoff, so that one
        step ahead gives the textbook formula; the extension is ours.

    Example:
        >>> actual, last = np.array([101.0, 102.0, 101.0]), np.array([100.0, 101.0, 102.0])
        >>> round(theil_u2(actual, 1.01 * actual, last), 3)
        1.013
        >>> theil_u2(actual, last, last)
        1.0
    """
    same_shape(actual, last)
    return theil_u2_levels(actual / last, predicted / last, np.ones_like(last))


def theil_u2_levels(actual: Array, predicted: Array, last: Array) -> float:
    """Root mean squared error against that of repeating the last known value.

    The level form of `theil_u2`, for series that come near 0, where relative errors explode.

    Source:
        Theil (1966), level form.

    Example:
        >>> round(theil_u2_levels(np.array([2.0, 4.0]), np.array([2.0, 3.0]), np.array([1.0, 2.0])), 3)
        0.447
    """
    same_shape(actual, predicted)
    same_shape(actual, last)
    ours, no_change = np.sum((predicted - actual) ** 2), np.sum((last - actual) ** 2)
    return float(np.sqrt(ours / no_change)) if no_change > 0 else float("nan")


def pinball(actual: Array, quantile: Array, level: float) -> Array:
    """Quantile loss of each row, target unit.

    Args:
        actual: Observed values.
        quantile: Forecast quantile of the same rows.
        level: Probability of the quantile, between 0 and 1.

    Source:
        Koenker & Bassett (1978).

    Example:
        >>> pinball(np.array([10.0, 6.0]), np.array([8.0, 8.0]), 0.75).tolist()
        [1.5, 0.5]
    """
    same_shape(actual, quantile)
    gap = actual - quantile
    return np.asarray(np.maximum(level * gap, (level - 1.0) * gap))


def wis(actual: Array, quantiles: Sequence[Array], levels: Sequence[float]) -> Array:
    """Weighted interval score of each row: twice the mean pinball loss over the levels.

    Args:
        actual: Observed values, target unit; shape `(rows,)`.
        quantiles: One array of shape `(rows,)` per level, so that no wide copy is needed.
        levels: Symmetric about the median, which is one of them.

    Returns:
        Target unit; equals the absolute error when all quantiles coincide. `nan` where a quantile is missing.

    Source:
        Bracher, Ray, Gneiting & Reich (2021): with the median and K intervals it equals the mean of 2 x pinball.

    Example:
        >>> wis(np.array([7.0]), [np.array([5.0])] * 3, [0.1, 0.5, 0.9]).round(6).tolist()
        [2.0]
    """
    total = np.zeros(np.shape(actual))
    for quantile, level in zip(quantiles, levels, strict=True):
        total += pinball(actual, quantile, level)
    return np.asarray(2.0 * total / len(levels))


def covered(actual: Array, lower: Array, upper: Array) -> Array:
    """1 where the actual lies in the closed interval, 0 where not, `nan` where a bound is missing."""
    same_shape(actual, lower)
    same_shape(actual, upper)
    hit = ((lower <= actual) & (actual <= upper)).astype(float)
    return np.where(np.isfinite(lower) & np.isfinite(upper), hit, np.nan)


def coverage(actual: Array, lower: Array, upper: Array) -> float:
    """Share of actuals inside their interval, to be compared with the nominal share; target value, not "higher wins".

    Example:
        >>> coverage(np.array([1.0, 5.0]), np.array([0.0, 0.0]), np.array([2.0, 2.0]))
        0.5
    """
    return finite_mean(covered(actual, lower, upper))


def same_shape(actual: Array, other: Array) -> None:
    """Refuse two arrays of different shape.

    Raises:
        LengthMismatch: With both shapes.
    """
    if np.shape(actual) != np.shape(other):
        raise LengthMismatch(np.shape(actual), np.shape(other))


def finite_mean(values: Array) -> float:
    """Mean of the finite values; `nan` where there is none."""
    known = values[np.isfinite(values)]
    return float(np.mean(known)) if known.size else float("nan")
