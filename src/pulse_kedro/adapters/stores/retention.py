"""Cleans up among the snapshots: first the catalogue marks, then objects go, then their rows.

Killed at any point, it leaves every snapshot either whole or marked; the next clean-up goes on with what is marked.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, select, update

from pulse_kedro.adapters.stores import catalogue, inventory
from pulse_kedro.adapters.stores.blobs import Blob, Blobs
from pulse_kedro.adapters.stores.tables import lineage, parts, payloads, snapshots, vintages
from pulse_kedro.domain.data_management.retention import Departure, Kept, Plan, RetentionOptions, choose, cited

OWN_OBJECT = re.compile(r"s[0-9a-f]{16}(?:\.\d{5})?\.parquet")
"""Names that we give; whatever else lies there is somebody else's."""
ORPHAN_AGE = timedelta(days=1)
"""An object that the catalogue does not name may belong to an append that is under way, but not for so long; ours."""
LIVE = "holds the newest value of some series and period"


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUp:
    """What a clean-up deletes: snapshots by the rules, those that an interrupted one left marked, nameless objects."""

    plan: Plan
    unfinished: tuple[str, ...]
    orphans: tuple[Blob, ...]


def look(engine: Engine, blobs: Blobs, rules: RetentionOptions, *, now: datetime) -> CleanUp:
    """What a clean-up would delete at this moment, exactly; nothing is changed.

    Args:
        engine: On the catalogue.
        blobs: Where objects lie.
        rules: How much of the past is kept.
        now: This moment, aware.
    """
    with engine.connect() as connection:
        kept, doomed = _kept(connection, blobs), _doomed(connection)
        spared = _cited(connection)
        known = set(connection.execute(select(parts.c.name)).scalars())
    live: dict[str, bool] = {}
    while True:  # whoever turns out to be needed makes room for another one, which has to be looked at, too
        plan = choose(kept, rules, now=now, spared=spared | {name: LIVE for name, is_live in live.items() if is_live})
        unseen = [one.snapshot for one in plan.going if one.snapshot.id not in live]
        if not unseen:
            break
        live |= {one.id: _is_live(engine, blobs, one) for one in unseen}
    orphans = tuple(
        blob
        for blob in blobs.list()
        if OWN_OBJECT.fullmatch(blob.name) and blob.name not in known and now - blob.written_at > ORPHAN_AGE
    )
    return CleanUp(plan=plan, unfinished=doomed, orphans=orphans)


def clean(engine: Engine, blobs: Blobs, rules: RetentionOptions, *, now: datetime) -> CleanUp:
    """Delete what the rules let go, what an interrupted clean-up left, and objects that nobody names.

    Args:
        engine: Opened for writing.
        blobs: Where objects lie.
        rules: How much of the past is kept.
        now: This moment, aware.

    Returns:
        What was deleted.
    """
    found = look(engine, blobs, rules, now=now)
    going = tuple(_mark(engine, found.plan.going, now=now))
    for snapshot in (*found.unfinished, *(one.snapshot.id for one in going)):
        _remove(engine, blobs, snapshot)
    for orphan in found.orphans:
        _sweep(engine, blobs, orphan.name)
    freed = sum(one.snapshot.bytes for one in going)
    plan = Plan(
        going=going,
        spared=found.plan.spared,
        bytes_before=found.plan.bytes_before,
        bytes_after=found.plan.bytes_before - freed,
    )
    return CleanUp(plan=plan, unfinished=found.unfinished, orphans=found.orphans)


def _mark(engine: Engine, going: Sequence[Departure], *, now: datetime) -> Iterator[Departure]:
    """Doom those that nobody has begun to cite meanwhile."""
    with catalogue.cataloguing(engine) as connection:
        spared = _cited(connection)
        free = [one for one in going if one.snapshot.id not in spared]
        names = [one.snapshot.id for one in free]
        connection.execute(update(snapshots).where(snapshots.c.id.in_(names)).values(doomed_at=now))
    yield from free


def _remove(engine: Engine, blobs: Blobs, snapshot: str) -> None:
    """Delete a doomed snapshot; inside a transaction, so that nobody brings it back while its objects go."""
    with catalogue.cataloguing(engine) as connection:
        doomed = connection.execute(select(snapshots.c.doomed_at).where(snapshots.c.id == snapshot)).scalar()
        if doomed is None:
            return
        for name in connection.execute(select(parts.c.name).where(parts.c.snapshot == snapshot)).scalars().all():
            blobs.delete(name)
        for table in (payloads, vintages, parts):
            connection.execute(delete(table).where(table.c.snapshot == snapshot))
        connection.execute(delete(snapshots).where(snapshots.c.id == snapshot))


def _sweep(engine: Engine, blobs: Blobs, name: str) -> None:
    """Delete an object unless somebody names it by now."""
    with catalogue.cataloguing(engine) as connection:
        if connection.execute(select(parts.c.part).where(parts.c.name == name).limit(1)).one_or_none() is None:
            blobs.delete(name)


def _kept(connection: Connection, blobs: Blobs) -> list[Kept]:
    """Every snapshot that is not doomed; those of earlier versions are weighed where they lie."""
    members = set(connection.execute(select(vintages.c.snapshot)).scalars())
    rows = connection.execute(select(snapshots).where(snapshots.c.doomed_at.is_(None))).mappings().all()
    names = dict(
        connection.execute(
            select(parts.c.snapshot, parts.c.name).join(snapshots).where(snapshots.c.bytes.is_(None))
        ).all()
    )
    plain = ("id", "source", "rows", "sequence", "kept_at")
    return [
        Kept(
            stored=row["id"] in members,
            bytes=row["bytes"] if row["bytes"] is not None else blobs.size(names.get(row["id"], "none")) or 0,
            **{name: row[name] for name in plain},
        )
        for row in rows
    ]


def _doomed(connection: Connection) -> tuple[str, ...]:
    query = select(snapshots.c.id).where(snapshots.c.doomed_at.is_not(None)).order_by(snapshots.c.sequence)
    return tuple(connection.execute(query).scalars())


def _cited(connection: Connection) -> dict[str, str]:
    edges = [(row.parent, row.child) for row in connection.execute(select(lineage))]
    return cited(edges, inventory.citing(connection))


def _is_live(engine: Engine, blobs: Blobs, snapshot: Kept) -> bool:
    """Whether a stored snapshot holds a value that no later vintage has replaced, in any source it belongs to."""
    if not snapshot.stored:
        return False
    from pulse_kedro.adapters.stores.vintages import VintageStore

    store = VintageStore(engine, blobs)
    with engine.connect() as connection:
        sources = (
            connection.execute(select(vintages.c.source).where(vintages.c.snapshot == snapshot.id)).scalars().all()
        )
    return any(store.shows(source, snapshot.id) for source in sources)
