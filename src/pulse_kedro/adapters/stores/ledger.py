"""The forecast log: append-only rows of forecasts and of outcomes; triggers of the database refuse everything else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Engine, Select, Table, insert, select

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
_FORECASTS = (*FORECAST_COLUMNS, "as_of")
_OUTCOMES = (*OUTCOME_COLUMNS, "cycle")
CHUNK = 10_000
"""Rows that are turned into arrays at once; ours, their objects fit into a processor's cache."""
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
    """Rows of some cycles as one frame, in the order of the keys; `None` when there are none."""
    parts = [
        {name: _to_array(name, values) for name, values in zip(columns, zip(*rows, strict=True), strict=True)}
        for rows in _chunks(connection, table, columns, order, keys)
    ]
    if not parts:
        return None
    return pd.DataFrame({name: _join(name, parts) for name in columns}, copy=False)


def _chunks(
    connection: Connection, table: Table, columns: Sequence[str], order: Sequence[str], keys: Sequence[str]
) -> Iterator[list[tuple[object, ...]]]:
    query = select(*(table.c[name] for name in columns)).order_by(*(table.c[name] for name in order))
    waiting: list[tuple[object, ...]] = []
    for key in keys:
        cursor = connection.execute(query.where(table.c.cycle == key)).cursor
        while rows := cursor.fetchmany(CHUNK):
            waiting += rows
            if len(waiting) >= CHUNK:
                yield waiting
                waiting = []
    if waiting:
        yield waiting


def _to_array(name: str, values: Sequence[object]) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    """One column of a chunk, as the driver gives it: SQLite keeps moments as text, few of them different."""
    dtype = _DTYPES.get(name, "float64")
    if dtype in {"float64", "int64"}:
        return np.asarray(values, dtype=dtype)  # None becomes nan
    codes, distinct = pd.factorize(np.asarray(values, dtype=object))
    if dtype == "object":
        return np.asarray(distinct, dtype=object)[codes]
    moments = pd.to_datetime(pd.Series(distinct), utc="UTC" in dtype, format="ISO8601" if _is_text(distinct) else None)
    naive = moments.dt.tz_localize(None) if moments.dt.tz is not None else moments
    return naive.to_numpy(dtype="datetime64[ns]")[codes]


def _is_text(values: Iterable[object]) -> bool:
    return isinstance(next(iter(values), None), str)


def _join(name: str, parts: Sequence[Mapping[str, np.ndarray[tuple[int], np.dtype[np.generic]]]]) -> pd.Series:
    joined = pd.Series(np.concatenate([part[name] for part in parts]))
    return joined.dt.tz_localize("UTC") if "UTC" in _DTYPES.get(name, "") else joined
