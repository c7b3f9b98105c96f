"""Training and test files of forecasting competitions: wide as in M4 (one row per series), or long."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.adapters.text_tables import read_head, read_text_table
from pulse_kedro.domain.data_management.parsing import is_blank, parse_numbers, parse_periods, parse_text
from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import ID, TARGET, TIME, Array, Frequency

LONG = (ID, TIME, TARGET)
LARGEST = 1e100
"""Largest absolute value that is taken for a number; ours: squares and sums of what lies below stay finite."""
NAMED = 3
"""Series that a message names."""


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
    """Values by name, oldest first, gaps as `nan`; `starts` are the periods of the first ones, `None` in wide files."""

    ids: tuple[str, ...]
    histories: tuple[Array, ...]
    starts: tuple[pd.Timestamp | None, ...]


def read_series(path: Path, freq: Frequency) -> Series:
    """Histories of a file, in its order, without the gaps at either end.

    Args:
        path: CSV, wide (an id, then the values from the oldest on, one row per series) or long (`unique_id, ds, y`).
        freq: Step of a long file; its missing periods become gaps. A UTC offset is dropped, only hourly data are moved
            to UTC, as in a cycle.

    Raises:
        UnusableCompetitionFile: The file is neither, holds a series twice, has another step, or a value is no number.
    """
    found = _read(path, freq)
    histories, starts = [], []
    for values, start in zip(found.histories, found.starts, strict=True):
        first = int(np.argmax(~np.isnan(values)))
        histories.append(values[first:])
        starts.append(None if start is None else freq.shift(start, first))
    return Series(ids=found.ids, histories=tuple(histories), starts=tuple(starts))


def read_actuals(path: Path, freq: Frequency, known: Series, horizon: int) -> Array:
    """What came true for every series of the training file.

    Where both files have dates, step 1 is the period after the last one of the history, and earlier rows are passed
    over; else it is the first value of the test file. Series that the training file lacks are passed over.

    Args:
        path: Test file, as for `read_series`; its series may stand in any order.
        freq: Step of a long file.
        known: Histories.
        horizon: Steps that are scored.

    Returns:
        Shape `(horizon, series)`, in the order of `known`; `nan` where a value is missing before the last step.

    Raises:
        UnusableCompetitionFile: As for `read_series`; or a series is missing, ends before the horizon, or has no value
            within it.
    """
    test = _read(path, freq)
    place = {name: row for row, name in enumerate(test.ids)}
    lost = [name for name in known.ids if name not in place]
    if lost:
        raise UnusableCompetitionFile(
            str(path),
            f"no values of {_some(lost)} (it holds {_some(test.ids)})",
            "every series of the training file",
            "Ids must be equal in both files; is it the test file of the same data?",
        )
    actual = np.full((horizon, len(known.ids)), np.nan)
    for column, name in enumerate(known.ids):
        row = place[name]
        ahead = _steps_ahead(known.histories[column], known.starts[column], test.starts[row], freq)
        steps = _placed(test.histories[row], ahead)
        if len(steps) < horizon or np.isnan(steps[:horizon]).all():
            _refuse_short(path, name, steps, horizon)
        actual[:, column] = steps[:horizon]
    return actual


def _refuse_short(path: Path, name: str, steps: Array, horizon: int) -> NoReturn:
    """Say how far the values of a test series reach."""
    known = np.flatnonzero(~np.isnan(steps[:horizon]))
    reach = f"{len(known)} values, the last at step {known[-1] + 1}," if len(known) else "no value"
    raise UnusableCompetitionFile(
        str(path),
        f"{reach} in the {horizon} steps after the history of series {name!r}",
        f"values up to step {horizon}",
        "Lower --horizon, or bring a longer test file.",
    )


def _steps_ahead(history: Array, start: pd.Timestamp | None, first: pd.Timestamp | None, freq: Frequency) -> int:
    """Step, counted from 1, of the first value of a test series; 0 or less lies in the history."""
    if start is None or first is None:
        return 1
    return freq.distance(start, first) - len(history) + 1


def _placed(values: Array, ahead: int) -> Array:
    """Values from step 1 on, when the first of them is at step `ahead`."""
    return np.concatenate([np.full(max(0, ahead - 1), np.nan), values[max(0, 1 - ahead) :]])


def _read(path: Path, freq: Frequency) -> Series:
    """Series of either shape, leading gaps included."""
    try:
        with path.open("rb") as file:
            head = read_head(file, str(path), encoding="utf-8")
            names = next(csv.reader(head.splitlines()), [])
            if set(LONG) <= set(names):
                return _read_long(read_text_table(file, str(path), delimiter=",", encoding="utf-8"), path, freq)
        _require_wide(names, path)
        wide = pd.read_csv(path, low_memory=False, converters={0: str})
    except (OSError, ValueError) as error:
        raise UnusableCompetitionFile(
            str(path), f"no table ({error})", "a CSV file", "Check the path and the format."
        ) from error
    return _read_wide(wide, path)


def _require_wide(names: Sequence[str], path: Path) -> None:
    """Refuse a header that belongs to neither shape."""
    if not any(name.strip() for name in names):
        raise UnusableCompetitionFile(
            str(path), "an empty first line", "a header", f"Begin with V1,V2,… or with {','.join(LONG)}."
        )
    near = [name for name in LONG if name in names]
    if len(near) > 1 or len(names) == 1 or (near and near != [ID]):
        raise UnusableCompetitionFile(
            str(path),
            f"the columns {', '.join(names[:12])}",
            f"an id and values, one row per series, or {', '.join(LONG)}",
            "Rename or add the columns.",
        )


def _read_wide(table: pd.DataFrame, path: Path) -> Series:
    """One row per series; trailing empty cells are no values."""
    if not isinstance(table.index, pd.RangeIndex):
        raise UnusableCompetitionFile(
            str(path), "more cells in the rows than in the header", "one name for each column", "Complete the header."
        )
    ids = [str(name).strip() for name in table.iloc[:, 0]]
    _require_ids(ids, path)
    twice = pd.Index(ids).duplicated()
    if twice.any():
        name = ids[int(twice.argmax())]
        raise UnusableCompetitionFile(str(path), f"series {name!r} twice", "each once", "Remove one of its rows.")
    numbers = np.empty((len(ids), table.shape[1] - 1))
    for place, column in enumerate(table.columns[1:]):
        numbers[:, place] = _numbers(table[column], ids, path)
    values = tuple(_ended(row) for row in numbers)
    return _full(Series(ids=tuple(ids), histories=values, starts=(None,) * len(ids)), path)


def _numbers(cells: pd.Series, ids: Sequence[str], path: Path) -> Array:
    """One column of a wide file; an empty cell is no value."""
    if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
        return cells.to_numpy(dtype=float)
    numbers = parse_numbers(cells.astype(object))
    broken = np.isnan(numbers) & cells.notna().to_numpy()
    if broken.any():
        row = int(broken.argmax())
        raise UnusableCompetitionFile(
            str(path),
            f"{str(cells.iloc[row])!r} in series {ids[row]!r}, column {cells.name!r}",
            "numbers after the id, or the columns unique_id, ds, y",
            "Correct the cell; dates and names belong into a long file.",
        )
    return numbers


def _require_ids(ids: Sequence[str], path: Path) -> None:
    """Refuse a table without rows, without ids, or with values where ids should be."""
    if not ids:
        raise UnusableCompetitionFile(str(path), "a header and no row", "series", "Is the file complete?")
    if "" in ids:
        line = ids.index("") + 2
        raise UnusableCompetitionFile(
            str(path), f"no id in line {line}", "an id in each row", "Fill the first column, or unique_id."
        )
    numbers = pd.to_numeric(pd.Series(ids), errors="coerce")
    if numbers.notna().all() and numbers.mod(1).ne(0).any():
        raise UnusableCompetitionFile(
            str(path), f"numbers such as {ids[0]} in place of ids", "an id in each row", "Add a first column of names."
        )


def _read_long(table: pd.DataFrame, path: Path, freq: Frequency) -> Series:
    """Rows of any order; a period that has none is a gap."""
    ids = parse_text(table[ID]).fillna("")
    if not len(ids) or ids.eq("").any():
        _require_ids(list(ids), path)
    times, numbers = parse_periods(table[TIME], freq, None), pd.Series(parse_numbers(table[TARGET]), index=table.index)
    for column, bad, kind in (
        (TIME, times.isna(), "a date such as 2019-01-31"),
        (TARGET, numbers.isna() & ~is_blank(table[TARGET]), "a number, or nothing"),
    ):
        if bad.any():
            found = (
                f"{str(table.loc[bad, column].iloc[0])!r} in column {column!r}, row {int(bad.to_numpy().argmax()) + 1}"
            )
            raise UnusableCompetitionFile(str(path), found, kind, "Correct the cell.")
    ordinals = times.dt.to_period(freq.period).astype("int64").to_numpy()
    codes, names = pd.factorize(ids)
    order = np.lexsort((ordinals, codes))
    bounds = np.searchsorted(codes[order], np.arange(1, len(names)))
    rows = [
        _on_grid(ordinals[part], numbers.to_numpy()[part], str(name), path, freq)
        for part, name in zip(np.split(order, bounds), names, strict=True)
    ]
    starts = tuple(pd.Period(ordinal=first, freq=freq.period).start_time for first, _ in rows)
    return _full(Series(ids=tuple(map(str, names)), histories=tuple(values for _, values in rows), starts=starts), path)


def _on_grid(
    ordinals: npt.NDArray[np.int64], numbers: Array, name: str, path: Path, freq: Frequency
) -> tuple[int, Array]:
    """First period of one series and its values from there on, when its periods are in order."""
    steps = np.diff(ordinals)
    if (steps == 0).any():
        when = pd.Period(ordinal=int(ordinals[int(np.argmin(steps))]), freq=freq.period)
        found = f"series {name!r} twice in the period {when}"
        raise UnusableCompetitionFile(
            str(path), found, f"one value per series and {freq.name} period", "Remove one, or correct --freq."
        )
    distances = np.diff(ordinals[~np.isnan(numbers)])
    apart = int(np.quantile(distances, 0.5, method="lower")) if len(distances) > 1 else 1
    if apart > 1:
        raise UnusableCompetitionFile(
            str(path),
            f"values of series {name!r} {apart} periods apart",
            f"a value in most {freq.name} periods",
            "Put series of another frequency into a file of their own, fill the gaps, or correct --freq.",
        )
    values = np.full(int(ordinals[-1] - ordinals[0]) + 1, np.nan)
    values[ordinals - ordinals[0]] = numbers
    return int(ordinals[0]), _ended(values)


def _ended(values: Array) -> Array:
    """Values up to the last known one; a copy, so that a wide table need not stay in memory."""
    known = np.flatnonzero(~np.isnan(values))
    return values[: known[-1] + 1].copy() if len(known) else values[:0]


def _full(found: Series, path: Path) -> Series:
    """The series, if each has values and all are of a size that can be computed with."""
    for name, values in zip(found.ids, found.histories, strict=True):
        if len(values) == 0 or np.nanmax(np.abs(values)) > LARGEST:
            what = f"series {name!r} without a value" if len(values) == 0 else f"an infinite or huge value in {name!r}"
            raise UnusableCompetitionFile(
                str(path), what, f"values up to {LARGEST:g} in each", "Remove the series, or correct it."
            )
    return found


def _some(names: Sequence[str]) -> str:
    """The first names, and how many there are."""
    rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(map(repr, names[:NAMED])) + rest
