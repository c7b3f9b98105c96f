"""Histories to replay: competition files, a table with a date column and one series per further column, or a panel."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pulse_kedro.adapters.competition_files import UnusableCompetitionFile, read_series
from pulse_kedro.adapters.text_tables import read_head
from pulse_kedro.domain.data_management.parsing import parse_numbers, parse_periods
from pulse_kedro.domain.panel import TIME, Array, Frequency, to_matrix

DATES = ("date", TIME, "time", "timestamp")
"""Names of a first column that holds dates; the ETT files say `date`."""
UNDATED = pd.Timestamp("2000-01-03")
"""Newest period of a file without dates; ours, any Monday would do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Series on one calendar: `panel` `(periods, series)`, gaps as `nan`, and the period of its first row."""

    ids: tuple[str, ...]
    panel: Array
    start: pd.Timestamp
    dated: bool

    def date(self, freq: Frequency, row: int) -> pd.Timestamp:
        """Period of a row."""
        return freq.shift(self.start, row)


def read_history(path: Path, freq: Frequency) -> History:
    """All series of a file side by side.

    Args:
        path: CSV: wide as M4 (series end at the same row), long (`unique_id, ds, y`), or a date column and then one
            column per series.
        freq: Length of a step.

    Raises:
        UnusableCompetitionFile: It is none of these, or holds something that is no value.
    """
    if _is_dated(path):
        return _read_dated(path, freq)
    found = read_series(path, freq)
    if any(start is None for start in found.starts):
        rows = max(map(len, found.histories))
        values = np.stack([_padded(history, rows - len(history), rows) for history in found.histories], axis=1)
        return History(ids=found.ids, panel=values, start=freq.shift(UNDATED, 1 - rows), dated=False)
    starts = [start for start in found.starts if start is not None]
    first = min(starts)
    places = [freq.distance(first, start) for start in starts]
    rows = max(place + len(history) for place, history in zip(places, found.histories, strict=True))
    columns = [_padded(history, place, rows) for history, place in zip(found.histories, places, strict=True)]
    return History(ids=found.ids, panel=np.stack(columns, axis=1), start=first, dated=True)


def history_of(rows: pd.DataFrame, freq: Frequency) -> History:
    """All series of a panel side by side; columns `unique_id, ds, y`, period starts, unique."""
    matrix = to_matrix(rows, freq)
    return History(ids=matrix.ids, panel=matrix.y, start=matrix.times[0], dated=True)


def _is_dated(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            names = next(csv.reader(read_head(file, str(path), encoding="utf-8").splitlines()), [])
    except OSError:
        return False  # the reader of competition files says what is wrong
    return len(names) > 1 and names[0].strip().lower() in DATES and "unique_id" not in names


def _padded(history: Array, before: int, rows: int) -> Array:
    values = np.full(rows, np.nan)
    values[before : before + len(history)] = history
    return values


def _read_dated(path: Path, freq: Frequency) -> History:
    """A date column first, then one column per series; periods without a row are gaps."""
    table = pd.read_csv(path, dtype=str)
    name = str(table.columns[0])
    if table.empty:
        raise UnusableCompetitionFile(str(path), "a header and no row", "values", "Is the file complete?")
    dates = parse_periods(table[name], freq, None)
    if dates.isna().any():
        row = int(dates.isna().to_numpy().argmax())
        found = f"{str(table[name].iloc[row])!r} in column {name!r}, row {row + 1}"
        raise UnusableCompetitionFile(str(path), found, "a date such as 2019-01-31", "Correct the cell.")
    numbers = []
    for column in table.columns[1:]:
        parsed = parse_numbers(table[column].astype(object))
        broken = np.isnan(parsed) & table[column].notna().to_numpy()
        if broken.any():
            row = int(broken.argmax())
            found = f"{table[column].iloc[row]!r} in column {column!r}, row {row + 1}"
            raise UnusableCompetitionFile(str(path), found, "a number, or nothing", "Correct the cell.")
        numbers.append(parsed)
    if dates.duplicated().any():
        when = dates[dates.duplicated()].iloc[0]
        raise UnusableCompetitionFile(
            str(path), f"the period {when} twice", f"one row per {freq.name} period", "Remove one, or correct --freq."
        )
    ordinals = dates.dt.to_period(freq.period).astype("int64").to_numpy()
    values = np.full((int(ordinals.max() - ordinals.min()) + 1, len(numbers)), np.nan)
    values[ordinals - ordinals.min()] = np.stack(numbers, axis=1)
    return History(ids=tuple(map(str, table.columns[1:])), panel=values, start=dates.min(), dated=True)
