"""Several vintages of one table: which arriving rows are new, repeated or in conflict, and what was known when.

A *vintage* of a (series, period) is its value together with the moment from which on it was known. Nothing here stores
or reads anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, PANEL_COLUMNS, TARGET, TIME

KEY = (ID, TIME, AVAILABLE_AT)
"""Series, period and moment of publication: one value each, for ever."""

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]


class UnusableRows(InvalidInput):
    """Rows were offered to the store that no contract would let pass."""

    def __init__(self, source: str, found: str, expected: str) -> None:
        """Keep the source, what came and what is expected instead."""
        super().__init__(source, found, expected)
        self.source, self.found, self.expected = source, found, expected

    def __str__(self) -> str:
        """Say what came and which step should have come before."""
        return (
            f"Storing rows of source {self.source!r} failed: got {self.found}, expected {self.expected}. Nothing was "
            "stored; sort the rows with the contract of the source first, `kedro pulse data ingest` does."
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sorting:
    """What becomes of each arriving row; exactly one of `new`, `duplicate` and `conflict` is true for it.

    `revision` marks the new rows that replace another value of their series and period. Shapes `(rows,)`.
    """

    new: Mask
    duplicate: Mask
    conflict: Mask
    revision: Mask


def canonical(rows: pd.DataFrame, source: str) -> pd.DataFrame:
    """Rows in the one form in which they are stored.

    Args:
        rows: `unique_id`, `ds` (naive period start), `y`, `available_at` (aware) and any static columns, in any order.
        source: Name of the source, for errors.

    Returns:
        The same rows, sorted by series, period, moment and value, default index. Columns: those of the panel, then the
        static ones by name. Text is categorical with sorted categories, `ds` is `datetime64[ns]`, `y` float64 without
        negative zero, `available_at` is `datetime64[ns, UTC]`.

    Raises:
        UnusableRows: A column is missing or of another type, or a key or value is missing or not finite.
    """
    _refuse_unusable(rows, source)
    static = sorted(set(map(str, rows.columns)) - set(PANEL_COLUMNS))
    table = pd.DataFrame(
        {
            ID: _category(rows[ID]),
            TIME: rows[TIME].to_numpy(dtype="datetime64[ns]"),
            TARGET: rows[TARGET].to_numpy(dtype=float) + 0.0,
            AVAILABLE_AT: rows[AVAILABLE_AT].dt.tz_convert("UTC").dt.as_unit("ns").array,
            **{name: _category(rows[name]) for name in static},
        },
        copy=False,
    )
    keys = [table[name].cat.codes.to_numpy() for name in reversed(static)]
    keys += [table[TARGET].to_numpy(), _moments(table[AVAILABLE_AT]), _moments(table[TIME]), _codes(table[ID])]
    order = _order(keys)
    return table if order is None else table.take(order).reset_index(drop=True)


def sort_out(rows: pd.DataFrame, known: pd.DataFrame) -> Sorting:
    """What becomes of arriving rows, given what is stored.

    A value that the source had given before is a duplicate, whether it comes again for the same moment or for a later
    one: it tells nothing new. Another value from another moment on is new. Another value for the very same moment is
    a conflict, because nobody here can know which one is right; of such values that arrive together none is new.

    Args:
        rows: In canonical form.
        known: Stored rows of the same series and periods, at least; the panel's columns, keys unique.

    Returns:
        Masks over `rows`.
    """
    series, period, moment, value, arrived = _join(rows, known)
    if not len(known) and not _again(series, period).any():
        return _all_new(len(rows))
    order = np.lexsort((value, arrived, moment, period, series))
    series, period, moment, value, arrived = (part[order] for part in (series, period, moment, value, arrived))
    same_key = _again(series, period, moment)
    starts, group = np.flatnonzero(~same_key), np.cumsum(~same_key) - 1
    differs = value != value[starts][group]
    mixed = np.zeros(len(starts), dtype=bool)
    mixed[group[differs]] = True
    stored = ~arrived[starts][group]
    conflict = arrived & np.where(stored, differs, mixed[group])
    duplicate = arrived & ~conflict & same_key
    place = np.flatnonzero(~conflict & ~duplicate)
    follows = _again(series[place], period[place])
    repeats = follows & _again(value[place]) & arrived[place]
    duplicate[place[repeats]] = True
    revision = np.zeros(len(order), dtype=bool)
    revision[place[follows & ~repeats & arrived[place]]] = True
    back = order[arrived] - len(known)
    masks = (arrived & ~conflict & ~duplicate, duplicate, conflict, revision)
    new, duplicate, conflict, revision = (_placed(mask[arrived], back) for mask in masks)
    return Sorting(new=new, duplicate=duplicate, conflict=conflict, revision=revision)


def known_at(vintages: pd.DataFrame, as_of: pd.Timestamp | None) -> pd.DataFrame:
    """The newest vintage of each series and period that was known at a moment.

    Args:
        vintages: Rows with categorical `unique_id`, keys unique, any order.
        as_of: Aware; `None` takes the newest of all.

    Returns:
        At most one row per series and period, sorted by them, default index.
    """
    seen = vintages if as_of is None else vintages.loc[vintages[AVAILABLE_AT].le(as_of).to_numpy()]
    ordered = in_order(seen)
    series, period = _codes(ordered[ID]), _moments(ordered[TIME])
    last = np.ones(len(ordered), dtype=bool)
    last[:-1] = ~_again(series, period)[1:]
    return ordered if last.all() else ordered.loc[last].reset_index(drop=True)


def in_order(vintages: pd.DataFrame) -> pd.DataFrame:
    """Rows sorted by series, period and moment; categorical `unique_id` with sorted categories, default index."""
    order = _order([_moments(vintages[AVAILABLE_AT]), _moments(vintages[TIME]), _codes(vintages[ID])])
    return vintages.reset_index(drop=True) if order is None else vintages.take(order).reset_index(drop=True)


def as_text(rows: pd.DataFrame) -> pd.DataFrame:
    """The same rows with text in place of categories, `None` where missing."""
    plain = {}
    for name in rows.columns:
        column = rows[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            texts = np.array([*column.cat.categories, None], dtype=object)
            column = pd.Series(texts[column.cat.codes.to_numpy()], index=rows.index, dtype=object)
        plain[name] = column
    return pd.DataFrame(plain, copy=False)


def _refuse_unusable(rows: pd.DataFrame, source: str) -> None:
    missing = [name for name in PANEL_COLUMNS if name not in rows.columns]
    if missing:
        raise UnusableRows(source, f"no column {', '.join(missing)}", f"the columns {', '.join(PANEL_COLUMNS)}")
    kinds = {
        TIME: (pd.api.types.is_datetime64_dtype(rows[TIME]), "period starts without time zone"),
        TARGET: (pd.api.types.is_numeric_dtype(rows[TARGET]), "numbers"),
        AVAILABLE_AT: (isinstance(rows[AVAILABLE_AT].dtype, pd.DatetimeTZDtype), "moments with a time zone"),
    }
    for name, (fits, rule) in kinds.items():
        if not fits:
            raise UnusableRows(source, f"{rows[name].dtype} in column {name!r}", rule)
    gaps = [name for name in KEY if rows[name].isna().any()]
    if gaps:
        raise UnusableRows(source, f"empty cells in column {gaps[0]!r}", "a key in each row")
    bad = int((~np.isfinite(rows[TARGET].to_numpy(dtype=float, na_value=np.nan))).sum())
    if bad:
        raise UnusableRows(source, f"{bad} rows whose {TARGET!r} is missing or infinite", "finite values")


def _category(values: pd.Series) -> "pd.Categorical[str]":
    """Text as categories in the order of code points; unused ones are left out."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        names, codes = values.cat.categories.astype(str), values.cat.codes.to_numpy()
        used = np.zeros(len(names) + 1, dtype=bool)
        used[codes] = True
        if used[:-1].all() and names.is_monotonic_increasing:
            return pd.Categorical.from_codes(codes, names)
    codes, found = pd.factorize(values.astype(object), use_na_sentinel=True)
    texts = np.asarray([str(name) for name in found], dtype=object)
    names, places = np.unique(texts, return_inverse=True) if len(texts) else (texts, np.empty(0, dtype=np.int64))
    lookup = np.append(places, -1)
    return pd.Categorical.from_codes(lookup[codes], pd.Index(names, dtype=object))


def _codes(values: pd.Series) -> Codes:
    return values.cat.codes.to_numpy().astype(np.int64, copy=False)


def _moments(values: pd.Series) -> Codes:
    naive = values.dt.tz_localize(None) if isinstance(values.dtype, pd.DatetimeTZDtype) else values
    return naive.to_numpy(dtype="datetime64[ns]").view(np.int64)


def _order(keys: Sequence[npt.NDArray[Any]]) -> Codes | None:
    """Order by several keys, the last one first as for `lexsort`; `None` where it is that order already."""
    size = len(keys[-1])
    tied = np.ones(max(size - 1, 0), dtype=bool)
    for key in reversed(keys):
        if (tied & (key[1:] < key[:-1])).any():
            order: Codes = np.lexsort(tuple(keys))
            return order
        tied &= key[1:] == key[:-1]
        if not tied.any():
            break
    return None


def _again(*keys: npt.NDArray[Any]) -> Mask:
    """Where all keys are those of the row before."""
    same = np.zeros(len(keys[0]), dtype=bool)
    same[1:] = np.logical_and.reduce([key[1:] == key[:-1] for key in keys])
    return same


def _join(rows: pd.DataFrame, known: pd.DataFrame) -> tuple[Codes, Codes, Codes, npt.NDArray[np.float64], Mask]:
    """Series, period, moment and value of the known rows and then the arriving ones, and which are the latter."""
    arrived = np.append(np.zeros(len(known), dtype=bool), np.ones(len(rows), dtype=bool))
    if not len(known):
        return _codes(rows[ID]), _moments(rows[TIME]), _moments(rows[AVAILABLE_AT]), rows[TARGET].to_numpy(), arrived
    names = pd.Index(known[ID].cat.categories).union(rows[ID].cat.categories)
    both = (known, rows)
    series = np.concatenate([names.get_indexer(part[ID].cat.categories)[_codes(part[ID])] for part in both])
    period = np.concatenate([_moments(part[TIME]) for part in both])
    moment = np.concatenate([_moments(part[AVAILABLE_AT]) for part in both])
    value = np.concatenate([part[TARGET].to_numpy(dtype=float) for part in both])
    return series, period, moment, value, arrived


def _all_new(size: int) -> Sorting:
    """What becomes of rows where there was nothing like them."""
    no = np.zeros(size, dtype=bool)
    return Sorting(new=~no, duplicate=no, conflict=no, revision=no)


def _placed(values: Mask, places: Codes) -> Mask:
    """Values at their places."""
    result = np.empty(len(places), dtype=bool)
    result[places] = values
    return result
