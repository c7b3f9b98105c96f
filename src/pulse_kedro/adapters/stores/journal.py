"""What was tried and what went wrong: attempts to run, and faults that stay open until a cycle shows they are gone."""

import os
import socket
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Engine, RowMapping, func, insert, or_, select, update

from pulse_kedro.adapters.stores.columns import plain
from pulse_kedro.adapters.stores.engine import writing
from pulse_kedro.adapters.stores.processes import start_of
from pulse_kedro.adapters.stores.tables import SLOT, attempts, cycles, faults, leases
from pulse_kedro.domain.recovery.faults import Fault

Status = Literal["RUNNING", "DONE", "FAILED", "INTERRUPTED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One start of the program. `cycle` is `None` until the run has worked out which cycle it is."""

    id: int
    run: str
    command: str
    host: str
    pid: int
    status: Status
    cycle: str | None
    started: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFault:
    """A fault as the journal has it; `fault` is what was classified."""

    error_id: str
    attempt: int | None
    cycle: str | None
    at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    fault: Fault


def begin(engine: Engine, *, run: str, command: str, now: datetime) -> int:
    """Note that this process starts a run, and that runs which cannot be at work any more were interrupted.

    Args:
        engine: Opened for writing.
        run: Id of the run, such as the session id of Kedro.
        command: What was typed, to repeat it.
        now: Moment of the start, aware.

    Returns:
        Number of the attempt.
    """
    facts = {
        "run": run,
        "command": command,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "process": start_of(os.getpid()) or "",
        "status": "RUNNING",
        "started": now,
    }
    with writing(engine) as connection:
        _interrupt_the_dead(connection, now)
        return int(connection.execute(insert(attempts).values(facts).returning(attempts.c.id)).scalar_one())


def name_cycle(engine: Engine, attempt: int, cycle: str) -> None:
    """Note which cycle an attempt turned out to be."""
    with writing(engine) as connection:
        connection.execute(update(attempts).where(attempts.c.id == attempt).values(cycle=cycle))


def finish(engine: Engine, attempt: int, status: Status, *, now: datetime) -> None:
    """Note how an attempt ended. One that ended well, at a committed cycle, resolves the faults of that cycle.

    Args:
        engine: Opened for writing.
        attempt: Number that `begin` gave.
        status: `DONE` or `FAILED`; `INTERRUPTED` when the person stopped it.
        now: Moment of the end, aware.
    """
    committed = select(cycles.c.key).join_from(attempts, cycles, attempts.c.cycle == cycles.c.key)
    with writing(engine) as connection:
        connection.execute(update(attempts).where(attempts.c.id == attempt).values(status=status, ended=now))
        cycle = connection.execute(committed.where(attempts.c.id == attempt)).scalar()
        if status == "DONE" and cycle is not None:
            resolve_of(connection, cycle, now=now)


def record(engine: Engine, fault: Fault, *, attempt: int | None, now: datetime) -> str:
    """Keep a fault, open.

    Args:
        engine: Opened for writing.
        fault: What went wrong, classified.
        attempt: The attempt it ended; `None` outside runs.
        now: Moment of the failure, aware.

    Returns:
        Id under which the fault is kept.
    """
    error_id = "f" + uuid.uuid4().hex[:15]
    facts = {name: getattr(fault, name) for name in _FAULT_FIELDS} | {"context": plain(fault.context)}
    cycle = select(attempts.c.cycle).where(attempts.c.id == attempt).scalar_subquery()
    with writing(engine) as connection:
        row = {"error_id": error_id, "attempt": attempt, "at": now} | facts
        connection.execute(insert(faults).values(row | {"cycle": cycle}))
    return error_id


def repeats(engine: Engine, fingerprint: str, *, since: datetime) -> int:
    """How often the same failure was kept since a moment; `domain.recovery.faults.severity` asks for it."""
    query = select(func.count()).where(faults.c.fingerprint == fingerprint, faults.c.at >= since)
    with engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


def open_faults(engine: Engine) -> tuple[KeptFault, ...]:
    """Faults that no cycle has resolved yet, the newest first."""
    query = select(faults).where(faults.c.resolved_at.is_(None)).order_by(faults.c.at.desc(), faults.c.error_id)
    with engine.connect() as connection:
        return tuple(_to_fault(row) for row in connection.execute(query).mappings())


def newest_attempts(engine: Engine, limit: int) -> tuple[Attempt, ...]:
    """The last attempts, the newest first."""
    query = select(*(attempts.c[name] for name in Attempt.__slots__)).order_by(attempts.c.id.desc()).limit(limit)
    with engine.connect() as connection:
        return tuple(Attempt(**row) for row in connection.execute(query).mappings())


def resolve_all(connection: Connection, cycle: str, *, now: datetime) -> None:
    """Close every open fault: a new head shows that the whole way works again."""
    opened = faults.c.resolved_at.is_(None)
    connection.execute(update(faults).where(opened).values(resolved_at=now, resolved_by=cycle))


def resolve_of(connection: Connection, cycle: str, *, now: datetime) -> None:
    """Close the open faults of one cycle, and those of attempts that ended before they knew theirs."""
    own = or_(faults.c.cycle == cycle, faults.c.cycle.is_(None))
    opened = faults.c.resolved_at.is_(None)
    connection.execute(update(faults).where(opened, own).values(resolved_at=now, resolved_by=cycle))


def find_dead(connection: Connection) -> list[int]:
    """Attempts that count as running and cannot be: their process is gone, or on another host without the lease.

    Args:
        connection: Any connection.
    """
    columns = (attempts.c.id, attempts.c.host, attempts.c.pid, attempts.c.process)
    running = connection.execute(select(*columns).where(attempts.c.status == "RUNNING").order_by(attempts.c.id)).all()
    holder = connection.execute(select(leases.c.holder).where(leases.c.role == SLOT)).scalar()
    at_work, here = (holder or "").split("|")[:2], socket.gethostname()
    return [
        row.id
        for row in running
        if (start_of(row.pid) != row.process if row.host == here else at_work != [row.host, str(row.pid)])
    ]


def _interrupt_the_dead(connection: Connection, now: datetime) -> None:
    ended = {"status": "INTERRUPTED", "ended": now}
    connection.execute(update(attempts).where(attempts.c.id.in_(find_dead(connection))).values(ended))


def _to_fault(row: RowMapping) -> KeptFault:
    own = {name: row[name] for name in KeptFault.__slots__ if name != "fault"}
    return KeptFault(**own, fault=Fault(**{name: row[name] for name in _FAULT_FIELDS}))


_FAULT_FIELDS = tuple(Fault.__slots__)
