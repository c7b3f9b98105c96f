"""The few scores that sum a cycle up, read without frames."""

from collections.abc import Mapping
from typing import Literal

from sqlalchemy import Engine, select

from pulse_kedro.adapters.stores.tables import metrics

Kind = Literal["backtest", "live", "trust"]
"""What would have been, what forecasts that came due did, and what that says about trust."""
Panel = Mapping[tuple[str, str], Mapping[str, float | None]]
"""Metric names and values under (recipe, model); `None` where a metric has no value."""


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
