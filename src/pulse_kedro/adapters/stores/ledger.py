"""The forecast log: append-only rows of forecasts and of outcomes; triggers of the database refuse everything else."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Engine, Select, Table, bindparam, insert, select

from pulse_kedro.adapters.stores.frames import to_frame, to_rows
from pulse_kedro.adapters.stores.summary import main_line
from pulse_kedro.adapters.stores.tables import cycles, forecasts, outcomes
from pulse_kedro.domain.ledger import FORECAST_COLUMNS, OUTCOME_COLUMNS, Ledger

_DTYPES = {
    "cycle": "object",
    "unique_id": "object",
    "cutoff": "datetime64[ns]",
    "ds": "datetime64[ns]",
    "as_of": "datetime64[ns]",
    "available_at": "datetime64[ns, UTC]",
    "step": "int64",
    "snapshot": "object",
}
_Type = np.dtype[np.generic] | pd.api.extensions.ExtensionDtype
_FORECASTS = (*FORECAST_COLUMNS, "as_of")
_OUTCOMES = (*OUTCOME_COLUMNS, "cycle")
CHUNK = 10_000
"""Rows that are inserted at once; ours, it bounds the memory of a large cycle."""
BATCH = 256
"""Rows that are turned into arrays at once; ours: with their objects they fit into a processor's cache."""
EMPTY = Ledger(
    forecasts=to_frame((), {name: _DTYPES.get(name, "float64") for name in _FORECASTS}),
    outcomes=to_frame((), {name: _DTYPES.get(name, "float64") for name in _OUTCOMES}),
)
"""The log before the first cycle: no rows, all columns, exact types."""


def add(connection: Connection, cycle: str, issued: pd.DataFrame, known: pd.DataFrame) -> None:
    """Append what one cycle forecast and what it saw come true.

    Args:
        connection: Inside a transaction.
        cycle: Key of the cycle.
        issued: `FORECAST_COLUMNS`; may be empty.
        known: `OUTCOME_COLUMNS`; may be empty.
    """
    for start in range(0, len(issued), CHUNK):
        connection.execute(insert(forecasts), to_rows(issued.iloc[start : start + CHUNK], FORECAST_COLUMNS))
    for start in range(0, len(known), CHUNK):
        connection.execute(insert(outcomes), to_rows(known.iloc[start : start + CHUNK], OUTCOME_COLUMNS, cycle=cycle))


def read(engine: Engine) -> Ledger:
    """The whole log, forecasts and outcomes of replays included; `Ledger.of` narrows it to some cycles."""
    return _read(engine, select(cycles.c.key, cycles.c.as_of))


def read_main_line(engine: Engine) -> Ledger:
    """The log of the head and its ancestors: all that any cycle to come may build on, whatever lies beside it."""
    return _read(engine, select(cycles.c.key, cycles.c.as_of).where(cycles.c.key.in_(main_line())))


def _read(engine: Engine, wanted: Select[*tuple[object, ...]]) -> Ledger:
    """Rows of the cycles that a query gives, cycle by cycle: the primary keys begin with the cycle."""
    with engine.connect() as connection:
        found = connection.execute(wanted.order_by(cycles.c.committed_at, cycles.c.as_of, cycles.c.key)).all()
        as_of = {str(row.key): row.as_of for row in found}
        issued = _gather(connection, forecasts, FORECAST_COLUMNS, ("unique_id", "step"), list(as_of))
        known = _gather(connection, outcomes, _OUTCOMES, ("unique_id", "ds"), sorted(as_of))
    if issued is None:
        issued = EMPTY.forecasts
    else:
        issued = issued.assign(as_of=pd.to_datetime(issued["cycle"].map(as_of)).astype("datetime64[ns]"))
    return Ledger(forecasts=issued, outcomes=EMPTY.outcomes if known is None else known)


def _gather(
    connection: Connection, table: Table, columns: Sequence[str], order: Sequence[str], keys: Sequence[str]
) -> pd.DataFrame | None:
    """Rows of some cycles as one frame, in the order of the keys; `None` when there are none.

    Numbers and words are asked for apart: numbers then become one array without a step in between.
    """
    numbers = [name for name in columns if _dtype(name).kind in "fi"]
    words = {name: _Words() for name in columns if name not in {*numbers, "cycle"}}
    values, lengths = [], []
    counted, worded = (_of_cycle(table, names, order) for names in (numbers, list(words)))
    for key in keys:
        taken = [np.array(rows, dtype=float).T for rows in _batches(connection, counted, key)]
        values += taken
        lengths.append(sum(part.shape[1] for part in taken))
        for rows in _batches(connection, worded, key) if taken else ():
            for seen, column in zip(words.values(), zip(*rows, strict=True), strict=True):
                seen.add(column)
    if not values:
        return None
    block = np.concatenate(values, axis=1)
    del values
    made = {name: pd.Series(block[place]).astype(_dtype(name)) for place, name in enumerate(numbers)}
    made |= {name: seen.column(_dtype(name)) for name, seen in words.items()}
    made["cycle"] = pd.Series(np.repeat(np.array(keys, dtype=object), lengths))
    return pd.DataFrame({name: made[name] for name in columns}, copy=False)


def _of_cycle(table: Table, columns: Sequence[str], order: Sequence[str]) -> Select[*tuple[object, ...]]:
    query = select(*(table.c[name] for name in columns)).where(table.c.cycle == bindparam("key"))
    return query.order_by(*(table.c[name] for name in order))


def _batches(
    connection: Connection, query: Select[*tuple[object, ...]], key: str
) -> Iterator[Sequence[tuple[object, ...]]]:
    """Rows of one cycle as the driver gives them: rows of SQLAlchemy would cost more than the reading."""
    cursor = connection.execute(query, {"key": key}).cursor
    while rows := cursor.fetchmany(BATCH):
        yield rows


class _Words:
    """A column of text or moments, few of them different: each is kept once, and its number for every row."""

    def __init__(self) -> None:
        self._numbers: defaultdict[object, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        self._parts: list[np.ndarray[tuple[int], np.dtype[np.intp]]] = []

    def add(self, values: Sequence[object]) -> None:
        """Values of the next rows, as the driver gives them: SQLite keeps moments as text."""
        self._parts.append(np.fromiter(map(self._numbers.__getitem__, values), dtype=np.intp, count=len(values)))

    def column(self, dtype: _Type) -> pd.Series:
        """All values, as text or with the type of a moment."""
        distinct = pd.Index(list(self._numbers), dtype=object)
        if dtype.kind == "M":
            is_text, in_utc = isinstance(distinct[0], str), isinstance(dtype, pd.DatetimeTZDtype)
            distinct = pd.to_datetime(distinct, utc=in_utc, format="ISO8601" if is_text else None)
        return pd.Series(distinct.take(np.concatenate(self._parts)), dtype=dtype)


def _dtype(name: str) -> _Type:
    return pd.api.types.pandas_dtype(_DTYPES.get(name, "float64"))
