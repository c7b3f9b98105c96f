"""Rows as they came, as plain JSON, and the name that such a row has for ever."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import date
from numbers import Integral, Real

import numpy as np
import numpy.typing as npt
import pandas as pd

_DIGITS = 24


def original_rows(table: pd.DataFrame, at: npt.NDArray[np.int64]) -> list[str]:
    """Some rows of a delivery as text of JSON objects, nested values included.

    Args:
        table: What came.
        at: Positions of the rows.

    Returns:
        One object per position, keys in the order of the columns: text, numbers, truths and `null` as they are, moments
        in ISO 8601, anything else that JSON cannot say as text. A cell that is missing is `null`; an infinite one is
        the text `inf` or `-inf`. Equal rows give equal text. Signs beyond ASCII are escaped, so that any database takes
        any text, broken surrogates and all.
    """
    part = table.iloc[at]
    columns = [_spelled(part.iloc[:, place]) for place in range(part.shape[1])]
    names = [json.dumps(str(name)) for name in part.columns]
    return [
        "{" + ",".join(f"{name}:{cell}" for name, cell in zip(names, cells, strict=True)) + "}"
        for cells in zip(*columns, strict=True)
    ] or ["{}"] * len(part)


def table_of(originals: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Kept rows as a table again, for another look at them.

    Args:
        originals: Objects that `original_rows` spelled, perhaps corrected.

    Returns:
        One row per object, columns in the order of their first appearance.
    """
    return pd.DataFrame(list(originals))


def row_id(source: str, original: str, column: str) -> str:
    """Name of a row that was set aside: the same row of the same source has it again whenever it comes.

    Args:
        source: Name of the source.
        original: The row as it came, spelled by `original_rows`.
        column: Value column that is meant, where several observations stand in one row; else empty.

    Returns:
        `q` and 24 hexadecimal digits of the SHA-256 of what was given.
    """
    return (
        "q" + hashlib.sha256(f"{source}\x1f{column}\x1f{original}".encode(errors="surrogatepass")).hexdigest()[:_DIGITS]
    )


def _spelled(cells: pd.Series) -> list[str]:
    """Cells of one column as JSON; each different text or moment is spelled once."""
    known: dict[object, str] = {}

    def spell(cell: object) -> str:
        if isinstance(cell, str):
            if cell not in known:
                known[cell] = json.dumps(cell)
            return known[cell]
        return json.dumps(_plain(cell), separators=(",", ":"))

    if pd.api.types.is_datetime64_any_dtype(cells):
        codes, moments = pd.factorize(cells)
        texts = [*(json.dumps(moment.isoformat()) for moment in moments), "null"]
        return [texts[code] for code in codes.tolist()]
    return [spell(cell) for cell in cells.tolist()]


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
