"""Metric history: the scores of every committed cycle, from its backtest and from forecasts that came due."""

import pandas as pd
from sqlalchemy import Connection, Engine, insert, select

from pulse_kedro.adapters.stores.frames import to_frame, to_rows
from pulse_kedro.adapters.stores.scoreboard import Kind
from pulse_kedro.adapters.stores.tables import metrics
from pulse_kedro.domain.history import SCORE_COLUMNS

_DTYPES = {
    "recipe": "object",
    "model": "object",
    "level": "object",
    "unique_id": "object",
    "step": "int64",
    "metric": "object",
    "value": "float64",
    "n": "int64",
}


def add(connection: Connection, cycle: str, kind: Kind, scores: pd.DataFrame) -> None:
    """Keep the scores of one cycle; values that are not finite become null.

    Args:
        connection: Inside a transaction.
        cycle: Key of the cycle.
        kind: `backtest` for what would have been, `live` for forecasts issued earlier, `trust` for what these say.
        scores: `SCORE_COLUMNS`, and `low` and `high` where intervals are known; may be empty.
    """
    bounds = [name for name in ("low", "high") if name in scores.columns]
    rows = to_rows(scores, [*SCORE_COLUMNS, *bounds], cycle=cycle, kind=kind)
    if rows:
        connection.execute(insert(metrics), rows)


def read(engine: Engine, cycle: str, kind: Kind) -> pd.DataFrame:
    """Scores of one cycle.

    Returns:
        `SCORE_COLUMNS`, sorted by all but the last two; null values as `nan`.
    """
    columns = [metrics.c[name] for name in SCORE_COLUMNS]
    query = select(*columns).where(metrics.c.cycle == cycle, metrics.c.kind == kind).order_by(*columns[:6])
    with engine.connect() as connection:
        return to_frame(list(connection.execute(query)), _DTYPES)
