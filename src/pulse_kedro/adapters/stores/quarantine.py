"""Rows that were set aside: which wait, what they said, and what people decided. Nothing here is changed or deleted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, func, insert, select

from pulse_kedro.adapters.stores.columns import plain
from pulse_kedro.adapters.stores.engine import writing
from pulse_kedro.adapters.stores.ingests import parts
from pulse_kedro.adapters.stores.tables import quarantined, verdicts
from pulse_kedro.domain.errors import PulseError

Action = Literal["fix", "release", "drop"]
Outcome = Literal["stored", "duplicate", "broken", "dropped"]
"""`stored` and `duplicate`: the row is in the store; `broken`: it still breaks a rule; `dropped`: it is given up."""
State = Literal["waiting", "closed", "all"]


class UnknownRow(PulseError):
    """A row of the quarantine was asked for that is not there."""

    code: ClassVar[str] = "storage.not_found"

    def __init__(self, row: str, waiting: int) -> None:
        """Keep the id that was asked for, and how many rows wait."""
        super().__init__(row, waiting)
        self.row, self.waiting = row, waiting

    def __str__(self) -> str:
        """Say how to find the right one."""
        return (
            f"Looking into the quarantine failed: got {self.row!r}, expected the id of one of {self.waiting} waiting "
            "rows, or its beginning where no other begins so. `kedro pulse data quarantine list` shows them."
        )


class RowIsClosed(PulseError):
    """Something was to be done with a row about which everything is decided."""

    code: ClassVar[str] = "data.invalid_input"

    def __init__(self, row: str, outcome: str) -> None:
        """Keep the row and what was decided."""
        super().__init__(row, outcome)
        self.row, self.outcome = row, outcome

    def __str__(self) -> str:
        """Say what was decided."""
        return (
            f"Changing a row of the quarantine failed: got {self.row}, which is {self.outcome}, expected one that "
            "waits. `kedro pulse data quarantine list` shows those that do."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One decision about a row that was set aside."""

    action: str
    outcome: str
    reason: str
    changes: Mapping[str, Any]
    snapshot: str | None
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow:
    """A row that was set aside, as it came, with every decision about it, the oldest first."""

    id: str
    source: str
    ingest: int
    row: int
    column: str
    series: str | None
    rule: str
    reason: str
    original: Mapping[str, Any]
    verdicts: tuple[Verdict, ...] = ()

    @property
    def outcome(self) -> str:
        """`waiting`, or what was decided last."""
        closing = [verdict.outcome for verdict in self.verdicts if verdict.outcome != "broken"]
        return closing[-1] if closing else "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows to look at; `None` takes all."""

    source: str | None = None
    rule: str | None = None
    ingest: int | None = None
    state: State = "waiting"


def count(engine: Engine | None, wanted: Wanted) -> dict[tuple[str, str], int]:
    """How many rows there are by source and rule, sorted by both."""
    if engine is None:
        return {}
    columns = (quarantined.c.source, quarantined.c.rule)
    query = select(*columns, func.count()).where(*_conditions(wanted)).group_by(*columns).order_by(*columns)
    with engine.connect() as connection:
        return {(source, rule): int(number) for source, rule, number in connection.execute(query)}


def rows(engine: Engine | None, wanted: Wanted, *, limit: int | None = None) -> tuple[HeldRow, ...]:
    """Rows in the order in which they were set aside.

    Args:
        engine: Any engine on the stores; `None` where nothing was ever run.
        wanted: Which ones.
        limit: How many at most.
    """
    if engine is None:
        return ()
    query = select(quarantined).where(*_conditions(wanted)).order_by(quarantined.c.sequence).limit(limit)
    with engine.connect() as connection:
        found = connection.execute(query).mappings().all()
        said = _verdicts(connection, [row["id"] for row in found])
    return tuple(_held(row, said.get(row["id"], ())) for row in found)


def one(engine: Engine | None, name: str) -> HeldRow:
    """A row by its id, or by the beginning of it where no other id begins so.

    Raises:
        UnknownRow: There is no such row, or more than one.
    """
    if engine is None:
        raise UnknownRow(name, 0)
    like = quarantined.c.id.startswith(name, autoescape=True)
    with engine.connect() as connection:
        found = connection.execute(select(quarantined).where(like).limit(2)).mappings().all()
        if len(found) != 1 or not name:
            raise UnknownRow(name, sum(count(engine, Wanted()).values()))
        said = _verdicts(connection, [row["id"] for row in found])
    return _held(found[0], said.get(found[0]["id"], ()))


def decide(
    engine: Engine,
    decided: Sequence[tuple[str, Outcome, str]],
    *,
    action: Action,
    changes: Mapping[str, object],
    snapshot: str | None,
    actor: str,
    now: datetime,
) -> None:
    """Keep decisions about rows; nothing that was said before changes.

    Args:
        engine: Opened for writing.
        decided: Id of each row, what came of it, and why.
        action: What was done.
        changes: Corrected cells by column; empty where none were.
        snapshot: Snapshot that has the rows now.
        actor: Who decided.
        now: Moment of the decision, aware.
    """
    shared = {"action": action, "changes": plain(changes), "snapshot": snapshot, "actor": actor, "at": now}
    values = [
        {**shared, "row": row, "outcome": outcome, "closes": outcome != "broken", "reason": reason}
        for row, outcome, reason in decided
    ]
    if values:
        with writing(engine) as connection:
            connection.execute(insert(verdicts), values)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    asked = {"source": wanted.source, "rule": wanted.rule, "ingest": wanted.ingest}
    conditions: list[ColumnElement[bool]] = [
        quarantined.c[name] == value for name, value in asked.items() if value is not None
    ]
    if wanted.state != "all":
        closed = select(verdicts.c.id).where(verdicts.c.row == quarantined.c.id, verdicts.c.closes).exists()
        conditions.append(closed if wanted.state == "closed" else ~closed)
    return conditions


def _verdicts(connection: Connection, names: Sequence[str]) -> dict[str, tuple[Verdict, ...]]:
    """Every decision about some rows, the oldest first."""
    said: dict[str, tuple[Verdict, ...]] = {}
    for part in parts(names):
        query = select(verdicts).where(verdicts.c.row.in_(part)).order_by(verdicts.c.id)
        for row in connection.execute(query).mappings():
            verdict = Verdict(**{name: row[name] for name in Verdict.__slots__})
            said[row["row"]] = (*said.get(row["row"], ()), verdict)
    return said


def _held(row: RowMapping, said: tuple[Verdict, ...]) -> HeldRow:
    names = [name for name in HeldRow.__slots__ if name not in ("original", "verdicts")]
    return HeldRow(**{name: row[name] for name in names}, original=json.loads(row["original"]), verdicts=said)
