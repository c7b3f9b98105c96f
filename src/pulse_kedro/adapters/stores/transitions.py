"""Every change of the bundle that serves: one compare-and-swap of the champion row, and one row that says who and why.

The commit of a cycle and the commands `promote` and `rollback` all come through `swap`.
"""

import getpass
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, exists, insert, select, update

from pulse_kedro.adapters.stores.chain import START, breaks, link
from pulse_kedro.adapters.stores.columns import plain
from pulse_kedro.adapters.stores.tables import SLOT, champion, leases, transitions
from pulse_kedro.domain.errors import PulseError

Kind = Literal["bootstrap", "revision", "promote", "rollback"]


class Fenced(PulseError):
    """Whoever wants to move the champion lost the lease meanwhile: it slept while somebody else took over."""

    def __init__(self, token: int, current: int, doing: str) -> None:
        """Keep the token that was held, the one that counts, and what was tried."""
        super().__init__(token, current, doing)
        self.token, self.current, self.doing = token, current, doing

    def __str__(self) -> str:
        """Say that nothing was changed, and what to do."""
        return (
            f"{self.doing} failed: got lease token {self.token}, expected {self.current}, because this process paused "
            "and another one took over. Nothing was changed; look with `kedro pulse status`, then start it again."
        )


class ChampionMoved(PulseError):
    """The bundle that serves changed between looking and acting."""

    def __init__(self, doing: str, seen: str, found: str) -> None:
        """Keep what was tried, what served when it was decided, and what serves now."""
        super().__init__(doing, seen, found)
        self.doing, self.seen, self.found = doing, seen, found

    def __str__(self) -> str:
        """Say that nothing was changed, and what to do."""
        return (
            f"{self.doing} failed: got a decision made while {self.seen} served, expected one about {self.found}, "
            "which serves now. Nothing was changed; look with `kedro pulse status`, then decide again."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Who is in charge: the head of the main line, the one before it, what serves, and how often anything moved.

    `bundle` is that of the head unless a person put another one in charge; `previous_bundle` is what one step back
    would serve, `None` where there is none.
    """

    epoch: int
    cycle: str | None
    previous_cycle: str | None
    moved_at: datetime | None
    bundle: str | None
    recipe: str | None
    previous_bundle: str | None
    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A bundle to put in charge, who wants it and why; `cycle` is the one that it comes from."""

    kind: Kind
    bundle: str
    recipe: str
    cycle: str | None
    actor: str
    reason: str
    gate: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One change of the bundle that serves, as it was written down."""

    id: int
    at: datetime
    epoch: int
    token: int
    kind: str
    actor: str
    reason: str
    from_bundle: str | None
    to_bundle: str
    from_recipe: str | None
    to_recipe: str
    cycle: str | None


def read_head(connection: Connection) -> Head:
    """The champion's row."""
    columns = (champion.c[name] for name in Head.__slots__)
    return Head(**connection.execute(select(*columns).where(champion.c.slot == SLOT)).mappings().one())


def read(engine: Engine) -> tuple[Transition, ...]:
    """Every transition, the oldest first."""
    with engine.connect() as connection:
        return _read(connection)


def untied(connection: Connection) -> tuple[int, ...]:
    """Epochs of transitions whose hash does not fit them and the one before: somebody changed or removed a row.

    Args:
        connection: Any connection.
    """
    query = select(transitions).where(transitions.c.slot == SLOT).order_by(transitions.c.epoch)
    rows: list[dict[str, Any]] = [{**row} for row in connection.execute(query).mappings()]
    return tuple(rows[place]["epoch"] for place in breaks(rows))


def made(connection: Connection, change: Change, *, epoch: int, now: datetime) -> int | None:
    """Whether a change is on record: epoch, moment, actor and bundle are the key of one.

    Args:
        connection: Any connection.
        change: What was wanted.
        epoch: Of the row that the decision was made on.
        now: Moment that was given to `swap`.

    Returns:
        The epoch that it led to; `None` when it never happened.
    """
    key = (transitions.c.slot == SLOT, transitions.c.epoch == epoch + 1, transitions.c.at == now)
    same = (transitions.c.actor == change.actor, transitions.c.to_bundle == change.bundle)
    return connection.execute(select(transitions.c.epoch).where(*key, *same)).scalar()


def swap(
    connection: Connection, seen: Head, change: Change, *, token: int, now: datetime, head: str | None = None
) -> int:
    """Put a bundle in charge, if the row is as it was seen and the lease is still ours.

    Args:
        connection: Inside a transaction that writes; raise to undo what it wrote before.
        seen: The row that the decision was made on.
        change: What shall serve.
        token: Of the lease.
        now: Moment of the change, aware.
        head: New head of the main line, where a cycle moves it.

    Returns:
        The new epoch. A bundle that served before adds no transition.

    Raises:
        Fenced: The lease has another token.
        ChampionMoved: The row was moved meanwhile.
    """
    same = change.bundle == seen.bundle
    values: dict[str, object] = {
        "epoch": seen.epoch + 1,
        "token": token,
        "moved_at": now,
        "bundle": change.bundle,
        "recipe": change.recipe,
        "previous_bundle": seen.previous_bundle if same else _before(connection, seen, change),
    }
    if head is not None:
        values |= {"cycle": head, "previous_cycle": seen.cycle}
    holds = exists().where(leases.c.role == SLOT, leases.c.token == token)
    unmoved = (champion.c.slot == SLOT, champion.c.epoch == seen.epoch, champion.c.token <= token, holds)
    if connection.execute(update(champion).where(*unmoved).values(values)).rowcount != 1:
        raise _loss(connection, seen, change, token)
    if not same:
        row = _row(seen, change, token, now)
        connection.execute(insert(transitions).values(row | {"hash": link(_newest_hash(connection), row)}))
    return seen.epoch + 1


def actor() -> str:
    """Who acts: the user and the host, as far as the system tells."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a number without a name, as in some containers
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def line_of(log: Iterable[tuple[str, str, str]]) -> list[str]:
    """Bundles that still count, the one that serves last: a rollback takes away what it undid.

    A rollback to a bundle that never served, the next revision of a former recipe, takes the rejected recipe away.

    Args:
        log: Kind, bundle and recipe of each transition, in order.

    Example:
        >>> line_of([("bootstrap", "a", "r"), ("revision", "b", "r"), ("rollback", "a", "r"), ("revision", "c", "r")])
        ['a', 'c']
        >>> line_of([("bootstrap", "a", "r"), ("promote", "b", "s"), ("revision", "c", "s"), ("rollback", "d", "r")])
        ['a', 'd']
    """
    line: list[tuple[str, str]] = []
    for kind, bundle, recipe in log:
        if kind == "rollback" and (bundle, recipe) in line:
            while line[-1][0] != bundle:
                line.pop()
            continue
        rejected = line[-1][1] if line else recipe
        while kind == "rollback" and line and line[-1][1] == rejected != recipe:
            line.pop()
        line.append((bundle, recipe))
    return [bundle for bundle, _ in line]


def _before(connection: Connection, seen: Head, change: Change) -> str | None:
    """What one step back would serve after a change; never what a rollback has just undone."""
    if change.kind != "rollback":
        return seen.bundle
    log = [(one.kind, one.to_bundle, one.to_recipe) for one in _read(connection)]
    line = line_of([*log, (change.kind, change.bundle, change.recipe)])
    return line[-2] if len(line) > 1 else None


def _read(connection: Connection) -> tuple[Transition, ...]:
    columns = (transitions.c[name] for name in Transition.__slots__)
    rows = connection.execute(select(*columns).where(transitions.c.slot == SLOT).order_by(transitions.c.epoch))
    return tuple(Transition(**row) for row in rows.mappings())


def _newest_hash(connection: Connection) -> str:
    newest = select(transitions.c.hash).where(transitions.c.slot == SLOT).order_by(transitions.c.epoch.desc()).limit(1)
    return connection.execute(newest).scalar() or START


def _row(seen: Head, change: Change, token: int, now: datetime) -> dict[str, object]:
    return {
        "at": now,
        "slot": SLOT,
        "epoch": seen.epoch + 1,
        "token": token,
        "kind": change.kind,
        "actor": change.actor,
        "reason": change.reason,
        "from_bundle": seen.bundle,
        "to_bundle": change.bundle,
        "from_recipe": seen.recipe,
        "to_recipe": change.recipe,
        "cycle": change.cycle,
        "gate": None if change.gate is None else plain(change.gate),
    }


def _loss(connection: Connection, seen: Head, change: Change, token: int) -> PulseError:
    doing = f"Putting bundle {change.bundle[:12]} in charge ({change.kind})"
    current = connection.execute(select(leases.c.token).where(leases.c.role == SLOT)).scalar_one()
    if current != token:
        return Fenced(token, current, doing)
    found = read_head(connection)
    return ChampionMoved(doing, *(f"bundle {str(one.bundle)[:12]} (epoch {one.epoch})" for one in (seen, found)))
