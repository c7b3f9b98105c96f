"""What a source is asked for, what it gives back, and how it fails; which sources there are stands in `adapters`.

A source is one small class with an asynchronous `fetch`. It gives its table as it has it: nothing is parsed, repaired
or made up on the way.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Protocol

import pandas as pd

from pulse_kedro.domain.errors import InvalidInput, PulseError

JSON = None | bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"]
"""What JSON can say."""


class UnusableRequest(InvalidInput):
    """A source was asked for something that cannot be meant."""

    def __init__(self, what: str, got: str, expected: str) -> None:
        """Keep the field, its value as text, and what it should be."""
        super().__init__(what, got, expected)
        self.what, self.got, self.expected = what, got, expected

    def __str__(self) -> str:
        """Name the field."""
        return f"Asking a source failed: got {self.what} {self.got}, expected {self.expected}. Correct {self.what}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is wanted of a source.

    `start` and `end` are period labels without time zone, both included; `None` leaves that side open. `variables`
    names series; empty wants all of them. With `as_of`, an aware moment in UTC, the source answers as it would have
    then: no row whose value became known later comes back. With `enough`, a source may stop once it has so many rows;
    that is for looking whether it answers, never for ingesting.
    """

    start: pd.Timestamp | None = None
    end: pd.Timestamp | None = None
    variables: tuple[str, ...] = ()
    as_of: pd.Timestamp | None = None
    enough: int | None = None

    def __post_init__(self) -> None:
        """Refuse naive moments, labels with a zone, and ranges that end before they begin.

        Raises:
            UnusableRequest: One of the fields cannot be meant.
        """
        for problem in self._problems():
            raise UnusableRequest(*problem)

    def _problems(self) -> Iterator[tuple[str, str, str]]:
        """Each field that cannot be meant, what it is, and what it should be."""
        for name, label in (("start", self.start), ("end", self.end)):
            if label is not None and label.tzinfo is not None:
                yield name, repr(str(label)), "a period label without time zone"
        if self.as_of is not None and self.as_of.utcoffset() != timedelta(0):
            yield "as_of", repr(str(self.as_of)), "a moment in UTC, such as 2019-01-01T00:00+00:00"
        if self.start is not None and self.end is not None and self.end < self.start:
            yield "end", repr(str(self.end)), f"{self.start} or later, where `start` is"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fetched:
    """What a source gave: its table, when, and what else is known about it.

    `table` has the source's own columns and spelling, one row per value, and a column `available_at` (aware UTC) where
    the source knows vintages. `fetched_at` is an aware moment in UTC. `facts` are small and hold no secrets: pages
    read, rows left out because they were not known yet, address without its query.
    """

    table: pd.DataFrame
    source: str
    fetched_at: datetime
    facts: Mapping[str, JSON] = field(default_factory=dict)


class Source(Protocol):
    """Anything that observations can be fetched from."""

    async def fetch(self, request: Request) -> Fetched:
        """The rows of a request.

        Args:
            request: What is wanted. A source may give other periods and series as well; they are left out later.
                It may not give values that became known after `as_of`.

        Raises:
            SourceFailed: The source does not answer, or not with a table. Nothing is made up instead.
        """
        ...


class SourceFailed(PulseError):
    """A source did not give a table; it does not answer, or the connection broke."""

    code: ClassVar[str] = "network.connection_failed"

    def __init__(self, source: str, got: str, expected: str, advice: str) -> None:
        """Keep the source, what came, what should have come, and the next step; secrets are taken out by the caller."""
        super().__init__(source, got, expected, advice)
        self.source, self.got, self.expected, self.advice = source, got, expected, advice

    def __str__(self) -> str:
        """Say what came instead of a table."""
        return f"Fetching source {self.source!r} failed: got {self.got}, expected {self.expected}. {self.advice}"


class SourceTimedOut(SourceFailed):
    """A source was too slow."""

    code: ClassVar[str] = "network.timeout"


class SourceDenied(SourceFailed):
    """A source refuses the credentials, or has got none."""

    code: ClassVar[str] = "storage.permission_denied"


class SourceNotFound(SourceFailed):
    """What a source is configured to read does not exist."""

    code: ClassVar[str] = "storage.not_found"


class SourceUnreadable(SourceFailed):
    """A source answered, but not with the table that it was asked for."""

    code: ClassVar[str] = "data.invalid_input"


class SourceTooLarge(SourceFailed):
    """A source has more to give than its limits allow."""

    code: ClassVar[str] = "system.resource_exhausted"


class SourceUnprepared(SourceFailed):
    """A source needs a package that is not installed, or a setting that is not there."""

    code: ClassVar[str] = "model.initialization_failed"


class SourceMisbehaved(SourceFailed):
    """The code of a source breaks the protocol: `fetch` is not asynchronous, or gives something else than `Fetched`."""

    code: ClassVar[str] = "model.initialization_failed"


FAILURES: Mapping[str, type[SourceFailed]] = {
    found.code: found
    for found in (
        SourceFailed,
        SourceTimedOut,
        SourceDenied,
        SourceNotFound,
        SourceUnreadable,
        SourceTooLarge,
        SourceUnprepared,
    )
}
"""The failure for each fault code, for what others raise; `SourceMisbehaved` is told apart by those who look."""
