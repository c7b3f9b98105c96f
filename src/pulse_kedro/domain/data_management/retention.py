"""Which snapshots may go: a decision about facts; nothing is deleted here."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as options

from pulse_kedro.domain.lineage import Edge, ancestors

SNAPSHOT, CYCLE = "snapshot:", "cycle:"
"""Beginnings of names in lineage."""
MEGABYTE = 10**6


@options(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class RetentionOptions:
    """How much of the past is kept; read by `kedro pulse data snapshots --clean`."""

    max_megabytes: float = Field(gt=0)
    """Megabytes (10^6 bytes) that all snapshots together may take."""
    clean_up_at: float = Field(gt=0, le=1)
    """Share of `max_megabytes` from which on the oldest go, until less is taken."""
    max_age_days: float = Field(ge=0)
    """Days after which a snapshot goes, whatever is taken."""
    keep_versions: int = Field(ge=1)
    """Newest snapshots of each source that stay in any case, those of cycles and stored ones counted apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One snapshot in the catalogue. `sequence` is the order of keeping, whatever the clocks said."""

    id: str
    source: str
    stored: bool
    rows: int
    bytes: int
    sequence: int
    kept_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A snapshot that goes, and why."""

    snapshot: Kept
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a clean-up does: who goes, who stays although the rules would let it go, and bytes before and after."""

    going: tuple[Departure, ...]
    spared: dict[str, str]
    bytes_before: int
    bytes_after: int


def cited(edges: Iterable[Edge], by: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Snapshots that something was made from, directly or by way of other snapshots.

    The data of a bundle are those of its cycle. What the parent of a cycle knew is not followed: a cycle's own
    snapshot holds all that it had seen.

    Args:
        edges: Lineage, (parent, child).
        by: Names in lineage, and how a person calls each.

    Returns:
        For each snapshot id, who cites it first.
    """
    data = [(parent, child) for parent, child in edges if not (parent.startswith(CYCLE) and child.startswith(CYCLE))]
    found: dict[str, str] = {}
    for node, name in by:
        for above in (node, *ancestors(data, node)):
            if above.startswith(SNAPSHOT):
                found.setdefault(above.removeprefix(SNAPSHOT), name)
    return found


def choose(kept: Sequence[Kept], rules: RetentionOptions, *, now: datetime, spared: dict[str, str]) -> Plan:
    """Which snapshots go.

    Args:
        kept: All snapshots.
        rules: How much of the past is kept.
        now: This moment, aware.
        spared: Ids that may not go, with the reason.

    Returns:
        The oldest first.
    """
    newest = {one.id for group in _groups(kept) for one in group[-rules.keep_versions :]}
    before = left = sum(one.bytes for one in kept)
    limit = rules.clean_up_at * rules.max_megabytes * MEGABYTE
    going: list[Departure] = []
    held: dict[str, str] = {}
    for one in sorted(kept, key=lambda one: one.sequence):
        old = now - one.kept_at > timedelta(days=rules.max_age_days)
        if one.id in newest or not (old or left >= limit):
            continue
        if one.id in spared:
            held[one.id] = spared[one.id]
            continue
        going.append(Departure(snapshot=one, reason=_reason(rules, old=old)))
        left -= one.bytes
    return Plan(going=tuple(going), spared=held, bytes_before=before, bytes_after=left)


def _reason(rules: RetentionOptions, *, old: bool) -> str:
    limit = rules.clean_up_at * rules.max_megabytes
    return f"older than {rules.max_age_days:g} days" if old else f"all take more than {limit:g} MB"


def _groups(kept: Sequence[Kept]) -> Iterator[list[Kept]]:
    """Snapshots of one source and kind, in the order of keeping."""
    groups: dict[tuple[str, bool], list[Kept]] = {}
    for one in sorted(kept, key=lambda one: one.sequence):
        groups.setdefault((one.source, one.stored), []).append(one)
    yield from groups.values()
