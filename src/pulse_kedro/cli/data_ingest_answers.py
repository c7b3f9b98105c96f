"""What `data ingest` asks of sources, and what it answers, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from pulse_kedro.adapters.ingest import Ingested
from pulse_kedro.adapters.sources.configured import ConfiguredSource
from pulse_kedro.adapters.stores.ingests import watermark
from pulse_kedro.domain.data_management.as_of import parse_known_at
from pulse_kedro.domain.data_management.fetching import Request
from pulse_kedro.domain.errors import InvalidInput

WRONG = ("failed", "refused")
"""What a source can be that makes the command fail."""


class UnreadablePeriod(InvalidInput):
    """A period that was wanted cannot be read."""

    def __init__(self, option: str, given: str) -> None:
        """Keep the option and what was given."""
        super().__init__(option, given)
        self.option, self.given = option, given

    def __str__(self) -> str:
        """Say how a period is spelled."""
        return f"Reading {self.option} failed: got {self.given!r}, expected a day such as 2019-01-31. Correct it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person wants of sources, as it was typed."""

    start: str | None = None
    end: str | None = None
    as_of: str | None = None
    variables: str | None = None
    since_watermark: bool = False


def requests_of(sources: Mapping[str, ConfiguredSource], asked: Asked, engine: Engine) -> dict[str, Request]:
    """What is wanted of each source.

    Args:
        sources: Which ones.
        asked: What was typed.
        engine: Where the newest stored periods are known.

    Raises:
        UnreadablePeriod: A start or an end is no day.
        UnreadableKnownAt: The moment is no moment.
        UnusableRequest: The end is before the start.
    """
    start, end = _period("--start", asked.start), _period("--end", asked.end)
    moment = None if asked.as_of is None else parse_known_at(asked.as_of)
    wanted = tuple(name.strip() for name in (asked.variables or "").split(",") if name.strip())
    made = {}
    for name in sources:
        stored = watermark(engine, name) if asked.since_watermark and start is None else None
        first = start if stored is None else pd.Timestamp(stored)
        made[name] = Request(start=first, end=end, variables=wanted, as_of=moment)
    return made


def answer_of(made: Sequence[Ingested]) -> dict[str, Any]:
    """Plain answer of an ingest.

    Args:
        made: What became of each source.
    """
    return {
        "sources": [
            {
                "source": one.source,
                "status": one.status,
                "ingest": one.ingest,
                "snapshot": one.snapshot,
                "rows_in": one.rows_in,
                "stored": one.stored,
                "revisions": one.revisions,
                "duplicates": one.duplicates,
                "quarantined": one.quarantined,
                "by_rule": dict(one.by_rule),
                "drift": [{"kind": drift.kind, "what": drift.what, "rows": drift.rows} for drift in one.drift],
                "hooks": dict(one.hooks),
                "error": one.error,
                "seconds": round(one.seconds, 3),
            }
            for one in made
        ],
        "failed": sum(one.status in WRONG for one in made),
    }


def _period(option: str, given: str | None) -> pd.Timestamp | None:
    if given is None:
        return None
    try:
        return pd.Timestamp(given).tz_localize(None)
    except ValueError as error:
        raise UnreadablePeriod(option, given) from error
