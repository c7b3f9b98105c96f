"""Cells of any source as text, numbers and period starts; what cannot be read becomes missing, never a guess."""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.panel import Array, Frequency

if TYPE_CHECKING:
    import pyarrow as pa

FIRST_YEAR, LAST_YEAR = 1700, 2200
QUARTER, WEEK = "%q", "%V"
_OFFSET = r"(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(?:Z|[+-]\d{2}:?\d{2})$"
_ANY_OFFSET = r"\d{2}:\d{2}.*(?:Z|[+-]\d{2}(?::?\d{2})?)$"
_SPACES = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
_APOSTROPHES = "\N{RIGHT SINGLE QUOTATION MARK}"


def whole(values: pd.Series) -> pd.Series:
    """A column of whole numbers as integers, any other unchanged; a missing cell alone must not make them fractions."""
    if pd.api.types.is_float_dtype(values) and values.dropna().mod(1).eq(0).all():
        return values.astype("Int64")
    return values


def parse_text(values: pd.Series) -> pd.Series:
    """Cells as text without outer blanks.

    Args:
        values: Any column.

    Returns:
        Same length, dtype `string`; missing and blank cells are `<NA>`. Whole numbers keep no `.0`, so that an integer
        column reads the same with and without a missing cell.

    Example:
        >>> parse_text(pd.Series([1.0, None])).tolist()
        ['1', <NA>]
    """
    return _by_category(values, _parse_text)


def is_blank(values: pd.Series) -> npt.NDArray[np.bool_]:
    """Where `parse_text` finds nothing.

    Args:
        values: Any column.

    Example:
        >>> is_blank(pd.Series([" ", "n/a", None])).tolist()
        [True, False, True]
    """
    arrow = _as_arrow(values)
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values):
        return values.isna().to_numpy(dtype=bool)
    if arrow is None:
        return parse_text(values).isna().to_numpy(dtype=bool)
    import pyarrow.compute as pc

    empty = pc.equal(pc.utf8_trim_whitespace(arrow), "")
    return np.asarray(pc.fill_null(empty, fill_value=True).to_numpy(zero_copy_only=False), dtype=bool)


def parse_numbers(values: pd.Series, *, decimal: str = ".", thousands: str | None = None) -> Array:
    """Cells as numbers.

    Args:
        values: Any column. Dates and booleans written as words are not numbers.
        decimal: Sign between the whole number and its fraction, in text.
        thousands: Sign between groups of three digits, in text; `None` reads no number that has one.

    Returns:
        float64 of the same length; `nan` where there is no number. Infinite stays infinite, -0.0 becomes 0.0. A sign
        between groups that are not of three digits makes no number: 1,5 is not 15.

    Example:
        >>> parse_numbers(pd.Series(["1.5", "n/a", None])).tolist()
        [1.5, nan, nan]
        >>> parse_numbers(pd.Series(["1.234,5", "1.23"]), decimal=",", thousands=".").tolist()
        [1234.5, nan]
    """
    if pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(dtype=float, na_value=np.nan) + 0.0
    plain = decimal == "." and thousands is None
    quick = _parse_arrow(values) if plain else None
    if quick is not None:
        return quick
    cells = map(_parse_number, values.astype(object) if plain else _plain_numbers(values, decimal, thousands))
    return np.fromiter(cells, dtype=float, count=len(values)) + 0.0


def parse_periods(values: pd.Series, freq: Frequency, date_format: str | None) -> pd.Series:
    """Cells as the start of the period they lie in.

    A label belongs to the wall clock of its source: a UTC offset is dropped, only hourly data are moved to UTC.

    Args:
        values: Dates, periods, or text and whole numbers that spell a date.
        freq: Length of the period.
        date_format: Format for `strptime`, where `%q` stands for a quarter and `%G-W%V` for a week; `None` reads ISO
            8601 only.

    Returns:
        `datetime64[ns]` of the same length; `NaT` where there is no date between `FIRST_YEAR` and `LAST_YEAR`.

    Example:
        >>> from pulse_kedro.domain.panel import frequency
        >>> parse_periods(pd.Series(["2019-01-31", "31/01/2019"]), frequency("monthly"), None).tolist()
        [Timestamp('2019-01-01 00:00:00'), NaT]
        >>> parse_periods(pd.Series(["2019Q3"]), frequency("quarterly"), "%YQ%q").tolist()
        [Timestamp('2019-07-01 00:00:00')]
    """

    def parse(cells: pd.Series) -> pd.Series:
        moments = _moments(cells, in_utc=freq.name == "hourly", date_format=date_format)
        starts: pd.Series = moments.dt.to_period(freq.period).dt.start_time
        return starts

    return _by_category(values, parse)


def parse_moments(values: pd.Series, date_format: str | None) -> pd.Series:
    """Cells as moments in UTC, for looking at a column whose frequency is not known yet.

    Args:
        values: Dates, periods, or text and whole numbers that spell a date.
        date_format: As for `parse_periods`.

    Returns:
        `datetime64[ns]` of the same length; `NaT` where there is no date between `FIRST_YEAR` and `LAST_YEAR`.
    """
    return _by_category(values, lambda cells: _moments(cells, in_utc=True, date_format=date_format))


def _by_category(values: pd.Series, parse: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """What `parse` makes of a column; of one that stores each text once, each is parsed once."""
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return parse(values)
    parsed = parse(pd.Series(values.cat.categories))
    return pd.Series(parsed.array.take(values.cat.codes.to_numpy(), allow_fill=True), index=values.index)


def _parse_text(values: pd.Series) -> pd.Series:
    text = whole(values).astype("string").str.strip()
    return text.mask(text.eq(""))


def _parse_arrow(values: pd.Series) -> Array | None:
    """Numbers of an Arrow text column, read in one go to the nearest float; `None` where one of them needs a look."""
    arrow = _as_arrow(values)
    if arrow is None:
        return None
    import pyarrow as pa
    import pyarrow.compute as pc

    with suppress(pa.ArrowInvalid):
        return np.asarray(pc.cast(arrow, pa.float64()).to_numpy(zero_copy_only=False), dtype=float) + 0.0
    return None


def _as_arrow(values: pd.Series) -> "pa.Array | None":
    """An Arrow text column as it is stored; `None` for any other column."""
    if not (isinstance(values.dtype, pd.StringDtype) and values.dtype.storage == "pyarrow"):
        return None
    import pyarrow as pa

    chunks = pa.array(values)
    return chunks.combine_chunks() if isinstance(chunks, pa.ChunkedArray) else chunks


def _plain_numbers(values: pd.Series, decimal: str, thousands: str | None) -> list[object]:
    """Cells in the notation of Python where they follow the declared one; others as text that is no number."""
    between = re.escape(thousands or "")
    grouped = rf"\d{{1,3}}(?:{between}\d{{3}})+|" if thousands else ""
    pattern = re.compile(rf"\s*[+-]?(?:{grouped}\d*)(?:{re.escape(decimal)}\d*)?(?:[eE][+-]?\d+)?\s*")
    signs = str.maketrans(dict.fromkeys(_SPACES, " ") | dict.fromkeys(_APOSTROPHES, "'"))

    def plain(cell: object) -> object:
        if not isinstance(cell, str):
            return cell
        text = cell.translate(signs)
        if not pattern.fullmatch(text):
            return text if text.strip().lstrip("+-").isalpha() else "?"  # inf and nan are words
        return text.replace(thousands or "", "").replace(decimal, ".") if thousands else text.replace(decimal, ".")

    return [plain(cell) for cell in values.astype(object)]


def _parse_number(cell: object) -> float:
    """One cell as a number. Not `pandas.to_numeric`, which misses the nearest float by one bit now and then."""
    if isinstance(cell, bool) or (isinstance(cell, str) and "_" in cell):
        return np.nan
    try:
        return float(cell)  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError):
        return np.nan


def _moments(values: pd.Series, *, in_utc: bool, date_format: str | None) -> pd.Series:
    """Cells as moments without time zone; `NaT` where unreadable or far from our time."""
    moments = _all_moments(values, in_utc=in_utc, date_format=date_format)
    usable: pd.Series = moments.where(moments.dt.year.between(FIRST_YEAR, LAST_YEAR)).dt.as_unit("ns")
    return usable


def _all_moments(values: pd.Series, *, in_utc: bool, date_format: str | None) -> pd.Series:
    if pd.api.types.is_datetime64_dtype(values):
        return values
    if isinstance(values.dtype, pd.PeriodDtype):
        moments: pd.Series = values.dt.to_timestamp()
    elif isinstance(values.dtype, pd.DatetimeTZDtype):
        moments = (values.dt.tz_convert("UTC") if in_utc else values).dt.tz_localize(None)
    else:
        text = parse_text(values) if in_utc else parse_text(values).str.replace(_OFFSET, r"\1", regex=True)
        text, known = _known_to_strptime(text, date_format or "ISO8601")
        moments = _in_utc(text, known)
    return moments


def _in_utc(text: pd.Series, known: str) -> pd.Series:
    """Moments in UTC, without time zone; text with and without an offset is read apart.

    Read together, pandas 2.3 gives a moment without an offset that of the one before it.
    """
    offset = text.str.contains(_ANY_OFFSET, regex=True, na=False)
    if offset.any() and not (offset | text.isna()).all():
        return _in_utc(text.where(offset), known).where(offset, _in_utc(text.mask(offset), known))
    return pd.to_datetime(text, format=known, errors="coerce", utc=True).dt.tz_localize(None)


def _known_to_strptime(text: pd.Series, date_format: str) -> tuple[pd.Series, str]:
    """Quarters as their first month and weeks as their Monday, with the format that says so."""
    if QUARTER in date_format:
        before, _, after = date_format.partition(QUARTER)
        place = re.sub("%.", r"\\d+", re.escape(before))
        pattern = re.compile(rf"({place})([1-4])(?!\d)")

        def in_months(cell: str) -> str | None:
            found = pattern.match(cell)
            return found and f"{found[1]}{3 * int(found[2]) - 2:02d}{cell[found.end() :]}"

        return text.map(in_months, na_action="ignore"), f"{before}%m{after}"
    if WEEK in date_format and not re.search("%[uaAw]", date_format):
        return text + "-1", f"{date_format}-%u"
    return text, date_format
