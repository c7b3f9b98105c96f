"""One version of a contract as a Pandera schema, and the rows that break it. Import inside functions: Pandera comes."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandera.errors import SchemaErrors
from pandera.pandas import Check, Column, DataFrameSchema

from pulse_kedro.domain.data_management.deliveries.cells import NAMES, fits
from pulse_kedro.domain.data_management.deliveries.contracts import FieldOptions, VersionOptions


def schema_of(version: VersionOptions) -> DataFrameSchema:
    """Pandera schema of a version: every declared column, its type, and whether cells may be empty.

    Args:
        version: What configuration declares.

    Returns:
        A schema that passes further columns by.
    """
    return DataFrameSchema({name: _column(field, version) for name, field in version.columns.items()})


def broken_rows(table: pd.DataFrame, version: VersionOptions) -> dict[str, npt.NDArray[np.int64]]:
    """Positions of the rows that break a version, by the column at fault.

    Args:
        table: Has every declared column, and an index without repetition.
        version: What configuration declares.

    Returns:
        Rows per column, ascending; columns without fault are left out.
    """
    positional = table[list(version.columns)].set_axis(pd.RangeIndex(len(table)))
    try:
        schema_of(version).validate(positional, lazy=True, inplace=True)
    except SchemaErrors as errors:
        return {name: rows for name in version.columns if len(rows := _rows_of(errors, name))}
    return {}


def told(cell: object, name: str, field: FieldOptions) -> str:
    """Why a cell breaks its contract, as a sentence without its end.

    Args:
        cell: What it holds; `None` where it is empty.
        name: Its column.
        field: What the column promises.
    """
    expected = NAMES[field.type]
    if cell is None:
        return f"column {name!r} is empty, expected {expected}"
    return f"column {name!r} holds {str(cell)[:60]!r} ({type(cell).__name__}), expected {expected}"


def _column(field: FieldOptions, version: VersionOptions) -> Column:
    def good(values: pd.Series) -> pd.Series:
        spelled = version.cells == "text"
        found = fits(values, field.type, spelled=spelled, date_format=version.date_format)
        return pd.Series(found, index=values.index)

    return Column(nullable=field.nullable, checks=Check(good, error=NAMES[field.type], ignore_na=False))


def _rows_of(errors: SchemaErrors, name: str) -> npt.NDArray[np.int64]:
    """Rows of one column in what Pandera found."""
    found: list[npt.NDArray[np.int64]] = []
    for error in errors.schema_errors:
        if getattr(error.schema, "name", None) == name:
            cases = error.failure_cases
            found.append(cases["index"].to_numpy(dtype=np.int64))
    return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)
