"""A list of steps learned on a training fold and applied to any rows, with what was known at each of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pandas as pd

from pulse_kedro.domain.data_management.features.columns import Column, Fitted
from pulse_kedro.domain.data_management.features.definition import StepOptions, active, as_plain, plan, steps_from
from pulse_kedro.domain.data_management.features.table import Inside, Rows, Table
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, TARGET, TIME, Array, Frequency


class _OnDemand(Mapping[str, Array]):
    """Columns of a training fold, computed when a step that learns reads them: most steps are read by none."""

    def __init__(self, train: Table, inside: Inside | None) -> None:
        """Begin with the columns of the data."""
        self._inside = inside
        self.steps: list[tuple[StepOptions, Fitted]] = []
        self.table = replace(train, columns=self)
        self._made = dict(train.columns)
        self._owner: dict[str, int] = {}

    def add(self, step: StepOptions, fitted: Fitted, columns: Sequence[Column]) -> None:
        """Offer what a step makes."""
        self._owner |= {column.name: len(self.steps) for column in columns}
        self.steps.append((step, fitted))

    def __getitem__(self, name: str) -> Array:
        """A column, computed at most once."""
        if name not in self._made:
            step, fitted = self.steps[self._owner[name]]
            made = step.transform(self.table, fitted)
            inside = self._inside
            self._made |= made if inside is None else {key: np.where(inside, own, np.nan) for key, own in made.items()}
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        """Names of all columns, computed or not."""
        return iter(dict.fromkeys([*self._made, *self._owner]))

    def __len__(self) -> int:
        """Number of columns."""
        return len({*self._made, *self._owner})


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedFeatures:
    """Steps with what each learned: everything that a fresh process needs to compute the same columns.

    `learned` holds one entry per active step, `ids` the series of the training fold, `columns` what is made.
    """

    steps: tuple[StepOptions, ...]
    ids: tuple[str, ...]
    learned: tuple[Fitted, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that are made."""
        return tuple(column.name for column in self.columns)

    @property
    def look_back(self) -> int:
        """Periods before a row that must be there for its columns to be the same as in the whole panel."""
        return max((column.look_back for column in self.columns), default=0)

    def arrays(self) -> dict[str, Array]:
        """What was learned, as named arrays."""
        return {
            f"{place}.{name}": values
            for place, fitted in enumerate(self.learned)
            for name, values in fitted.arrays.items()
        }

    def facts(self) -> dict[str, object]:
        """The rest, as JSON values."""
        return {
            "steps": as_plain(self.steps),
            "ids": list(self.ids),
            "columns": [column.as_dict() for column in self.columns],
        }


def restore_features(facts: Mapping[str, object], arrays: Mapping[str, Array]) -> FittedFeatures:
    """Fitted steps from what `facts()` and `arrays()` gave.

    Raises:
        UnknownStep: A step has a type that this version does not have.
        KeyError: A part is missing.
    """
    steps, ids = steps_from(facts["steps"]), tuple(cast("list[str]", facts["ids"]))
    learned = tuple(Fitted(ids=ids, arrays=_arrays_of(place, arrays)) for place in range(len(steps)))
    columns = tuple(Column(**told) for told in cast("list[dict[str, object]]", facts["columns"]))  # type: ignore[arg-type]
    return FittedFeatures(steps=steps, ids=ids, learned=learned, columns=columns)


def fit_features(
    steps: Sequence[StepOptions],
    train: Table,
    inside: Inside | None = None,
    *,
    unit: str = "1",
    taken: Sequence[str] = (),
) -> FittedFeatures:
    """Steps learned on a training fold, each on what those above it make there.

    Args:
        steps: In the order in which they are computed.
        train: The fold: what lies after it is left out, or `nan`.
        inside: Cells that belong to the fold, where series have folds of their own; all of them where it is left open.
        unit: Unit of the data.
        taken: Names that no step may use.

    Raises:
        UnknownColumn: A step reads what is not there.
        RepeatedColumn: Two steps make the same column.
        TooManyFeatures: There are too many columns.
    """
    planned = plan(steps, unit=unit, base=tuple(train.columns), taken=taken)
    made = _OnDemand(train, inside)
    for step, columns in planned:
        fitted = Fitted(ids=train.ids, arrays=step.fit(made.table))
        made.add(step, fitted, columns)
    columns = tuple(column for _, own in planned for column in own)
    learned = tuple(fitted for _, fitted in made.steps)
    return FittedFeatures(steps=active(steps), ids=train.ids, learned=learned, columns=columns)


NOTHING = FittedFeatures(steps=(), ids=(), learned=(), columns=())
"""No steps at all."""


def transform(fitted: FittedFeatures, table: Table, known_from: Mapping[str, Rows] | None = None) -> Table:
    """Columns of every row, from what was known at its period.

    Args:
        fitted: Steps and what they learned.
        table: The data; it needs `fitted.look_back` periods before the first row that is used.
        known_from: For a column of the data, the row from which on each value was known, `(periods, series)`; a value
            is never read in an earlier row. Columns that are left out were known in their own row.

    Returns:
        The same periods and series with the columns that the steps make.

    Example:
        >>> from pulse_kedro.domain.panel import frequency
        >>> times = pd.date_range("2019-01-01", periods=3, freq="MS")
        >>> table = Table(
        ...     times=times, ids=("a",), columns={"y": np.array([[1.0], [2.0], [4.0]])}, freq=frequency("monthly")
        ... )
        >>> lags = fit_features(steps_from([{"type": "lags", "lags": [1]}]), table)
        >>> transform(lags, table).columns["y_lag1"].ravel().tolist()
        [nan, 1.0, 2.0]
        >>> late = np.array([[0], [2], [2]])  # the second value came one period late
        >>> transform(
        ...     fit_features(steps_from([{"type": "rolling", "windows": [3], "statistics": ["mean"]}]), table),
        ...     table,
        ...     {"y": late},
        ... ).columns["y_mean_3"].ravel().round(2).tolist()
        [1.0, 1.0, 2.33]
    """
    late = {name: rows for name, rows in (known_from or {}).items() if _is_late(rows, table).any()}
    if not late:
        return _apply(fitted, table)
    turns = sorted({int(row) for rows in late.values() for row in np.unique(rows[_is_late(rows, table)])})
    stops = [turn for turn in turns if turn < len(table.times)]
    parts = [_seen_in(fitted, table, late, span) for span in zip([0, *stops], [*stops, len(table.times)], strict=True)]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in fitted.names}
    return Table(times=table.times, ids=table.ids, columns=columns, freq=table.freq)


def known_rows(table: Table, panel: pd.DataFrame, lag_days: float) -> Rows:
    """Row from which on each value was known: the first period whose own value is published no earlier.

    Args:
        table: The panel in dense form.
        panel: `unique_id`, `ds` and `available_at` in UTC, all inside the table.
        lag_days: Days from the end of a period to the publication of its value.

    Returns:
        int64 `(periods, series)`; never before the own row.
    """
    own = np.arange(len(table.times))
    found = np.repeat(own[:, None], len(table.ids), axis=1)
    moment = panel[AVAILABLE_AT].dt.tz_convert("UTC").dt.tz_localize(None) - pd.Timedelta(days=lag_days)
    period = (moment - pd.Timedelta(1, "ns")).dt.to_period(table.freq.period)
    first = pd.Period(table.times[0], freq=table.freq.period).ordinal
    rows = table.times.get_indexer(pd.Index(panel[TIME]))
    columns = pd.Index(table.ids).get_indexer(pd.Index(panel[ID].astype(str)))
    found[rows, columns] = np.maximum(rows, pd.PeriodIndex(period).asi8 - first)
    return found


def table_of_levels(y: Array, freq: Frequency, ids: Sequence[str], begins: pd.Timestamp) -> Table:
    """Dense form of levels that stand in an array already.

    Args:
        y: Shape `(periods, series)`.
        freq: Length of a period.
        ids: Names of the series.
        begins: First period.
    """
    times = pd.period_range(begins, periods=len(y), freq=freq.period).to_timestamp(how="start")
    return Table(times=times, ids=tuple(ids), columns={TARGET: y}, freq=freq)


def _arrays_of(place: int, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Arrays of one step, under the names that it gave them."""
    prefix = f"{place}."
    return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}


def _is_late(rows: Rows, table: Table) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    return np.asarray(rows > np.arange(len(table.times))[:, None])


def _seen_in(fitted: FittedFeatures, table: Table, late: Mapping[str, Rows], span: tuple[int, int]) -> dict[str, Array]:
    """Columns of some rows between two moments at which late values became known."""
    start, stop = span
    begin = max(0, start - fitted.look_back)
    part = table.between(begin, stop)
    seen = dict(part.columns)
    for name, rows in late.items():
        hidden = _is_late(rows, table)[begin:stop] & (rows[begin:stop] > start)
        seen[name] = np.where(hidden, np.nan, seen[name])
    made = _apply(fitted, Table(times=part.times, ids=part.ids, columns=seen, freq=part.freq))
    return {name: made.columns[name][start - begin :] for name in fitted.names}


def _apply(fitted: FittedFeatures, table: Table) -> Table:
    for step, learned in zip(fitted.steps, fitted.learned, strict=True):
        table = table.plus(step.transform(table, learned))
    columns = {name: table.columns[name] for name in fitted.names}
    return Table(times=table.times, ids=table.ids, columns=columns, freq=table.freq)
