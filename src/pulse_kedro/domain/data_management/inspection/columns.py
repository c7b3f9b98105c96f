"""What each column of an unknown table is for: date, name of the series, value, or description."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.data_management.inspection.spelling import (
    CLEAR,
    SIGNS,
    Spelling,
    date_spellings,
    distinct,
    share_of_numbers,
)

Codes = npt.NDArray[np.int64]
ID_WORDS = "unique_?id|series|id|sku|item|product|article|code|store|shop|site|key|name|ticker"
DATE_WORDS = "ds|date|datum|day|week|month|quarter|time|timestamp|period|datetime|when"
VALUE_WORDS = "y|value|target|sales|demand|quantity|qty|amount|units|load|consumption|count|volume|revenue"
MOST_KEYS = 3
REPEATED = 0.01
"""Share of rows that may repeat a series and date; they are set aside later; ours."""
SHORTEST = 3
"""Mean rows per series below which a column numbers rows and names nothing; ours."""
FLAGS = 2
"""A numeric column with no more distinct cells is a flag, not a value; ours."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """What can be seen of one column: distinct cells, ways to read dates, whether its cells are numbers."""

    name: str
    cells: pd.Series
    dates: tuple[Spelling, ...]
    numeric: bool


def look_at(name: str, values: pd.Series) -> Column:
    """A column at a glance.

    Args:
        name: Its name.
        values: Its cells.
    """
    cells = distinct(values)
    shares = (share_of_numbers(cells, point, group) for point, group in SIGNS)
    numeric = not pd.api.types.is_bool_dtype(cells) and any(share >= CLEAR for share in shares)
    return Column(name=name, cells=cells, dates=tuple(date_spellings(cells)), numeric=numeric)


def date_candidates(columns: Sequence[Column]) -> list[Column]:
    """Columns that may hold the date, those called like one first."""
    found = [column for column in columns if column.dates and column.dates[0].share >= CLEAR]
    return sorted(found, key=lambda column: not _is_called(column.name, DATE_WORDS))


def half_dates(columns: Sequence[Column]) -> dict[str, Spelling]:
    """Columns of which some cells are dates in one spelling, and others are not."""
    return {column.name: column.dates[0] for column in columns if column.dates and column.dates[0].share < CLEAR}


def value_candidates(columns: Sequence[Column]) -> list[str]:
    """Numeric columns to forecast: the one that is called like a value, if there is just one, else all but flags."""
    numeric = [column for column in columns if column.numeric]
    called = [column.name for column in numeric if _is_called(column.name, VALUE_WORDS)]
    varied = [column.name for column in numeric if column.cells.nunique() > FLAGS]
    return called if len(called) == 1 else varied or [column.name for column in numeric]


def key_candidates(columns: Sequence[Column]) -> list[str]:
    """Columns that may name the series: those called like a name, be they words or numbers, then other words."""
    some = [column for column in columns if len(column.cells) and not column.dates]
    called = [column.name for column in some if _is_called(column.name, ID_WORDS)]
    return called + [column.name for column in some if not column.numeric and column.name not in called]


def choose_key(table: pd.DataFrame, when: Codes, names: Sequence[str]) -> tuple[str, ...] | None:
    """The fewest columns that tell rows of one date apart.

    Args:
        table: The rows.
        when: Number of each row's date.
        names: Columns that may be taken, the likeliest first.

    Returns:
        Names, empty where each date occurs once; `None` where no combination of up to `MOST_KEYS` tells rows apart.
    """
    if _tells_apart([when]):
        return ()
    codes = {name: factorize(table[name]) for name in names}
    for size in range(1, min(MOST_KEYS, len(names)) + 1):
        for chosen in combinations(names, size):
            parts = [codes[name] for name in chosen]
            if _tells_apart([*parts, when]) and len(when) >= SHORTEST * _count(parts):
                return chosen
    return None


def constant_within(table: pd.DataFrame, series: Codes, names: Sequence[str]) -> list[str]:
    """Columns with one cell per series."""
    total = _count([series])
    return [name for name in names if _count([series, factorize(table[name])]) == total]


def factorize(values: pd.Series) -> Codes:
    """Number of each cell's text, -1 where it is missing."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return np.asarray(values.cat.codes, dtype=np.int64)
    return pd.factorize(values)[0].astype(np.int64)


def join(parts: Sequence[Codes], rows: int) -> Codes:
    """One number per combination of cells; all 0 without columns."""
    joined = np.zeros(rows, dtype=np.int64)
    for part in parts:
        joined = pd.factorize(joined * (part.max(initial=0) + 2) + part + 1)[0].astype(np.int64)
    return joined


def _is_called(name: str, words: str) -> bool:
    """Whether one of the words, or its plural, is a word of a name."""
    return bool(re.search(rf"(^|_|\b)({words})s?(_|\b)", name, re.IGNORECASE))


def _tells_apart(parts: Sequence[Codes]) -> bool:
    return _count(parts) >= (1 - REPEATED) * len(parts[0])


def _count(parts: Sequence[Codes]) -> int:
    return int(join(parts, len(parts[0])).max(initial=-1)) + 1
