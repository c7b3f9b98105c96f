"""The forecast log: append-only rows of forecasts and of outcomes."""

from collections.abc import Sequence

import pandas as pd
from sqlalchemy import Connection, Engine, Select, insert, select

from pulse_kedro.adapters.stores.frames import to_frame, to_rows
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
    rows = to_rows(issued, FORECAST_COLUMNS)
    if rows:
        connection.execute(insert(forecasts), rows)
    rows = to_rows(known, OUTCOME_COLUMNS, cycle=cycle)
    if rows:
        connection.execute(insert(outcomes), rows)


def read(engine: Engine) -> Ledger:
    """The whole log, forecasts and outcomes of replays included; `Ledger.of` narrows it to some cycles."""
    issued = select(*(forecasts.c[name] for name in FORECAST_COLUMNS), cycles.c.as_of).join_from(forecasts, cycles)
    known = select(*(outcomes.c[name] for name in _OUTCOMES))
    with engine.connect() as connection:
        return Ledger(
            forecasts=_frame(connection, issued.order_by(cycles.c.committed_at, *_FORECAST_KEY), _FORECASTS),
            outcomes=_frame(connection, known.order_by(*_OUTCOME_KEY), _OUTCOMES),
        )


def _frame(connection: Connection, query: Select[*tuple[object, ...]], columns: Sequence[str]) -> pd.DataFrame:
    return to_frame(list(connection.execute(query)), {name: _DTYPES.get(name, "float64") for name in columns})


_FORECAST_KEY = (forecasts.c.cycle, forecasts.c.unique_id, forecasts.c.step)
_OUTCOME_KEY = (outcomes.c.cycle, outcomes.c.unique_id, outcomes.c.ds)
