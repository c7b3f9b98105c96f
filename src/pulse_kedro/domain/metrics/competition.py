"""The protocol of the M4 competition: its benchmark, its errors, and how they are averaged."""

from dataclasses import dataclass

import numpy as np

from pulse_kedro.domain.metrics.losses import symmetric_percentage_error
from pulse_kedro.domain.panel import Array

CRITICAL = 1.645
"""90 % two-sided quantile of the normal distribution: the seasonality test of M4's Naive2."""
FEWEST_SEASONS = 3
MISS = 0.05
"""Nominal miss of the interval that MSIS scores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Errors of one forecaster on one panel.

    `smape` from 0 to 200; `mase` and `msis` divide by the in-sample mean |y[t] - y[t-m]|; `owa` is the mean of both
    relative to Naive2; coverages are shares. What cannot be computed is `None`: errors over a scale of 0, or errors
    relative to a benchmark without any.
    """

    smape: float
    mase: float | None
    owa: float | None
    msis: float | None
    coverage_80: float | None
    coverage_95: float | None


def has_season(history: Array, season_length: int) -> bool:
    """Whether a history shows a season at 90 % confidence.

    Source:
        M4 competition, SeasonalityTest of its published benchmarks: |acf_m| > 1.645 sqrt((1 + 2 sum_{i<m} acf_i^2)/n).
    """
    n = len(history)
    centred = history - history.mean()
    total = float(centred @ centred)
    if season_length < 2 or n < FEWEST_SEASONS * season_length or total == 0:  # noqa: PLR2004  (one step is no season)
        return False
    acf = np.array([centred[: n - k] @ centred[k:] for k in range(1, season_length + 1)]) / total
    return bool(abs(acf[-1]) > CRITICAL * np.sqrt((1 + 2 * (acf[:-1] ** 2).sum()) / n))


def seasonal_indices(history: Array, season_length: int) -> Array:
    """Indices of a multiplicative classical decomposition, mean 1, the first one that of the first period.

    Returns:
        Shape `(season_length,)`; `nan` where the trend is 0 throughout.

    Source:
        Centred moving average and mean ratios, as `decompose` of R's stats package.
    """
    m = season_length
    window = np.full(m, 1.0 / m) if m % 2 else np.concatenate([[0.5], np.ones(m - 1), [0.5]]) / m
    trend = np.convolve(history, window, "valid")
    lead = (len(window) - 1) // 2
    level = trend != 0
    ratio = np.divide(history[lead : lead + len(trend)], trend, out=np.zeros_like(trend), where=level)
    phase = (np.arange(len(ratio)) + lead) % m
    count = np.bincount(phase[level], minlength=m)
    total = np.bincount(phase[level], weights=ratio[level], minlength=m)
    indices = np.divide(total, count, out=np.full(m, np.nan), where=count > 0)
    mean = float(indices.mean())
    return np.asarray(indices / mean) if mean else np.full(m, np.nan)


def naive2(history: Array, horizon: int, season_length: int) -> Array:
    """Last value of the seasonally adjusted history, with the season put back; plain naive without a season.

    A season whose indices are not all positive cannot be divided by: such a history counts as one without a season.

    Args:
        history: One series without gaps, oldest first.
        horizon: Steps ahead.
        season_length: Steps in a season; 1 for none.

    Returns:
        Shape `(horizon,)`.

    Source:
        Benchmark of the M competitions (Makridakis, Spiliotis & Assimakopoulos 2020).
    """
    if not has_season(history, season_length):
        return np.full(horizon, history[-1])
    n, indices = len(history), seasonal_indices(history, season_length)
    if not (indices > 0).all():
        return np.full(horizon, history[-1])
    last = history[-1] / indices[(n - 1) % season_length]
    return np.asarray(last * indices[(n + np.arange(horizon)) % season_length])


def benchmark(histories: Array, horizon: int, season_length: int) -> Array:
    """Naive2 of every series.

    Args:
        histories: Shape `(periods, series)`; a gap inside a history takes the value before it, so that phases stay.
        horizon: Steps ahead.
        season_length: Steps in a season; 1 for none.

    Returns:
        Shape `(horizon, series)`.
    """
    points = np.empty((horizon, histories.shape[1]))
    for column in range(histories.shape[1]):
        known = np.flatnonzero(~np.isnan(histories[:, column]))
        values = histories[known[0] :, column]
        newest = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(len(values))))
        points[:, column] = naive2(values[newest], horizon, season_length)
    return points


def scale(histories: Array, season_length: int) -> Array:
    """In-sample mean |y[t] - y[t-m]| of each series, `nan` where it is 0 or unknown; shape `(series,)`."""
    change = np.abs(histories[season_length:] - histories[: max(0, len(histories) - season_length)])
    known = ~np.isnan(change)
    count, total = known.sum(axis=0), np.where(known, change, 0.0).sum(axis=0)
    return np.divide(total, count, out=np.full(histories.shape[1], np.nan), where=(count > 0) & (total > 0))


def accuracy(
    actual: Array, points: Array, unit: Array, *, against: "Accuracy | None", intervals: tuple[Array, Array] | None
) -> Accuracy:
    """All figures of one forecaster.

    Args:
        actual: Shape `(horizon, series)`; steps that are `nan` are left out, each series has a known one.
        points: Same shape, no gaps.
        unit: Scale of each series, `nan` where undefined: such series are left out of `mase` and `msis`.
        against: Naive2's figures; `None` for Naive2 itself.
        intervals: The 80 % and the 95 % interval, each of shape `(2, horizon, series)`.

    Source:
        M4 competition guide: errors per series first, then over series; OWA is a ratio of averages.
    """
    smape = float(np.mean(_mean_of_known(symmetric_percentage_error(actual, points))))
    usable = ~np.isnan(unit)
    mase = _mean_or_none(_mean_of_known(np.abs(actual - points))[usable] / unit[usable])
    msis = coverage_80 = coverage_95 = None
    if intervals is not None:
        inner, outer = intervals
        msis = _mean_or_none(interval_score(actual, outer[0], outer[1])[usable] / unit[usable])
        known = ~np.isnan(actual)
        coverage_80, coverage_95 = (
            float(np.mean(((actual >= lower) & (actual <= upper))[known])) for lower, upper in (inner, outer)
        )
    return Accuracy(
        smape=smape,
        mase=mase,
        owa=_overall(smape, mase, against),
        msis=msis,
        coverage_80=coverage_80,
        coverage_95=coverage_95,
    )


def _overall(smape: float, mase: float | None, against: "Accuracy | None") -> float | None:
    """OWA; 1 for Naive2 itself, `None` where one of the four errors is 0 or unknown in the benchmark."""
    if against is None:
        return 1.0
    if mase is None or not against.mase or not against.smape:
        return None
    return (smape / against.smape + mase / against.mase) / 2


def _mean_of_known(values: Array) -> Array:
    """Mean over steps of what is known; shape `(series,)`. Each series has a known step."""
    known = ~np.isnan(values)
    return np.asarray(np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0))


def _mean_or_none(values: Array) -> float | None:
    """Mean over series, `None` without one."""
    return float(np.mean(values)) if len(values) else None


def interval_score(actual: Array, lower: Array, upper: Array) -> Array:
    """Width plus 2/alpha times what lies outside, mean over known steps; alpha = .05; shape `(series,)`.

    Source:
        Gneiting & Raftery (2007), equation 43, as averaged by the M4 competition into MSIS.
    """
    outside = np.maximum(lower - actual, 0.0) + np.maximum(actual - upper, 0.0)
    return _mean_of_known(upper - lower + 2 / MISS * outside)
