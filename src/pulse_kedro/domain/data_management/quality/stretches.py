"""Stretches of a panel that a person should see: gaps, values that do not move, silence, values beyond their bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.data_management.quality.grid import Index, Layout
from pulse_kedro.domain.data_management.quality.options import PlausibleRange
from pulse_kedro.domain.data_management.steps import positions
from pulse_kedro.domain.panel import ID, TIME, Array, Frequency

UNLIKELY = 0.01
"""Chance of a repeat as long as this one somewhere in a series, below which it is suspicious; ours."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretches:
    """Places in a panel, all `(n,)`: number of the series, first and last row, length in values."""

    series: Index
    first: Index
    last: Index
    length: Index


def find_gaps(rows: pd.DataFrame, freq: Frequency) -> pd.DataFrame:
    """Periods without a value between the first and the last value of a series.

    Args:
        rows: Unique (`unique_id`, `ds`), sorted.
        freq: Length of a period.

    Returns:
        `unique_id`, `from` and `to` (first and last missing period), `length` in periods; one row per gap.
    """
    at = positions(rows[TIME], freq)
    series = rows[ID].to_numpy()
    ends = np.flatnonzero((np.diff(at) > 1) & (series[1:] == series[:-1]))
    first, last = rows[TIME].iloc[ends], rows[TIME].iloc[ends + 1]
    return pd.DataFrame(
        {
            ID: series[ends],
            "from": [freq.shift(when, 1) for when in first],
            "to": [freq.shift(when, -1) for when in last],
            "length": np.diff(at)[ends] - 1,
        }
    )


def find_repeats(layout: Layout, least: int) -> Stretches:
    """Runs of equal values that are longer than the habit of their series explains.

    With n steps in a series, of which those outside a run of L values repeat the value before with share p (counted
    with one repeat and one change more, so that it is never 0 or 1), a run is reported when n·p^(L-1) is below
    `UNLIKELY`: the union bound on its chance anywhere in the series. Series that often repeat themselves, such as
    counts with many zeros, need long runs.

    Args:
        layout: The panel.
        least: Values from which a run is looked at.

    Returns:
        The runs in the order of the rows; gaps inside a run do not end it.

    Source:
        Ours. Rule of succession of Laplace for p.
    """
    value, series = layout.value, layout.series
    if not len(value):
        empty = np.zeros(0, dtype=np.int64)
        return Stretches(series=empty, first=empty, last=empty, length=empty)
    begins = np.append(True, (value[1:] != value[:-1]) | (series[1:] != series[:-1]))
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(value)) - 1
    length, own = last - first + 1, series[first]
    steps = np.diff(layout.starts) - 1
    repeats = np.bincount(own, weights=length - 1, minlength=len(steps))
    long = length >= least
    first, last, length, own = first[long], last[long], length[long], own[long]
    habit = (repeats[own] - (length - 1) + 1) / (steps[own] - (length - 1) + 2)
    odd = np.log(np.maximum(steps[own], 1)) + (length - 1) * np.log(habit) < np.log(UNLIKELY)
    return Stretches(series=own[odd], first=first[odd], last=last[odd], length=length[odd])


def bounds_of(names: Sequence[str], ranges: Sequence[PlausibleRange]) -> tuple[Array, Array]:
    """Lowest and highest plausible value of each series, without end where nothing is declared; `(series,)` each."""
    low, high = np.full(len(names), -np.inf), np.full(len(names), np.inf)
    for declared in reversed(ranges):
        fits = np.array([fnmatchcase(name, declared.series) for name in names], dtype=bool)
        low[fits] = -np.inf if declared.low is None else declared.low
        high[fits] = np.inf if declared.high is None else declared.high
    return low, high


def beyond(value: Array, low: Array, high: Array) -> npt.NDArray[np.bool_]:
    """Whether values lie outside their bounds; `nan` does not."""
    return (value < low) | (value > high)
