"""How two committed cycles differ: scores by series, and forecasts of the same targets. Read without pandas."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest

from sqlalchemy import ColumnElement, Engine, FromClause, and_, func, select

from pulse_kedro.adapters.stores.past import PastCycle
from pulse_kedro.adapters.stores.tables import forecasts, metrics
from pulse_kedro.domain.metrics.targets import better

LARGEST = 5
_CHUNK = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """For how many series each of two cycles scores better; `only_a` and `only_b` were scored by one of them."""

    better_a: int = 0
    better_b: int = 0
    equal: int = 0
    only_a: int = 0
    only_b: int = 0

    @property
    def compared(self) -> int:
        """Series that both scored."""
        return self.better_a + self.better_b + self.equal


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One target that both cycles forecast: points `a` and `b` in target units, `share` = (b - a) / |a|."""

    series: str
    ds: datetime
    a: float
    b: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All common targets: how many, mean of the signed and of the absolute share, and the largest.

    Targets that cycle A forecast as exactly 0 have no share; `without_share` counts them.
    """

    common: int = 0
    without_share: int = 0
    mean: float | None = None
    mean_absolute: float | None = None
    largest: tuple[Change, ...] = ()


def tally(engine: Engine, a: PastCycle, b: PastCycle, metric: str = "mase") -> Tally:
    """Count the series for which each cycle's backtest scores better.

    Args:
        engine: Any engine on the stores.
        a: One cycle.
        b: The other.
        metric: A metric that is kept by series.
    """
    left, right = _series_scores(engine, a, metric), _series_scores(engine, b, metric)
    both = left.keys() & right.keys()
    verdicts = [better(metric, left[name], right[name]) for name in both]
    return Tally(
        better_a=verdicts.count("a"),
        better_b=verdicts.count("b"),
        equal=verdicts.count(None),
        only_a=len(left) - len(both),
        only_b=len(right) - len(both),
    )


def compare_forecasts(engine: Engine, a: str, b: str) -> Changes:
    """How the point forecasts of one cycle moved against another's, where both speak of the same series and period.

    Args:
        engine: Any engine on the stores.
        a: Key of the cycle that counts as before.
        b: Key of the other.
    """
    one, two = forecasts.alias(), forecasts.alias()
    same = and_(one.c.unique_id == two.c.unique_id, one.c.ds == two.c.ds, two.c.cycle == b)
    columns = (one.c.unique_id, one.c.ds, _served(one).label("a"), _served(two).label("b"))
    query = select(*columns).join_from(one, two, same).where(one.c.cycle == a)
    with engine.connect() as connection:
        rows = connection.execution_options(yield_per=_CHUNK).execute(query)
        return summarize_changes((row.unique_id, row.ds, row.a, row.b) for row in rows)


def _served(issued: FromClause) -> ColumnElement[float]:
    """The point that people got: rules and overlays moved it as far as the median."""
    return issued.c.y_hat + func.coalesce(issued.c.ruled_q500 - issued.c.raw_q500, 0.0)


def summarize_changes(rows: Iterable[tuple[str, datetime, float, float]]) -> Changes:
    """Sum up targets that two cycles forecast, in one pass.

    Args:
        rows: Series, period, the point of A and the point of B.

    Example:
        >>> found = summarize_changes([("x", datetime(2019, 1, 1), 10.0, 11.0), ("x", datetime(2019, 2, 1), 0.0, 1.0)])
        >>> found.common, found.without_share, found.mean
        (2, 1, 0.1)
    """
    common = without = 0
    signed = absolute = 0.0
    largest: list[Change] = []
    for series, ds, before, after in rows:
        common += 1
        if not before:
            without += 1
            continue
        share = (after - before) / abs(before)
        signed, absolute = signed + share, absolute + abs(share)
        if len(largest) < LARGEST or abs(share) >= abs(largest[-1].share):
            change = Change(series=series, ds=ds, a=before, b=after, share=share)
            largest = nlargest(LARGEST, [*largest, change], key=_size)
    shares = common - without
    return Changes(
        common=common,
        without_share=without,
        mean=signed / shares if shares else None,
        mean_absolute=absolute / shares if shares else None,
        largest=tuple(largest),
    )


def _size(change: Change) -> tuple[float, str, datetime]:
    return abs(change.share), change.series, change.ds


def _series_scores(engine: Engine, cycle: PastCycle, metric: str) -> dict[str, float]:
    """Backtest scores of the champion by series; series without a value are left out."""
    columns = (metrics.c.unique_id, metrics.c.recipe, metrics.c.value)
    chosen = (metrics.c.cycle == cycle.key, metrics.c.kind == "backtest", metrics.c.model == "combination")
    query = select(*columns).where(*chosen, metrics.c.level == "series", metrics.c.metric == metric)
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return {row.unique_id: row.value for row in rows if row.value is not None and cycle.recipe.startswith(row.recipe)}
