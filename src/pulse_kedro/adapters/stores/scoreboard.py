"""The few scores that sum a cycle up, read without frames."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Engine, select

from pulse_kedro.adapters.stores.tables import SLOT, champion, metrics

Kind = Literal["backtest", "live", "trust"]
"""What would have been, what forecasts that came due did, and what that says about trust."""
Panel = Mapping[tuple[str, str], Mapping[str, float | None]]
"""Metric names and values under (recipe, model); `None` where a metric has no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """Trust in one recipe for one event: mean, interval and the number of windows it rests on."""

    mean: float | None
    low: float | None
    high: float | None
    windows: int


def trust(engine: Engine, cycle: str, recipe: str) -> Mapping[str, Trusted]:
    """How far a recipe is trusted at a cycle.

    Args:
        engine: Any engine on the stores.
        cycle: Key of the cycle.
        recipe: Digest of the recipe; the store shortens it.

    Returns:
        Under `skill`, `coverage` and `alignment`; empty before a forecast came due.
    """
    names = {"trust_skill": "skill", "trust_coverage": "coverage", "alignment": "alignment"}
    columns = (metrics.c[name] for name in ("recipe", "metric", "value", "low", "high", "n"))
    query = select(*columns).where(
        metrics.c.cycle == cycle, metrics.c.kind == "trust", metrics.c.level == "overall", metrics.c.metric.in_(names)
    )
    with engine.connect() as connection:
        return {
            names[row.metric]: Trusted(mean=row.value, low=row.low, high=row.high, windows=row.n)
            for row in connection.execute(query)
            if recipe.startswith(row.recipe)
        }


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


def scored(engine: Engine, kind: Kind, level: str) -> tuple[str, ...]:
    """Whose scores the newest cycle of the main line kept, sorted.

    Args:
        engine: Any engine on the stores.
        kind: What was scored.
        level: Such as `series`.
    """
    head = select(champion.c.cycle).where(champion.c.slot == SLOT).scalar_subquery()
    own = (metrics.c.cycle == head, metrics.c.kind == kind, metrics.c.level == level)
    with engine.connect() as connection:
        return tuple(sorted(connection.execute(select(metrics.c.unique_id).where(*own).distinct()).scalars()))
