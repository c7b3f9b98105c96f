"""Which objects of a source may hold what a reader wants, and the rows in them; SQL first, then Parquet."""

import functools
import json
import operator
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from pulse_kedro.adapters.stores.objects import Part
from pulse_kedro.adapters.stores.tables import parts, snapshots, vintages
from pulse_kedro.domain.data_management.conditions import Condition, bounds
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, TARGET, TIME

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc

_RANGES = (
    (ID, parts.c.first_id, parts.c.last_id),
    (TIME, parts.c.first_ds, parts.c.last_ds),
    (AVAILABLE_AT, parts.c.first_available, parts.c.last_available),
)
_TYPES = {TIME: "datetime64[ns]", TARGET: "float64", AVAILABLE_AT: "datetime64[ns, UTC]"}


def find(
    connection: Connection, source: str, conditions: Sequence[Condition], as_of: pd.Timestamp | None
) -> list[Part]:
    """Objects in which rows of a source may satisfy the conditions, in the order of appending.

    Args:
        connection: On the catalogue.
        source: Its name.
        conditions: Checked.
        as_of: In UTC; nothing in the objects that are left out was known then.
    """
    query = _of(source).add_columns(*parts.c).order_by(vintages.c.sequence, parts.c.part)
    for clause in _overlapping(conditions):
        query = query.where(clause)
    if as_of is not None:
        query = query.where(or_(parts.c.first_available.is_(None), parts.c.first_available <= _plain(as_of, up=True)))
    return [Part.of(dict(row)) for row in connection.execute(query).mappings()]


def overlaps(connection: Connection, source: str, rows: pd.DataFrame, *, after: int) -> bool:
    """Whether others have appended to the series and periods of some rows meanwhile.

    Args:
        connection: Of `cataloguing`, so that nobody appends while this is decided.
        source: Its name.
        rows: In canonical form, not empty.
        after: Place in the order of the newest snapshot that was looked at.
    """
    names = rows[ID].cat.categories[rows[ID].cat.codes.unique()]
    span = (
        Condition(column=ID, operator="between", value=(min(names), max(names))),
        Condition(column=TIME, operator="between", value=(rows[TIME].min(), rows[TIME].max())),
    )
    query = _of(source).add_columns(parts.c.snapshot).where(vintages.c.sequence > after, *_overlapping(span)).limit(1)
    return connection.execute(query).one_or_none() is not None


def newest(connection: Connection, source: str) -> int:
    """Place in the order of the newest snapshot of a source; 0 before the first."""
    query = select(func.max(vintages.c.sequence)).where(vintages.c.source == source)
    return connection.execute(query).scalar() or 0


def static_of(connection: Connection, source: str) -> list[str] | None:
    """Names of the static columns of a source, sorted; `None` where nothing is stored of it."""
    query = select(vintages.c.static).where(vintages.c.source == source).distinct()
    found = connection.execute(query).scalars().all()
    return sorted({name for names in found for name in json.loads(names)}) if found else None


def snapshots_of(connection: Connection, source: str, as_of: datetime | None) -> tuple[str, ...]:
    """Snapshots of a source that hold something known at a moment, in the order of appending."""
    query = _of(source).add_columns(parts.c.snapshot, vintages.c.sequence).distinct().order_by(vintages.c.sequence)
    if as_of is not None:
        query = query.where(or_(parts.c.first_available.is_(None), parts.c.first_available <= as_of))
    return tuple(row.snapshot for row in connection.execute(query))


def parse(contents: Iterable[bytes], columns: Sequence[str], conditions: Sequence[Condition]) -> pd.DataFrame:
    """Rows in some objects that satisfy the conditions.

    Args:
        contents: Verified objects; each is let go before the next is taken.
        columns: What is wanted; an object that lacks a static column has nothing in it.
        conditions: Checked.

    Returns:
        The panel's columns and the wanted ones; text as categories, sorted ones for `unique_id`.
    """
    import pyarrow as pa

    tables = [_read(content, columns, conditions) for content in contents]
    if not tables:
        return _typed(pd.DataFrame(columns=list(columns), dtype=object))
    table = pa.concat_tables(tables, promote_options="default").select(list(columns))
    return _typed(table.unify_dictionaries().to_pandas(ignore_metadata=True))


def _read(content: bytes, columns: Sequence[str], conditions: Sequence[Condition]) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    there = set(pq.read_schema(pa.BufferReader(content)).names)
    table = pq.read_table(
        pa.BufferReader(content),
        columns=[name for name in columns if name in there],
        filters=_expression([condition for condition in conditions if condition.column in there]),
        use_threads=not conditions,  # a few rows are there before the threads are
    )
    nothing = pa.nulls(len(table), pa.string())
    for name in (name for name in columns if name not in _TYPES):
        at = table.schema.get_field_index(name)
        coded = (table.column(at) if at >= 0 else nothing).dictionary_encode()
        table = table.set_column(at, name, coded) if at >= 0 else table.append_column(name, coded)
    return table.replace_schema_metadata(None)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Exact types, also where there are no rows."""
    kinds = {name: pd.api.types.pandas_dtype(_TYPES.get(name, "category")) for name in frame.columns}
    typed = {name: frame[name].astype(kind) for name, kind in kinds.items()}
    names = typed[ID].cat.categories.astype(object)
    typed[ID] = typed[ID].cat.set_categories(names.sort_values())
    return pd.DataFrame(typed, copy=False)


def _expression(conditions: Sequence[Condition]) -> "pc.Expression | None":
    """The conditions in the language of Arrow, which skips row groups by their statistics."""
    singles = [_single(condition) for condition in conditions]
    return functools.reduce(operator.and_, singles) if singles else None


def _single(condition: Condition) -> "pc.Expression":
    import pyarrow.compute as pc

    field = pc.field(condition.column)
    value: Any = condition.value
    compare = {
        "==": lambda: field == value,
        "!=": lambda: field != value,
        "<": lambda: field < value,
        "<=": lambda: field <= value,
        ">": lambda: field > value,
        ">=": lambda: field >= value,
        "in": lambda: field.isin(list(value)),
        "between": lambda: (field >= value[0]) & (field <= value[1]),
        "prefix": lambda: pc.starts_with(field, value),
    }
    return compare[condition.operator]()


def _of(source: str) -> Select[tuple[()]]:
    """The parts of what a source consists of, without what is being deleted."""
    return (
        select()
        .select_from(vintages)
        .join(snapshots, snapshots.c.id == vintages.c.snapshot)
        .join(parts, parts.c.snapshot == vintages.c.snapshot)
        .where(vintages.c.source == source, snapshots.c.doomed_at.is_(None))
    )


def _overlapping(conditions: Sequence[Condition]) -> list[ColumnElement[bool]]:
    """What the ranges of an object have to be like, so that a row in it can satisfy the conditions."""
    clauses: list[ColumnElement[bool]] = []
    for column, first, last in _RANGES:
        low, high = bounds(conditions, column)
        if low is not None:
            clauses.append(or_(last.is_(None), last >= _plain(low, up=False)))
            if column == TIME:
                clauses.append(vintages.c.last_ds >= _plain(low, up=False))
        if high is not None:
            clauses.append(or_(first.is_(None), first <= _plain(high, up=True)))
            if column == TIME:
                clauses.append(vintages.c.first_ds <= _plain(high, up=True))
    return clauses


def _plain(value: object, *, up: bool) -> object:
    """A bound in the microseconds of a database, rounded so that it excludes nothing."""
    if not isinstance(value, pd.Timestamp):
        return value
    return (value.ceil("us") if up else value.floor("us")).to_pydatetime()
