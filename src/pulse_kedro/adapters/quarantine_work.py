"""What people do with rows that were set aside: correct them, look at them again, or give them up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulse_kedro.adapters.ingest import Desk, set_aside
from pulse_kedro.adapters.stores import quarantine
from pulse_kedro.adapters.stores.quarantine import Action, HeldRow, Outcome, RowIsClosed
from pulse_kedro.domain.data_management.deliveries.contracts import contract_named
from pulse_kedro.domain.data_management.deliveries.originals import table_of
from pulse_kedro.domain.data_management.deliveries.sifting import sift
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.errors import InvalidInput, nearest

AT_ONCE = 100_000
"""Rows of one source that are looked at again together; ours."""


class NoSuchCell(InvalidInput):
    """A correction names a column that the row does not have."""

    def __init__(self, row: str, column: str, known: Sequence[str]) -> None:
        """Keep the row, the column and those there are."""
        super().__init__(row, column, known)
        self.row, self.column, self.known = row, column, known

    def __str__(self) -> str:
        """Name the columns."""
        return (
            f"Correcting row {self.row} failed: got column {self.column!r}, expected one of {', '.join(self.known)}."
            f"{nearest(self.column, self.known)}"
        )


class NoReason(InvalidInput):
    """A row was to be given up without saying why."""

    def __init__(self, row: str) -> None:
        """Keep the row."""
        super().__init__(row)
        self.row = row

    def __str__(self) -> str:
        """Ask for the reason."""
        return f"Dropping row {self.row} failed: got no reason, expected one. Say why with --reason."


class SourceIsGone(InvalidInput):
    """A row belongs to a source that no configuration declares any more."""

    def __init__(self, source: str, known: Sequence[str]) -> None:
        """Keep the source and those there are."""
        super().__init__(source, known)
        self.source, self.known = source, known

    def __str__(self) -> str:
        """Name the sources there are."""
        return (
            f"Looking at rows of source {self.source!r} again failed: got no declaration of it, expected one of "
            f"{', '.join(self.known) or 'none'}. Declare it in sources.yml, or drop the rows."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What is declared about a source: its columns and the name of its contract, if it has one."""

    options: SourceOptions
    contract: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What came of rows: how many by outcome, and of those that are still broken why. `rows` = sum of `outcomes`."""

    rows: int
    outcomes: Mapping[str, int]
    reasons: Mapping[str, str] = field(default_factory=dict)
    snapshots: tuple[str, ...] = ()


def fix(row: str, cells: Mapping[str, object], declared: Mapping[str, Declared], desk: Desk, *, actor: str) -> Decided:
    """Correct cells of a row and let it try again; where it keeps every rule it is stored.

    Args:
        row: Its id, or the beginning of it.
        cells: Corrected value by column of the source; a column that its contract demands may be added.
        declared: Sources by name.
        desk: Where to work.
        actor: Who decides.

    Raises:
        UnknownRow: There is no such row.
        RowIsClosed: It is decided already.
        NoSuchCell: A column is not there.
        SourceIsGone: Its source is not declared.
    """
    held = _open(row, desk)
    known = _columns(held, declared, desk)
    for name in cells:
        if name not in known:
            raise NoSuchCell(held.id, name, known)
    return _try_again([held], declared, desk, action="fix", cells=cells, actor=actor)


def release(
    rows: Sequence[HeldRow],
    declared: Mapping[str, Declared],
    desk: Desk,
    *,
    actor: str,
    progress: Callable[[int], None] = lambda _: None,
) -> Decided:
    """Let rows try again as they are, under the rules and settings of today.

    Args:
        rows: Rows that wait.
        declared: Sources by name.
        desk: Where to work.
        actor: Who decides.
        progress: Called with the number of rows that are done.

    Raises:
        RowIsClosed: One of them is decided already.
        SourceIsGone: The source of one is not declared.
    """
    closed = next((held for held in rows if held.outcome != "waiting"), None)
    if closed is not None:
        raise RowIsClosed(closed.id, closed.outcome)
    made = []
    for source in dict.fromkeys(held.source for held in rows):
        own = [held for held in rows if held.source == source]
        for start in range(0, len(own), AT_ONCE):
            part = own[start : start + AT_ONCE]
            made.append(_try_again(part, declared, desk, action="release", cells={}, actor=actor))
            progress(len(part))
    return _added_up(made)


def drop(row: str, desk: Desk, *, reason: str, actor: str) -> Decided:
    """Give a row up. It stays where it is, marked, with the reason.

    Raises:
        UnknownRow: There is no such row.
        RowIsClosed: It is decided already.
        NoReason: Nobody says why.
    """
    held = _open(row, desk)
    if not reason.strip():
        raise NoReason(held.id)
    decided: list[tuple[str, Outcome, str]] = [(held.id, "dropped", reason.strip())]
    quarantine.decide(desk.engine, decided, action="drop", changes={}, snapshot=None, actor=actor, now=desk.now())
    return Decided(rows=1, outcomes={"dropped": 1})


def _open(row: str, desk: Desk) -> HeldRow:
    held = quarantine.one(desk.engine, row)
    if held.outcome != "waiting":
        raise RowIsClosed(held.id, held.outcome)
    return held


def _of(source: str, declared: Mapping[str, Declared]) -> Declared:
    if source not in declared:
        raise SourceIsGone(source, sorted(declared))
    return declared[source]


def _columns(held: HeldRow, declared: Mapping[str, Declared], desk: Desk) -> list[str]:
    """Columns that a correction may name: those of the row, of its contract, and of its source."""
    source = _of(held.source, declared)
    names = [*held.original, *(name for _, name in source.options.columns.roles()), *source.options.static]
    if source.contract is not None:
        contract = contract_named(source.contract, desk.contracts)
        names += [name for version in contract.versions.values() for name in version.columns]
    return list(dict.fromkeys(names))


def _try_again(
    rows: Sequence[HeldRow],
    declared: Mapping[str, Declared],
    desk: Desk,
    *,
    action: Action,
    cells: Mapping[str, object],
    actor: str,
) -> Decided:
    """Rows of one source through the same rules as a delivery, except the limit of bad ones."""
    source = _of(rows[0].source, declared)
    table = table_of([{**held.original, **cells} for held in rows])
    contract = None if source.contract is None else (source.contract, contract_named(source.contract, desk.contracts))
    sifted = sift(table, source.options, contract=contract, registry=desk.registry)
    now = desk.now()
    version = None if contract is None else f"{contract[0]}@{contract[1].current}"
    name = source.options.name
    appended = None
    if len(sifted.rows):
        appended = desk.store.append(name, sifted.rows, now=now, contract=version)
    broken = {one.row - 1: one.reason for one in reversed(set_aside(table, name, sifted, appended))}
    stored = set(sifted.at.tolist()) if appended is not None and appended.stored else set()
    decided = [(held.id, *_outcome(place, broken, stored)) for place, held in enumerate(rows)]
    snapshot = None if appended is None else appended.snapshot
    quarantine.decide(desk.engine, decided, action=action, changes=cells, snapshot=snapshot, actor=actor, now=now)
    outcomes: dict[str, int] = {}
    for _, outcome, _ in decided:
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    reasons = {row: reason for row, outcome, reason in decided if outcome == "broken"}
    return Decided(rows=len(rows), outcomes=outcomes, reasons=reasons, snapshots=(snapshot,) if snapshot else ())


def _outcome(place: int, broken: Mapping[int, str], stored: set[int]) -> tuple[Outcome, str]:
    """What came of one row, and why."""
    if place in broken:
        return "broken", broken[place]
    return ("stored", "keeps every rule") if place in stored else ("duplicate", "the store has this value")


def _added_up(made: Sequence[Decided]) -> Decided:
    outcomes: dict[str, int] = {}
    reasons: dict[str, str] = {}
    for one in made:
        reasons |= one.reasons
        for outcome, count in one.outcomes.items():
            outcomes[outcome] = outcomes.get(outcome, 0) + count
    snapshots: list[Any] = [snapshot for one in made for snapshot in one.snapshots]
    return Decided(rows=sum(one.rows for one in made), outcomes=outcomes, reasons=reasons, snapshots=tuple(snapshots))
