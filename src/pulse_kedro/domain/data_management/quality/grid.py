"""A sorted long table as dense blocks of series, so that each check runs over many series at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.data_management.steps import positions
from pulse_kedro.domain.panel import ID, TARGET, TIME, Array, Frequency

Index = npt.NDArray[np.int64]
VALUES_AT_ONCE, SERIES_AT_ONCE = 6_000_000, 4096
"""Most places and most series of one block; ours: an array of a block takes 48 MB."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """Where the rows of a sorted panel stand.

    `period` `(rows,)` numbers the period of each row as `positions` does, `value` `(rows,)` is what it holds, `starts`
    `(series + 1,)` the row at which each series begins, with the number of rows at its end, `names` the series.
    """

    freq: Frequency
    names: tuple[str, ...]
    starts: Index
    period: Index
    value: Array

    @property
    def series(self) -> Index:
        """Number of the series of each row, `(rows,)`."""
        return np.repeat(np.arange(len(self.names)), np.diff(self.starts))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """Some series side by side: `y[t, s]` `(periods, series)`, `nan` where nothing was observed.

    `first` is the number of the first period, `offset` the number of the first series.
    """

    y: Array
    first: int
    offset: int


def lay_out(rows: pd.DataFrame, freq: Frequency) -> Layout:
    """Layout of a panel.

    Args:
        rows: Unique (`unique_id`, `ds`), sorted by both, with target `y`.
        freq: Length of a period.
    """
    names = rows[ID].to_numpy(dtype=object)
    starts = np.flatnonzero(np.append(True, names[1:] != names[:-1])) if len(names) else np.zeros(0, dtype=np.int64)
    codes, periods = pd.factorize(rows[TIME])
    return Layout(
        freq=freq,
        names=tuple(map(str, names[starts])),
        starts=np.append(starts, len(names)),
        period=positions(pd.Series(periods), freq)[codes] if len(codes) else np.zeros(0, dtype=np.int64),
        value=rows[TARGET].to_numpy(dtype=float),
    )


def blocks(layout: Layout, size: int | None = None, *, until: int | None = None) -> Iterator[Block]:
    """All series, some at a time, each block over the periods that its own series cover.

    Args:
        layout: The panel.
        size: Series of a block; `None` takes as many as memory allows.
        until: Number of the last period of every block; `None` ends with the last value.
    """
    if size is None:
        span = int(np.ptp(layout.period)) + 1 if len(layout.period) else 1
        size = min(SERIES_AT_ONCE, max(1, VALUES_AT_ONCE // span))
    for offset in range(0, len(layout.names), size):
        edges = layout.starts[offset : offset + size + 1]
        rows = slice(int(edges[0]), int(edges[-1]))
        at = layout.period[rows]
        first, last = int(at.min()), int(at.max()) if until is None else until
        y = np.full((last - first + 1, len(edges) - 1), np.nan)
        y[at - first, np.repeat(np.arange(len(edges) - 1), np.diff(edges))] = layout.value[rows]
        yield Block(y=y, first=first, offset=offset)
