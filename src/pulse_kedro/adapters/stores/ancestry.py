"""One graph of what was made from what: the edges that were kept, and those that other tables imply. No pandas.

Kept are edges between sources, snapshots, cycles, bundles, recipes and rulebooks. Implied are challengers, the
forecasts of a cycle (`forecasts:<cycle>`), one forecast that is asked for (`forecast:<cycle>/<series>`), and changes of
who serves (`transition:<number>`), leaves below both bundles: a rollback would close a circle otherwise.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from sqlalchemy import Connection, Engine, exists, select

from pulse_kedro.adapters.stores import inventory
from pulse_kedro.adapters.stores.past import Past, PastCycle, role_of, spell_period
from pulse_kedro.adapters.stores.tables import cycles, forecasts, outcomes, rulebooks
from pulse_kedro.domain.errors import PulseError, nearest
from pulse_kedro.domain.lineage import Edge, ancestors, descendants

FORECAST, FORECASTS, TRANSITION = "forecast", "forecasts", "transition"
RULEBOOK = "rulebook"


class NoSuchForecast(PulseError):
    """A cycle issued no forecast for a series."""

    code: ClassVar[str] = "storage.not_found"

    def __init__(self, series: str, cycle: str, known: Sequence[str]) -> None:
        """Keep the series, the key of the cycle, and the series that it forecast."""
        super().__init__(series, cycle, known)
        self.series, self.cycle, self.known = series, cycle, known

    def __str__(self) -> str:
        """Say how many series there are, and the nearest."""
        return (
            f"Looking up a forecast failed: got series {self.series!r}, expected one of the {len(self.known):,} that "
            f"cycle {self.cycle} forecast.{nearest(self.series, self.known)} Write `forecast:CYCLE/SERIES`."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Edges (parent, child), the names of what still exists, and what there is to say about a name."""

    edges: tuple[Edge, ...] = ()
    there: frozenset[str] = frozenset()
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Every name, sorted."""
        return sorted({part for edge in self.edges for part in edge} | self.there)


def read_graph(engine: Engine, past: Past) -> Graph:
    """Everything but single forecasts.

    Args:
        engine: Any engine on the stores.
        past: All committed cycles.
    """
    kept, there = inventory.graph(engine)
    with engine.connect() as connection:
        rulebook_of = {row.key: row.rulebook for row in connection.execute(select(cycles.c.key, cycles.c.rulebook))}
        issued = exists().where(forecasts.c.cycle == cycles.c.key)
        issuing = set(connection.execute(select(cycles.c.key).where(issued)).scalars())
        books = {f"{RULEBOOK}:{found}" for found in connection.execute(select(rulebooks.c.hash)).scalars()}
    implied = [*_of_challengers(past), *_of_transitions(past)]
    for cycle in past.cycles:
        if cycle.key in issuing:
            implied += [(parent, f"{FORECASTS}:{cycle.key}") for parent in _makers(cycle, rulebook_of[cycle.key])]
    lost = {name for name in there if name.startswith(f"{RULEBOOK}:")} - books
    edges = tuple(sorted({*kept, *implied}))
    return Graph(
        edges=edges,
        there=frozenset((there | {part for edge in implied for part in edge}) - lost),
        details=dict(_details(past, edges)),
    )


def with_forecast(engine: Engine, graph: Graph, past: Past, cycle: PastCycle, series: str) -> tuple[Graph, str]:
    """The graph with the forecasts of one series, looked up in the ledger.

    Args:
        engine: Any engine on the stores.
        graph: What `read_graph` gave.
        past: All committed cycles.
        cycle: Who issued them.
        series: Id of the series; may hold any character.

    Returns:
        The graph and the name. Below it are the descendants of the cycle that learned one of its targets.

    Raises:
        NoSuchForecast: The cycle did not forecast it.
    """
    with engine.connect() as connection:
        where = (forecasts.c.cycle == cycle.key, forecasts.c.unique_id == series)
        targets = list(connection.execute(select(forecasts.c.ds).where(*where).order_by(forecasts.c.ds)).scalars())
        if not targets:
            ids = select(forecasts.c.unique_id).where(forecasts.c.cycle == cycle.key).distinct()
            raise NoSuchForecast(series, cycle.key, tuple(sorted(connection.execute(ids).scalars())))
        rulebook = connection.execute(select(cycles.c.rulebook).where(cycles.c.key == cycle.key)).scalar_one()
        learned = list(_learned(connection, past, cycle, series))
    name = f"{FORECAST}:{cycle.key}/{series}"
    known = len({ds for _, ds in learned if ds in set(targets)})
    text = f"{len(targets)} targets, {spell_period(targets[0])} to {spell_period(targets[-1])}, {known} of them known"
    below = {(name, f"{inventory.CYCLE}:{key}") for key, ds in learned if ds in set(targets)}
    edges = {*graph.edges, *((parent, name) for parent in _makers(cycle, rulebook)), *below}
    return replace(
        graph, edges=tuple(sorted(edges)), there=graph.there | {name}, details={**graph.details, name: text}
    ), name


def above(graph: Graph, name: str) -> tuple[tuple[str, ...], tuple[Edge, ...]]:
    """Everything that something was made from, the nearest first, and the edges between.

    Bundles and rulebooks are named by their content, which several cycles may have made: above a forecast only its own
    cycle and the ancestors of that count.

    Args:
        graph: All edges.
        name: Where to begin.

    Raises:
        CircularLineage: The edges run in a circle.
    """
    edges: Iterable[Edge] = graph.edges
    kind, _, rest = name.partition(":")
    if kind in (FORECAST, FORECASTS):
        own = f"{inventory.CYCLE}:{rest.partition('/')[0]}"
        chain = {own, *ancestors((edge for edge in edges if _is_cycle(edge[0]) and _is_cycle(edge[1])), own)}
        edges = [edge for edge in edges if not _is_cycle(edge[0]) or edge[0] in chain]
    found = ancestors(edges, name)
    return found, _among(edges, {name, *found})


def below(graph: Graph, name: str) -> tuple[tuple[str, ...], tuple[Edge, ...]]:
    """Everything that was made from something, the nearest first, and the edges between.

    A rulebook that several cycles made the same leads to their forecasts only where it is what was asked for.

    Args:
        graph: All edges.
        name: Where to begin.

    Raises:
        CircularLineage: The edges run in a circle.
    """
    edges = [edge for edge in graph.edges if edge[0] == name or not edge[0].startswith(f"{RULEBOOK}:")]
    found = descendants(edges, name)
    return found, _among(edges, {name, *found})


def _among(edges: Iterable[Edge], names: set[str]) -> tuple[Edge, ...]:
    return tuple(edge for edge in edges if edge[0] in names and edge[1] in names)


def _is_cycle(name: str) -> bool:
    return name.startswith(f"{inventory.CYCLE}:")


def _makers(cycle: PastCycle, rulebook: str) -> list[str]:
    """What forecasts are made by: the cycle, the bundle that it put in charge, its rulebook."""
    return [f"{inventory.CYCLE}:{cycle.key}", f"{inventory.BUNDLE}:{cycle.bundle}", f"{RULEBOOK}:{rulebook}"]


def _of_challengers(past: Past) -> Iterator[Edge]:
    for one in past.challengers:
        bundle = f"{inventory.BUNDLE}:{one.bundle}"
        yield f"{inventory.CYCLE}:{one.key}", bundle
        yield f"recipe:{one.recipe}", bundle
        watched = one.decision.get("probation")
        if role_of(one) == "predecessor" and isinstance(watched, Mapping):
            yield f"{inventory.BUNDLE}:{watched['basis']}", bundle


def _of_transitions(past: Past) -> Iterator[Edge]:
    for one in past.transitions:
        for bundle in (one.from_bundle, one.to_bundle):
            if bundle is not None:
                yield f"{inventory.BUNDLE}:{bundle}", f"{TRANSITION}:{one.id}"


def _details(past: Past, edges: Sequence[Edge]) -> Iterator[tuple[str, str]]:
    """What there is to say about names, later ones first."""
    as_of = {cycle.key: cycle.period for cycle in past.cycles}
    for _, child in edges:
        kind, _, key = child.partition(":")
        if kind == FORECASTS:
            yield child, f"as of {as_of[key]}"
    for one in past.challengers:
        yield f"{inventory.BUNDLE}:{one.bundle}", f"recipe {one.recipe[:12]}, {role_of(one)} as of {one.period}"
    for cycle in reversed(past.cycles):
        place = "head" if cycle.key == past.head else cycle.line
        yield f"{inventory.CYCLE}:{cycle.key}", f"as of {cycle.period}, {place}"
        serves = ", serves now" if cycle.bundle == past.bundle else ""
        text = f"recipe {cycle.recipe[:12]}, revision {cycle.revision}, as of {cycle.period}{serves}"
        yield f"{inventory.BUNDLE}:{cycle.bundle}", text
    commits = {cycle.committed_at: cycle.key for cycle in past.cycles}
    for move in past.transitions:
        by = f"cycle {commits[move.at]}" if move.at in commits else f"{move.actor}: {move.reason}"
        yield f"{TRANSITION}:{move.id}", f"{move.kind}, {move.at:%Y-%m-%d %H:%M}, by {by}"


def _learned(connection: Connection, past: Past, cycle: PastCycle, series: str) -> Iterator[tuple[str, object]]:
    """Descendants of a cycle that recorded a value of a series, with its period."""
    later = set(descendants([(one.parent, one.key) for one in past.cycles if one.parent is not None], cycle.key))
    since = select(cycles.c.key).where(cycles.c.as_of > cycle.as_of)
    own = (outcomes.c.cycle.in_(since), outcomes.c.unique_id == series)
    query = select(outcomes.c.cycle, outcomes.c.ds).where(*own)
    for row in connection.execute(query):
        if row.cycle in later:
            yield row.cycle, row.ds
