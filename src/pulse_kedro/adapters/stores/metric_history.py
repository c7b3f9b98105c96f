"""Questions to the metric history: a metric over the cycles of the main line, its summary, two cycles side by side."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ColumnElement, Engine, Select, func, select

from pulse_kedro.adapters.stores.past import PastCycle
from pulse_kedro.adapters.stores.scoreboard import Kind, overall
from pulse_kedro.adapters.stores.significance import LIVE, NO_PAIR, Evidence, weigh
from pulse_kedro.adapters.stores.summary import main_line
from pulse_kedro.adapters.stores.tables import cycles, metrics
from pulse_kedro.domain.errors import PulseError, nearest
from pulse_kedro.domain.metrics.targets import TARGETS, better

LIMIT = 100


class MetricNotKept(PulseError):
    """A metric was asked for that has no value in the store, or no best value to compare by."""

    code: ClassVar[str] = "storage.not_found"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        """Keep the name and the metrics there are."""
        super().__init__(name, known)
        self.name, self.known = name, known

    def __str__(self) -> str:
        """Name the metrics there are, and the nearest."""
        known = ", ".join(self.known) or "none yet"
        return (
            f"Reading the metric history failed: got {self.name!r}, expected one of {known}."
            f"{nearest(self.name, self.known)} Give another name, or run a cycle that scores it."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Which part of the scores: kind, level, and model, series and step where they matter; `None` takes any model."""

    kind: Kind = "backtest"
    level: str = "overall"
    model: str | None = "combination"
    unique_id: str = ""
    step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One kept value; `value`, `low` and `high` are `None` where there is no finite one."""

    as_of: datetime
    cycle: str
    recipe: str
    model: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A metric over some cycles, in its own unit; `n` counts values, `last` is that of the newest cycle."""

    metric: str
    n: int
    mean: float | None = None
    median: float | None = None
    min: float | None = None
    max: float | None = None
    std: float | None = None
    p90: float | None = None
    last: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One metric of two cycles.

    `relative` is the difference over the base, `None` where the base is 0. `is_improvement` follows the best value of
    the metric, not the sign; `None` where a value is missing or the two do not compare. `evidence` says whether
    chance would do as much.
    """

    metric: str
    base: float | None
    comparison: float | None
    absolute: float | None = None
    relative: float | None = None
    is_improvement: bool | None = None
    evidence: Evidence = NO_PAIR


def history(
    engine: Engine,
    names: Sequence[str],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int | None = LIMIT,
    part: Slice | None = None,
) -> tuple[Point, ...]:
    """Values of metrics over the cycles of the main line, in order of time.

    Args:
        engine: Any engine on the stores.
        names: Metrics; empty takes every metric of the slice.
        start: First period, naive; `None` begins with the first cycle.
        end: Last period, naive.
        limit: At most so many values, the newest ones; `None` takes all.
        part: Which scores; the overall backtest of the combination by default.

    Returns:
        Empty where the window holds nothing.

    Raises:
        MetricNotKept: A name has no row at all in this slice.
    """
    wanted = part or Slice()
    asked = list(names) or _known(engine, wanted)
    for name in names:
        if not _is_kept(engine, name, wanted):
            raise MetricNotKept(name, _known(engine, wanted))
    query = _query(asked, start, end, wanted).limit(limit)
    with engine.connect() as connection:
        rows = connection.execute(query).mappings().all()
    return tuple(Point(**row) for row in reversed(rows))


def summarise(points: Sequence[Point]) -> tuple[Digest, ...]:
    """Sum up each metric; values that are not there do not count.

    Args:
        points: What `history` gave, in order of time.
    """
    names = dict.fromkeys(point.metric for point in points)
    return tuple(_digest(name, [p.value for p in points if p.metric == name and p.value is not None]) for name in names)


def compare(
    engine: Engine, a: PastCycle, b: PastCycle, names: Sequence[str] = (), *, kind: Kind = "backtest"
) -> tuple[Contrast, ...]:
    """How the champion's scores of one cycle differ from another's.

    Args:
        engine: Any engine on the stores.
        a: The base.
        b: The comparison.
        names: Metrics; empty takes every one that has a best value.
        kind: `backtest` or `live`.

    Raises:
        MetricNotKept: A name has no best value, so that nobody knows which way is better.
    """
    for name in names:
        if name not in TARGETS:
            raise MetricNotKept(name, tuple(TARGETS))
    left, right = (_scores(engine, cycle, kind) for cycle in (a, b))
    wanted = names or [name for name in TARGETS if name in left or name in right]
    found = [_contrast(name, left.get(name), right.get(name)) for name in wanted]
    known = [one.metric for one in found if one.absolute is not None]
    evidence = weigh(engine, a, b, known) if kind == "backtest" else dict.fromkeys(known, Evidence(untested=LIVE))
    return tuple(_with(one, evidence[one.metric]) if one.metric in evidence else one for one in found)


def _with(one: Contrast, evidence: Evidence) -> Contrast:
    return replace(one, evidence=evidence, is_improvement=one.is_improvement if evidence.comparable else None)


def quantile(values: Sequence[float], share: float) -> float:
    """Quantile with linear interpolation, as numpy's default.

    Example:
        >>> quantile([4.0, 1.0, 2.0, 3.0], 0.9)
        3.7
    """
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _is_kept(engine: Engine, name: str, part: Slice) -> bool:
    with engine.connect() as connection:
        return connection.execute(select(_in_slice(metrics.c.metric == name, part))).scalar_one()


def _known(engine: Engine, part: Slice) -> tuple[str, ...]:
    """Names in this slice. The index on names is entered once per name, however many rows there are of each."""
    names = select(func.min(metrics.c.metric).label("metric")).cte("names", recursive=True)
    following = metrics.alias("following")
    after = select(func.min(following.c.metric)).where(following.c.metric > names.c.metric).scalar_subquery()
    names = names.union_all(select(after).where(names.c.metric.is_not(None)))
    query = select(names.c.metric).where(_in_slice(metrics.c.metric == names.c.metric, part))
    with engine.connect() as connection:
        return tuple(sorted(connection.execute(query).scalars()))


def _in_slice(name: ColumnElement[bool], part: Slice) -> ColumnElement[bool]:
    """Whether the main line has a row of this name."""
    found = select(metrics.c.cycle).where(name, *_within(part), metrics.c.cycle.in_(main_line()))
    return found.correlate_except(metrics).exists()


def _within(part: Slice) -> list[ColumnElement[bool]]:
    exact = [metrics.c.kind == part.kind, metrics.c.level == part.level, metrics.c.unique_id == part.unique_id]
    chosen = [] if part.model is None else [metrics.c.model == part.model]
    return [*exact, metrics.c.step == part.step, *chosen]


def _query(
    names: Sequence[str], start: datetime | None, end: datetime | None, part: Slice
) -> Select[*tuple[object, ...]]:
    own = ("cycle", "recipe", "model", "metric", "value", "low", "high", "n")
    query = select(cycles.c.as_of, *(metrics.c[name] for name in own)).join_from(
        metrics, cycles, metrics.c.cycle == cycles.c.key
    )
    query = query.where(metrics.c.metric.in_(names), *_within(part), metrics.c.cycle.in_(main_line()))
    if start is not None:
        query = query.where(cycles.c.as_of >= start)
    if end is not None:
        query = query.where(cycles.c.as_of <= end)
    newest = (cycles.c.as_of.desc(), metrics.c.metric.desc(), metrics.c.model.desc(), metrics.c.recipe.desc())
    return query.order_by(*newest)


def _digest(name: str, values: Sequence[float]) -> Digest:
    if not values:
        return Digest(metric=name, n=0)
    return Digest(
        metric=name,
        n=len(values),
        mean=statistics.fmean(values),
        median=statistics.median(values),
        min=min(values),
        max=max(values),
        std=statistics.stdev(values) if len(values) > 1 else None,
        p90=quantile(values, 0.9),
        last=values[-1],
    )


def _scores(engine: Engine, cycle: PastCycle, kind: Kind) -> dict[str, float | None]:
    own = "combination" if kind == "backtest" else "champion"
    return {
        name: value
        for (recipe, model), values in overall(engine, cycle.key, kind).items()
        if model == own and cycle.recipe.startswith(recipe)
        for name, value in values.items()
    }


def _contrast(name: str, base: float | None, comparison: float | None) -> Contrast:
    if base is None or comparison is None:
        return Contrast(metric=name, base=base, comparison=comparison)
    difference = comparison - base
    return Contrast(
        metric=name,
        base=base,
        comparison=comparison,
        absolute=difference,
        relative=difference / abs(base) if base else None,
        is_improvement=better(name, base, comparison) == "b",
    )
