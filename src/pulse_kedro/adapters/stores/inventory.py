"""What is kept, told without reading it: snapshots with their facts, pins, and who cites what. No pandas."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Connection, Engine, delete, func, select

from pulse_kedro.adapters.stores.engine import add_missing, writing
from pulse_kedro.adapters.stores.tables import champion, cycles, lineage, pins, snapshots, vintages
from pulse_kedro.domain.errors import PulseError, nearest
from pulse_kedro.domain.lineage import Edge

SOURCE, SNAPSHOT, CYCLE, BUNDLE = "source", "snapshot", "cycle", "bundle"
KINDS = (SNAPSHOT, CYCLE, BUNDLE, SOURCE, "rulebook", "recipe")
"""Kinds of names in lineage, in the order in which a bare id is tried."""
LEAST_DIGITS = 4
"""A beginning of an id has at least so many digits; ours."""


class UnknownId(PulseError):
    """Nothing in the catalogue or in lineage goes by this id."""

    code: ClassVar[str] = "storage.not_found"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        """Keep what was asked for and all ids there are."""
        super().__init__(name, known)
        self.name, self.known = name, known

    def __str__(self) -> str:
        """Say what an id can be and which one is nearest."""
        return (
            f"Looking up an id failed: got {self.name!r}, expected a snapshot, cycle, bundle, recipe, rulebook "
            f"or source.{nearest(self.name, self.known)} `kedro pulse data snapshots` lists snapshots."
        )


class AmbiguousId(PulseError):
    """Several things go by this beginning of an id."""

    code: ClassVar[str] = "data.invalid_input"

    def __init__(self, name: str, found: Sequence[str]) -> None:
        """Keep what was asked for and what it may mean."""
        super().__init__(name, found)
        self.name, self.found = name, found

    def __str__(self) -> str:
        """Name those it may mean."""
        return (
            f"Looking up an id failed: got {self.name!r}, expected one thing, which it may mean "
            f"{', '.join(self.found[:5])}. Write more digits, or the whole name."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One snapshot as the catalogue has it. `bytes` is `None` where a version before 0002 kept it."""

    id: str
    source: str
    sources: tuple[str, ...]
    rows: int
    series: int
    revisions: int
    bytes: int | None
    contract: str | None
    sequence: int
    kept_at: datetime
    late: bool
    doomed_at: datetime | None
    pinned: bool

    @property
    def stored(self) -> bool:
        """Whether a source consists of it, among others; else a cycle took it."""
        return bool(self.sources)


def entries(engine: Engine) -> tuple[Entry, ...]:
    """Every snapshot, the newest first; those that are being deleted are marked."""
    with engine.connect() as connection:
        held = {row.node for row in connection.execute(select(pins.c.node))}
        members: dict[str, list[tuple[str, int, str | None]]] = {}
        columns = (vintages.c.snapshot, vintages.c.source, vintages.c.revisions, vintages.c.contract)
        for row in connection.execute(select(*columns).order_by(vintages.c.source)):
            members.setdefault(row.snapshot, []).append((row.source, row.revisions, row.contract))
        rows = connection.execute(select(snapshots).order_by(snapshots.c.sequence.desc())).mappings()
        return tuple(
            Entry(
                sources=tuple(source for source, _, _ in members.get(row["id"], ())),
                revisions=max((number for _, number, _ in members.get(row["id"], ())), default=0),
                contract=next((contract for _, _, contract in members.get(row["id"], ()) if contract), None),
                pinned=f"{SNAPSHOT}:{row['id']}" in held,
                **{name: row[name] for name in _PLAIN},
            )
            for row in rows
        )


_PLAIN = ("id", "source", "rows", "series", "bytes", "sequence", "kept_at", "late", "doomed_at")


def graph(engine: Engine) -> tuple[tuple[Edge, ...], frozenset[str]]:
    """Every edge of lineage, and the names of all that is there: an edge may lead to what was deleted since."""
    with engine.connect() as connection:
        edges = tuple((row.parent, row.child) for row in connection.execute(select(lineage)))
        here = connection.execute(select(snapshots.c.id).where(snapshots.c.doomed_at.is_(None))).scalars()
        there = {f"{SNAPSHOT}:{found}" for found in here}
        there |= {f"{CYCLE}:{key}" for key in connection.execute(select(cycles.c.key)).scalars()}
    others = {name for edge in edges for name in edge if not name.startswith((f"{SNAPSHOT}:", f"{CYCLE}:"))}
    return edges, frozenset(there | others)


def resolve(name: str, names: Sequence[str]) -> str:
    """The name in lineage that a person means.

    Args:
        name: A whole name such as `snapshot:s0123…`, an id, or the beginning of one, with or without its kind.
        names: All there are.

    Raises:
        UnknownId: There is none.
        AmbiguousId: There are several.

    Example:
        >>> resolve("s01", ["snapshot:s01", "snapshot:s012"])
        'snapshot:s01'
    """
    if name in names:
        return name
    exact = [f"{kind}:{name}" for kind in KINDS if f"{kind}:{name}" in names]
    if exact:
        return exact[0]
    begun = [found for found in names if len(name) >= LEAST_DIGITS and _begins(found, name)]
    if len(begun) > 1:
        raise AmbiguousId(name, sorted(begun))
    if begun:
        return begun[0]
    raise UnknownId(name, sorted({part for found in names for part in (found.partition(":")[2], found)}))


def _begins(found: str, name: str) -> bool:
    kind, _, own = found.partition(":")
    digits = name.removeprefix(f"{kind}:")
    return own.startswith(name) or (digits != name and len(digits) >= LEAST_DIGITS and own.startswith(digits))


def pin(engine: Engine, node: str, *, now: datetime) -> None:
    """Keep something and all it was made from, until it is unpinned.

    Args:
        engine: Opened for writing.
        node: Name in lineage.
        now: Moment of pinning, aware.
    """
    with writing(engine) as connection:
        add_missing(connection, pins, [{"node": node, "pinned_at": now}])


def unpin(engine: Engine, node: str) -> bool:
    """Leave something to the rules of retention again.

    Args:
        engine: Opened for writing.
        node: Name in lineage.

    Returns:
        Whether it was pinned.
    """
    with writing(engine) as connection:
        return connection.execute(delete(pins).where(pins.c.node == node)).rowcount > 0


def citing(connection: Connection) -> list[tuple[str, str]]:
    """What retention has to leave whole: pins, the champion, the ones before it; each with the words for it."""
    found = [(node, "pinned") for node in connection.execute(select(pins.c.node).order_by(pins.c.node)).scalars()]
    head = connection.execute(select(champion.c.cycle, champion.c.previous_cycle)).one_or_none()
    if head is None or head.cycle is None:
        return found
    found.append((f"{CYCLE}:{head.cycle}", "cited by the champion"))
    if head.previous_cycle is not None:
        found.append((f"{CYCLE}:{head.previous_cycle}", "cited by the previous champion"))
    recipe = select(cycles.c.recipe).where(cycles.c.key == head.cycle).scalar_subquery()
    before = (
        select(cycles.c.key)
        .where(cycles.c.recipe != recipe, cycles.c.line == "main")
        .order_by(cycles.c.committed_at.desc())
        .limit(1)
    )
    former = connection.execute(before).scalar()
    return (
        found if former is None else [*found, (f"{CYCLE}:{former}", "cited by the champion before the last promotion")]
    )


def total(connection: Connection) -> int:
    """How many snapshots the catalogue names."""
    return int(connection.execute(select(func.count()).select_from(snapshots)).scalar_one())
