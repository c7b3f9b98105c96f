"""A delivery on its way to the store: contract, cells, units and ranges; every row is kept, repeated or set aside."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.data_management.deliveries.contracts import ContractOptions
from pulse_kedro.domain.data_management.deliveries.examining import Drift, Examined, examine
from pulse_kedro.domain.data_management.rows import MissingColumn, Separated, separate
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.data_management.variables import EMPTY, Registry
from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, TARGET, TIME

BROKEN = ("at", "column", "series", "rule", "reason")
"""Columns of the table of rows that are set aside."""
REFUSED = "refused_delivery"
"""Rule about rows that could be used and came with too many that cannot."""
CONFLICT = "stored_conflict"
"""Rule about rows whose series, period and publication are stored already, with another value."""


class LostRows(InvalidInput):
    """The numbers of a delivery do not add up."""

    def __init__(self, source: str, rows_in: int, stored: int, duplicates: int, quarantined: int) -> None:
        """Keep the source and the four numbers."""
        super().__init__(source, rows_in, stored, duplicates, quarantined)
        self.source, self.rows_in, self.stored = source, rows_in, stored
        self.duplicates, self.quarantined = duplicates, quarantined

    def __str__(self) -> str:
        """Say which numbers there are."""
        return (
            f"Counting the rows of source {self.source!r} failed: got {self.stored} stored, {self.duplicates} "
            f"duplicates and {self.quarantined} set aside, expected {self.rows_in} together. This is a fault of ours: "
            "report it with the delivery."
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sifted:
    """What became of a delivery before the store saw it. `rows_in` = rows + `duplicates` + rows of `broken`.

    `rows` are in the shape of the panel with static columns; `at` is the place of each in the delivery and `column` its
    value column. `broken` has `BROKEN`, one row per observation that was set aside. A row with several value columns
    counts once for each of them that holds something.
    """

    rows_in: int
    rows: pd.DataFrame
    at: npt.NDArray[np.int64]
    column: npt.NDArray[np.object_]
    broken: pd.DataFrame
    duplicates: int
    versions: tuple[int, ...] = ()
    drift: tuple[Drift, ...] = field(default=())


def sift(
    table: pd.DataFrame,
    options: SourceOptions,
    *,
    contract: tuple[str, ContractOptions] | None = None,
    registry: Registry = EMPTY,
    facts: Mapping[str, object] | None = None,
) -> Sifted:
    """Rows of a delivery that the store can take, and the others with their reasons. Nothing that comes is an error.

    Args:
        table: What the source delivered.
        options: What the source declares.
        contract: Name and content of the contract; `None` where the source has none.
        registry: What is known of variables.
        facts: What is known about the delivery, for the version of the contract.
    """
    if table.empty:
        return _nothing(0, _broken([]))
    examined = None if contract is None else examine(table, *contract, facts=facts)
    rejected = _broken([]) if examined is None else _of_contract(examined)
    good = table if examined is None else examined.table
    places = np.arange(len(table)) if examined is None else good.index.to_numpy(dtype=np.int64)
    found = {} if examined is None else {"versions": examined.versions, "drift": examined.drift}
    if good.empty:
        return _nothing(len(rejected), rejected, **found)
    try:
        separated = separate(good, options, registry)
    except MissingColumn as error:
        names = ", ".join(repr(name) for _, name in error.missing)
        every = _all_broken(places, "missing_column", f"no column {names}, expected it in source {options.name!r}")
        drift = tuple(Drift(kind="missing_column", what=name, rows=len(good)) for _, name in error.missing)
        found["drift"] = (*found.get("drift", ()), *drift)
        return _nothing(len(rejected) + len(every), _together(rejected, every), **found)
    return _sifted(separated, places, rejected, found)


def refused(sifted: Sifted, reason: str) -> Sifted:
    """The same delivery with nothing to store: its good rows are set aside, too, and can be released later.

    Args:
        sifted: What became of it.
        reason: Why.
    """
    held = _all_broken(sifted.at, REFUSED, reason)
    held["column"] = sifted.column
    held["series"] = sifted.rows[ID].to_numpy(dtype=object)
    none = np.empty(0, dtype=np.int64)
    rows, broken = sifted.rows.iloc[:0], _together(sifted.broken, held)
    return replace(sifted, rows=rows, at=none, column=none.astype(object), broken=broken)


def places_of(sifted: Sifted, conflicts: pd.DataFrame) -> pd.DataFrame:
    """Rows that the store gave back as `BROKEN` rows: they contradict what it holds.

    Args:
        sifted: What was offered.
        conflicts: `unique_id`, `ds`, `y`, `available_at` of the rows that came back.
    """
    keys = [ID, TIME, TARGET, AVAILABLE_AT]
    offered = sifted.rows[keys].assign(at=sifted.at, column=sifted.column)
    offered = offered.drop_duplicates(keys) if offered.duplicated(keys).any() else offered
    found = conflicts[keys].merge(offered, on=keys, how="left", validate="many_to_one")
    reasons = [
        f"series {series!r}, period {when:%Y-%m-%d}, published {seen.isoformat()}: another value than {value} is stored"
        for series, when, value, seen in found[keys].itertuples(index=False)
    ]
    columns = {"at": found["at"].to_numpy(), "column": found["column"], "series": found[ID]}
    return pd.DataFrame({**columns, "rule": CONFLICT, "reason": reasons}, columns=list(BROKEN))


def bad_rows(sifted: Sifted) -> int:
    """How many rows of a delivery cannot be used."""
    return len(sifted.broken)


def _sifted(
    separated: Separated,
    places: npt.NDArray[np.int64],
    rejected: pd.DataFrame,
    found: Mapping[str, object],
) -> Sifted:
    quarantine = separated.quarantine
    again = quarantine["rule"].eq("duplicate")
    bad = quarantine.loc[~again]
    own = pd.DataFrame(
        {
            "at": places[bad["row"].to_numpy(dtype=np.int64) - 1],
            "column": separated.quarantine_column[~again.to_numpy()],
            "series": bad["series"],
            "rule": bad["rule"],
            "reason": bad["reason"],
        },
        columns=list(BROKEN),
    )
    return Sifted(
        rows_in=len(rejected) + len(separated.rows) + len(quarantine),
        rows=separated.rows,
        at=places[separated.at],
        column=separated.column,
        broken=_together(rejected, own),
        duplicates=int(again.sum()),
        **found,  # type: ignore[arg-type]
    )


def _of_contract(examined: Examined) -> pd.DataFrame:
    return _broken([examined.rejected.assign(column="", series=None)])


def _all_broken(at: npt.NDArray[np.int64], rule: str, reason: str) -> pd.DataFrame:
    return pd.DataFrame({"at": at, "column": "", "series": None, "rule": rule, "reason": reason}, columns=list(BROKEN))


def _broken(parts: list[pd.DataFrame]) -> pd.DataFrame:
    empty = pd.DataFrame({name: pd.Series(dtype="int64" if name == "at" else object) for name in BROKEN})
    return pd.concat([part[list(BROKEN)] for part in parts], ignore_index=True) if parts else empty


def _together(*parts: pd.DataFrame) -> pd.DataFrame:
    return _broken([part for part in parts if len(part)])


def _nothing(rows_in: int, broken: pd.DataFrame, **found: object) -> Sifted:
    none = np.empty(0, dtype=np.int64)
    return Sifted(
        rows_in=rows_in,
        rows=pd.DataFrame({name: [] for name in (ID, TIME, TARGET, AVAILABLE_AT)}),
        at=none,
        column=none.astype(object),
        broken=broken,
        duplicates=0,
        **found,  # type: ignore[arg-type]
    )
