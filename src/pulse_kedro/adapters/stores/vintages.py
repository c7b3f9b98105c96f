"""Every vintage of every source: appended once, never changed, read as it was known at any moment.

An append stores what is new as one snapshot of Parquet objects and enters it into the SQL catalogue; neither an append
nor a read touches more than the objects whose keys overlap. Readers see what is entered, so a writer that is killed
leaves nothing but objects that nobody names.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import pandas as pd
from sqlalchemy import Connection, Engine, delete, insert, select

from pulse_kedro.adapters.stores import catalogue, edges, objects, selection
from pulse_kedro.adapters.stores.blobs import Blobs
from pulse_kedro.adapters.stores.columns import to_json
from pulse_kedro.adapters.stores.engine import add_missing
from pulse_kedro.adapters.stores.objects import Part
from pulse_kedro.adapters.stores.tables import payloads, vintages
from pulse_kedro.domain.data_management.conditions import KEYS, Condition, UnknownColumn, check, satisfying
from pulse_kedro.domain.data_management.snapshots import snapshot_id
from pulse_kedro.domain.data_management.vintages import Sorting, as_text, canonical, in_order, known_at, sort_out
from pulse_kedro.domain.errors import PulseError, nearest
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, PANEL_COLUMNS, TIME

FEW_SERIES = 1_000
"""Up to this many, an append names its series when it looks for stored vintages, else only the first and last; ours."""
TRIES = 20
"""How often an append looks anew because others were faster; ours, each time one of them has got through."""


class NothingStored(PulseError):
    """A source was read of which nothing was ever stored."""

    code: ClassVar[str] = "storage.not_found"

    def __init__(self, source: str, known: Sequence[str]) -> None:
        """Keep the source that was asked for and those there are."""
        super().__init__(source, known)
        self.source, self.known = source, known

    def __str__(self) -> str:
        """Name the stored sources and the nearest one."""
        return (
            f"Reading the store failed: got source {self.source!r}, expected one of {', '.join(self.known) or 'none'}."
            f"{nearest(self.source, self.known)} `kedro pulse data ingest` stores a source."
        )


class CrowdedSource(PulseError):
    """Others appended to the same periods of a source, again and again, while this append looked."""

    code: ClassVar[str] = "network.timeout"
    detail: ClassVar[str] = "db_locked"

    def __init__(self, source: str, tries: int) -> None:
        """Keep the source and how often it was tried."""
        super().__init__(source, tries)
        self.source, self.tries = source, tries

    def __str__(self) -> str:
        """Say that a later try will do."""
        return (
            f"Storing rows of source {self.source!r} failed: got {self.tries} appends by others while it looked, "
            "expected a quiet moment. Nothing was stored; run the same command again."
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Appended:
    """What an append did. Rows offered = `stored` + `duplicates` + the rows of `conflicts`.

    `snapshot` is the id of what was stored, or of what the same payload stored before; `None` where every row was a
    duplicate or in conflict. `revisions` counts the stored rows that replace another value.
    """

    snapshot: str | None
    stored: int
    duplicates: int
    revisions: int
    conflicts: pd.DataFrame


class VintageStore:
    """Appends to sources and reads them as they were known. It holds no data, so a new one costs nothing."""

    def __init__(self, engine: Engine, blobs: Blobs) -> None:
        """Keep where things are.

        Args:
            engine: On the catalogue; opened for writing where rows shall be appended.
            blobs: Where objects lie.
        """
        self._engine = engine
        self._blobs = blobs

    def append(
        self,
        source: str,
        rows: pd.DataFrame,
        *,
        now: datetime,
        contract: str | None = None,
        parents: Sequence[str] = (),
    ) -> Appended:
        """Store what is new in some rows of a source.

        Args:
            source: Its name.
            rows: `unique_id`, `ds` (naive period start), `y` (finite), `available_at` (aware) and static columns.
            now: Moment of storing, aware; part of no id.
            contract: Name and version of the contract that the rows passed.
            parents: What the rows were made from, by lineage names such as `snapshot:…`; `source:<name>` where empty.

        Returns:
            What became of the rows. The same rows again store nothing.

        Raises:
            UnusableRows: A column or a value is missing.
            CrowdedSource: Others kept appending to the same periods.
            UnreachableStore: The place of objects gives no answer; nothing was entered.
        """
        offered = canonical(rows, source)
        if offered.empty:
            return _appended(None, offered, sort_out(offered, offered))
        payload = snapshot_id(offered)
        for _ in range(TRIES):
            with self._engine.connect() as connection:
                seen = selection.newest(connection, source)
                alike = selection.find(connection, source, _alike(offered), None)
                own = catalogue.parts_of(connection, payload)
            if own and not objects.are_there(self._blobs, own):
                self._mend(payload, offered)
            sorting = sort_out(offered, self._parse(alike, _alike(offered)))
            new = offered if sorting.new.all() else offered.loc[sorting.new].reset_index(drop=True)
            snapshot = payload if sorting.new.all() else snapshot_id(new)
            if new.empty:
                return _appended(self._answered(source, payload), offered, sorting)
            written = self._write(snapshot, new)
            with catalogue.cataloguing(self._engine) as connection:
                if not selection.overlaps(connection, source, new, after=seen):
                    if not objects.are_there(self._blobs, written):  # deleted since, with a snapshot of this content
                        written = objects.put(self._blobs, snapshot, new)
                    facts = {"source": source, "snapshot": snapshot, "contract": contract}
                    _enter(connection, facts | {"revisions": sorting.revision.sum()}, new, written, now=now)
                    add_missing(connection, payloads, [{"source": source, "digest": payload, "snapshot": snapshot}])
                    above = parents or (f"source:{source}",)
                    edges.add(connection, [(parent, f"snapshot:{snapshot}") for parent in above])
                    return _appended(snapshot, offered, sorting)
        raise CrowdedSource(source, TRIES)

    def read(
        self,
        source: str,
        *,
        as_of: datetime | None = None,
        where: Sequence[Condition] = (),
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Rows of a source as they were known at a moment: of each series and period the newest vintage.

        Args:
            source: Its name.
            as_of: Aware; what was published later does not exist. `None` knows everything.
            where: Conditions on the rows that come back; all have to hold.
            columns: What to return; `None` takes the panel's columns and every static one.

        Returns:
            Rows sorted by series and period, text as text.

        Raises:
            NothingStored: Nothing was ever appended to the source.
            UnknownColumn, UnknownOperator, UnusableValue: A condition or a column cannot be read.
            DamagedFile: An object is not what was written.
        """
        moment = None if as_of is None else pd.Timestamp(as_of).tz_convert("UTC")
        known, chosen = self._checked(source, where, columns)
        early = [condition for condition in known if condition.column in KEYS]
        late = [condition for condition in known if condition.column not in KEYS]
        wanted = {*chosen, *(condition.column for condition in late)}
        found = known_at(self._load(source, early, moment, wanted), moment)
        return _told(found, late, chosen)

    def vintages(self, source: str, *, where: Sequence[Condition] = ()) -> pd.DataFrame:
        """Every vintage of a source, the first releases and all revisions.

        Args:
            source: Its name.
            where: Conditions; all have to hold.

        Returns:
            Rows sorted by series, period and moment, text as text.

        Raises:
            NothingStored: Nothing was ever appended to the source.
            UnknownColumn, UnknownOperator, UnusableValue: A condition cannot be read.
            DamagedFile: An object is not what was written.
        """
        known, chosen = self._checked(source, where, None)
        wanted = {*chosen, *(condition.column for condition in known)}
        return _told(in_order(self._load(source, known, None, wanted)), known, chosen)

    def snapshots_of(self, source: str, *, as_of: datetime | None = None) -> tuple[str, ...]:
        """Ids of the snapshots that a read at a moment may draw from, in the order of appending: its lineage.

        Args:
            source: Its name.
            as_of: Aware; `None` takes all.
        """
        with self._engine.connect() as connection:
            return selection.snapshots_of(connection, source, as_of)

    def shows(self, source: str, snapshot: str) -> bool:
        """Whether a read of the whole source as it is known now returns a row of one of its snapshots.

        Args:
            source: Its name.
            snapshot: Id of one of the snapshots it consists of.
        """
        with self._engine.connect() as connection:
            own = catalogue.parts_of(connection, snapshot)
        for part in own:
            rows = in_order(selection.parse([objects.load(self._blobs, part)], PANEL_COLUMNS, ()))
            newest = known_at(self._load(source, _alike(rows), None, set()), None)
            among = rows.merge(newest, on=[ID, TIME, AVAILABLE_AT], how="inner")
            if len(among):
                return True
        return False

    def sources(self) -> tuple[str, ...]:
        """Names of all sources of which something is stored, sorted."""
        with self._engine.connect() as connection:
            return tuple(connection.execute(select(vintages.c.source).distinct().order_by(vintages.c.source)).scalars())

    def _checked(
        self, source: str, conditions: Sequence[Condition], columns: Sequence[str] | None
    ) -> tuple[tuple[Condition, ...], list[str]]:
        """Conditions and columns as they are meant, or an error that names the nearest ones."""
        with self._engine.connect() as connection:
            static = selection.static_of(connection, source)
        if static is None:
            raise NothingStored(source, self.sources())
        available = [*PANEL_COLUMNS, *static]
        unknown = next((name for name in columns or () if name not in available), None)
        if unknown is not None:
            raise UnknownColumn(unknown, available)
        return check(conditions, available), list(available if columns is None else columns)

    def _load(
        self, source: str, conditions: Sequence[Condition], as_of: pd.Timestamp | None, wanted: set[str]
    ) -> pd.DataFrame:
        """Vintages that satisfy the conditions, from the objects that may hold some."""
        found = self._find(source, conditions, as_of)
        try:
            return self._parse(found, conditions, wanted)
        except FileNotFoundError:  # a clean-up may have been faster
            again = self._find(source, conditions, as_of)
            if again == found:
                raise
            return self._parse(again, conditions, wanted)

    def _find(self, source: str, conditions: Sequence[Condition], as_of: pd.Timestamp | None) -> list[Part]:
        with self._engine.connect() as connection:
            return selection.find(connection, source, conditions, as_of)

    def _parse(
        self, found: Sequence[Part], conditions: Sequence[Condition], wanted: AbstractSet[str] = frozenset()
    ) -> pd.DataFrame:
        """Rows in some objects, verified one after the other."""
        contents = (objects.load(self._blobs, part) for part in found)
        return selection.parse(contents, sorted({*wanted, *PANEL_COLUMNS}), conditions)

    def _mend(self, snapshot: str, rows: pd.DataFrame) -> None:
        """Write the objects of a snapshot again: some are gone."""
        written = objects.put(self._blobs, snapshot, rows)
        with catalogue.cataloguing(self._engine) as connection:
            catalogue.replace_parts(connection, snapshot, written)

    def _write(self, snapshot: str, rows: pd.DataFrame) -> list[Part]:
        """Objects of a snapshot: those of the catalogue where the same content is kept already, else new ones."""
        with self._engine.connect() as connection:
            found = catalogue.parts_of(connection, snapshot)
        ranged = all(part.first_id is not None for part in found)
        return found if ranged and objects.are_there(self._blobs, found) else objects.put(self._blobs, snapshot, rows)

    def _answered(self, source: str, payload: str) -> str | None:
        """The snapshot that the same payload stored before."""
        known = select(payloads.c.snapshot).where(payloads.c.source == source, payloads.c.digest == payload)
        with self._engine.connect() as connection:
            return connection.execute(known).scalar()


def _alike(rows: pd.DataFrame) -> tuple[Condition, ...]:
    """Conditions that the vintages of the series and periods of some rows satisfy, and few others."""
    names, periods = rows[ID].cat.categories, rows[TIME]
    few = len(names) <= FEW_SERIES
    series: tuple[str, ...] = tuple(names) if few else (names[0], names[-1])
    return (
        Condition(column=ID, operator="in" if few else "between", value=series),
        Condition(column=TIME, operator="between", value=(periods.min(), periods.max())),
    )


def _enter(
    connection: Connection, facts: Mapping[str, Any], new: pd.DataFrame, written: Sequence[Part], *, now: datetime
) -> None:
    """Let the catalogue name a snapshot and say that its source consists of it, too."""
    snapshot, source = facts["snapshot"], facts["source"]
    series = int(new[ID].nunique())
    catalogue.enter(connection, snapshot, written, source=source, series=series, now=now)
    row = {
        **facts,
        "revisions": int(facts["revisions"]),
        "kept_at": now,
        "sequence": selection.newest(connection, source) + 1,
        "rows": len(new),
        "static": to_json([name for name in new.columns if name not in PANEL_COLUMNS]),
        "first_ds": min(part.first_ds for part in written if part.first_ds),
        "last_ds": max(part.last_ds for part in written if part.last_ds),
    }
    before = (vintages.c.source == source, vintages.c.snapshot == snapshot)  # one that was being deleted
    connection.execute(delete(vintages).where(*before))
    connection.execute(insert(vintages).values(row))


def _appended(snapshot: str | None, offered: pd.DataFrame, sorting: Sorting) -> Appended:
    """What an append did, with the conflicts as rows."""
    return Appended(
        snapshot=snapshot,
        stored=int(sorting.new.sum()),
        duplicates=int(sorting.duplicate.sum()),
        revisions=int(sorting.revision.sum()),
        conflicts=as_text(offered.loc[sorting.conflict].reset_index(drop=True)),
    )


def _told(rows: pd.DataFrame, conditions: Sequence[Condition], columns: Sequence[str]) -> pd.DataFrame:
    """The rows that satisfy the conditions, as a person reads them."""
    kept = satisfying(rows, conditions)
    chosen = rows if kept.all() else rows.loc[kept].reset_index(drop=True)
    return as_text(chosen[list(columns)])
