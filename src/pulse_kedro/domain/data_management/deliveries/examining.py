"""Holding a delivery to its contract: which version it is, what breaks it, and the rest in the current version."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.data_management.deliveries.contracts import ContractOptions, VersionOptions
from pulse_kedro.domain.data_management.deliveries.conversions import registered
from pulse_kedro.domain.errors import nearest

CONTRACT_RULES = ("unknown_version", "missing_column", "empty_cell", "changed_type", "not_converted")
"""Rules about a delivery, in the order in which they are looked at."""
REJECTED = ("at", "rule", "reason")
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One way in which a delivery differs from its contract: `kind` is `extra_column` or one of `CONTRACT_RULES`."""

    kind: str
    what: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examined:
    """A delivery that was held to its contract.

    `table` has the rows that keep it, in the columns of the current version; its index is the position of each row in
    the delivery. `rejected` has the others: `at` (that position), `rule`, `reason`. `versions` are those found.
    """

    table: pd.DataFrame
    rejected: pd.DataFrame
    versions: tuple[int, ...]
    drift: tuple[Drift, ...]


def examine(
    table: pd.DataFrame, name: str, contract: ContractOptions, *, facts: Mapping[str, object] | None = None
) -> Examined:
    """Rows of a delivery in the current version of its contract, and the rows that break it, with reasons.

    Args:
        table: What came, as it came; cells may be anything.
        name: Name of the contract.
        contract: What it promises.
        facts: What is known about the delivery; may say its version under the name of the version column.

    Returns:
        Every row of the table once. An extra column is drift and goes no further; a missing column rejects all rows, a
        cell of another type its row. Nothing is raised for what came.
    """
    delivered = table.set_axis(pd.RangeIndex(len(table))).set_axis(list(map(str, table.columns)), axis=1)
    if not delivered.columns.is_unique:
        twice = delivered.columns[delivered.columns.duplicated()][0]
        rejected = _rejected(delivered.index, "missing_column", f"column {twice!r} stands there twice, expected once")
        return _put_together([], [rejected], contract, [Drift(kind="missing_column", what=twice, rows=len(table))])
    parts = [
        _one_version(delivered.loc[rows], version, name, contract)
        for version, rows in _by_version(delivered, contract, facts or {})
    ]
    drift = _merged(found for part in parts for found in part.drift)
    return _put_together(parts, [part.rejected for part in parts], contract, drift)


def version_by_columns(columns: Sequence[str], contract: ContractOptions) -> int:
    """The version whose columns are all there, the newest of those with most; else the one that lacks fewest.

    Args:
        columns: What came.
        contract: Its versions.

    Returns:
        A version of the contract.
    """
    there = set(columns)

    def merit(version: int) -> tuple[bool, int, int]:
        wanted = set(contract.versions[version].columns)
        lacking = len(wanted - there)
        return (lacking == 0, len(wanted) if lacking == 0 else -lacking, version)

    return max(contract.versions, key=merit)


def _by_version(
    table: pd.DataFrame, contract: ContractOptions, facts: Mapping[str, object]
) -> Iterator[tuple[object, pd.Index]]:
    """Version of the rows and which rows; the version is whatever the delivery says."""
    column = contract.version_column
    if column is not None and column in table:
        said = table[column].astype("string").str.strip()
        for version in pd.unique(said):
            yield version, table.index[said.isna() if pd.isna(version) else said.eq(version).fillna(value=False)]
    elif column is not None and column in facts:
        yield facts[column], table.index
    else:
        yield version_by_columns(list(table.columns), contract), table.index


def _one_version(table: pd.DataFrame, said: object, name: str, contract: ContractOptions) -> Examined:
    """Rows that say to be of one version."""
    version = _known(said, contract)
    if version is None:
        known = ", ".join(map(str, sorted(contract.versions)))
        reason = f"the version is {said!s}, expected one of {known} of contract {name!r}"
        return _all_rejected(table, "unknown_version", reason, str(said))
    declared = contract.versions[version]
    missing = [column for column in declared.columns if column not in table]
    if missing:
        hint = nearest(missing[0], list(table.columns))
        lacking = ", ".join(map(repr, missing))
        reason = f"no column {lacking}, expected it in version {version} of contract {name!r}.{hint}"
        return _all_rejected(table, "missing_column", reason, ", ".join(missing), version)
    ours = {*declared.columns, *([contract.version_column] if contract.version_column else [])}
    extra = [str(column) for column in table if column not in ours]
    good, rejected, changed = _held_to(table, declared, "changed_type")
    drift = [*(Drift(kind="extra_column", what=column, rows=len(table)) for column in extra), *changed]
    converted, failed, stuck = _to_current(good, version, name, contract)
    return Examined(
        table=converted,
        rejected=pd.concat([rejected, *failed], ignore_index=True),
        versions=(version,),
        drift=(*drift, *stuck),
    )


def _held_to(
    table: pd.DataFrame, declared: VersionOptions, rule: str
) -> tuple[pd.DataFrame, pd.DataFrame, list[Drift]]:
    """Rows that keep a version, in its columns; those that do not; and the columns at fault."""
    from pulse_kedro.domain.data_management.deliveries.schema import broken_rows, told

    broken = broken_rows(table, declared)
    first: dict[int, tuple[str, str]] = {}
    drift: list[Drift] = []
    for column in reversed(broken):
        cells, field = table[column].iloc[broken[column]], declared.columns[column]
        empty = cells.isna().to_numpy(dtype=bool)
        for row, cell, missing in zip(broken[column].tolist(), cells.tolist(), empty.tolist(), strict=True):
            why = "empty_cell" if missing and rule == "changed_type" else rule
            first[row] = why, told(None if missing else cell, column, field)
        if not empty.all():
            drift.insert(0, Drift(kind=rule, what=column, rows=int((~empty).sum())))
    rows = np.array(sorted(first), dtype=np.int64)
    rejected = _rejected(table.index[rows], rule, [first[row][1] for row in rows.tolist()])
    rejected["rule"] = [first[row][0] for row in rows.tolist()]
    kept = np.ones(len(table), dtype=bool)
    kept[rows] = False
    good = table[list(declared.columns)]
    return good if kept.all() else good.loc[kept], rejected, drift


def _to_current(
    table: pd.DataFrame, version: int, name: str, contract: ContractOptions
) -> tuple[pd.DataFrame, list[pd.DataFrame], list[Drift]]:
    """Rows led up to the current version step by step; rows that get stuck are rejected as they came."""
    failed: list[pd.DataFrame] = []
    drift: list[Drift] = []
    for step in range(version, contract.current):
        if table.empty:
            break
        declared = contract.versions[step + 1]
        problem, converted = _converted(table, name, step, declared)
        if problem is not None:
            failed.append(_rejected(table.index, "not_converted", problem))
            drift.append(Drift(kind="not_converted", what=f"version {step}", rows=len(table)))
            table = table.iloc[:0]
            break
        table, rejected, changed = _held_to(converted, declared, "not_converted")
        failed.append(rejected)
        drift.extend(changed)
    current = list(contract.versions[contract.current].columns)
    return table.reindex(columns=current) if table.empty else table, failed, drift


def _converted(table: pd.DataFrame, name: str, step: int, wanted: VersionOptions) -> tuple[str | None, pd.DataFrame]:
    """What a step makes of rows, or why it cannot; the function belongs to somebody else and may do anything."""
    convert: Callable[[pd.DataFrame], pd.DataFrame] | None = registered().get((name, step))
    if convert is None:
        return f"nothing converts version {step} of contract {name!r}, expected an up-converter", table
    try:
        converted = convert(table.copy())
    except Exception as error:  # noqa: BLE001  # whatever a converter raises becomes the reason of its rows
        return f"converting version {step} of contract {name!r} raised {type(error).__name__}: {error}", table
    expected = f"expected the same {len(table)} rows in version {step + 1} of contract {name!r}"
    given: object = converted  # it may give anything
    if not isinstance(given, pd.DataFrame) or not given.index.equals(table.index):
        return f"converting version {step} gave other rows, {expected}", table
    missing = [column for column in wanted.columns if column not in converted]
    if missing:
        return f"converting version {step} gave no column {', '.join(map(repr, missing))}, {expected}", table
    return None, converted


def _known(said: object, contract: ContractOptions) -> int | None:
    """The version that a delivery names, if there is one of that number."""
    try:
        version = int(str(said))
    except ValueError:
        return None
    return version if version in contract.versions else None


def _all_rejected(table: pd.DataFrame, rule: str, reason: str, what: str, *versions: int) -> Examined:
    drift = (Drift(kind=rule, what=what, rows=len(table)),)
    return Examined(table=table.iloc[:0], rejected=_rejected(table.index, rule, reason), versions=versions, drift=drift)


def _rejected(at: pd.Index, rule: str, reason: str | list[str]) -> pd.DataFrame:
    reasons = [reason] * len(at) if isinstance(reason, str) else reason
    columns = {"at": at.to_numpy(dtype=np.int64), "rule": [rule] * len(at), "reason": reasons}
    return pd.DataFrame(columns, columns=list(REJECTED)).astype({"rule": object, "reason": object})


def _put_together(
    parts: Sequence[Examined], rejected: Sequence[pd.DataFrame], contract: ContractOptions, drift: Sequence[Drift]
) -> Examined:
    """One answer of several versions, rows in the order of the delivery."""
    current = list(contract.versions[contract.current].columns)
    good = [part.table for part in parts if len(part.table)]
    empty = pd.DataFrame({column: pd.Series(dtype=object) for column in current})
    table = good[0] if len(good) == 1 else pd.concat(good).sort_index() if good else empty
    bad = [part for part in rejected if len(part)]
    return Examined(
        table=table[current],
        rejected=pd.concat(bad).sort_values("at", ignore_index=True) if bad else _rejected(pd.Index([]), "", []),
        versions=tuple(sorted({version for part in parts for version in part.versions})),
        drift=tuple(drift),
    )


def _merged(found: Iterator[Drift]) -> list[Drift]:
    """The same drift in several versions, told once."""
    rows: dict[tuple[str, str], int] = {}
    for drift in found:
        rows[drift.kind, drift.what] = rows.get((drift.kind, drift.what), 0) + drift.rows
    return [Drift(kind=kind, what=what, rows=count) for (kind, what), count in rows.items()]
