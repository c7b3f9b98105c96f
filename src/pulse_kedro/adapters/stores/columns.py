"""Column types that mean the same on SQLite and PostgreSQL, and the way of frames into rows and back."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator

Row = dict[str, object]


class Utc(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC in the database, whatever the database can express."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC, without a zone where the database has none."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment with its zone, always UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else value.replace(tzinfo=UTC)


def plain(value: object) -> object:
    """The same facts in types that JSON knows; `nan` and infinities become `None`.

    Args:
        value: Mappings, sequences, scalars of Python, numpy or pandas, nested.

    Returns:
        Dictionaries, lists, text, numbers, booleans and `None` only.

    Example:
        >>> plain({"gain": np.float64(0.5), "since": pd.Timestamp("2019-01-01"), "p": float("nan")})
        {'gain': 0.5, 'since': '2019-01-01T00:00:00', 'p': None}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return [plain(item) for item in sorted(value, key=str)]
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    return _scalar(value.item() if isinstance(value, np.generic) else value)


def _scalar(value: object) -> str | int | float | None:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, date):  # a datetime and a pandas timestamp are dates, too
        return value.isoformat()
    return value if isinstance(value, bool | int | str) else str(value)


def to_json(value: object) -> str:
    """Compact JSON text of anything that `plain` understands."""
    return json.dumps(plain(value), separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def to_rows(frame: pd.DataFrame, columns: Sequence[str], **constants: object) -> list[Row]:
    """Rows for a bulk insert, in plain Python types.

    Args:
        frame: Text or categories, numbers, and datetimes (naive, or aware for moments).
        columns: What to take, in this order.
        constants: Further columns with one value each.

    Returns:
        One dictionary per row of the frame; `nan` and infinities are `None`.
    """
    values = [_to_objects(frame[column]) for column in columns]
    names = (*columns, *constants)
    fixed = tuple(constants.values())
    return [dict(zip(names, (*row, *fixed), strict=True)) for row in zip(*values, strict=True)]


def _to_objects(column: pd.Series) -> list[object]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if pd.api.types.is_datetime64_any_dtype(column):
        return [None if moment is pd.NaT else moment for moment in pd.DatetimeIndex(column).to_pydatetime().tolist()]
    if pd.api.types.is_float_dtype(column):
        numbers = column.to_numpy(dtype=float, na_value=np.nan)
        return [number if math.isfinite(number) else None for number in numbers.tolist()]
    return list(column)


def to_frame(rows: Sequence[Sequence[object]], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Frame with exact types out of database rows, also when there are none.

    Args:
        rows: Values in the order of `dtypes`; `None` becomes `nan`.
        dtypes: Column names with their pandas types.

    Returns:
        A frame with these columns and types.
    """
    frame = pd.DataFrame(rows, columns=list(dtypes))
    return pd.DataFrame({name: _typed(frame[name], dtype) for name, dtype in dtypes.items()})


def _typed(column: pd.Series, dtype: str) -> pd.Series:
    moments = pd.to_datetime(column, utc=True) if dtype.endswith("UTC]") else column
    return moments.astype(pd.api.types.pandas_dtype(dtype))
