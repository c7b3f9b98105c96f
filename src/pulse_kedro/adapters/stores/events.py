"""Events as they were handed out, kept for ever; the same event twice is kept once, and any day can be replayed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping, insert, select

from pulse_kedro.adapters.stores.engine import writing
from pulse_kedro.adapters.stores.tables import events
from pulse_kedro.domain.data_management.events import Event, EventStream, Handler

_AT_ONCE = 400
"""Ids per question; SQLite takes at most 999 values in older versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How many events were new, and how many were there already."""

    stored: int
    duplicates: int


def append(engine: Engine, happened: Sequence[Event], *, now: datetime) -> Kept:
    """Keep events in the order given; what is there already stays where it is.

    Args:
        engine: Opened for writing.
        happened: Events in the order in which they were handed out.
        now: Moment of arrival, aware.

    Returns:
        Counts; stored + duplicates = events given.
    """
    once = {event.id: event for event in happened}  # each where it comes first
    with writing(engine) as connection:
        known = _known(connection, list(once))
        rows = [_row(event, now) for identity, event in once.items() if identity not in known]
        if rows:
            connection.execute(insert(events), rows)
    return Kept(stored=len(rows), duplicates=len(happened) - len(rows))


def recorder(engine: Engine, *, now: datetime) -> Handler:
    """Handler that keeps every event a stream hands out; subscribe it before the handlers whose work is replayed."""
    return lambda event: append(engine, [event], now=now)


def read(
    engine: Engine,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    kinds: Collection[str] | None = None,
) -> tuple[Event, ...]:
    """Events by the time at which they happened, in the order in which they were handed out.

    Args:
        engine: Any engine on the stores.
        start: First moment, aware; from the beginning by default.
        end: First moment that is left out, aware; to the end by default.
        kinds: Kinds to read; all by default.
    """
    query = select(events).order_by(events.c.sequence)
    if start is not None:
        query = query.where(events.c.at >= start)
    if end is not None:
        query = query.where(events.c.at < end)
    if kinds is not None:
        query = query.where(events.c.kind.in_(tuple(kinds)))
    with engine.connect() as connection:
        return tuple(_to_event(row) for row in connection.execute(query).mappings())


def replay(engine: Engine, stream: EventStream, *, start: datetime, end: datetime) -> int:
    """Hand out what happened in a span of time again, in the order of then.

    Each event is drained on its own, so that the order of then is not sorted anew.

    Args:
        engine: Any engine on the stores.
        stream: With the handlers that are to see it; not one with a `recorder`, though that would change nothing.
        start: First moment, aware.
        end: First moment that is left out, aware.

    Returns:
        How many events were handed out.
    """
    happened = read(engine, start=start, end=end)
    for event in happened:
        stream.publish(event)
        stream.drain()
    return len(happened)


def _known(connection: Connection, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for begin in range(0, len(ids), _AT_ONCE):
        part = ids[begin : begin + _AT_ONCE]
        found.update(connection.execute(select(events.c.id).where(events.c.id.in_(part))).scalars())
    return found


def _row(event: Event, now: datetime) -> dict[str, object]:
    facts = {name: getattr(event, name) for name in ("id", "kind", "at", "source", "priority", "payload")}
    return {**facts, "kept_at": now}


def _to_event(row: RowMapping) -> Event:
    return Event(**{name: row[name] for name in ("kind", "at", "source", "priority", "payload")})
