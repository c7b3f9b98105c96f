"""Where the errors of a backtest are: by regime, step ahead, series and year, each against the whole panel."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from pulse_kedro.domain.metrics.aggregation import mean
from pulse_kedro.domain.metrics.comparison_tests import mean_interval
from pulse_kedro.domain.metrics.residuals import Residuals
from pulse_kedro.domain.panel import Array

ERROR_COLUMNS = ("kind", "slice", "n", "cutoffs", "loss", "share", "ratio", "low", "high")
_TYPES = dict.fromkeys(("n", "cutoffs"), "int64") | dict.fromkeys(("loss", "share", "ratio", "low", "high"), "float64")
UNKNOWN = "unknown"


def slice_errors(residuals: Residuals, states: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Mean absolute scaled error of every slice.

    Args:
        residuals: Of one model; `z` has the shape `(cutoffs, steps, series)`.
        states: By axis, the state that was in force at each cutoff, as it was known then.

    Returns:
        `ERROR_COLUMNS`: `loss` is the mean over the forecasts of a cutoff, then over cutoffs; `share` is the part of
        the sum of all errors; `ratio` is the loss over that of the panel; `low` and `high` hold 90 % of block
        resamples of cutoffs, blocks as long as a path. Empty without a backtest. Slices overlap between kinds.
    """
    losses = np.abs(residuals.z)
    total, panel = float(np.nansum(losses)), float(mean(_by_cutoff(losses), 0)) if losses.size else float("nan")
    rows = []
    for kind, name, part in _parts(residuals, losses, states):
        by_cutoff, n = _by_cutoff(part), int(np.isfinite(part).sum())
        if not n:
            continue
        found = mean_interval(by_cutoff, block=max(len(residuals.steps), 1))
        ratio = found.value / panel if panel > 0 else float("nan")
        share = float(np.nansum(part)) / total if total > 0 else float("nan")
        rows.append((kind, name, n, found.n, found.value, share, ratio, found.low, found.high))
    return pd.DataFrame(rows, columns=list(ERROR_COLUMNS)).astype(_TYPES)


def states_at(regimes: pd.DataFrame, cutoffs: pd.DatetimeIndex) -> dict[str, list[str]]:
    """State of every axis at each cutoff, `unknown` where none is known.

    Args:
        regimes: One row per period and axis, with ds, axis and state.
        cutoffs: Labels of periods.
    """
    return {
        str(axis): [str(state) for state in rows.set_index("ds")["state"].reindex(cutoffs).fillna(UNKNOWN)]
        for axis, rows in regimes.groupby("axis", sort=True)
    }


def _parts(
    residuals: Residuals, losses: Array, states: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, str, Array]]:
    for axis, names in states.items():
        held = np.array(names)
        for state in sorted(set(names)):
            yield "regime", f"{axis}: {state}", losses[held == state]
    for index, step in enumerate(residuals.steps):
        yield "horizon", str(step), losses[:, index : index + 1, :]
    years = residuals.cutoffs.year.to_numpy()
    for year in sorted(set(years.tolist())):
        yield "time", str(year), losses[years == year]
    for index, name in enumerate(residuals.ids):
        yield "series", name, losses[:, :, index : index + 1]


def _by_cutoff(losses: Array) -> Array:
    return mean(losses.reshape(len(losses), -1), 1)
