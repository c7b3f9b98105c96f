"""A transaction whose answer got lost on the way happened or did not: a new connection is asked, by its key."""

import logging
from collections.abc import Callable
from typing import ClassVar, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from pulse_kedro.domain.errors import PulseError

logger = logging.getLogger(__name__)

TRIES = 2
"""Once, and once more: a server that was restarted is back, one that is away is not (ours)."""
Answer = TypeVar("Answer")
"""What the work returns."""


class LostConnection(PulseError):
    """The database went away in the middle of a transaction, more than once; nothing of it was kept."""

    code: ClassVar[str] = "network.connection_failed"

    def __init__(self, doing: str, said: str) -> None:
        """Keep what was tried and what the driver said."""
        super().__init__(doing, said)
        self.doing, self.said = doing, said

    def __str__(self) -> str:
        """Say that nothing was changed, and what to do."""
        return (
            f"{self.doing} failed: got a connection that broke {TRIES} times ({self.said}), expected one that lasts. "
            "Nothing was changed; start it again when `kedro pulse doctor` reaches the database."
        )


class UnknownOutcome(PulseError):
    """The database went away in the middle of a transaction, and does not say whether it was kept."""

    code: ClassVar[str] = "network.connection_failed"

    def __init__(self, doing: str, said: str) -> None:
        """Keep what was tried and what the driver said."""
        super().__init__(doing, said)
        self.doing, self.said = doing, said

    def __str__(self) -> str:
        """Say that it happened whole or not at all, and where to look."""
        return (
            f"{self.doing} failed: got no answer from the database ({self.said}), expected a word on whether it "
            "happened. All of it was kept or nothing; look with `kedro pulse status` when the database answers, then "
            "start it again if need be."
        )


def settle(
    engine: Engine, work: Callable[[], Answer], find: Callable[[Connection], Answer | None], *, doing: str
) -> Answer:
    """Do a unit of work, and know whether it happened, even where the connection breaks while it is committed.

    Args:
        engine: Opened for writing.
        work: One transaction. It runs again only when nothing of it was kept.
        find: Looks for the work by its key; `None` when it is not there.
        doing: What is done, to begin "… failed".

    Returns:
        What the work returned, or what was found of it.

    Raises:
        LostConnection: The connection broke each time; nothing was kept.
        UnknownOutcome: It broke, and the database cannot be asked any more.
    """
    said = ""
    for _ in range(TRIES):
        try:
            return work()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            said = _words(error)
            logger.warning("lost the connection while %s: %s", doing.lower(), said, extra={"markup": False})
        found = _ask(engine, find, doing)
        if found is not None:
            return found
    raise LostConnection(doing, said)


def _ask(engine: Engine, find: Callable[[Connection], Answer | None], doing: str) -> Answer | None:
    try:
        with engine.connect() as connection:
            return find(connection)
    except DBAPIError as error:
        raise UnknownOutcome(doing, _words(error)) from error


def _words(error: DBAPIError) -> str:
    return " ".join(str(error.orig or error).split()).rstrip(".")
