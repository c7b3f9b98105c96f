"""How the cells of a column spell dates and numbers, found by trying the usual ways on some of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pulse_kedro.domain.data_management.parsing import parse_moments, parse_numbers, parse_text

SAMPLE = 2000
"""Distinct cells that are tried; ours."""
FEW = 20
"""Cells of which a spelling has to read one before it is tried on all; ours."""
CLEAR = 0.9
"""Share of the cells that a spelling has to read before a column counts as dates or numbers; ours."""
_DAYS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%y", "%m/%d/%y")
_WORDS = ("%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", "T%H:%M:%S")
_PERIODS = ("%Y-%m", "%Y/%m", "%m/%Y", "%Y M%m", "%YM%m", "%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%Y-%b")
_QUARTERS = ("%YQ%q", "%Y-Q%q", "%Y Q%q", "Q%q %Y", "Q%q-%Y", "Q%q/%Y")
_WEEKS = ("%G-W%V", "%GW%V", "%G-W%V-%u")
FORMATS = (*(day + clock for clock in _CLOCKS for day in (*_DAYS, *_WORDS)), *_PERIODS, *_QUARTERS, *_WEEKS)
DIGITS = {8: "%Y%m%d", 6: "%Y%m"}
"""Formats of dates that are nothing but digits, by their number."""
_NUMBER = r"[+-]?[\d,]*\.?\d*(?:[eE][+-]?\d+)?"
SIGNS = ((".", None), (".", ","), (",", None), (",", "."), (",", " "), (".", " "), (".", "'"), (",", "'"))
"""Decimal and thousands signs, the usual ones first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """A way to read cells, and the share of them that it reads; `format` is `None` for ISO 8601."""

    format: str | None
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Signs of written numbers, and the share of the cells that they read."""

    decimal: str
    thousands: str | None
    share: float


def distinct(values: pd.Series) -> pd.Series:
    """Some distinct cells of a column, spread evenly over it; blank ones left out."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        found = pd.Series(values.cat.categories)
    else:
        places = np.unique(np.linspace(0, len(values) - 1, min(len(values), 10 * SAMPLE)).astype(int))
        found = values.iloc[places].drop_duplicates().reset_index(drop=True)
    found = found[parse_text(found).notna()]
    sample: pd.Series = found.iloc[np.unique(np.linspace(0, len(found) - 1, min(len(found), SAMPLE)).astype(int))]
    return sample


def date_spellings(cells: pd.Series) -> list[Spelling]:
    """Ways to read cells as dates, the best first; more than one where they read equally many.

    Args:
        cells: Distinct cells without blanks.

    Returns:
        Spellings that read at least `CLEAR` of the cells, else the best one that reads some; empty where none does.
        Digits alone are dates only as YYYYMMDD or YYYYMM: a number such as 1999 may be a year, and more often is not.
    """
    if pd.api.types.is_datetime64_any_dtype(cells) or isinstance(cells.dtype, pd.PeriodDtype):
        return [Spelling(format=None, share=1.0)]
    if cells.empty or pd.api.types.is_float_dtype(cells) or pd.api.types.is_bool_dtype(cells):
        return []
    text = parse_text(cells)
    possible = [name for name in _possible(text) if _share_of_dates(_few(text), name)]
    found = [Spelling(format=name, share=_share_of_dates(text, name)) for name in possible]
    best = max((spelling.share for spelling in found), default=0.0)
    same = [spelling for spelling in found if spelling.share == best > 0]
    return same if best >= CLEAR else same[:1]


def number_signs(columns: Sequence[pd.Series]) -> Signs:
    """Signs that read the most cells of columns as numbers, the usual ones on ties.

    Args:
        columns: Distinct cells of each column.
    """
    text = pd.concat([pd.Series(cells.astype(object)) for cells in columns], ignore_index=True)
    shares: dict[tuple[str, str | None], float] = {signs: share_of_numbers(text, *signs) for signs in SIGNS}
    point, group = max(SIGNS, key=lambda signs: shares[signs])
    return Signs(decimal=point, thousands=group, share=shares[point, group])


def share_of_numbers(cells: pd.Series, decimal: str, thousands: str | None) -> float:
    """Share of cells that are numbers in one notation; 0 without cells."""
    values = parse_numbers(cells, decimal=decimal, thousands=thousands)
    return float((~np.isnan(values)).mean()) if len(values) else 0.0


def has_two_readings(columns: Sequence[pd.Series]) -> bool:
    """Whether every comma may separate thousands or a fraction: 1,234 is both."""
    text = pd.concat([parse_text(cells) for cells in columns]).dropna()
    return bool(text.str.contains(",").any() and text.str.fullmatch(r"[+-]?\d{1,3}(,\d{3})?").all())


def _few(text: pd.Series) -> pd.Series:
    """Some cells, spread evenly."""
    few: pd.Series = text.iloc[np.unique(np.linspace(0, len(text) - 1, min(len(text), FEW)).astype(int))]
    return few


def _possible(text: pd.Series) -> Sequence[str | None]:
    """Formats that may fit cells."""
    if text.str.fullmatch(r"\d+").all():
        lengths = set(text.str.len())
        return [DIGITS[length] for length in lengths if len(lengths) == 1 and length in DIGITS]
    few = _few(text)
    is_date_like = few.str.contains(r"\d").any() and not few.str.fullmatch(_NUMBER).all()
    return (None, *FORMATS) if is_date_like else ()


def _share_of_dates(text: pd.Series, date_format: str | None) -> float:
    return float(parse_moments(text, date_format).notna().mean())
