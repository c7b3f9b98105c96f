"""Cells of any source as text, numbers and period starts; what cannot be read becomes missing, never a guess."""

import numpy as np
import pandas as pd

from pulse_kedro.domain.panel import Array, Frequency

FIRST_YEAR, LAST_YEAR = 1700, 2200
_OFFSET = r"(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(?:Z|[+-]\d{2}:?\d{2})$"


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
    if pd.api.types.is_float_dtype(values) and values.dropna().mod(1).eq(0).all():
        values = values.astype("Int64")
    text = values.astype("string").str.strip()
    return text.mask(text.eq(""))


def parse_numbers(values: pd.Series) -> Array:
    """Cells as numbers.

    Args:
        values: Any column. Dates and booleans written as words are not numbers.

    Returns:
        float64 of the same length; `nan` where there is no number. Infinite stays infinite, -0.0 becomes 0.0.

    Example:
        >>> parse_numbers(pd.Series(["1.5", "n/a", None])).tolist()
        [1.5, nan, nan]
    """
    if pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(dtype=float, na_value=np.nan) + 0.0
    return np.fromiter(map(_parse_number, values.astype(object)), dtype=float, count=len(values)) + 0.0


def parse_periods(values: pd.Series, freq: Frequency, date_format: str | None) -> pd.Series:
    """Cells as the start of the period they lie in.

    A label belongs to the wall clock of its source: a UTC offset is dropped, only hourly data are moved to UTC.

    Args:
        values: Dates, periods, or text and whole numbers that spell a date.
        freq: Length of the period.
        date_format: Format for `strptime`; `None` reads ISO 8601 only.

    Returns:
        `datetime64[ns]` of the same length; `NaT` where there is no date between `FIRST_YEAR` and `LAST_YEAR`.

    Example:
        >>> from pulse_kedro.domain.panel import frequency
        >>> parse_periods(pd.Series(["2019-01-31", "31/01/2019"]), frequency("monthly"), None).tolist()
        [Timestamp('2019-01-01 00:00:00'), NaT]
    """
    moments = _moments(values, in_utc=freq.name == "hourly", date_format=date_format)
    usable = moments.where(moments.dt.year.between(FIRST_YEAR, LAST_YEAR)).dt.as_unit("ns")
    starts: pd.Series = usable.dt.to_period(freq.period).dt.start_time
    return starts


def _parse_number(cell: object) -> float:
    """One cell as a number. Not `pandas.to_numeric`, which misses the nearest float by one bit now and then."""
    if isinstance(cell, bool) or (isinstance(cell, str) and "_" in cell):
        return np.nan
    try:
        return float(cell)  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError):
        return np.nan


def _moments(values: pd.Series, *, in_utc: bool, date_format: str | None) -> pd.Series:
    """Cells as moments without time zone; `NaT` where unreadable."""
    if pd.api.types.is_datetime64_dtype(values):
        return values
    if isinstance(values.dtype, pd.PeriodDtype):
        moments: pd.Series = values.dt.to_timestamp()
    elif isinstance(values.dtype, pd.DatetimeTZDtype):
        moments = (values.dt.tz_convert("UTC") if in_utc else values).dt.tz_localize(None)
    else:
        text = parse_text(values) if in_utc else parse_text(values).str.replace(_OFFSET, r"\1", regex=True)
        moments = pd.to_datetime(text, format=date_format or "ISO8601", errors="coerce", utc=True).dt.tz_localize(None)
    return moments
