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


def rows_of(table: Table, frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Columns of a table at the rows of a frame, in its order.

    Args:
        table: What was computed.
        frame: `unique_id` and `ds`, both inside the table.
        names: Columns to take.

    Returns:
        `unique_id`, `ds` and the columns, float64.
    """
    rows = table.times.get_indexer(pd.Index(frame[TIME]))
    columns = pd.Index(table.ids).get_indexer(pd.Index(frame[ID].astype(str)))
    found = {name: np.asarray(table.columns[name][rows, columns]) for name in names}
    return pd.DataFrame({ID: frame[ID].to_numpy(), TIME: frame[TIME].to_numpy(), **found})


def first_values(table: Table, periods: int, known_from: Rows | None = None, column: str = TARGET) -> Table:
    """The training fold: of each series what lies in its first periods, counted from its first value.

    Args:
        table: Everything known.
        periods: Length of the fold.
        known_from: Row from which on each value was known; what became known after the fold is not in it.
        column: Whose first value counts.

    Returns:
        A table of the same shape, `nan` after the fold.
    """
    known = ~np.isnan(table.columns[column])
    first = np.where(known.any(axis=0), known.argmax(axis=0), len(known))
    rows = np.arange(len(known))[:, None]
    inside = (rows if known_from is None else np.maximum(rows, known_from)) < first + periods
    return replace(table, columns={name: np.where(inside, values, np.nan) for name, values in table.columns.items()})
