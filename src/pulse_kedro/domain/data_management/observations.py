"""Every observation of a source: one per value cell, with its series, its period, its number and the rule it breaks.

A table may hold one value column or several, and name its series in one column, in several or in none. What comes out
is always the same long table; what cannot be read is marked and never guessed.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import union_categoricals

from pulse_kedro.domain.data_management.parsing import (
    is_blank,
    parse_moments,
    parse_numbers,
    parse_periods,
    parse_text,
    whole,
)
from pulse_kedro.domain.data_management.source import SEPARATOR, SourceOptions
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, TARGET, TIME

AT, COLUMN, RULE = "at", "column", "rule"
CELL_RULES = (
    "missing_id",
    "missing_date",
    "unreadable_date",
    "missing_value",
    "text_value",
    "infinite_value",
    "missing_release",
    "unreadable_release",
    "early_release",
)
"""Rules about one cell, in the order in which they count."""
BLOCK = 500_000
"""Rows that are read at once, so that a large source costs little more than itself; ours."""


Names = npt.NDArray[np.object_]


def observe(source: pd.DataFrame, options: SourceOptions) -> pd.DataFrame:
    """Every observation of a source that has the declared columns.

    Args:
        source: The table as it was read, default index.
        options: What the source declares.

    Returns:
        One row per value cell: `at` (position of the row in the source), `column` (value column), `unique_id` (sorted
        categories), `ds` (period start), `y`, the static columns as categories, and `rule` (the first of `CELL_RULES`
        that is broken, else missing); and `available_at` (UTC, without zone) where a column says it. Of several value
        columns, empty cells are gaps and no observations; a row in which all of them are empty leaves one observation
        that breaks `missing_value`.
    """
    text = [*options.columns.unique_id, *options.static]
    source = source.assign(**{name: _once(whole(source[name])) for name in text})
    blocks = (source.iloc[start : start + BLOCK] for start in range(0, len(source), BLOCK))
    return _join([part for block in blocks for part in _observe(block, options)])


def _once(values: pd.Series) -> pd.Series:
    """Text as categories, so that each is read once; any other column as it is."""
    is_text = values.dtype == object and pd.api.types.infer_dtype(values, skipna=True) == "string"
    return values.astype("category") if is_text else values


def _join(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """One table of all parts; column by column, so that never all of it is there twice."""
    columns = {}
    for name in map(str, list(parts[0])):
        pieces = [part.pop(name) for part in parts]
        if isinstance(pieces[0].dtype, pd.CategoricalDtype):
            columns[name] = union_categoricals(pieces, sort_categories=name == ID)
        else:
            columns[name] = np.concatenate([piece.to_numpy() for piece in pieces])
    return pd.DataFrame(columns, copy=False)


def _observe(block: pd.DataFrame, options: SourceOptions) -> Iterator[pd.DataFrame]:
    """Observations of some rows, one table per value column."""
    columns, key = options.columns, _key(block, options)
    when = parse_periods(block[columns.ds], options.step, options.date_format)
    undated = is_blank(block[columns.ds])
    released, unreleased = _released(block, options)
    blank = {name: is_blank(block[name]) for name in columns.y}
    silent = np.logical_and.reduce(list(blank.values()))
    several, everywhere = len(columns.y) > 1, np.ones(len(block), dtype=bool)
    for name in columns.y:
        counts = ~blank[name] | (silent & (name == columns.y[0])) if several else everywhere
        cells = block.loc[counts]
        values = parse_numbers(cells[name], decimal=options.decimal, thousands=options.thousands)
        table = pd.DataFrame(
            {
                AT: cells.index.to_numpy(dtype=np.int32),
                COLUMN: _labelled(np.full(len(cells), columns.y.index(name)), columns.y),
                ID: pd.Categorical(_series(key[counts], name, options)),
                TIME: when.to_numpy()[counts],
                TARGET: values,
            }
        )
        broken = (
            pd.isna(key[counts]),
            undated[counts],
            table[TIME].isna(),
            blank[name][counts],
            np.isnan(values),
            np.isinf(values),
            unreleased[counts],
            np.isnat(released[counts]) & (columns.available_at is not None),
            released[counts] < options.step.end(table[TIME]).to_numpy(),
        )
        if columns.available_at is not None:
            table[AVAILABLE_AT] = released[counts]
        labels = {label: pd.Categorical(texts) for label, texts in _labels(cells, name, options).items()}
        yield table.assign(**labels, **{RULE: _first(broken)})


def _released(block: pd.DataFrame, options: SourceOptions) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.bool_]]:
    """Moment of publication of each row in UTC, `NaT` where it cannot be read, and where the cell is empty."""
    name = options.columns.available_at
    if name is None:
        return np.full(len(block), np.datetime64("NaT", "ns")), np.zeros(len(block), dtype=bool)
    return parse_moments(block[name], None).to_numpy(), is_blank(block[name])


def _key(block: pd.DataFrame, options: SourceOptions) -> Names:
    """What names the series of each row, `None` where a part of it is missing, empty text where nothing does."""
    parts = [_objects(parse_text(block[name])) for name in options.columns.unique_id]
    if len(parts) == 1:
        return parts[0]
    key = np.full(len(block), "", dtype=object)
    for row, cells in enumerate(zip(*parts, strict=True)):
        key[row] = None if None in cells else SEPARATOR.join(cells)
    return key


def _series(key: Names, column: str, options: SourceOptions) -> Names:
    """Id of each observation: the key, the value column, or both where both tell series apart."""
    if not options.columns.unique_id:
        return np.full(len(key), column, dtype=object)
    if len(options.columns.y) == 1:
        return key
    names = {name: None if name is None else f"{name}{SEPARATOR}{column}" for name in set(key.tolist())}
    return np.array([names[name] for name in key.tolist()], dtype=object)


def _labels(cells: pd.DataFrame, column: str, options: SourceOptions) -> dict[str, Names]:
    """Static columns as text; where several values share a title, it names the value, too."""
    labels: dict[str, Names] = {name: _objects(parse_text(cells[name])) for name in options.static}
    if "title" in labels and len(options.columns.y) > 1:
        labels["title"] = np.array([f"{title}, {column}" for title in labels["title"]], dtype=object)
    return labels


def _objects(text: pd.Series) -> Names:
    return np.asarray(text.astype(object).where(text.notna(), None), dtype=object)


def _first(broken: Sequence[npt.ArrayLike]) -> "pd.Categorical[str]":
    """Name of the first rule that each observation breaks; missing where it breaks none."""
    codes: npt.NDArray[np.int64] = np.select(list(map(np.asarray, broken)), range(len(CELL_RULES)), default=-1)
    return _labelled(codes, CELL_RULES)


def _labelled(codes: npt.NDArray[np.int64], names: Sequence[str]) -> "pd.Categorical[str]":
    return pd.Categorical.from_codes(codes, pd.Index(list(names)))
