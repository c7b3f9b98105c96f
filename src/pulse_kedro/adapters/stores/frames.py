"""The way of frames into rows of the database and back."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

Row = dict[str, object]


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
