"""Metric history: the scores of every committed cycle, from its backtest and from forecasts that came due."""

from collections.abc import Mapping
from typing import Literal

import pandas as pd
from sqlalchemy import Connection, Engine, insert, select

from pulse_kedro.adapters.stores.columns import to_frame, to_rows
from pulse_kedro.adapters.stores.tables import metrics
from pulse_kedro.domain.history import SCORE_COLUMNS

Kind = Literal["backtest", "live"]
Panel = Mapping[tuple[str, str], Mapping[str, float | None]]
"""Metric names and values under (recipe, model); `None` where a metric has no value."""
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
        kind: `backtest` for what would have been, `live` for forecasts issued earlier.
        scores: `SCORE_COLUMNS`; may be empty.
    """
    rows = to_rows(scores, SCORE_COLUMNS, cycle=cycle, kind=kind)
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


def overall(engine: Engine, cycle: str, kind: Kind = "backtest") -> Panel:
    """Panel scores of one cycle.

    Args:
        engine: Any engine on the stores.
        cycle: Key of the cycle.
        kind: `backtest` or `live`.

    Returns:
        Metric names and values under (recipe, model); empty when the cycle has none.
    """
    query = select(metrics.c.recipe, metrics.c.model, metrics.c.metric, metrics.c.value).where(
        metrics.c.cycle == cycle, metrics.c.kind == kind, metrics.c.level == "overall"
    )
    found: dict[tuple[str, str], dict[str, float | None]] = {}
    with engine.connect() as connection:
        for row in connection.execute(query):
            found.setdefault((row.recipe, row.model), {})[row.metric] = row.value
    return found
