"""Rows as they came, as plain JSON, and the name that such a row has for ever."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date
from numbers import Integral, Real

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.cycle import digest

_DIGITS = 24


def original_rows(table: pd.DataFrame, at: npt.NDArray[np.int64]) -> list[dict[str, object]]:
    """Some rows of a delivery as JSON objects, nested values included.

    Args:
        table: What came.
        at: Positions of the rows.

    Returns:
        One object per position: text, numbers, truths and `null` as they are, moments in ISO 8601, anything else that
        JSON cannot say as text. A cell that is missing is `null`; an infinite one is the text `inf` or `-inf`.
    """
    part = table.iloc[at]
    columns = [[_plain(cell) for cell in part.iloc[:, place].tolist()] for place in range(part.shape[1])]
    names = list(map(str, part.columns))
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)] if columns else []


def table_of(originals: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Kept rows as a table again, for another look at them.

    Args:
        originals: What `original_rows` gave, perhaps corrected.

    Returns:
        One row per object, columns in the order of their first appearance.
    """
    return pd.DataFrame(list(originals))


def row_id(source: str, original: Mapping[str, object], column: str) -> str:
    """Name of a row that was set aside: the same row of the same source has it again whenever it comes.

    Args:
        source: Name of the source.
        original: The row as it came.
        column: Value column that is meant, where several observations stand in one row; else empty.

    Returns:
        `q` and 24 hexadecimal digits of the SHA-256 of what was given.
    """
    return "q" + digest([source, column, original])[:_DIGITS]


def _plain(cell: object) -> object:
    """A cell in types of JSON."""
    if cell is None or isinstance(cell, bool | str):
        return cell
    if isinstance(cell, np.bool_):
        return bool(cell)
    if isinstance(cell, Integral):
        return int(cell)
    if isinstance(cell, Real):
        value = float(cell)
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    return _composed(cell)


def _composed(cell: object) -> object:
    if isinstance(cell, Mapping):
        return {str(key): _plain(value) for key, value in sorted(cell.items(), key=lambda item: str(item[0]))}
    if isinstance(cell, list | tuple | np.ndarray):
        return [_plain(value) for value in list(cell)]
    if isinstance(cell, set | frozenset):
        return sorted((_plain(value) for value in cell), key=json.dumps)
    if pd.isna(cell):  # type: ignore[call-overload]  # NaT and NA
        return None
    return cell.isoformat() if isinstance(cell, date) else str(cell)
