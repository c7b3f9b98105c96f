"""What an unknown table seems to hold, as one proposal that says what it assumed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pulse_kedro.domain.data_management.inspection.columns import (
    Codes,
    Column,
    choose_key,
    constant_within,
    date_candidates,
    factorize,
    half_dates,
    join,
    key_candidates,
    look_at,
    value_candidates,
)
from pulse_kedro.domain.data_management.inspection.questions import (
    AmbiguousDates,
    MixedDates,
    NoDates,
    NoKey,
    NoValues,
    UnclearFrequency,
    UnknownColumn,
)
from pulse_kedro.domain.data_management.inspection.rhythm import OTHER, SINGLE, Rhythm, find_rhythm
from pulse_kedro.domain.data_management.inspection.spelling import Signs, has_two_readings, number_signs
from pulse_kedro.domain.data_management.parsing import parse_moments
from pulse_kedro.domain.data_management.source import RESERVED_NAMES

MOST_ROWS = 5_000_000
"""Rows in which names and rhythm are looked for; of a larger table, its first ones or whole series; ours."""
MAJORITY = 0.9
"""Share of the series that have to agree on one frequency; ours."""
WEEKEND = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What the owner of a table says about it; `None` leaves it to be found out."""

    unique_id: tuple[str, ...] | None = None
    ds: str | None = None
    y: tuple[str, ...] | None = None
    static: tuple[str, ...] | None = None
    date_format: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    frequency: str | None = None

    def names(self) -> list[str]:
        """Every column that is named."""
        groups = (self.unique_id or (), (self.ds,) if self.ds else (), self.y or (), self.static or ())
        return [name for group in groups for name in group]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """How to read a table: columns, spelling and frequency; `unused` gives a reason by column, `notes` assumptions."""

    unique_id: tuple[str, ...]
    ds: str
    y: tuple[str, ...]
    static: tuple[str, ...]
    date_format: str | None
    decimal: str
    thousands: str | None
    frequency: str
    unused: Mapping[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Reading:
    """One way to read the dates of a table, and what follows from it."""

    ds: str
    date_format: str | None
    key: tuple[str, ...]
    series: Codes
    dates: pd.Series
    rhythm: Rhythm


def inspect(table: pd.DataFrame, hints: Hints) -> Proposal:
    """How a table can be read.

    Args:
        table: The rows as they stand, at least one.
        hints: What is known already.

    Returns:
        A proposal; every assumption that a person should check stands in its notes.

    Raises:
        UnknownColumn: A hint names a column that is not there.
        NoDates: No column holds dates.
        MixedDates: The dates are spelled in several ways.
        AmbiguousDates: Dates can be read in two ways that are equally regular.
        NoKey: Rows share a date, and no columns tell them apart.
        NoValues: No column holds numbers.
        UnclearFrequency: The series have different frequencies, or one that the project does not know.
    """
    missing = [name for name in hints.names() if name not in table.columns]
    if missing:
        raise UnknownColumn(missing[0], tuple(map(str, table.columns)))
    columns = {str(name): look_at(str(name), table[name]) for name in table.columns}
    reading = _read_dates(table, columns, hints)
    rest = [name for name in columns if name not in (reading.ds, *reading.key)]
    few = table.iloc[:MOST_ROWS]
    constant = constant_within(few, reading.series[: len(few)], rest) if reading.key else []
    static = _static(constant, hints)
    values = hints.y or _values(columns, [name for name in rest if name not in constant] or rest)
    signs = _signs([columns[name].cells for name in values], hints)
    frequency, notes = _frequency(reading, hints)
    unused = {name: "changes within a series" for name in rest if name not in (*values, *static)}
    unused |= {name: "not chosen as a value" for name in unused if columns[name].numeric}
    return Proposal(
        unique_id=reading.key,
        ds=reading.ds,
        y=tuple(values),
        static=static,
        date_format=reading.date_format,
        decimal=signs.decimal,
        thousands=signs.thousands,
        frequency=frequency,
        unused=unused,
        notes=(*notes, *_number_notes([columns[name].cells for name in values], signs, hints)),
    )


def _read_dates(table: pd.DataFrame, columns: Mapping[str, Column], hints: Hints) -> _Reading:
    """The most regular way to read the dates."""
    candidates = [columns[hints.ds]] if hints.ds else date_candidates(list(columns.values()))
    readings, keyless = [], None
    for column in candidates:
        others = [other for other in columns.values() if other.name not in (column.name, *(hints.y or ()))]
        few = table.iloc[:MOST_ROWS]
        when = factorize(few[column.name])
        key = hints.unique_id if hints.unique_id is not None else choose_key(few, when, key_candidates(others))
        if key is None:
            keyless = column.name
            continue
        formats = (hints.date_format,) if hints.date_format else tuple(found.format for found in column.dates)
        readings += _readings(table, column.name, key, formats)
    if not readings:
        if keyless:
            raise NoKey(keyless)
        for name, spelling in half_dates(list(columns.values())).items():
            raise MixedDates(name, spelling.format or "ISO 8601", spelling.share)
        raise NoDates(_shown(candidates or list(columns.values())))
    return _most_regular(readings)


def _readings(table: pd.DataFrame, ds: str, key: tuple[str, ...], formats: Sequence[str | None]) -> list[_Reading]:
    series = join([factorize(table[name]) for name in key], len(table))
    few = series <= _last_of_few(series)
    found = []
    for date_format in formats or (None,):
        dates = parse_moments(table[ds], date_format)
        rhythm = find_rhythm(series[few], dates[few])
        found.append(_Reading(ds=ds, date_format=date_format, key=key, series=series, dates=dates, rhythm=rhythm))
    return [reading for reading in found if reading.dates.notna().any()]


def _last_of_few(series: Codes) -> int:
    """Number of the last series that is looked at, so that not more than `MOST_ROWS` rows are."""
    sizes = np.bincount(series)
    return int(np.searchsorted(np.cumsum(sizes), MOST_ROWS, side="right")) if sizes.sum() > MOST_ROWS else len(sizes)


def _most_regular(readings: Sequence[_Reading]) -> _Reading:
    best = max(readings, key=lambda reading: reading.rhythm.regular)
    same = [
        reading
        for reading in readings
        if reading.ds == best.ds
        and reading.rhythm.regular == best.rhythm.regular
        and not reading.dates.equals(best.dates)
    ]
    if same:
        cell = str(best.dates.dropna().index[0])
        raise AmbiguousDates(best.ds, [str(reading.date_format) for reading in (best, *same)], cell)
    return best


def _static(constant: Sequence[str], hints: Hints) -> tuple[str, ...]:
    return hints.static if hints.static is not None else tuple(n for n in constant if n not in RESERVED_NAMES)


def _values(columns: Mapping[str, Column], names: Sequence[str]) -> list[str]:
    found = value_candidates([columns[name] for name in names])
    if not found:
        raise NoValues(_shown([columns[name] for name in names]))
    return found


def _shown(columns: Sequence[Column]) -> dict[str, str]:
    """The first cell of each column, to show what was looked at."""
    return {column.name: str(column.cells.iloc[0]) if len(column.cells) else "nothing" for column in columns}


def _signs(cells: Sequence[pd.Series], hints: Hints) -> Signs:
    found = number_signs(cells)
    if hints.decimal is None and hints.thousands is None:
        return found
    return replace(found, decimal=hints.decimal or ".", thousands=hints.thousands)


def _number_notes(cells: Sequence[pd.Series], signs: Signs, hints: Hints) -> list[str]:
    if signs.thousands != "," or hints.thousands is not None or not has_two_readings(cells):
        return []
    return ["numbers such as 1,234 are read as thousands; if the comma is a fraction, say --decimal ,"]


def _frequency(reading: _Reading, hints: Hints) -> tuple[str, list[str]]:
    """The one frequency of the table, and what a person should know about it."""
    rhythm = reading.rhythm
    counts = {name: count for name, count in rhythm.series.most_common() if name != SINGLE}
    chosen = hints.frequency or next(iter(rhythm.known), None)
    if chosen is None or (hints.frequency is None and counts[chosen] < MAJORITY * sum(counts.values())):
        raise UnclearFrequency(counts, rhythm.series[SINGLE])
    notes = [
        f"{count} series with {'irregular' if name == OTHER else name} dates, read as {chosen}"
        for name, count in counts.items()
        if name != chosen
    ]
    weekdays = reading.dates.dropna().dt.dayofweek
    if chosen == "daily" and not (weekdays >= WEEKEND).any():
        notes.append("no date falls on a weekend: weekends count as gaps, and their forecasts never come due")
    return chosen, notes
