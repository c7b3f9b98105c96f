"""The first sorting of a source: rows that can be used, and rows set aside with the reason.

Every row of the source ends in exactly one of the two tables. Nothing is repaired by guessing.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pulse_kedro.domain.data_management.parsing import parse_numbers, parse_periods, parse_text
from pulse_kedro.domain.data_management.quarantine import CELL_RULES, refuse, set_aside
from pulse_kedro.domain.data_management.source import CONFIGURATION, SourceOptions
from pulse_kedro.domain.errors import InvalidInput, SchemaMismatch, nearest
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, PANEL_COLUMNS, TARGET, TIME

_SHOWN = 12


class MissingColumn(SchemaMismatch):
    """A source lacks a column that its declaration names."""

    def __init__(self, source: str, missing: Mapping[str, str], found: tuple[str, ...]) -> None:
        """Keep the source, the missing columns by setting, and the columns that are there."""
        super().__init__(source, missing, found)
        self.source, self.missing, self.found = source, missing, found

    def __str__(self) -> str:
        """Say which columns are there, which are not, what is nearest, and where to name them."""
        setting, column = next(iter(self.missing.items()))
        same = [name for name in self.found if name.strip().lower() == column.lower()]
        hint = f" Did you mean {same[0]!r}?" if same else nearest(column, self.found)
        more = ", …" if len(self.found) > _SHOWN else ""
        return (
            f"Reading source {self.source!r} failed: got columns {', '.join(self.found[:_SHOWN])}{more}, "
            f"expected {', '.join(map(repr, self.missing.values()))} too.{hint} "
            f"Rename the column, or set {setting} in {CONFIGURATION}."
        )


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
    """Usable rows and quarantined rows of a source.

    Text, infinite and missing values, unreadable dates and missing ids are set aside. Of identical duplicates one row
    is kept. Of different values for one series and period none is kept: nobody here can know which one is right.

    Args:
        table: The source as it was read; any order, any further columns.
        options: What the source declares.

    Returns:
        Rows (`unique_id`, `ds` period start, `y`, `available_at` UTC, static columns as text), sorted and unique; and
        the quarantine (`row` counted from 1, `rule`, `reason`, the source's columns as text), in source order.

    Raises:
        EmptySource: There are no rows.
        MissingColumn: A declared column is not there.
        TooManyBadRows: No row can be used, or fewer than the declaration demands.
    """
    if table.empty:
        raise EmptySource(options.name)
    _require_columns(table, options)
    source = table.reset_index(drop=True)
    parsed = _parse(source, options)
    rule = _find_faults(source, parsed, options)
    quarantine = set_aside(source, parsed, rule, options)
    if len(quarantine) == len(source) or len(quarantine) > options.max_quarantined * len(source):
        raise refuse(quarantine, len(source), options)
    kept = parsed.loc[rule.isna()].assign(**{AVAILABLE_AT: lambda rows: options.release(rows[TIME])})
    return kept[[*PANEL_COLUMNS, *options.static]].sort_values([ID, TIME], ignore_index=True), quarantine


def _require_columns(table: pd.DataFrame, options: SourceOptions) -> None:
    columns = {ID: options.columns.unique_id, TIME: options.columns.ds, TARGET: options.columns.y}
    wanted = {f"source.columns.{role}": column for role, column in columns.items()}
    wanted |= {f"source.static ({name})": name for name in options.static}
    missing = {setting: column for setting, column in wanted.items() if column not in table.columns}
    if missing:
        raise MissingColumn(options.name, missing, tuple(str(name) for name in table.columns))


def _parse(source: pd.DataFrame, options: SourceOptions) -> pd.DataFrame:
    """The declared columns as text, period starts and numbers; missing where they cannot be read."""
    columns = options.columns
    text = {ID: columns.unique_id} | {name: name for name in options.static}
    cells = {name: parse_text(source[column]).astype(object) for name, column in text.items()}
    return pd.DataFrame(
        {
            **{name: values.where(values.notna(), None) for name, values in cells.items()},
            TIME: parse_periods(source[columns.ds], options.step, options.date_format),
            TARGET: parse_numbers(source[columns.y]),
        }
    )


def _find_faults(source: pd.DataFrame, parsed: pd.DataFrame, options: SourceOptions) -> pd.Series:
    """Name of the rule that each row breaks; missing where the row can be used. The first of `CELL_RULES` counts."""
    broken = {
        "missing_id": parsed[ID].isna(),
        "missing_date": parse_text(source[options.columns.ds]).isna(),
        "unreadable_date": parsed[TIME].isna(),
        "missing_value": parse_text(source[options.columns.y]).isna(),
        "text_value": parsed[TARGET].isna(),
        "infinite_value": np.isinf(parsed[TARGET]),
    }
    rule = pd.Series(np.select([broken[name] for name in CELL_RULES], list(CELL_RULES), default=""), dtype="string")
    rule = rule.mask(rule.eq(""))
    good = parsed.loc[rule.isna()]
    repeated = good.loc[good.duplicated([ID, TIME], keep=False)]
    return rule.fillna(_find_repeats(repeated).reindex(rule.index))


def _find_repeats(repeated: pd.DataFrame) -> pd.Series:
    """`conflict` or `duplicate` for rows that share series and period; the duplicate that is kept is left out."""
    keys = [ID, TIME]
    differs = repeated.groupby(keys, sort=False)[TARGET].transform("nunique").gt(1)
    # Sorted by every column, so that the row that is kept does not depend on the order of the source.
    same = repeated.loc[~differs].sort_values(list(repeated.columns), kind="stable")
    rule = pd.Series("conflict", index=repeated.index[differs], dtype="string")
    return pd.concat([rule, pd.Series("duplicate", index=same.index[same.duplicated(keys)], dtype="string")])
