"""Where things stand, in one look: what `status` prints, read without pandas, which takes longer than the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, Select, and_, func, literal, select, tuple_

from pulse_kedro.adapters.stores import journal, rules, transitions
from pulse_kedro.adapters.stores.journal import Attempt, KeptFault
from pulse_kedro.adapters.stores.scoreboard import Panel, Trusted, overall, trust
from pulse_kedro.adapters.stores.tables import SLOT, attempts, champion, cycles, forecasts, outcomes
from pulse_kedro.adapters.stores.transitions import Transition


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCounts:
    """Forecasts of the main line: issued, and of these resolved by an outcome that the main line recorded."""

    issued: int = 0
    resolved: int = 0

    @property
    def pending(self) -> int:
        """Issued forecasts whose target is still unknown."""
        return self.issued - self.resolved


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadFacts:
    """The newest cycle of the main line, in plain values; `cycles.read` gives all of it."""

    key: str
    as_of: datetime
    recipe: str
    bundle: str
    revision: int
    since: str
    decision: Mapping[str, object]
    rulebook: str
    committed_at: datetime
    summary: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """State of the main line; `head` is `None` before the first cycle.

    `serving` is what serves: the head, or the version that a person put in its place, of which `chosen` tells.
    `version` numbers what serves as `versions` does, `None` for a challenger that a person promoted; `previous` is the
    head before. `seconds` is how long the attempt took that committed the head, `None` when no attempt was noted.
    `scores` and `live_scores` are panel scores under (recipe, model), `trust` is by event, `rulebook` is the
    record of the head's.
    """

    head: HeadFacts | None = None
    serving: HeadFacts | None = None
    chosen: Transition | None = None
    version: int | None = None
    previous: str | None = None
    seconds: float | None = None
    ledger: LedgerCounts = field(default_factory=LedgerCounts)
    scores: Panel = field(default_factory=dict)
    live_scores: Panel = field(default_factory=dict)
    trust: Mapping[str, Trusted] = field(default_factory=dict)
    rulebook: Mapping[str, object] = field(default_factory=dict)
    faults: tuple[KeptFault, ...] = ()
    last_attempt: Attempt | None = None


def summarize(engine: Engine | None) -> Summary:
    """Where things stand.

    Args:
        engine: What `open_for_reading` gave; `None` where nothing was ever started.

    Returns:
        A summary, empty where there is nothing yet.
    """
    if engine is None:
        return Summary()
    summary = Summary(
        faults=journal.open_faults(engine),
        last_attempt=next(iter(journal.newest_attempts(engine, 1)), None),
    )
    with engine.connect() as connection:
        row = connection.execute(_head()).mappings().one_or_none()
        if row is None:
            return summary
        head = HeadFacts(**{name: row[name] for name in HeadFacts.__slots__})
        counts, seconds = count_ledger(connection), _seconds(connection, head)
        serving = head if row["served"] in (None, head.bundle) else _version(connection, head, row["served"])
        number = _number(connection, serving)
    return replace(
        summary,
        head=head,
        serving=serving,
        chosen=None if serving is head else transitions.read(engine)[-1],
        version=number,
        previous=row["previous_cycle"],
        seconds=seconds,
        ledger=counts,
        scores=overall(engine, head.key),
        live_scores=overall(engine, head.key, "live"),
        trust=trust(engine, head.key, head.recipe),
        rulebook=rules.read(engine, head.rulebook),
    )


def count_ledger(connection: Connection, key: str | None = None) -> LedgerCounts:
    """Forecasts of a cycle and its ancestors, issued and resolved, as that cycle knew them.

    Args:
        connection: Of any engine on the stores.
        key: Of the cycle; `None` takes the head.
    """
    line = main_line(key)
    issued = select(func.count()).select_from(forecasts).where(forecasts.c.cycle.in_(line))
    known = select(outcomes.c.unique_id, outcomes.c.ds).where(outcomes.c.cycle.in_(line)).distinct().subquery()
    same = and_(forecasts.c.unique_id == known.c.unique_id, forecasts.c.ds == known.c.ds)
    resolved = select(func.count()).select_from(forecasts.join(known, same)).where(forecasts.c.cycle.in_(line))
    return LedgerCounts(
        issued=connection.execute(issued).scalar_one(), resolved=connection.execute(resolved).scalar_one()
    )


def main_line(key: str | None = None) -> Select[str]:
    """Keys of a cycle and its ancestors, as a query to select within.

    Args:
        key: Of the cycle; `None` takes the head.
    """
    head = key or select(champion.c.cycle).where(champion.c.slot == SLOT).scalar_subquery()
    line = select(cycles.c.key, cycles.c.parent).where(cycles.c.key == head).cte("main_line", recursive=True)
    above = select(cycles.c.key, cycles.c.parent).where(cycles.c.key == line.c.parent)
    return select(line.union_all(above).c.key)


def keys_of_main_line(engine: Engine) -> tuple[str, ...]:
    """Keys of the head and its ancestors, sorted; empty before the first cycle.

    Args:
        engine: Any engine on the stores.
    """
    with engine.connect() as connection:
        return tuple(sorted(connection.scalars(main_line())))


def _head() -> Select[*tuple[object, ...]]:
    own = (champion.c.previous_cycle, champion.c.bundle.label("served"))
    columns = (*own, *(cycles.c[name] for name in HeadFacts.__slots__))
    return select(*columns).join_from(champion, cycles, champion.c.cycle == cycles.c.key).where(champion.c.slot == SLOT)


def _version(connection: Connection, head: HeadFacts, bundle: str) -> HeadFacts:
    """The version that a person put in the head's place: of an earlier cycle, or a challenger of the newest ones."""
    columns = [cycles.c[name] for name in HeadFacts.__slots__]
    newest = select(*columns).order_by(cycles.c.committed_at.desc())
    row = connection.execute(newest.where(cycles.c.bundle == bundle).limit(1)).mappings().one_or_none()
    if row is not None:
        return HeadFacts(**row)
    for found in connection.execute(newest).mappings():
        for made in (found["decision"].get("candidates") or {}).values():
            if made["bundle"] == bundle:
                since = found["as_of"].date().isoformat()
                facts = {"bundle": bundle, "recipe": made["recipe"], "revision": 1, "since": since}
                return HeadFacts(**dict(found) | facts)
    return replace(head, bundle=bundle)


def _number(connection: Connection, serving: HeadFacts) -> int | None:
    """Place of what serves among the cycles that moved the head, in order of commit."""
    own = select(cycles.c.bundle, cycles.c.line).where(cycles.c.key == serving.key)
    if connection.execute(own).one() != (serving.bundle, "main"):
        return None
    order = tuple_(cycles.c.committed_at, cycles.c.as_of, cycles.c.key)
    upto = order <= tuple_(*(literal(getattr(serving, column.name), column.type) for column in order.clauses))
    return connection.execute(select(func.count()).where(cycles.c.line == "main", upto)).scalar_one()


def _seconds(connection: Connection, head: HeadFacts) -> float | None:
    """Length of the attempt during which the head was committed."""
    when = head.committed_at
    during = (attempts.c.cycle == head.key, attempts.c.started <= when)
    query = select(attempts.c.started, attempts.c.ended).where(*during).order_by(attempts.c.id.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else ((row.ended or when) - row.started).total_seconds()
