"""What was ingested and what became of it; an ingest and the rows that it set aside are kept in one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from pulse_kedro.adapters.stores.columns import plain
from pulse_kedro.adapters.stores.engine import add_missing, writing
from pulse_kedro.adapters.stores.tables import ingests, quarantined, watermarks

_AT_ONCE = 5_000
"""Ids in one question; SQLite takes 32,766 values, PostgreSQL as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """One row that was set aside: its name, where it stood in the delivery, why, and the row itself as JSON text."""

    id: str
    row: int
    column: str
    series: str | None
    rule: str
    reason: str
    original: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An ingest as it was recorded: its number, and how many of the rows set aside were new."""

    id: int
    fresh: int


def record(engine: Engine, facts: Mapping[str, object], aside: Sequence[SetAside], *, newest: datetime | None) -> Kept:
    """Keep an ingest, the rows that it set aside, and how far its source goes now.

    A row that was set aside before, in this ingest or in an earlier one, is kept once and counts as a duplicate. So
    `duplicates` and `quarantined` are completed here, where it is certain which rows are new.

    Args:
        engine: Opened for writing.
        facts: Columns of `ingests` without `id`; `duplicates` counts the others.
        aside: Rows that were set aside, in the order of the delivery.
        newest: Newest period that was stored; `None` leaves the watermark where it is.
    """
    source = str(facts["source"])
    with writing(engine) as connection:
        known = _known(connection, [row.id for row in aside])
        fresh = list({row.id: row for row in reversed(aside) if row.id not in known}.values())[::-1]
        counts = {"quarantined": len(fresh), "duplicates": int(str(facts["duplicates"])) + len(aside) - len(fresh)}
        values = {**facts, **counts, "facts": plain(facts["facts"])}
        number = int(connection.execute(insert(ingests).values(values).returning(ingests.c.id)).scalar_one())
        rows = [{**{name: getattr(row, name) for name in SetAside.__slots__}, "source": source} for row in fresh]
        if rows:
            connection.execute(insert(quarantined), [{**row, "ingest": number} for row in rows])
        if newest is not None:
            _advance(connection, source, newest, number)
        return Kept(id=number, fresh=len(fresh))


def watermark(engine: Engine | None, source: str) -> datetime | None:
    """Newest period of a source that was ever stored; `None` where there is none.

    Args:
        engine: Any engine on the stores; `None` where nothing was ever run.
        source: Its name.
    """
    if engine is None:
        return None
    with engine.connect() as connection:
        return connection.execute(select(watermarks.c.ds).where(watermarks.c.source == source)).scalar()


def newest(engine: Engine, limit: int) -> list[dict[str, object]]:
    """The last ingests, the newest first."""
    with engine.connect() as connection:
        found = connection.execute(select(ingests).order_by(ingests.c.id.desc()).limit(limit)).mappings()
        return [dict(row) for row in found]


def _known(connection: Connection, names: Sequence[str]) -> set[str]:
    """Those of the names that are kept already."""
    found: set[str] = set()
    for part in parts(names):
        found |= set(connection.execute(select(quarantined.c.id).where(quarantined.c.id.in_(part))).scalars())
    return found


def parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Ids in groups that a database takes in one question."""
    return (names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE))


def _advance(connection: Connection, source: str, ds: datetime, ingest: int) -> None:
    """Move the watermark forward, never back."""
    add_missing(connection, watermarks, [{"source": source, "ds": ds, "ingest": ingest}])
    behind = (watermarks.c.source == source, watermarks.c.ds < ds)
    connection.execute(update(watermarks).where(*behind).values(ds=ds, ingest=ingest))
