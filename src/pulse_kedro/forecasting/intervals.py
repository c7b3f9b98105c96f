"""Quantiles from the forecaster's own earlier errors: pooled across series, then kept right by what came true."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.metrics.drift import Alarms, find_drift
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.following import HALF, Arrived, start_following
from pulse_kedro.forecasting.pooling import (
    LEVELS,
    SCALE_POOLING,
    Groups,
    Pooled,
    choose_pooling,
    no_narrower,
    pool,
    pool_by_group,
    pooled_quantiles,
)
from pulse_kedro.forecasting.recipe import IntervalOptions

__all__ = ["LEVELS", "SCALE_POOLING", "Calibration", "Surroundings", "base_offsets", "calibrate", "pooled_quantiles"]


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
    that a series borrows from. `groups` are those with quantiles of their own, by the target of each error: shape
    `(K, H, S)` or one that broadcasts to it, -1 for none. `drift` tells where errors changed; it is looked for where
    the options ask for it and nobody brings it. `told` `(K,)` are cutoffs at which a response to drift lets all series
    begin anew. Cutoffs are `spacing` periods apart.
    """

    season: int | None = None
    clusters: Groups | None = None
    groups: Groups | None = None
    drift: Alarms | None = None
    told: npt.NDArray[np.bool_] | None = None
    spacing: int = 1


Narrow = npt.NDArray[np.float32]
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
        surroundings: Season, clusters, groups and found drift.

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
    used, widths, drift = 0, np.ones(HALF), _drift(residuals, options, start, surroundings)
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
        if (anew := _anew(drift, surroundings, j, residuals.shape[2])).any():
            follower = follower.reset(season, anew)
        issued = follower.issue(base)
        offsets[j] = issued if surroundings.groups is None else no_narrower(issued)
        widths = follower.widths(base) if j == len(residuals) - 1 else widths
    return Calibration(offsets=offsets, widths=widths, cutoffs=used)


def base_offsets(residuals: Array, cutoffs: Sequence[int], lag: int, options: IntervalOptions) -> Narrow:
    """Pooled quantiles of some forecasts that nobody issues, without anything that follows a change.

    Args:
        residuals: As in `calibrate`. Shape `(K, H, S)`.
        cutoffs: Cutoffs that are wanted, ascending; quantiles are made anew at the first and after every `lag` of them.
        lag: Cutoffs after which all errors of a cutoff are known.
        options: How many cutoffs are read, and how much is pooled.

    Returns:
        Offsets in units of the scale, float32; `nan` before anything is resolved. Shape `(len(cutoffs), H, S, Q)`.
    """
    offsets = np.full((len(cutoffs), *residuals.shape[1:], len(LEVELS)), np.nan, dtype=np.float32)
    for first in range(0, len(cutoffs), lag):
        resolved = max(0, cutoffs[first] - lag + 1)
        rows = residuals[max(0, resolved - options.calibration_cutoffs) : resolved]
        if len(rows):
            offsets[first : first + lag] = pool(rows, options.pooling).offsets
    return offsets


def _base(residuals: Array, rows: slice, j: int, pooling: float, surroundings: Surroundings) -> Pooled:
    """Quantiles of the errors of some cutoffs, as they apply at cutoff j."""
    groups = surroundings.groups
    if groups is None:
        return pool(residuals[rows], pooling, surroundings.clusters)
    lasting = len(groups) == 1
    return pool_by_group(
        residuals[rows],
        groups if lasting else groups[rows],
        groups[0 if lasting else j],
        pooling,
        surroundings.clusters,
        overlap=-(-residuals.shape[1] // surroundings.spacing),
    )


def _drift(residuals: Array, options: IntervalOptions, start: int, surroundings: Surroundings) -> Alarms | None:
    """Changes that were found in the errors of the first step, or were brought."""
    if surroundings.drift is not None or not options.drift_reset:
        return surroundings.drift
    season = surroundings.season or residuals.shape[1]
    return find_drift(residuals[:, 0], season=season, reference=options.calibration_cutoffs, least=start)


def _anew(drift: Alarms | None, surroundings: Surroundings, j: int, series: int) -> npt.NDArray[np.bool_]:
    """Series whose intervals begin anew at a cutoff; shape `(S,)`."""
    found = np.zeros(series, dtype=bool) if drift is None else drift.at(j)
    return np.asarray(found | (surroundings.told is not None and bool(surroundings.told[j])))


def _arrived(residuals: Array, offsets: Array, j: int, spacing: int) -> Arrived:
    """Outcomes that became known since the cutoff before j, and what was issued for them."""
    steps = np.arange(residuals.shape[1])
    cutoffs = j - 1 - steps // spacing
    known = cutoffs >= 0
    return Arrived(outcome=residuals[cutoffs[known], steps[known]], issued=offsets[cutoffs[known], steps[known]])
