"""The first sorting of a source: rows that can be used, and rows set aside with the reason.

Every observation of the source ends in exactly one of the two tables. Nothing is repaired by guessing. Where the source
says when a value was published, several rows of one series and period are its revisions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.data_management.observations import AT, COLUMN, RULE, observe
from pulse_kedro.domain.data_management.quarantine import (
    REPEAT_RULES,
    TooManyBadRows,
    in_source_order,
    refuse,
    set_aside,
)
from pulse_kedro.domain.data_management.source import CONFIGURATION, SourceOptions
from pulse_kedro.domain.data_management.variables import EMPTY, Registry, appraise
from pulse_kedro.domain.errors import InvalidInput, SchemaMismatch, nearest
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, TARGET, TIME

_SHOWN = 12
_DELIMITERS = (";", "\t", "|", ",")


class MissingColumn(SchemaMismatch):
    """A source lacks a column that its declaration names."""

    def __init__(self, source: str, missing: Sequence[tuple[str, str]], found: tuple[str, ...]) -> None:
        """Keep the source, the missing columns after their settings, and the columns that are there."""
        super().__init__(source, missing, found)
        self.source, self.missing, self.found = source, missing, found

    def __str__(self) -> str:
        """Say which columns are there, which are not, what is nearest, and where to name them."""
        setting, column = self.missing[0]
        same = [name for name in self.found if name.strip().lower() == column.lower()]
        hint = f" Did you mean {same[0]!r}?" if same else nearest(column, self.found)
        more = ", …" if len(self.found) > _SHOWN else ""
        return (
            f"Reading source {self.source!r} failed: got columns {', '.join(self.found[:_SHOWN])}{more}, "
            f"expected {', '.join(repr(name) for _, name in self.missing)} too.{hint}{self._delimiter()} "
            f"Rename the column, or set {setting} in {CONFIGURATION}."
        )

    def _delimiter(self) -> str:
        """A hint where the only column looks like a whole line of a text file."""
        signs = [sign for sign in _DELIMITERS if len(self.found) == 1 and sign in self.found[0]]
        return f" The header is one column that holds {signs[0]!r}: is that the delimiter of the file?" if signs else ""


class EmptySource(InvalidInput):
    """A source has no rows at all."""

    def __init__(self, source: str) -> None:
        """Keep the name of the source."""
        super().__init__(source)
        self.source = source

    def __str__(self) -> str:
        """Say what is missing and where to look."""
        return (
            f"Reading source {self.source!r} failed: got a table without rows, expected at least one observation. "
            f"Check the file behind its catalog entry."
        )


def split(table: pd.DataFrame, options: SourceOptions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Usable rows and quarantined rows of a source, unless too many are quarantined.

    Args:
        table: The source as it was read; any order, any further columns.
        options: What the source declares.

    Returns:
        Rows and quarantine, as `separate` describes them.

    Raises:
        EmptySource: There are no rows.
        MissingColumn: A declared column is not there.
        TooManyBadRows: No row can be used, or fewer than the declaration demands.
    """
    separated = separate(table, options)
    refusal = too_many(separated.rows, separated.quarantine, options)
    if refusal is not None:
        raise refusal
    return separated.rows, separated.quarantine


def too_many(rows: pd.DataFrame, quarantine: pd.DataFrame, options: SourceOptions) -> TooManyBadRows | None:
    """Why a source has to be refused as a whole; `None` where it need not be.

    Args:
        rows: What `separate` keeps.
        quarantine: What it sets aside. Of a source with revisions, values that were published again unchanged count as
            rows that can be used.
        options: What the source declares.
    """
    total, bad = len(rows) + len(quarantine), len(quarantine)
    if options.columns.available_at is not None:
        bad -= int(quarantine["rule"].eq("duplicate").sum())
    return refuse(quarantine, total, options) if rows.empty or bad > options.max_quarantined * total else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Separated:
    """What `separate` made of a source: every observation stands in exactly one of the two tables.

    `at` is the place in the source (counted from 0) of each usable row, `column` its value column; `quarantine_column`
    is that of each row of the quarantine.
    """

    rows: pd.DataFrame
    at: npt.NDArray[np.int64]
    column: npt.NDArray[np.object_]
    quarantine: pd.DataFrame
    quarantine_column: npt.NDArray[np.object_]


def separate(table: pd.DataFrame, options: SourceOptions, registry: Registry = EMPTY) -> Separated:
    """Usable rows and quarantined rows of a source, however many there are of either.

    Text, infinite and missing values, unreadable dates and missing ids are set aside. Of identical duplicates one row
    is kept. Of different values for one series and period none is kept: nobody here can know which one is right. Where
    several columns hold values, each non-empty cell counts as a row of its own. Where a column says when a row was
    published, values published at different moments are revisions and all are kept, except where the value did not
    change; only different values published at the same moment are in conflict.

    Args:
        table: The source as it was read; any order, any further columns.
        options: What the source declares.
        registry: Variables whose units, ranges and release lags count; by default none.

    Returns:
        Rows (`unique_id`, `ds` period start, `y`, `available_at` UTC, static columns as text), sorted and unique by
        series and period (and publication where a column says it); and
        the quarantine (`row` counted from 1, `series`, `rule`, `reason`, the source's columns as
        text), in source order.

    Raises:
        EmptySource: There are no rows.
        MissingColumn: A declared column is not there.
    """
    if table.empty:
        raise EmptySource(options.name)
    _require_columns(table, options)
    source = table.reset_index(drop=True)
    observed = appraise(observe(source, options), options, registry)
    observed[RULE] = _with_repeats(observed)
    quarantine = set_aside(source, observed, options, registry.expects)
    order = _in_order(observed, np.flatnonzero(observed[RULE].isna()))
    return Separated(
        rows=_kept(observed, order, options),
        at=observed[AT].to_numpy()[order].astype(np.int64),
        column=_texts(observed[COLUMN], order),
        quarantine=quarantine,
        quarantine_column=_texts(observed[COLUMN], in_source_order(observed)),
    )


def _kept(observed: pd.DataFrame, order: npt.NDArray[np.int64], options: SourceOptions) -> pd.DataFrame:
    """Some observations in some order, under the columns of the panel."""
    ds = observed[TIME].take(order).reset_index(drop=True)
    released = (
        observed[AVAILABLE_AT].take(order).reset_index(drop=True).dt.tz_localize("UTC")
        if AVAILABLE_AT in observed
        else options.release(ds)
    )
    columns = {
        ID: _texts(observed[ID], order),
        TIME: ds,
        TARGET: observed[TARGET].to_numpy()[order],
        AVAILABLE_AT: released,
        **{name: _texts(observed[name], order) for name in options.static},
    }
    return pd.DataFrame(columns, copy=False)


def _texts(values: pd.Series, order: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """Cells of a categorical column as text in some order, `None` where missing."""
    names = np.array([*values.cat.categories, None], dtype=object)
    return np.asarray(names[values.cat.codes.to_numpy()[order]], dtype=object)


def _require_columns(table: pd.DataFrame, options: SourceOptions) -> None:
    wanted = [*options.columns.roles(), *((f"source.static ({name})", name) for name in options.static)]
    missing = [(setting, column) for setting, column in wanted if column not in table.columns]
    if missing:
        raise MissingColumn(options.name, missing, tuple(str(name) for name in table.columns))


def _with_repeats(observed: pd.DataFrame) -> pd.Series:
    """Rule that each observation breaks, those about repeated periods included; missing where it can be used."""
    rule = observed[RULE].cat.add_categories(REPEAT_RULES)
    keys = _keys(observed)
    order = _in_order(observed, np.flatnonzero(rule.isna()))
    same = _same_as_before(observed, order, keys)
    again = np.union1d(order[1:][same], order[:-1][same])
    if len(again):
        found = _find_repeats(observed.take(again).drop(columns=[AT, COLUMN, RULE]).astype({ID: object}), keys)
        rule.loc[found.index] = found
    if AVAILABLE_AT in keys:
        order = order[rule.isna().to_numpy()[order]]
        unchanged = _same_as_before(observed, order, (ID, TIME, TARGET))
        codes = rule.cat.codes.to_numpy().copy()
        codes[order[1:][unchanged]] = rule.cat.categories.get_loc("duplicate")
        return pd.Series(pd.Categorical.from_codes(codes, rule.cat.categories))
    return rule


def _keys(observed: pd.DataFrame) -> tuple[str, ...]:
    """What makes an observation one of its kind."""
    return tuple(name for name in (ID, TIME, AVAILABLE_AT) if name in observed)


def _in_order(observed: pd.DataFrame, some: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Positions of some observations, sorted by what makes them unique."""
    order: npt.NDArray[np.int64] = np.lexsort([_codes(observed, name)[some] for name in reversed(_keys(observed))])
    return some[order]


def _same_as_before(
    observed: pd.DataFrame, order: npt.NDArray[np.int64], names: Sequence[str]
) -> npt.NDArray[np.bool_]:
    """Whether each observation but the first equals the one before it in some columns."""
    same = np.ones(max(len(order) - 1, 0), dtype=bool)
    for name in names:
        values = _codes(observed, name)[order]
        same &= values[1:] == values[:-1]
    return same


def _codes(observed: pd.DataFrame, name: str) -> npt.NDArray[np.generic]:
    """A column as numbers or moments that compare like its values."""
    column = observed[name]
    return np.asarray(column.cat.codes if isinstance(column.dtype, pd.CategoricalDtype) else column)


def _find_repeats(repeated: pd.DataFrame, keys: Sequence[str]) -> pd.Series:
    """`conflict` or `duplicate` for rows that share their keys; the duplicate that is kept is left out."""
    differs = repeated.groupby(list(keys), sort=False)[TARGET].transform("nunique").gt(1)
    # Sorted by every column, so that the row that is kept does not depend on the order of the source.
    same = repeated.loc[~differs].sort_values(list(repeated.columns), kind="stable")
    rule = pd.Series("conflict", index=repeated.index[differs], dtype="string")
    return pd.concat([rule, pd.Series("duplicate", index=same.index[same.duplicated(keys)], dtype="string")])
