"""Who may move the champion row: a lease whose token rises with each taking, so that who lost it cannot move anything.

A holder counts its beats; a contender takes the lease when nobody has it, when the holder's process on this host is
gone, or when the beat has not changed for a whole TTL of the contender's own monotonic clock. The lease alone protects
nothing, a paused holder wakes up still believing in it: the row refuses older tokens (`transitions.swap`).
"""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar, NamedTuple

from sqlalchemy import Connection, Engine, Update, select, update
from sqlalchemy.exc import DBAPIError

from pulse_kedro.adapters.stores.engine import writing
from pulse_kedro.adapters.stores.processes import start_of
from pulse_kedro.adapters.stores.tables import SLOT, leases
from pulse_kedro.domain.errors import PulseError

logger = logging.getLogger(__name__)

TTL, RENEWAL, GLANCE = 60.0, 20.0, 1.0
"""Seconds without a beat until a lease is taken over, seconds between beats (operations.md 2.3), and between looks."""
VARIABLE = "PULSE_LEASE"
"""Carries the token to the processes that a run starts."""
_ROW = leases.c.role == SLOT


class LeaseHeld(PulseError):
    """Somebody else is about to move the champion, and is alive."""

    code: ClassVar[str] = "network.timeout"
    detail: ClassVar[str] = "db_locked"

    def __init__(self, holder: str) -> None:
        """Keep who has it."""
        super().__init__(holder)
        self.holder = holder

    def __str__(self) -> str:
        """Name the holder and say when to come back."""
        host, process, *_ = (*self.holder.split("|"), "unknown")
        return (
            f"Taking the lease on the champion failed: got process {process} on {host} at work, expected nobody. "
            "Start again when that run has ended; one that died is succeeded after a minute."
        )


class Seen(NamedTuple):
    """The lease at one look."""

    token: int
    holder: str | None
    beat: int


class Contender:
    """Wants the lease, and takes it only when that is fair. Keeps what it saw and when, by its own clock."""

    def __init__(
        self, engine: Engine, holder: str, *, clock: Callable[[], float] = time.monotonic, ttl: float = TTL
    ) -> None:
        """Look at nothing yet.

        Args:
            engine: Opened for writing.
            holder: Name to be written down, as `name_holder` makes it.
            clock: Monotonic seconds.
            ttl: Seconds without a beat until the lease counts as given up.
        """
        self._engine, self._holder, self._clock, self._ttl = engine, holder, clock, ttl
        self._seen: Seen | None = None
        self._since = 0.0

    def attempt(self) -> int | None:
        """The new token when the lease could be taken; `None` while its holder may be alive.

        Raises:
            LeaseHeld: The holder has beaten since the last look.
        """
        with writing(self._engine) as connection:
            found = look(connection)
            if found != self._seen:
                if self._seen is not None and found.holder is not None and found.token == self._seen.token:
                    raise LeaseHeld(found.holder)
                self._seen, self._since = found, self._clock()
            stale = self._clock() - self._since >= self._ttl
            return _raise_token(connection, self._holder) if stale or is_free(found) else None


class Heart:
    """Holds the lease for a run: beats in a daemon thread, so that a long step is no silence, until it is released."""

    def __init__(self, engine: Engine, *, renewal: float = RENEWAL) -> None:
        """Take the lease, waiting a TTL at most.

        Args:
            engine: Opened for writing.
            renewal: Seconds between beats.

        Raises:
            LeaseHeld: Somebody else has it and is alive.
        """
        self._engine, self._renewal = engine, renewal
        contender = Contender(engine, name_holder())
        while (token := contender.attempt()) is None:
            time.sleep(GLANCE)
        self.token = token
        self._process = os.getpid()
        os.environ[VARIABLE] = f"{token}@{engine.url.render_as_string(hide_password=True)}"
        self._ended = threading.Event()
        threading.Thread(target=self._beat, name="lease", daemon=True).start()

    def release(self) -> None:
        """Let the next one have it; nothing happens in a forked process, or the second time."""
        if self._ended.is_set() or os.getpid() != self._process:
            return
        self._ended.set()
        os.environ.pop(VARIABLE, None)
        with writing(self._engine) as connection:
            connection.execute(freed(self.token))

    def _beat(self) -> None:
        while not self._ended.wait(self._renewal):
            with suppress(DBAPIError):  # a busy database is asked again; one that is gone stops the run elsewhere
                beat(self._engine, self.token)


def held(engine: Engine) -> int | None:
    """Token of the run that this process is a part of; `None` where it is none, or works on another database."""
    token, _, url = os.environ.get(VARIABLE, "").partition("@")
    return int(token) if token and url == engine.url.render_as_string(hide_password=True) else None


def beat(engine: Engine, token: int) -> bool:
    """Show that the holder of a token is alive; `False` when somebody else has the lease by now."""
    mine = update(leases).where(_ROW, leases.c.token == token).values(beat=leases.c.beat + 1)
    with writing(engine) as connection:
        return connection.execute(mine).rowcount == 1


def freed(token: int) -> Update:
    """Statement by which the holder of a token lets the next one have it; nothing where somebody else has it by now."""
    return update(leases).where(_ROW, leases.c.token == token).values(holder=None)


def look(connection: Connection) -> Seen:
    """The lease; its row is locked until the end of the transaction, so that nobody takes it meanwhile."""
    columns = (leases.c[name] for name in Seen._fields)
    return Seen(*connection.execute(select(*columns).where(_ROW).with_for_update()).one())


def take_within(connection: Connection) -> int:
    """A token for one transaction, after which the lease is free again.

    Args:
        connection: Inside a transaction that writes.

    Raises:
        LeaseHeld: A living run holds the lease.
    """
    found = look(connection)
    if not is_free(found):
        raise LeaseHeld(str(found.holder))
    return _raise_token(connection, None)


def is_free(seen: Seen) -> bool:
    """Whether nobody holds the lease: it was released, or its holder on this host has died."""
    if seen.holder is None:
        return True
    host, process, start, *_ = seen.holder.split("|")
    return host == socket.gethostname() and start_of(int(process)) != start


def name_holder() -> str:
    """Host, process, its start, and a random mark: no two takings share it."""
    return "|".join((socket.gethostname(), str(os.getpid()), start_of(os.getpid()) or "", uuid.uuid4().hex[:8]))


def _raise_token(connection: Connection, holder: str | None) -> int:
    raised = update(leases).where(_ROW).values(token=leases.c.token + 1, holder=holder, beat=0)
    return int(connection.execute(raised.returning(leases.c.token)).scalar_one())
