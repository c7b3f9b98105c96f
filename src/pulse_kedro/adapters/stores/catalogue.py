"""The catalogue of snapshots: what is kept, in which order, in which objects. Its rows are written in one transaction.

A snapshot is `doomed` while its objects are being deleted: nobody reads it any more, and whoever keeps the same
content again brings it back.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, insert, select, text, update

from pulse_kedro.adapters.stores.engine import writing
from pulse_kedro.adapters.stores.objects import Part, whole
from pulse_kedro.adapters.stores.tables import parts, snapshots

_LOCK = 0x736E617073  # any fixed number; this one spells "snaps"


@contextmanager
def cataloguing(engine: Engine) -> Iterator[Connection]:
    """One transaction on the catalogue; writers and the deletion of objects queue for it."""
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield connection


def parts_of(connection: Connection, snapshot: str) -> list[Part]:
    """The objects of a snapshot, in order; empty where it is unknown or doomed."""
    rows = connection.execute(
        select(parts)
        .join(snapshots, snapshots.c.id == parts.c.snapshot)
        .where(parts.c.snapshot == snapshot, snapshots.c.doomed_at.is_(None))
        .order_by(parts.c.part)
    )
    return [Part.of(dict(row)) for row in rows.mappings()]


def enter(
    connection: Connection, snapshot: str, written: Sequence[Part], *, source: str, series: int, now: datetime
) -> None:
    """Let the catalogue name a snapshot; one that it names already, or that was doomed, gets these objects.

    Args:
        connection: Of `cataloguing`.
        snapshot: Its id.
        written: Its objects, which are there.
        source: What it is a snapshot of.
        series: How many series it has.
        now: Moment of keeping, aware. It may lie before that of an earlier snapshot: the order is that of entering.
    """
    known = connection.execute(select(snapshots.c.id).where(snapshots.c.id == snapshot)).scalar()
    if known is None:
        sequence, late = _next(connection, now)
        facts = {"id": snapshot, "source": source, "rows": sum(part.rows for part in written), "series": series}
        facts |= {"checksum": whole(written), "kept_at": now, "sequence": sequence, "late": late}
        connection.execute(insert(snapshots).values(facts))
    replace_parts(connection, snapshot, written)


def replace_parts(connection: Connection, snapshot: str, written: Sequence[Part]) -> None:
    """Let a snapshot consist of these objects and no others; a doomed one is brought back."""
    sizes = [part.bytes for part in written]
    facts = {
        "checksum": whole(written),
        "bytes": None if None in sizes else sum(size for size in sizes if size is not None),
        "doomed_at": None,
    }
    connection.execute(update(snapshots).where(snapshots.c.id == snapshot).values(facts))
    connection.execute(delete(parts).where(parts.c.snapshot == snapshot))
    connection.execute(insert(parts), [part.facts() | {"snapshot": snapshot} for part in written])


def _next(connection: Connection, now: datetime) -> tuple[int, bool]:
    """The next place in the order, and whether the clock stands before the moment of the last one."""
    newest = select(snapshots.c.sequence, snapshots.c.kept_at).order_by(snapshots.c.sequence.desc()).limit(1)
    last = connection.execute(newest).one_or_none()
    return (1, False) if last is None else (last.sequence + 1, now < last.kept_at)
