"""Types of the columns of a delivery: which cells fit them."""

from datetime import date
from decimal import Decimal
from numbers import Integral, Real
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.data_management.parsing import is_blank, parse_moments, parse_periods
from pulse_kedro.domain.panel import FREQUENCIES

CellType = Literal["text", "number", "integer", "date", "truth"]
NAMES: dict[str, str] = {
    "text": "text",
    "number": "a number",
    "integer": "a whole number",
    "date": "a date",
    "truth": "true or false",
}
"""What each type is called in a sentence."""
Truth = npt.NDArray[np.bool_]
_SPELLINGS: dict[str, str] = {
    "truth": "true|false",
    "integer": r"[+-]?\d+",
    "number": r"[+-]?(?:\d|[.,]\d)[\d.,' _\u00a0\u202f\u2009\u2019]*(?:e[+-]?\d+)?|[+-]?inf(?:inity)?",
}


def fits(values: pd.Series, kind: CellType, *, spelled: bool, date_format: str | None = None) -> Truth:
    """Where a column holds what its type promises; a missing cell fits every type.

    Args:
        values: Any column.
        kind: The promised type.
        spelled: Whether text that spells a number or a truth counts as one, as in a CSV file.
        date_format: Format of dates that are text, as in `source.date_format`.

    Returns:
        Shape `(rows,)`.

    Example:
        >>> fits(pd.Series([1, "2", None, True]), "number", spelled=False).tolist()
        [True, False, True, False]
    """
    missing = values.isna().to_numpy(dtype=bool)
    if kind == "date":
        return missing | _dates(values, date_format)
    if kind == "text":
        return missing | _texts(values)
    typed = _typed(values, kind)
    return missing | (typed | _spelled(values, kind) if spelled else typed)


def _texts(values: pd.Series) -> Truth:
    column = values.cat.categories.to_series() if isinstance(values.dtype, pd.CategoricalDtype) else values
    if isinstance(column.dtype, pd.StringDtype):
        return np.ones(len(values), dtype=bool)
    good = _each(column, str) if column.dtype == object else np.zeros(len(column), dtype=bool)
    if isinstance(values.dtype, pd.CategoricalDtype):
        found: Truth = np.append(good, [True])[values.cat.codes.to_numpy()]
        return found
    return good


def _typed(values: pd.Series, kind: CellType) -> Truth:
    """Where the cells have the type already."""
    numeric, boolean = pd.api.types.is_numeric_dtype(values), pd.api.types.is_bool_dtype(values)
    if values.dtype == object:
        truths = _each(values, bool, np.bool_)
        if kind == "truth":
            return truths
        return _each(values, Integral if kind == "integer" else Real, Decimal) & ~truths
    if kind == "truth" or boolean or not numeric:
        return np.full(len(values), kind == "truth" and boolean)
    if kind == "integer" and pd.api.types.is_float_dtype(values):
        return np.asarray(np.mod(values.to_numpy(dtype=float, na_value=np.nan), 1) == 0)
    return np.ones(len(values), dtype=bool)


def _spelled(values: pd.Series, kind: CellType) -> Truth:
    """Where text says what the type promises; how numbers are spelled exactly is checked when they are read."""
    text = _texts(values)
    spelling = values.astype("string").str.strip().mask(~text).fillna("")
    return spelling.str.fullmatch(_SPELLINGS[kind], case=False).to_numpy(dtype=bool)


def _dates(values: pd.Series, date_format: str | None) -> Truth:
    """Where there is a date, or text or a whole number that spells one."""
    if pd.api.types.is_datetime64_any_dtype(values) or isinstance(values.dtype, pd.PeriodDtype):
        return np.ones(len(values), dtype=bool)
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_float_dtype(values):
        return np.zeros(len(values), dtype=bool)
    dated = _each(values, date) if values.dtype == object else np.zeros(len(values), dtype=bool)
    if dated.all():
        return dated
    spelling = values.astype("string")
    read = parse_moments if date_format is None else _read_periods
    return dated | (~is_blank(spelling) & read(spelling, date_format).notna().to_numpy())


def _read_periods(values: pd.Series, date_format: str | None) -> pd.Series:
    return parse_periods(values, FREQUENCIES["daily"], date_format)


def _each(values: pd.Series, *kinds: type) -> Truth:
    if kinds == (str,) and pd.api.types.infer_dtype(values, skipna=True) == "string":
        return np.ones(len(values), dtype=bool)
    return np.fromiter((isinstance(cell, kinds) for cell in values), dtype=bool, count=len(values))
