"""The dense form on which feature steps work: one array per column, periods down, series across."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.data_management.steps import positions
from pulse_kedro.domain.panel import ID, TARGET, TIME, Array, Frequency

Rows = npt.NDArray[np.int64]
Inside = npt.NDArray[np.bool_]
"""Which cells of a table belong to a training fold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns on the regular grid of a frequency, each `(periods, series)`, `nan` where nothing is known."""

    times: pd.DatetimeIndex
    ids: tuple[str, ...]
    columns: Mapping[str, Array]
    freq: Frequency

    @property
    def shape(self) -> tuple[int, int]:
        """Periods and series."""
        return len(self.times), len(self.ids)

    @property
    def positions(self) -> Rows:
        """Number of each period, the same wherever the table begins."""
        return positions(pd.Series(self.times), self.freq)

    def between(self, start: int, stop: int) -> Self:
        """Rows `start` to `stop`, the last one left out."""
        columns = {name: values[start:stop] for name, values in self.columns.items()}
        return replace(self, times=self.times[start:stop], columns=columns)

    def plus(self, columns: Mapping[str, Array]) -> Self:
        """The table with more columns."""
        return replace(self, columns={**self.columns, **columns})


def table_of(frame: pd.DataFrame, freq: Frequency, columns: Sequence[str] = (TARGET,)) -> Table:
    """Dense form of a frame; the order of its rows does not matter.

    Args:
        frame: Unique (`unique_id`, `ds`) with numbers in `columns`.
        freq: The step of the grid.
        columns: What becomes an array.

    Returns:
        Series in the order of their ids; periods from the first to the last of the frame.
    """
    times = freq.grid(frame[TIME].min(), frame[TIME].max())
    codes, ids = pd.factorize(frame[ID], sort=True)
    rows = times.get_indexer(pd.Index(frame[TIME]))
    filled = {}
    for name in columns:
        values = np.full((len(times), len(ids)), np.nan)
        values[rows, codes] = frame[name].to_numpy(dtype=float)
        filled[name] = values
    return Table(times=times, ids=tuple(map(str, ids)), columns=filled, freq=freq)


def cells_of(table: Table, frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Columns of a table at the rows of a frame, in its order.

    Args:
        table: What was computed.
        frame: `unique_id` and `ds`, both inside the table.
        names: Columns to take.

    Returns:
        The columns alone, float64, one row per row of the frame.
    """
    rows = table.times.get_indexer(pd.Index(frame[TIME]))
    columns = pd.Index(table.ids).get_indexer(pd.Index(frame[ID].astype(str)))
    cells = columns * len(table.times) + rows
    found = np.empty((len(names), len(frame)))
    for target, name in zip(found, names, strict=True):
        values = table.columns[name]
        if values.strides[1] == 0:  # the same for all series
            np.take(values[:, 0], rows, out=target)
        else:
            np.take(np.ascontiguousarray(values.T).reshape(-1), cells, out=target)
    return pd.DataFrame(found.T, columns=list(names), copy=False)


def training_fold(table: Table, periods: int, known_from: Rows | None = None) -> tuple[Table, Inside]:
    """The first periods of each series, counted from its first value.

    Args:
        table: Everything known; its column `y` tells where a series begins.
        periods: Length of the fold.
        known_from: Row from which on each value was known; what became known after the fold is not in it.

    Returns:
        A table that ends with the fold of the last series, `nan` outside of the folds, and where they are.
    """
    known = ~np.isnan(table.columns[TARGET])
    first = np.where(known.any(axis=0), known.argmax(axis=0), len(known))
    rows = np.arange(len(known))[:, None]
    inside = (rows >= first) & (rows < first + periods)
    there = inside if known_from is None else inside & (known_from < first + periods)
    stop = int(inside.any(axis=1).nonzero()[0].max(initial=-1)) + 1
    fold = {name: np.where(there, values, np.nan)[:stop] for name, values in table.columns.items()}
    return replace(table, times=table.times[:stop], columns=fold), inside[:stop]
