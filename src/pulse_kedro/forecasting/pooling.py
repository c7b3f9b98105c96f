"""Quantiles of scaled errors: a series borrows from its cluster, the cluster from the panel, as much as it has to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.panel import QUANTILE_LEVELS, Array
from pulse_kedro.forecasting.evidence import SERIES_BLOCK, blocks_of

LEVELS = np.array(QUANTILE_LEVELS)
SCALE_POOLING = 6.0
"""Cutoffs of own evidence that weigh as much as the panel when a series' error size is estimated; ours."""
GROUP_EVIDENCE = 100
"""Independent errors from which on a group has quantiles of its own (`forecasting.md` 5.3)."""
HELD_OUT = 3
"""The newest of this many equal parts of the evidence judges how much is pooled; ours."""
Groups = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """Quantiles of some errors: `offsets` `(H, S, Q)`, and the `unit` `(H, S)`, the typical size of an error.

    `largest` `(H, S)` is the largest error in this unit, 0 where none is known.
    """

    offsets: Array
    unit: Array
    largest: Array


def pooled_quantiles(
    residuals: Array, pooling: float, clusters: Groups | None = None, *, block: int = SERIES_BLOCK
) -> Array:
    """Quantiles of each series and step, shrunk towards those of its cluster and of the panel.

    Args:
        residuals: Scaled errors, `nan` where unknown. Shape `(n, H, S)`.
        pooling: Cutoffs of own evidence that weigh as much as what is borrowed.
        clusters: Cluster of each series, `(S,)`; `None` is one cluster, the panel.
        block: Series at once; the result does not depend on it.

    Returns:
        Shape `(H, S, Q)`: size of the series' errors, times growth over the horizon (non-decreasing), times quantiles
        of the standardised error, (n_s Q_s + pooling Q_cluster) / (n_s + pooling).
    """
    return pool(residuals, pooling, clusters, block=block).offsets


def pool(residuals: Array, pooling: float, clusters: Groups | None = None, *, block: int = SERIES_BLOCK) -> Pooled:
    """The same with the unit: size of the series' errors times growth over the horizon."""
    horizon, series = residuals.shape[1:]
    groups = np.zeros(series, dtype=np.int64) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    evidence = (~np.isnan(residuals)).sum(axis=(0, 1)) / horizon
    size = _sizes(residuals, evidence, groups)
    standard = np.divide(residuals, size, out=np.full_like(residuals, np.nan), where=size > 0)
    growth = np.maximum.accumulate(np.nan_to_num(_mean_size(standard, (0, 2))))
    standard = np.divide(standard, growth[:, None], out=np.full_like(standard, np.nan), where=growth[:, None] > 0)
    largest = np.fmax.reduce(np.abs(standard), axis=0, initial=0.0)
    standard = standard.reshape(-1, series)
    borrowed = _borrowed(standard, evidence, groups, pooling)
    offsets = np.empty((horizon, series, len(LEVELS)), dtype=residuals.dtype)
    for columns in blocks_of(series, block):
        own, n = np.nan_to_num(_nan_quantiles(standard[:, columns])), evidence[columns]
        shape = (n * own + pooling * borrowed[groups[columns]].T) / np.maximum(n + pooling, np.finfo(float).tiny)
        offsets[:, columns] = growth[:, None, None] * size[None, columns, None] * shape.T[None]
    return Pooled(offsets=offsets, unit=growth[:, None] * size, largest=largest)


def pool_by_group(
    residuals: Array,
    groups: Groups,
    now: Groups,
    pooling: float,
    clusters: Groups | None = None,
    *,
    overlap: int | None = None,
) -> Pooled:
    """Quantiles from the errors of the group that a forecast belongs to, where there are enough of them.

    Args:
        residuals: Scaled errors. Shape `(n, H, S)`.
        groups: Group of each of these errors, -1 for none. Shape `(n, H, S)` or one that broadcasts to it: `(1, 1, S)`
            for groups of series, `(n, 1, S)` for regimes, `(n, H, 1)` for phases of the season.
        now: Group of each step and series that is forecast. Shape `(H, S)`, or one that broadcasts to it.
        pooling: As in `pooled_quantiles`.
        clusters: As in `pooled_quantiles`; what is too rare to stand alone borrows by them.
        overlap: Cutoffs whose horizons overlap; `None` is H, cutoffs one period apart.

    Returns:
        As `pool`, no interval narrower than at an earlier step. A group with fewer than `GROUP_EVIDENCE` independent
        errors has the quantiles of all. Errors of one series count as independent when their horizons do not overlap.

    Source:
        Mondrian conformal prediction: Vovk, Gammerman & Shafer (2005), section 4.5.
    """
    whole = pool(residuals, pooling, clusters)
    offsets, unit, largest = whole.offsets.copy(), whole.unit.copy(), whole.largest.copy()
    wanted = np.broadcast_to(now, unit.shape)
    for group in np.unique(now[now >= 0]):
        inside = np.where(groups == group, residuals, np.nan)
        if (~np.isnan(inside)).any(axis=1).sum() / (overlap or residuals.shape[1]) < GROUP_EVIDENCE:
            continue
        mine, chosen = pool(_without_gaps(inside), pooling), wanted == group
        offsets[chosen], unit[chosen], largest[chosen] = mine.offsets[chosen], mine.unit[chosen], mine.largest[chosen]
    unit = np.maximum.accumulate(unit)
    return Pooled(offsets=no_narrower(offsets), unit=unit, largest=largest)


def no_narrower(offsets: Array) -> Array:
    """Quantiles whose distance to the median shrinks at no later step; shape `(H, S, Q)` stays."""
    half = len(LEVELS) // 2
    median = offsets[..., half : half + 1]
    below, above = (np.maximum.accumulate(away) for away in (median - offsets, offsets - median))
    return np.concatenate([(median - below)[..., :half], median, (median + above)[..., half + 1 :]], axis=-1)


def _without_gaps(inside: Array) -> Array:
    """Errors moved to the front, cutoffs at which a step has none cut off: fewer rows, the same quantiles."""
    empty = np.isnan(inside).all(axis=2)
    order = np.argsort(empty, axis=0, kind="stable")
    rows = int((~empty).sum(axis=0).max(initial=0))
    return np.take_along_axis(inside, order[:rows, :, None], axis=0)


def choose_pooling(
    residuals: Array, choices: Sequence[float], fallback: float, clusters: Groups | None = None
) -> float:
    """Pooling with the smallest pinball loss on the newest errors, quantiles made of those resolved before them.

    Args:
        residuals: Scaled errors of resolved cutoffs. Shape `(n, H, S)`.
        choices: Candidates, in cutoffs.
        fallback: What to take while there are too few cutoffs to tell.
        clusters: As in `pooled_quantiles`.

    Source:
        Pinball loss: Koenker & Bassett (1978).
    """
    horizon = residuals.shape[1]
    held = residuals[-max(1, len(residuals) // HELD_OUT) :]
    known = residuals[: max(0, len(residuals) - len(held) - horizon + 1)]
    if len(known) < horizon or np.isnan(held).all():
        return fallback
    losses = [pinball_loss(held, pooled_quantiles(known, choice, clusters)) for choice in choices]
    return float(choices[int(np.argmin(losses))])


def pinball_loss(outcomes: Array, quantiles: Array) -> float:
    """Mean pinball loss of quantiles `(H, S, Q)` over outcomes `(n, H, S)`, `nan` left out; unit of the outcomes."""
    total, known = 0.0, ~np.isnan(outcomes)
    for place, level in enumerate(LEVELS):
        miss = np.where(known, outcomes - quantiles[..., place], 0.0)
        total += float(np.maximum(level * miss, (level - 1) * miss).sum())
    return total / (len(LEVELS) * float(known.sum()))


def _sizes(residuals: Array, evidence: Array, groups: Groups) -> Array:
    """Mean absolute error of each series, shrunk towards its cluster's, that towards the panel's; shape `(S,)`."""
    size, seen = np.nan_to_num(_mean_size(residuals, (0, 1))), evidence > 0
    target = np.full(len(size), float(np.mean(size[seen])) if seen.any() else 0.0)
    for group in range(groups.max(initial=0) + 1) if groups.any() else ():
        inside = seen & (groups == group)
        if inside.any():
            n = evidence[inside].sum()
            target[groups == group] = (n * size[inside].mean() + SCALE_POOLING * target[0]) / (n + SCALE_POOLING)
    return np.asarray((evidence * size + SCALE_POOLING * target) / (evidence + SCALE_POOLING))


def _borrowed(standard: Array, evidence: Array, groups: Groups, pooling: float) -> Array:
    """Quantiles that a series of each cluster borrows: those of the cluster, shrunk to the panel's; `(clusters, Q)`."""
    known = standard[~np.isnan(standard)]
    panel = np.quantile(known, LEVELS) if len(known) else np.zeros(len(LEVELS))
    if not groups.any():
        return np.asarray(panel[None])
    borrowed = np.tile(panel, (groups.max() + 1, 1))
    for group in range(len(borrowed)):
        part = standard[:, groups == group]
        own, n = part[~np.isnan(part)], evidence[groups == group].sum()
        if len(own):
            borrowed[group] = (n * np.quantile(own, LEVELS) + pooling * panel) / (n + pooling)
    return borrowed


def _mean_size(values: Array, axis: tuple[int, ...]) -> Array:
    """Mean absolute value of what is known; `nan` where nothing is."""
    known = ~np.isnan(values)
    count, total = known.sum(axis=axis), np.where(known, np.abs(values), 0.0).sum(axis=axis, dtype=float)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _nan_quantiles(values: Array) -> Array:
    """Quantiles of each column without its `nan`; shape `(Q, columns)`, `nan` for an empty column."""
    ordered, count = np.sort(values, axis=0), (~np.isnan(values)).sum(axis=0)
    place = LEVELS[:, None] * np.maximum(count - 1, 0)
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    low, high = np.take_along_axis(ordered, below, axis=0), np.take_along_axis(ordered, above, axis=0)
    return np.asarray(low + (place - below) * (high - low))
