"""Committed cycles and the champion. `commit` is the one transaction in which a cycle comes to be."""

import logging
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, Engine, RowMapping, Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from pulse_kedro.adapters.stores import edges, journal, ledger, metrics, rules
from pulse_kedro.adapters.stores.columns import plain
from pulse_kedro.adapters.stores.engine import writing
from pulse_kedro.adapters.stores.tables import SLOT, champion, cycles
from pulse_kedro.domain.cycle import Cycle
from pulse_kedro.domain.history import CommittedCycle, CycleRecord, HeadMoved, History, Line, UnknownCycle, check, place

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Who is in charge: the head of the main line, the one before it, and how often it moved."""

    epoch: int
    cycle: str | None
    previous_cycle: str | None
    moved_at: datetime | None


def commit(engine: Engine, record: CycleRecord, *, now: datetime) -> CommittedCycle:
    """Make a cycle true: all of it becomes visible in one moment, or nothing does.

    Args:
        engine: Opened for writing.
        record: What the last node of the cycle returned.
        now: Moment of the commit, aware.

    Returns:
        The cycle as the database has it. A key that was committed before changes nothing.

    Raises:
        IncompleteRecord: A frame of the record cannot be kept.
        HeadMoved: Another cycle was committed meanwhile; nothing was changed.
    """
    check(record)
    try:
        with writing(engine) as connection:
            found = _find(connection, record.cycle.key)
            return found if found is not None else _commit(connection, record, now=now)
    except IntegrityError:
        with engine.connect() as connection:
            found = _find(connection, record.cycle.key)  # another process may have committed the very same cycle
        if found is None:
            raise
        return found


def read_history(engine: Engine) -> History:
    """Every committed cycle in order of commit, and the head."""
    with engine.connect() as connection:
        return _history(connection, _head(connection))


def read_head(engine: Engine) -> Head:
    """The champion's row."""
    with engine.connect() as connection:
        return _head(connection)


def read(engine: Engine, key: str) -> CommittedCycle:
    """One committed cycle.

    Raises:
        UnknownCycle: It was never committed.
    """
    with engine.connect() as connection:
        found = _find(connection, key)
    if found is None:
        raise UnknownCycle(key, tuple(cycle.key for cycle in read_history(engine).cycles))
    return found


def _commit(connection: Connection, record: CycleRecord, *, now: datetime) -> CommittedCycle:
    cycle, head = record.cycle, _head(connection)
    line = place(_history(connection, head), cycle)
    rules.keep(connection, record.rulebook)
    connection.execute(insert(cycles), _row(record, line, now))
    ledger.add(connection, cycle.key, record.forecasts, record.outcomes)
    metrics.add(connection, cycle.key, "backtest", record.scores)
    metrics.add(connection, cycle.key, "live", record.live_scores)
    if record.trust is not None:
        metrics.add(connection, cycle.key, "trust", record.trust)
    edges.add(connection, _edges(record))
    if line == "main":
        _move(connection, head, cycle, now)
        journal.resolve_all(connection, cycle.key, now=now)
    else:
        journal.resolve_of(connection, cycle.key, now=now)
    logger.info("committed cycle %s as of %s on line %s", cycle.key, cycle.period.as_of.date(), line)
    return _to_cycle(connection.execute(select(cycles).where(cycles.c.key == cycle.key)).mappings().one())


def _move(connection: Connection, seen: Head, cycle: Cycle, now: datetime) -> None:
    """Compare and swap: the row must be the one that was seen when the place of the cycle was decided."""
    unchanged = (champion.c.slot == SLOT, champion.c.epoch == seen.epoch)
    moved = {"epoch": seen.epoch + 1, "cycle": cycle.key, "previous_cycle": seen.cycle, "moved_at": now}
    if connection.execute(update(champion).where(*unchanged).values(moved)).rowcount != 1:
        raise HeadMoved(cycle.key, cycle.period.parent, _head(connection).cycle)


def _head(connection: Connection) -> Head:
    columns = (champion.c[name] for name in Head.__slots__)
    return Head(**connection.execute(select(*columns).where(champion.c.slot == SLOT)).mappings().one())


def _history(connection: Connection, head: Head) -> History:
    rows = connection.execute(_ordered()).mappings()
    return History(cycles=tuple(_to_cycle(row) for row in rows), head=head.cycle)


def _ordered() -> Select[*tuple[object, ...]]:
    return select(cycles).order_by(cycles.c.committed_at, cycles.c.as_of, cycles.c.key)


def _find(connection: Connection, key: str) -> CommittedCycle | None:
    row = connection.execute(select(cycles).where(cycles.c.key == key)).mappings().one_or_none()
    return None if row is None else _to_cycle(row)


def _row(record: CycleRecord, line: Line, now: datetime) -> dict[str, object]:
    cycle = record.cycle
    facts = ("decision", "plan", "quality", "summary", "ended", "regime", "seeds")
    return {
        "key": cycle.key,
        "as_of": cycle.period.as_of.to_pydatetime(),
        "parent": cycle.period.parent,
        "line": line,
        "snapshot": cycle.snapshot,
        "configured_recipe": cycle.recipe,
        "code_version": cycle.code_version,
        "recipe": record.recipe,
        "bundle": record.bundle,
        "revision": record.revision,
        "since": record.since,
        "rulebook": str(record.rulebook["hash"]),
        "committed_at": now,
        **{name: plain(getattr(record, name)) for name in facts},
    }


def _to_cycle(row: RowMapping) -> CommittedCycle:
    facts = dict(row)
    facts["as_of"] = pd.Timestamp(facts["as_of"]).as_unit("ns")
    facts["committed_at"] = pd.Timestamp(facts["committed_at"]).as_unit("ns")
    facts["ended"] = tuple(facts["ended"])
    return CommittedCycle(**facts)


def _edges(record: CycleRecord) -> list[tuple[str, str]]:
    cycle = record.cycle
    here = f"cycle:{cycle.key}"
    above = [(f"cycle:{cycle.period.parent}", here)] if cycle.period.parent else []
    below = [(here, f"bundle:{record.bundle}"), (here, f"rulebook:{record.rulebook['hash']}")]
    return [(f"snapshot:{cycle.snapshot}", here), *above, *below]
