"""Quantiles from the forecaster's own earlier errors: pooled across series, with a width that keeps learning."""

from dataclasses import dataclass

import numpy as np

from pulse_kedro.domain.panel import QUANTILE_LEVELS, Array
from pulse_kedro.forecasting.recipe import IntervalOptions

LEVELS = np.array(QUANTILE_LEVELS)
HALF = len(LEVELS) // 2
MISS = 2 * LEVELS[:HALF]
"""Nominal share of outcomes outside each central interval, widest first."""
SCALE_POOLING = 6.0
"""Cutoffs of own evidence that weigh as much as the panel when a series' error size is estimated; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Quantile offsets for K cutoffs and what is needed to issue the next ones.

    `offsets` has shape `(K, H, S, Q)`: quantile minus point, in units of the scale; `nan` before there is evidence.
    `widths` `(Q // 2,)` multiplies the central intervals, widest first; `cutoffs` counts the evidence behind the last.
    """

    offsets: Array
    widths: Array
    cutoffs: int


def calibrate(residuals: Array, horizon: int, options: IntervalOptions, *, available: int) -> Calibration:
    """Quantile offsets at each cutoff from errors that were resolved then.

    Args:
        residuals: (actual - point) / scale, `nan` where unknown. Shape `(K, H, S)`, oldest cutoff first; the newest H
            cutoffs may be partly resolved.
        horizon: Steps ahead, H.
        options: How many cutoffs are read, how much is pooled, how fast the width learns.
        available: Cutoffs before the first evaluated one; where history is short, tracking starts at half of it.

    Returns:
        Offsets whose use at cutoff j rests on cutoffs up to j - H for the shape, and on outcomes up to j for the width.

    Source:
        Pooling as in the interval section of the forecasting reference; the width is the quantile tracker of
        Angelopoulos, Candes & Tibshirani (2023, arXiv 2307.16895) on the log scale, its error averaged over series
        and steps and divided by the nominal miss, so that 95 % and 50 % intervals learn at the same relative speed.
    """
    offsets = np.full((*residuals.shape, len(LEVELS)), np.nan)
    logs, used = np.zeros(HALF), 0
    start = min(options.tracking_start, max(2, available // 2))
    for j in range(len(residuals)):
        resolved = max(0, j - horizon + 1)
        if resolved < start:
            continue
        learned = logs + options.learning_rate * _relative_miss(residuals, offsets, j)
        logs = np.clip(learned, -np.log(options.widest), np.log(options.widest))
        evidence = residuals[max(0, resolved - options.calibration_cutoffs) : resolved]
        used = len(evidence)
        offsets[j] = _widen(pooled_quantiles(evidence, options.pooling), np.exp(logs))
    return Calibration(offsets=offsets, widths=np.exp(logs), cutoffs=used)


def pooled_quantiles(residuals: Array, pooling: float) -> Array:
    """Quantiles of each series and step, shrunk towards those of the panel.

    Args:
        residuals: Scaled errors, `nan` where unknown. Shape `(n, H, S)`.
        pooling: Cutoffs of own evidence that weigh as much as the panel's shape.

    Returns:
        Shape `(H, S, Q)`: size of the series' errors, times growth over the horizon (non-decreasing), times quantiles
        of the standardised error, (n_s Q_s + pooling Q_panel) / (n_s + pooling).
    """
    evidence = (~np.isnan(residuals)).sum(axis=(0, 1)) / residuals.shape[1]
    size = np.nan_to_num(_mean_size(residuals, (0, 1)))
    panel_size = float(np.mean(size[evidence > 0])) if (evidence > 0).any() else 0.0
    size = (evidence * size + SCALE_POOLING * panel_size) / (evidence + SCALE_POOLING)
    standard = np.divide(residuals, size, out=np.full_like(residuals, np.nan), where=size > 0)
    growth = np.maximum.accumulate(np.nan_to_num(_mean_size(standard, (0, 2))))
    standard = np.divide(
        standard, growth[:, None], out=np.full_like(standard, np.nan), where=growth[:, None] > 0
    ).reshape(-1, residuals.shape[2])
    known = standard[~np.isnan(standard)]
    panel = np.quantile(known, LEVELS) if len(known) else np.zeros(len(LEVELS))
    own = np.nan_to_num(_nan_quantiles(standard))
    shape = (evidence * own + pooling * panel[:, None]) / np.maximum(evidence + pooling, np.finfo(float).tiny)
    return np.asarray(growth[:, None, None] * size[None, :, None] * shape.T[None])


def _widen(offsets: Array, widths: Array) -> Array:
    """Offsets with their distance to the median multiplied, then put in order."""
    factor = np.concatenate([widths, [1.0], widths[::-1]])
    median = offsets[..., HALF : HALF + 1]
    return np.sort(median + (offsets - median) * factor, axis=-1)


def _relative_miss(residuals: Array, offsets: Array, j: int) -> Array:
    """Realised over nominal misses minus one, from the outcomes that arrived with period j; 0 without evidence."""
    steps = np.arange(min(residuals.shape[1], j))
    issued, outcome = offsets[j - 1 - steps, steps], residuals[j - 1 - steps, steps]
    known = ~np.isnan(outcome) & ~np.isnan(issued[..., 0])
    if not known.any():
        return np.zeros(HALF)
    lower, upper = issued[..., :HALF], issued[..., : -HALF - 1 : -1]
    outside = (outcome[..., None] < lower) | (outcome[..., None] > upper)
    per_step = (outside & known[..., None]).sum(axis=1)[known.any(axis=1)]
    rate = (per_step / known.sum(axis=1)[known.any(axis=1), None]).mean(axis=0)
    return np.asarray((rate - MISS) / MISS)


def _mean_size(values: Array, axis: tuple[int, ...]) -> Array:
    """Mean absolute value of what is known; `nan` where nothing is."""
    known = ~np.isnan(values)
    count, total = known.sum(axis=axis), np.where(known, np.abs(values), 0.0).sum(axis=axis)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _nan_quantiles(values: Array) -> Array:
    """Quantiles of each column without its `nan`; shape `(Q, columns)`, `nan` for an empty column."""
    ordered, count = np.sort(values, axis=0), (~np.isnan(values)).sum(axis=0)
    place = LEVELS[:, None] * np.maximum(count - 1, 0)
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    low, high = np.take_along_axis(ordered, below, axis=0), np.take_along_axis(ordered, above, axis=0)
    return np.asarray(low + (place - below) * (high - low))
