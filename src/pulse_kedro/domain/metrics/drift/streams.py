"""What is watched: errors, outcomes, forecasts and inputs of a panel as matrices, and their means over the series."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.metrics.drift.examination import Scope, Stream
from pulse_kedro.domain.panel import ID, TARGET, TIME, Array, Frequency, Matrix, to_matrix

PANEL, LOSS = "(panel)", "(loss)"
"""Names of the mean over all series, and of the loss of the champion above that of the seasonal naive forecast."""
ERROR_COLUMNS = ("recipe", ID, "cutoff", "step", TARGET, "y_hat", "scale")
"""Columns of the table of errors: one row per recipe, series, cutoff and kept step; `y` missing where unknown."""
GIVEN = frozenset({ID, TIME, "season", "scale"})
"""Columns of the features that are no inputs."""


def streams_of(
    errors: pd.DataFrame, panel: pd.DataFrame, features: pd.DataFrame, freq: Frequency, *, steps: int
) -> Iterator[Stream]:
    """Everything numeric that is watched, scope by scope.

    Args:
        errors: `ERROR_COLUMNS` of one recipe; the first step is read.
        panel: Everything the cycle knows.
        features: Columns of every row of the panel; those configured are inputs.
        freq: Step and season of the data.
        steps: Newest periods that are of interest.

    Yields:
        `concept`: errors of the first step; `prediction`: forecast changes; `label`: changes that came true; `data`:
        changes over a season, and changes of configured features. All in units of the scale that was known.
    """
    first = errors[errors["step"] == 1]
    if first.empty:
        return
    y = to_matrix(panel, freq)
    error, forecast, scale, times = _replayed(first, y, freq)
    at = y.times.searchsorted(times)
    known = at < len(y.times)
    before = y.y[np.maximum(at - 1, 0)]
    shifted = _at(y.y, at - freq.season_length)
    actual = np.where(known[:, None], _at(y.y, np.minimum(at, len(y.times) - 1)), np.nan)
    naive = np.abs(actual - shifted) / scale
    yield from _both("concept", error[known], times[known], y.ids)
    yield _loss(np.abs(error) - naive, times, known)
    yield from _both("prediction", (forecast - before) / scale, times, y.ids)
    yield from _both("label", ((actual - before) / scale)[known], times[known], y.ids)
    yield from _both("data", ((actual - shifted) / scale)[known], times[known], y.ids)
    yield from _inputs(features, freq, steps)


def skill_in(errors: pd.DataFrame, panel: pd.DataFrame, freq: Frequency, *, window: int) -> float:
    """Loss of the champion over that of the seasonal naive forecast, in the newest steps; `nan` where unknown.

    Args:
        errors: `ERROR_COLUMNS` of one recipe.
        panel: Everything the cycle knows.
        freq: Step and season of the data.
        window: Steps that count.
    """
    first = errors[(errors["step"] == 1) & errors[TARGET].notna()]
    if first.empty:
        return float("nan")
    y = to_matrix(panel, freq)
    error, _, scale, times = _replayed(first, y, freq)
    at = y.times.searchsorted(times)
    naive = np.abs(_at(y.y, np.minimum(at, len(y.y) - 1)) - _at(y.y, at - freq.season_length)) / scale
    both = ~np.isnan(error) & ~np.isnan(naive)
    both[:-window] = False
    below = naive[both].sum()
    return float(np.abs(error[both]).sum() / below) if below > 0 else float("nan")


def _replayed(first: pd.DataFrame, y: Matrix, freq: Frequency) -> tuple[Array, Array, Array, pd.DatetimeIndex]:
    """Errors in units of the scale, forecasts and scales `(T, S)` in the order of the panel; their targets `(T,)`."""
    cutoffs = pd.DatetimeIndex(np.sort(first["cutoff"].unique()))
    rows, columns = (
        cutoffs.get_indexer(pd.Index(first["cutoff"])),
        pd.Index(y.ids).get_indexer(pd.Index(first[ID].astype(str))),
    )
    grids = []
    for name in (TARGET, "y_hat", "scale"):
        grid = np.full((len(cutoffs), len(y.ids)), np.nan)
        grid[rows[columns >= 0], columns[columns >= 0]] = first[name].to_numpy(dtype=float)[columns >= 0]
        grids.append(grid)
    actual, forecast, scale = grids
    scale = np.where(scale > 0, scale, np.nan)
    times = pd.DatetimeIndex([freq.shift(cutoff, 1) for cutoff in cutoffs])
    return (actual - forecast) / scale, forecast, scale, times


def _at(values: Array, rows: npt.NDArray[np.int64]) -> Array:
    """Rows of a matrix; `nan` before its beginning."""
    return np.asarray(np.where((rows >= 0)[:, None], values[np.maximum(rows, 0)], np.nan))


def _both(scope: Scope, values: Array, times: pd.DatetimeIndex, names: tuple[str, ...]) -> Iterator[Stream]:
    """Series of a scope, and their mean where there are several."""
    yield Stream(scope=scope, signal=values, times=times, names=names)
    if len(names) > 1:
        yield Stream(
            scope=scope,
            signal=_mean(_standardised(values)),
            times=times,
            names=(PANEL,),
            family="panel",
            effects="given",
        )


def _loss(difference: Array, times: pd.DatetimeIndex, known: npt.NDArray[np.bool_]) -> Stream:
    return Stream(scope="concept", signal=_mean(difference)[known], times=times[known], names=(LOSS,), family="panel")


def _inputs(features: pd.DataFrame, freq: Frequency, steps: int) -> Iterator[Stream]:
    """Changes of the mean of every configured numeric feature, a column each; none where none is configured."""
    names = [
        str(name)
        for name, kind in features.dtypes.items()
        if name not in GIVEN and pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)
    ]
    if not names or features.empty:
        return
    newest = freq.shift(features[TIME].max(), -steps)
    means = features.loc[features[TIME] > newest, [TIME, *names]].groupby(TIME, sort=True).mean()
    changes = means.astype(float).diff().iloc[1:]
    yield Stream(
        scope="data",
        signal=changes.to_numpy(),
        times=pd.DatetimeIndex(changes.index),
        names=tuple(f"feature {name}" for name in names),
    )


def _standardised(values: Array) -> Array:
    """Values over the deviation of each series, which is robust and known from all of them."""
    some = (~np.isnan(values)).any(axis=0)
    filled = np.where(some, values, 0.0)
    centre = np.nanmedian(filled, axis=0)
    width = 1.4826 * np.nanmedian(np.abs(filled - centre), axis=0)
    return np.asarray(np.clip((values - centre) / np.where(width > 0, width, np.inf), -4.0, 4.0))


def _mean(values: Array) -> Array:
    """Mean of what is known over the series; shape `(T, 1)`, `nan` where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(axis=1, keepdims=True)
    total = np.where(known, values, 0.0).sum(axis=1, keepdims=True)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
