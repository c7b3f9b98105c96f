"""Committed cycles, the chain they form, and what the last node of a cycle hands over to be committed.

The main line is the chain of ancestors of the head, the cycle that the champion row names. Everything else that was
committed (a back-dated run, a cycle that a correction has superseded) stays readable, but nobody builds on it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal

import pandas as pd

from pulse_kedro.domain.cycle import Cycle, Period
from pulse_kedro.domain.errors import PulseError, SchemaMismatch, nearest
from pulse_kedro.domain.ledger import FORECAST_COLUMNS, OUTCOME_COLUMNS
from pulse_kedro.domain.lineage import ancestors

Line = Literal["main", "replay"]
SCORE_COLUMNS = ("recipe", "model", "level", "unique_id", "step", "metric", "value", "n")


class UnknownCycle(PulseError):
    """A cycle was asked for that was never committed."""

    code: ClassVar[str] = "storage.not_found"

    def __init__(self, key: str, known: Sequence[str]) -> None:
        """Keep the key that was asked for and the keys there are."""
        super().__init__(key, known)
        self.key, self.known = key, known

    def __str__(self) -> str:
        """Say how many cycles there are and which key is nearest."""
        return (
            f"Reading a cycle failed: got {self.key!r}, expected one of {len(self.known)} committed cycles."
            f"{nearest(self.key, self.known)} `kedro pulse history` lists them."
        )


class NoCycleYet(PulseError):
    """The newest cycle was asked for before the first one was committed."""

    code: ClassVar[str] = "storage.not_found"

    def __str__(self) -> str:
        """Say how the first cycle is made."""
        return (
            "Reading the newest cycle failed: got no committed cycle, expected at least one. Next, in a terminal in "
            "the folder of the project: `make run`, or `kedro run --params as_of=YYYY-MM-DD`."
        )


class HeadMoved(PulseError):
    """Another cycle was committed while this one ran, so this one stands on an outdated parent."""

    def __init__(self, key: str, parent: str | None, head: str | None) -> None:
        """Keep the cycle, the parent it was computed on, and the head found at commit time."""
        super().__init__(key, parent, head)
        self.key, self.parent, self.head = key, parent, head

    def __str__(self) -> str:
        """Say what moved, and that a second run settles it."""
        return (
            f"Committing cycle {self.key} failed: got parent {self.parent or 'none'}, expected {self.head or 'none'} "
            "and what serves there, because another run was committed or another bundle put in charge meanwhile. "
            "Nothing was changed; run the same command again to build on the newer cycle."
        )


class IncompleteRecord(SchemaMismatch):
    """A frame of a cycle record cannot be committed as it is."""

    def __init__(self, frame: str, columns: Sequence[str], rule: str) -> None:
        """Keep the frame, the columns at fault, and what is expected of them."""
        super().__init__(frame, columns, rule)
        self.frame, self.columns, self.rule = frame, columns, rule

    def __str__(self) -> str:
        """Name frame, columns and rule."""
        return (
            f"Committing the frame {self.frame!r} failed: got {', '.join(self.columns)}, expected {self.rule}. "
            "Nothing was changed; mend the node that makes this frame."
        )


class PartsOfAnotherCycle(SchemaMismatch):
    """A record was put together from parts that different cycles made."""

    def __init__(self, key: str, as_of: str, strange: Sequence[str]) -> None:
        """Keep the cycle, the period it stands at, and what does not belong to it, in words."""
        super().__init__(key, as_of, strange)
        self.key, self.as_of, self.strange = key, as_of, strange

    def __str__(self) -> str:
        """Name the strange parts, and the run that makes all of them anew."""
        return (
            f"Committing cycle {self.key} failed: got {'; '.join(self.strange)}, expected parts of this cycle only. "
            "A run that starts in the middle takes what the last run left on disk; nothing was changed. Run the whole "
            f"cycle instead: `kedro run --params as_of={self.as_of}`."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedCycle:
    """One cycle as the database has it.

    `configured_recipe` is what the settings asked for, `recipe` the one that serves, `revision` counts the states of
    the serving recipe, `since` is the `as_of` (ISO date) at which that recipe became champion. `line` is where the
    cycle stood when it was committed; `History.main_line` knows whether it still does. `regime` is the filtered regime
    vector at `as_of` and `seeds` what was drawn with which seed; `None` where an earlier version committed.
    """

    key: str
    as_of: pd.Timestamp
    parent: str | None
    line: Line
    snapshot: str
    configured_recipe: str
    code_version: str
    recipe: str
    bundle: str
    revision: int
    since: str
    decision: Mapping[str, object]
    plan: Mapping[str, object]
    quality: Mapping[str, object]
    summary: Mapping[str, object]
    rulebook: str
    ended: tuple[str, ...]
    committed_at: pd.Timestamp
    regime: Mapping[str, object] | None = None
    seeds: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class History:
    """All committed cycles, in order of commit, and the key of the head.

    `override` is the digest of the bundle that serves in place of the head's; `None` unless a person put it in charge.
    """

    cycles: tuple[CommittedCycle, ...] = ()
    head: str | None = None
    override: str | None = None

    @cached_property
    def by_key(self) -> Mapping[str, CommittedCycle]:
        """Every committed cycle under its key."""
        return {cycle.key: cycle for cycle in self.cycles}

    @cached_property
    def main_line(self) -> tuple[CommittedCycle, ...]:
        """The head and its ancestors, the newest first; empty before the first cycle."""
        if self.head is None:
            return ()
        edges = ((cycle.parent, cycle.key) for cycle in self.cycles if cycle.parent is not None)
        return tuple(self.committed(key) for key in (self.head, *ancestors(edges, self.head)))

    @property
    def newest(self) -> CommittedCycle:
        """The head of the main line: what `kedro pulse status` speaks of.

        Raises:
            NoCycleYet: Nothing was committed.
        """
        if self.head is None:
            raise NoCycleYet
        return self.committed(self.head)

    @property
    def serving(self) -> CommittedCycle:
        """What serves, as the head has it or as the cycle that the overriding bundle comes from.

        Raises:
            NoCycleYet: Nothing was committed.
        """
        return self.newest if self.override is None else self.version(self.override)

    def version(self, bundle: str) -> CommittedCycle:
        """The newest cycle that a bundle served, on the main line if it did there; of a challenger, its cycle.

        A challenger that never served has the key of the cycle that made it, revision 1, and reigns since then.

        Raises:
            UnknownCycle: No committed cycle made the bundle.
        """
        line = {cycle.key for cycle in self.main_line}
        served = [cycle for cycle in self.cycles if cycle.bundle == bundle]
        if served:
            return max(served, key=lambda cycle: (cycle.key in line, cycle.committed_at))
        for cycle in reversed(self.cycles):
            for made in candidates_of(cycle.decision):
                if made["bundle"] == bundle:
                    since = cycle.as_of.date().isoformat()
                    return replace(cycle, bundle=bundle, recipe=made["recipe"], revision=1, since=since)
        raise UnknownCycle(bundle, tuple(cycle.bundle for cycle in self.cycles))

    def stand_in(self, parent: str | None) -> str | None:
        """Bundle that serves in place of a cycle's own; `None` unless it is the head and a person put one in charge."""
        return self.override if parent is not None and parent == self.head else None

    def basis(self, period: Period) -> CommittedCycle | None:
        """What a cycle builds on: its parent, or the version that serves in its place; `None` for the first one."""
        if period.parent is None:
            return None
        return self.committed(period.parent) if period.serving is None else self.version(period.serving)

    def stands_apart(self, period: Period) -> bool:
        """Whether a person put a bundle in charge that a cycle does not build on."""
        built_on = period.serving or (None if period.parent is None else self.committed(period.parent).bundle)
        return self.override is not None and built_on != self.override

    def committed(self, key: str) -> CommittedCycle:
        """The committed cycle with this key.

        Raises:
            UnknownCycle: No such cycle was committed.
        """
        if key not in self.by_key:
            raise UnknownCycle(key, tuple(self.by_key))
        return self.by_key[key]

    def ancestors(self, as_of: pd.Timestamp) -> tuple[str, ...]:
        """Keys of the cycles that a run at `as_of` builds on, the parent first.

        Args:
            as_of: Newest period the run knows.

        Returns:
            Main-line cycles that know strictly less than `as_of`; empty for the first run.
        """
        return tuple(cycle.key for cycle in self.main_line if cycle.as_of < as_of)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CycleRecord:
    """Everything one cycle leaves behind; saving it is the commit.

    `bundle` and `recipe` are the digests that serve from now on, `revision` and `since` describe that recipe.
    `rulebook` holds `hash`, `recipe` and `rules`. `scores` and `live_scores` have `SCORE_COLUMNS`, `forecasts` has
    `FORECAST_COLUMNS`, `outcomes` has `OUTCOME_COLUMNS`; each may be empty. `ended` lists series without a forecast.
    `regime` is the filtered regime vector at the cutoff, `seeds` what was drawn with which seed. `trust` has
    `SCORE_COLUMNS`, `low` and `high`.
    """

    cycle: Cycle
    bundle: str
    recipe: str
    revision: int
    since: str
    decision: Mapping[str, object]
    plan: Mapping[str, object]
    quality: Mapping[str, object]
    summary: Mapping[str, object]
    rulebook: Mapping[str, object]
    scores: pd.DataFrame
    live_scores: pd.DataFrame
    forecasts: pd.DataFrame
    outcomes: pd.DataFrame
    ended: tuple[str, ...]
    regime: Mapping[str, object] | None = None
    seeds: Mapping[str, object] | None = None
    trust: pd.DataFrame | None = None


def candidates_of(decision: Mapping[str, object]) -> tuple[Mapping[str, str], ...]:
    """Bundles that a decision had before it, each with `bundle` and `recipe`; empty for records that name none."""
    found = decision.get("candidates")
    return tuple(found.values()) if isinstance(found, Mapping) else ()


def place(history: History, cycle: Cycle) -> Line:
    """Where a cycle that is about to be committed stands: on the main line, as its new head, or beside it.

    The head moves forward in time, or is superseded by a cycle of the same `as_of`, parent and configured recipe
    (corrected data or code). Anything else is a replay and leaves the champion alone.

    Args:
        history: What is committed at this moment.
        cycle: The newcomer; its key is not in the history yet.

    Returns:
        `main` when the head moves to this cycle, else `replay`.

    Raises:
        HeadMoved: The cycle would become the head, but was computed on a parent that no longer is.
    """
    parent, as_of = cycle.period.parent, cycle.period.as_of
    if history.head is None:
        return _on(history, cycle, expected=None)
    head = history.committed(history.head)
    if as_of > head.as_of:
        return _on(history, cycle, expected=head.key)
    supersedes = as_of == head.as_of and (parent, cycle.recipe) == (head.parent, head.configured_recipe)
    return "main" if supersedes else "replay"


def _on(history: History, cycle: Cycle, *, expected: str | None) -> Line:
    if cycle.period.parent != expected or (expected is not None and cycle.period.serving != history.override):
        raise HeadMoved(cycle.key, cycle.period.parent, history.head)
    return "main"


def check(record: CycleRecord) -> None:
    """Refuse a record whose frames cannot be committed, before anything is written.

    Args:
        record: What the last node of a cycle returned.

    Raises:
        IncompleteRecord: A column is missing, or a key column has gaps.
        PartsOfAnotherCycle: Forecasts, outcomes, bundle or decision were made by another cycle.
    """
    for name, columns in _FRAMES.items():
        frame: pd.DataFrame = getattr(record, name)
        missing = [column for column in columns if column not in frame.columns]
        if missing:
            raise IncompleteRecord(name, tuple(frame.columns), f"also the columns {', '.join(missing)}")
        gaps = [column for column in _COMPLETE[name] if frame[column].isna().any()]
        if gaps:
            raise IncompleteRecord(name, gaps, "values without gaps there")
    strange = tuple(_find_strange(record))
    if strange:
        raise PartsOfAnotherCycle(record.cycle.key, record.cycle.period.as_of.date().isoformat(), strange)


def _find_strange(record: CycleRecord) -> Iterator[str]:
    """What does not belong to the cycle of a record, in words."""
    cycle, forecasts = record.cycle, record.forecasts
    for key in sorted(set(map(str, forecasts["cycle"].unique())) - {cycle.key}):
        yield f"forecasts of cycle {key}"
    for when in forecasts.loc[forecasts["cutoff"].ne(cycle.period.as_of), "cutoff"].unique():
        yield f"forecasts made with what was known at {when.date()}"
    for snapshot in sorted(set(map(str, record.outcomes["snapshot"].unique())) - {cycle.snapshot}):
        yield f"outcomes of snapshot {snapshot}"
    if record.decision.get("bundle", record.bundle) != record.bundle:
        yield f"a decision on bundle {str(record.decision['bundle'])[:12]} for bundle {record.bundle[:12]}"


_FRAMES = {
    "scores": SCORE_COLUMNS,
    "live_scores": SCORE_COLUMNS,
    "forecasts": FORECAST_COLUMNS,
    "outcomes": OUTCOME_COLUMNS,
}
_COMPLETE = {
    "scores": SCORE_COLUMNS[:6],
    "live_scores": SCORE_COLUMNS[:6],
    "forecasts": FORECAST_COLUMNS[:6],
    "outcomes": OUTCOME_COLUMNS,
}
