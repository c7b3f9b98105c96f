"""What every kind of source has in common: how its options are typed, what it is given, and how it tells a place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import ConfigDict

from pulse_kedro.domain.data_management.fetching import Source

STRICT = ConfigDict(extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)
"""For the options class of a kind: a key that it does not know is an error, and no message repeats a value."""
PUBLIC = frozenset({"user", "header", "parameter", "endpoint_url", "region_name"})
"""Keys of credentials that hold no secret; hiding their values would hide what a message is about."""
Provenance = Literal["observed", "self"]
"""Whether values were observed in the world or made by our own models. The latter are never a target or an outcome."""


def utc_now() -> datetime:
    """The present moment, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a source is given besides its options.

    `credentials` is the entry of Kedro's credentials that the source names, empty without one; `database` is the URL of
    our own stores; `place` makes a path that counts from the project absolute; `now` tells the time.
    """

    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    database: str | None = field(default=None, repr=False)
    place: Callable[[str], str] = str
    now: Callable[[], datetime] = utc_now

    @property
    def secrets(self) -> Sequence[str]:
        """Every text in the credentials, however deep, but names and places: none of them may be shown."""
        return tuple(_texts(self.credentials))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of source: the class of its options, what builds it, and what people see of where it reads.

    `options` is a pydantic dataclass with `config=STRICT`. `build` gets the name of the source, its options and what it
    is given, and opens nothing yet. `location` says in a few words where the source reads, without secrets. A kind with
    `vintages` gives a row for each of them, and so its declaration has to name the column with their moments.
    """

    options: type
    build: Callable[[str, Any, Given], Source]
    location: Callable[[Any], str]
    provenance: Callable[[Any], Provenance] = lambda _: "observed"
    vintages: bool = False


def _texts(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [text for key, inner in value.items() if key not in PUBLIC for text in _texts(inner)]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in _texts(inner)]
    return [value] if isinstance(value, str) else []
