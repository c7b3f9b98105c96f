"""Quantiles from the forecaster's own earlier errors: pooled across series, then kept right by what came true."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.following import HALF, Arrived, start_following
from pulse_kedro.forecasting.pooling import (
    LEVELS,
    SCALE_POOLING,
    Groups,
    Pooled,
    choose_pooling,
    pool,
    pool_by_regime,
    pooled_quantiles,
)
from pulse_kedro.forecasting.recipe import IntervalOptions

__all__ = ["LEVELS", "SCALE_POOLING", "Calibration", "Surroundings", "calibrate", "pooled_quantiles"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Quantile offsets for K cutoffs and what is needed to issue the next ones.

    `offsets` has shape `(K, H, S, Q)`: quantile minus point, in units of the scale; `nan` before there is evidence.
    `widths` `(Q // 2,)` tells how much wider the central intervals are than earlier errors alone would make them,
    widest first; `cutoffs` counts the evidence behind the last.
    """

    offsets: Array
    widths: Array
    cutoffs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What intervals may depend on besides errors.

    `season` is how many steps a reset and a large score last; `None` is the horizon. `clusters` `(S,)` are the groups
    that a series borrows from, `regimes` `(K, S)` the regime of each series as known at each cutoff, `resets` `(K,)`
    the cutoffs at which drift was found. Cutoffs are `spacing` periods apart.
    """

    season: int | None = None
    clusters: Groups | None = None
    regimes: Groups | None = None
    resets: npt.NDArray[np.bool_] | None = None
    spacing: int = 1


ALONE = Surroundings()
"""Nothing but errors."""


def calibrate(
    residuals: Array, horizon: int, options: IntervalOptions, *, available: int, surroundings: Surroundings = ALONE
) -> Calibration:
    """Quantile offsets at each cutoff from errors that were resolved then.

    Args:
        residuals: (actual - point) / scale, `nan` where unknown. Shape `(K, H, S)`, oldest cutoff first; the newest H
            cutoffs may be partly resolved. float32 halves the memory of everything here.
        horizon: Steps ahead, H.
        options: How many cutoffs are read, how much is pooled, and what follows a change.
        available: Cutoffs before the first evaluated one; where history is short, tracking starts at half of it.
        surroundings: Season, clusters, regimes and found drift.

    Returns:
        Offsets whose use at cutoff j rests on cutoffs up to j - H for the shape, and on outcomes up to j for what
        follows a change; of the same float type as the residuals.

    Source:
        Pooling as in the interval section of the forecasting reference; `WidthTracker` and `ConformalPid` name theirs.
    """
    offsets = np.full((*residuals.shape, len(LEVELS)), np.nan, dtype=residuals.dtype)
    season, lag = surroundings.season or horizon, -(-horizon // surroundings.spacing)
    follower = start_following(options, (horizon, residuals.shape[2]), season)
    start, pooling = min(options.tracking_start, max(2, available // 2)), options.pooling
    used, widths = 0, np.ones(HALF)
    for j in range(len(residuals)):
        resolved = max(0, j - lag + 1)
        if resolved < start:
            continue
        rows = slice(max(0, resolved - options.calibration_cutoffs), resolved)
        used = len(residuals[rows])
        if options.pooling_choices and (resolved - start) % lag == 0:
            pooling = choose_pooling(residuals[rows], options.pooling_choices, options.pooling, surroundings.clusters)
        base = _base(residuals, rows, j, pooling, surroundings)
        follower = follower.learn(_arrived(residuals, offsets, j, surroundings.spacing), base)
        if surroundings.resets is not None and surroundings.resets[j]:
            follower = follower.reset(season)
        offsets[j] = follower.issue(base)
        widths = follower.widths(base) if j == len(residuals) - 1 else widths
    return Calibration(offsets=offsets, widths=widths, cutoffs=used)


def _base(residuals: Array, rows: slice, j: int, pooling: float, surroundings: Surroundings) -> Pooled:
    """Quantiles of the errors of some cutoffs, as they apply at cutoff j."""
    regimes = surroundings.regimes
    if regimes is None:
        return pool(residuals[rows], pooling, surroundings.clusters)
    return pool_by_regime(residuals[rows], regimes[rows], regimes[j], pooling, surroundings.clusters)


def _arrived(residuals: Array, offsets: Array, j: int, spacing: int) -> Arrived:
    """Outcomes that became known since the cutoff before j, and what was issued for them."""
    steps = np.arange(residuals.shape[1])
    cutoffs = j - 1 - steps // spacing
    known = cutoffs >= 0
    return Arrived(outcome=residuals[cutoffs[known], steps[known]], issued=offsets[cutoffs[known], steps[known]])
