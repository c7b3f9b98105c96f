"""Training and test files of forecasting competitions: wide as in M4 (one row per series), or long."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import ID, TARGET, TIME, Array, Frequency, to_matrix

LONG = (ID, TIME, TARGET)


class UnusableCompetitionFile(InvalidInput):
    """A file of series is not one of the two shapes, or a value in it is no number."""

    def __init__(self, file: str, found: str, expected: str, advice: str) -> None:
        """Keep what was found, what was expected, and the next step."""
        super().__init__(file, found, expected, advice)
        self.file, self.found, self.expected, self.advice = file, found, expected, advice

    def __str__(self) -> str:
        """Say all of it."""
        return f"Reading {self.file} failed: got {self.found}, expected {self.expected}. {self.advice}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Histories by name, oldest value first, gaps as `nan`."""

    ids: tuple[str, ...]
    histories: tuple[Array, ...]


def read_series(path: Path, freq: Frequency) -> Series:
    """Series of a file, in its order.

    Args:
        path: CSV, wide (an id, then the values from the oldest on, one row per series) or long (`unique_id, ds, y`).
        freq: Step of a long file; its missing periods become gaps.

    Raises:
        UnusableCompetitionFile: The file is neither, holds a series twice, or a value that is no number.
    """
    try:
        table = pd.read_csv(path, low_memory=False)
    except (OSError, ValueError) as error:
        raise UnusableCompetitionFile(
            str(path), f"no table ({error})", "a CSV file", "Check the path and the format."
        ) from error
    if set(LONG) <= set(table.columns):
        return _read_long(table, path, freq)
    return _read_wide(table, path)


def _read_wide(table: pd.DataFrame, path: Path) -> Series:
    """One row per series; trailing empty cells are no values."""
    ids = [str(name) for name in table.iloc[:, 0]]
    _refuse_repeats(ids, path)
    numbers = table.iloc[:, 1:].apply(pd.to_numeric, errors="coerce")
    broken = numbers.isna() & table.iloc[:, 1:].notna()
    if broken.to_numpy().any():
        row, column = np.argwhere(broken.to_numpy())[0]
        raise UnusableCompetitionFile(
            str(path),
            f"{table.iloc[row, 1 + column]!r} in series {ids[row]!r}, column {table.columns[1 + column]!r}",
            "numbers after the id, or the columns unique_id, ds, y",
            "Correct the cell; dates and names belong into a long file.",
        )
    values = tuple(_trimmed(row) for row in numbers.to_numpy(dtype=float))
    return _full(ids, values, path)


def _read_long(table: pd.DataFrame, path: Path, freq: Frequency) -> Series:
    """Rows of any order; a period that has none is a gap."""
    times = pd.to_datetime(table[TIME], errors="coerce")
    numbers = pd.to_numeric(table[TARGET], errors="coerce")
    for column, parsed, kind in ((TIME, times, "a date"), (TARGET, numbers, "a number")):
        bad = parsed.isna() & table[column].notna()
        if bad.any():
            found = f"{table.loc[bad, column].iloc[0]!r} in column {column!r}, line {int(bad.to_numpy().argmax()) + 2}"
            raise UnusableCompetitionFile(str(path), found, kind, "Correct the cell.")
    rows = pd.DataFrame({ID: table[ID].astype(str), TIME: _period_start(times, freq), TARGET: numbers})
    twice = rows.duplicated([ID, TIME])
    if twice.any():
        first = rows[twice].iloc[0]
        found = f"series {first[ID]!r} twice in the period {first[TIME].date()}"
        raise UnusableCompetitionFile(str(path), found, "one value per series and period", "Is --freq the right one?")
    matrix = to_matrix(rows, freq)
    order = {name: place for place, name in enumerate(matrix.ids)}
    ids = list(dict.fromkeys(rows[ID]))
    return _full(ids, tuple(_trimmed(matrix.y[:, order[name]]) for name in ids), path)


def _period_start(times: pd.Series, freq: Frequency) -> pd.Series:
    """First moment of the period of each date; a time zone is dropped after the clock was read."""
    naive = times.dt.tz_localize(None) if times.dt.tz is not None else times
    return pd.Series(naive.dt.to_period(freq.period).dt.start_time)


def _trimmed(values: Array) -> Array:
    """Values without the gaps at either end."""
    known = np.flatnonzero(~np.isnan(values))
    return values[known[0] : known[-1] + 1] if len(known) else values[:0]


def _refuse_repeats(ids: Sequence[str], path: Path) -> None:
    twice = pd.Index(ids).duplicated()
    if twice.any():
        name = ids[int(twice.argmax())]
        raise UnusableCompetitionFile(str(path), f"series {name!r} twice", "each once", "Remove one of its rows.")


def _full(ids: Sequence[str], values: tuple[Array, ...], path: Path) -> Series:
    for name, known in zip(ids, values, strict=True):
        if len(known) == 0 or not np.isfinite(known[~np.isnan(known)]).all():
            found = f"series {name!r} without a value" if len(known) == 0 else f"an infinite value in {name!r}"
            raise UnusableCompetitionFile(str(path), found, "finite values in each", "Remove the series, or fill it.")
    return Series(ids=tuple(ids), histories=values)


def match_actuals(train: Series, test: Series, horizon: int, path: Path) -> Array:
    """What came true for every series of the training file.

    Args:
        train: Histories.
        test: What followed; its series may stand in any order.
        horizon: Steps that are scored.
        path: Of the test file, for messages.

    Returns:
        Shape `(horizon, series)`, in the order of `train`.

    Raises:
        UnusableCompetitionFile: A series is missing, or has fewer values than the horizon.
    """
    place = {name: row for row, name in enumerate(test.ids)}
    actual = np.full((horizon, len(train.ids)), np.nan)
    for column, name in enumerate(train.ids):
        found = test.histories[place[name]] if name in place else train.histories[0][:0]
        if len(found) < horizon:
            raise UnusableCompetitionFile(
                str(path), f"{len(found)} values of series {name!r}", f"at least {horizon}", "Lower --horizon?"
            )
        actual[:, column] = found[:horizon]
    return actual
