"""What earlier cutoffs showed: errors of every series, averaged into losses, and sums of products for stacking.

Everything here is computed in blocks of series; means over series are taken once, over stored per-series values, so
that a result does not depend on the blocks.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pulse_kedro.domain.errors import InvalidConfiguration
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.backtest import Replay

SERIES_BLOCK = 8192
"""Series combined at once; ours: 12 members and 12 steps take about ten megabytes."""
HORIZON_BLOCKS = 3
"""Blocks of steps that have stacking weights of their own; ours: near, middle, far."""
REFERENCE = "naive"
"""Member whose errors the relative loss is measured by."""
Loss = Literal["scaled_error", "relative"]
Points = Callable[[int, slice], Array]
"""Forecasts `(..., H, block)` at a cutoff for a block of series."""


class NoReference(InvalidConfiguration):
    """Losses relative to the naive forecast were asked for, and nobody makes that forecast."""

    def __init__(self, members: Sequence[str]) -> None:
        """Keep who is there."""
        super().__init__(tuple(members))
        self.members = tuple(members)

    def __str__(self) -> str:
        """Name the members and the way out."""
        return (
            f"Weighing members by relative loss failed: got members {', '.join(self.members)}, expected {REFERENCE!r} "
            "among them. Add `{kind: naive}` to `recipe.members` in conf/, or set `recipe.combination.loss` to "
            "`scaled_error`."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesErrors:
    """Errors of each series at each cutoff, averaged over its steps; both of shape `(..., K, S)`, `nan` where unknown.

    `scaled` is |error| / scale; `percent` is sMAPE, 200 |a - f| / (|a| + |f|), and `None` where nobody asked for it.
    """

    scaled: Array
    percent: Array | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """Sums over series and steps of products of scaled errors, per cutoff and block of steps.

    `errors` has shape `(K, B, M, M)`, `rows` `(K, B)` counts what was summed, `present` `(K, M)` the forecasts of each
    member among it. Where a member abstains, its error counts as the mean of the others, so that it moves nothing.
    """

    errors: Array
    rows: Array
    present: Array
    horizon: int


def blocks_of(series: int, size: int = SERIES_BLOCK) -> Iterator[slice]:
    """Slices that cover `series` columns, each of at most `size`."""
    return (slice(start, min(start + size, series)) for start in range(0, series, size))


def steps_of(horizon: int) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Steps of each block of the horizon, counted from 0."""
    return [np.asarray(part) for part in np.array_split(np.arange(horizon), min(HORIZON_BLOCKS, horizon))]


def series_errors(
    points: Points, leading: tuple[int, ...], replayed: Replay, loss: Loss, *, block: int
) -> SeriesErrors:
    """Errors of some forecasts per series and cutoff.

    Args:
        points: Gives the forecasts of a cutoff for a block of series.
        leading: Shape of what comes before the horizon in them, such as the number of members.
        replayed: Actuals and scales.
        loss: What the errors are for; sMAPE is computed only where `relative` needs it.
        block: Series at once.

    Returns:
        Means over the known steps. Shape `(*leading, K, S)`.

    Source:
        Hyndman & Koehler (2006) for the scaled error; Makridakis et al. (2020) for sMAPE as in M4.
    """
    cutoffs, _, series = replayed.actual.shape
    scaled = np.full((*leading, cutoffs, series), np.nan)
    percent = np.full_like(scaled, np.nan) if loss == "relative" else None
    for columns in blocks_of(series, block):
        for j in range(cutoffs):
            made, actual = points(j, columns), replayed.actual[j, :, columns]
            error = np.abs(made - actual)
            scaled[..., j, columns] = nan_mean(error / replayed.scale[j, columns], axis=-2)
            if percent is not None:
                size = np.abs(made) + np.abs(actual)
                share = np.divide(200 * error, size, out=np.where(np.isnan(size), np.nan, 0.0), where=size > 0)
                percent[..., j, columns] = nan_mean(share, axis=-2)
    return SeriesErrors(scaled=scaled, percent=percent)


def member_errors(replayed: Replay, loss: Loss, *, block: int = SERIES_BLOCK) -> SeriesErrors:
    """Errors of every member; shape `(M, K, S)`."""
    return series_errors(
        lambda j, columns: replayed.points[:, j, :, columns], (len(replayed.members),), replayed, loss, block=block
    )


def mean_losses(errors: SeriesErrors, replayed: Replay, reference: SeriesErrors | None = None) -> Array:
    """Loss at each cutoff: mean over series, of scaled errors or relative to the naive forecast.

    Args:
        errors: Errors of shape `(..., K, S)`.
        replayed: Tells at which cutoffs the whole horizon is known; the others are `nan`.
        reference: Errors of the naive member, `(K, S)`; `None` takes the mean scaled error as it is.

    Returns:
        Shape `(..., K)`. Relative losses are the mean of two ratios of averages over the same series, so that 1 is as
        good as naive.

    Source:
        The overall weighted average of M4 (Makridakis et al., 2020), on training cutoffs instead of the test set.
    """
    if reference is None:
        return np.where(replayed.resolved, nan_mean(errors.scaled, axis=-1), np.nan)
    parts = [(errors.scaled, reference.scaled), (errors.percent, reference.percent)]
    ratios = [_relative(mine, naive) for mine, naive in parts if mine is not None and naive is not None]
    return np.where(replayed.resolved, np.mean(ratios, axis=0), np.nan)


def _relative(mine: Array, naive: Array) -> Array:
    """Mean over the series that both have, over the naive mean there; `nan` where naive made no error."""
    both = ~np.isnan(mine) & ~np.isnan(naive)
    own = nan_mean(np.where(both, mine, np.nan), axis=-1)
    unit = nan_mean(np.where(both, naive, np.nan), axis=-1)
    return np.divide(own, unit, out=np.full_like(own, np.nan), where=unit > 0)


def reference_errors(errors: SeriesErrors, members: Sequence[str], loss: Loss) -> SeriesErrors | None:
    """Errors of the naive member, where the loss is relative to them.

    Raises:
        NoReference: The loss is relative and no member is naive.
    """
    if loss != "relative":
        return None
    if REFERENCE not in members:
        raise NoReference(members)
    at, percent = list(members).index(REFERENCE), errors.percent
    return SeriesErrors(scaled=errors.scaled[at], percent=None if percent is None else percent[at])


def products(replayed: Replay, *, block: int = SERIES_BLOCK) -> Products:
    """Sums of products of the members' scaled errors: all that stacking needs to know, additive over series."""
    members, cutoffs, horizon, series = replayed.points.shape
    parts = steps_of(horizon)
    total = np.zeros((cutoffs, len(parts), members, members))
    rows, present = np.zeros((cutoffs, len(parts))), np.zeros((cutoffs, members))
    for columns in blocks_of(series, block):
        for j in range(cutoffs):
            scale = replayed.scale[j, columns]
            errors = (replayed.points[:, j, :, columns] - replayed.actual[j, :, columns]) / scale
            known = ~np.isnan(errors)
            present[j] += known.sum(axis=(1, 2))
            filled = fill_abstentions(errors)
            for at, steps in enumerate(parts):
                flat = filled[:, steps].reshape(members, -1)
                total[j, at] += flat @ flat.T
                rows[j, at] += known[:, steps].any(axis=0).sum()
    return Products(errors=total, rows=rows, present=present, horizon=horizon)


def fill_abstentions(errors: Array) -> Array:
    """Errors in which a member that abstains has the mean error of the others; 0 where everybody does.

    Args:
        errors: Shape `(members, ...)`, `nan` where a member abstains or the outcome is unknown.
    """
    mean = np.nan_to_num(nan_mean(errors, axis=0))
    return np.where(np.isnan(errors), mean, errors)


def scaled_errors(points: Array, replayed: Replay) -> Array:
    """Mean over steps, then series, of |error| / scale per cutoff; `nan` where nothing can be scored.

    Args:
        points: Forecasts. Shape `(..., K, H, S)`.
        replayed: Actuals `(K, H, S)` and scales `(K, S)`.

    Returns:
        Shape `(..., K)`.
    """
    errors = series_errors(
        lambda j, columns: points[..., j, :, columns], points.shape[:-3], replayed, "scaled_error", block=SERIES_BLOCK
    )
    return nan_mean(errors.scaled, axis=-1)


def nan_mean(values: Array, axis: int) -> Array:
    """Mean of what is not `nan`, `nan` (without a warning) where nothing is left."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
