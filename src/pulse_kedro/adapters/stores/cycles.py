"""Committed cycles and the champion. `commit` is the one transaction in which a cycle comes to be."""

import logging
from collections.abc import Mapping
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, Engine, RowMapping, Select, insert, select
from sqlalchemy.exc import IntegrityError

from pulse_kedro.adapters.failpoints import failpoint
from pulse_kedro.adapters.stores import edges, journal, leases, ledger, metrics, rules, transitions
from pulse_kedro.adapters.stores.certainty import settle
from pulse_kedro.adapters.stores.columns import plain
from pulse_kedro.adapters.stores.engine import writing
from pulse_kedro.adapters.stores.tables import cycles
from pulse_kedro.adapters.stores.transitions import Change, Head, Kind
from pulse_kedro.domain.history import (
    CommittedCycle,
    CycleRecord,
    HeadMoved,
    History,
    Line,
    UnknownCycle,
    check,
    place,
)

logger = logging.getLogger(__name__)


def commit(engine: Engine, record: CycleRecord, *, now: datetime, token: int | None = None) -> CommittedCycle:
    """Make a cycle true: all of it becomes visible in one moment, or nothing does.

    Args:
        engine: Opened for writing.
        record: What the last node of the cycle returned.
        now: Moment of the commit, aware.
        token: Of the lease that the run holds; `None` takes the lease for this transaction.

    Returns:
        The cycle as the database has it. A key that was committed before changes nothing.

    Raises:
        IncompleteRecord: A frame of the record cannot be kept.
        HeadMoved: Another cycle was committed meanwhile, or a person put another bundle in charge; nothing was changed.
        LeaseHeld: No token was given, and a living run holds the lease.
        Fenced: The lease was taken over while the run slept; nothing was changed.
        LostConnection: The database went away, twice; nothing was changed.
        UnknownOutcome: The database went away while it committed, and does not answer.
    """
    check(record)
    key = record.cycle.key
    found = settle(
        engine,
        lambda: _commit_once(engine, record, now=now, token=token),
        lambda connection: _find(connection, key),
        doing=f"Committing cycle {key}",
    )
    failpoint("commit.done")
    return found


def read_history(engine: Engine) -> History:
    """Every committed cycle in order of commit, and the head."""
    with engine.connect() as connection:
        return _history(connection, _head(connection))


def read_head(engine: Engine) -> Head:
    """The champion's row."""
    with engine.connect() as connection:
        return _head(connection)


def read_version(engine: Engine) -> CommittedCycle | None:
    """What serves, as a cycle: that of its bundle, or of the challenger it was; `None` before the first cycle."""
    history = read_history(engine)
    return None if history.head is None else history.serving


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


def _commit_once(engine: Engine, record: CycleRecord, *, now: datetime, token: int | None) -> CommittedCycle:
    try:
        with writing(engine) as connection:
            found = _find(connection, record.cycle.key)
            if found is None:
                failpoint("commit.begin")
                found = _commit(connection, record, now=now, token=token)
                failpoint("commit.after_cas")
    except IntegrityError:
        with engine.connect() as connection:
            found = _find(connection, record.cycle.key)  # another process may have committed the very same cycle
        if found is None:
            raise
    return found


def _commit(connection: Connection, record: CycleRecord, *, now: datetime, token: int | None) -> CommittedCycle:
    cycle = record.cycle
    held = leases.take_within(connection) if token is None else token
    head = _head(connection)
    history = _history(connection, head)
    line = place(history, cycle)
    rules.keep(connection, record.rulebook)
    connection.execute(insert(cycles), _row(record, line, now))
    ledger.add(connection, cycle.key, record.forecasts, record.outcomes)
    metrics.add(connection, cycle.key, "backtest", record.scores)
    metrics.add(connection, cycle.key, "live", record.live_scores)
    if record.trust is not None:
        metrics.add(connection, cycle.key, "trust", record.trust)
    edges.add(connection, _edges(record, history))
    failpoint("commit.before_cas")
    if line == "main":
        _move(connection, head, history, record, now=now, token=held)
        journal.resolve_all(connection, cycle.key, now=now)
    else:
        journal.resolve_of(connection, cycle.key, now=now)
    logger.info("committed cycle %s as of %s on line %s", cycle.key, cycle.period.as_of.date(), line)
    return _to_cycle(connection.execute(select(cycles).where(cycles.c.key == cycle.key)).mappings().one())


def _move(
    connection: Connection, seen: Head, history: History, record: CycleRecord, *, now: datetime, token: int
) -> None:
    """Compare and swap: the row must be the one that was seen when the place of the cycle was decided."""
    cycle = record.cycle
    change = Change(
        kind=_kind(record, seen),
        bundle=record.bundle,
        recipe=record.recipe,
        cycle=cycle.key,
        actor=transitions.actor(),
        reason=str(record.decision.get("reason", "")),
        gate=gate if isinstance(gate := record.decision.get("gate"), dict) else None,
    )
    if history.stands_apart(cycle.period):  # a person's choice outlives a correction of the period it was made in
        change = Change(
            kind="revision",
            bundle=str(seen.bundle),
            recipe=str(seen.recipe),
            cycle=None,
            actor=change.actor,
            reason=change.reason,
        )
    try:
        transitions.swap(connection, seen, change, token=token, now=now, head=cycle.key)
    except transitions.ChampionMoved as error:
        raise HeadMoved(cycle.key, cycle.period.parent, _head(connection).cycle) from error


def _kind(record: CycleRecord, seen: Head) -> Kind:
    if seen.bundle is None:
        return "bootstrap"
    verdicts: dict[object, Kind] = {"PROMOTE": "promote", "ROLLBACK": "rollback"}
    return verdicts.get(record.decision.get("verdict"), "revision")


def _head(connection: Connection) -> Head:
    return transitions.read_head(connection)


def _history(connection: Connection, head: Head) -> History:
    rows = connection.execute(_ordered()).mappings()
    known = tuple(_to_cycle(row) for row in rows)
    own = next((cycle.bundle for cycle in known if cycle.key == head.cycle), None)
    return History(cycles=known, head=head.cycle, override=None if head.bundle == own else head.bundle)


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


def _edges(record: CycleRecord, history: History) -> list[tuple[str, str]]:
    cycle = record.cycle
    here = f"cycle:{cycle.key}"
    parent = None if cycle.period.parent is None else history.committed(cycle.period.parent)
    above = [] if parent is None else [(f"cycle:{parent.key}", here)]
    below = [(here, f"bundle:{record.bundle}"), (here, f"rulebook:{record.rulebook['hash']}")]
    made = [(f"recipe:{record.recipe}", f"bundle:{record.bundle}")]
    if parent is not None and record.decision.get("verdict") != "PROMOTE":
        grown = _grown_from(record.decision) or cycle.period.serving or parent.bundle
        made += [(f"bundle:{grown}", f"bundle:{record.bundle}")] if grown != record.bundle else []
    return [(f"snapshot:{cycle.snapshot}", here), *above, *below, *made]


def _grown_from(decision: Mapping[str, object]) -> str | None:
    """Bundle that a former champion's next revision continues; `None` unless a promotion was taken back."""
    watched = decision.get("probation")
    if decision.get("verdict") != "ROLLBACK" or not isinstance(watched, Mapping):
        return None
    return str(watched["basis"])
