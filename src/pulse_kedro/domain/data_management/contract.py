"""Enforcing what two rooms agreed on: a Pandera schema decides, one sentence says what is broken, and what to do.

A contract changes nothing: no type is coerced, no row dropped, no copy made. Import this module inside functions:
Pandera comes with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandera.errors import SchemaError
from pandera.pandas import Check, DataFrameSchema

from pulse_kedro.domain.errors import SchemaMismatch

_LARGEST_CODE = 2**62


class BrokenContract(SchemaMismatch):
    """A frame that one room hands to another is not what both agreed on."""

    def __init__(self, frame: str, column: str, rule: str, got: str) -> None:
        """Keep the frame, the column if it is one, the rule, and an example of what breaks it."""
        super().__init__(frame, column, rule, got)
        self.frame, self.column, self.rule, self.got = frame, column, rule, got

    def __str__(self) -> str:
        """Say what was found, what was agreed, and where to correct it."""
        where = f" in column {self.column!r}" if self.column else ""
        return (
            f"Checking {self.frame!r} failed: got {self.got}{where}, expected {self.rule}. "
            f"Correct the node that makes {self.frame!r}; if its file was edited, run that node again."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What one frame promises; `key` names a row in messages."""

    frame: str
    key: tuple[str, ...]
    schema: DataFrameSchema

    def enforce(self, data: object) -> pd.DataFrame:
        """The frame itself, the same object, when it keeps its promise.

        Args:
            data: What is saved or was loaded.

        Raises:
            BrokenContract: The first rule that does not hold.
        """
        if not isinstance(data, pd.DataFrame):
            raise BrokenContract(self.frame, "", "a pandas DataFrame", f"a {type(data).__name__}")
        # Pandera finds the example of a broken rule by its label, so labels have to be unique.
        checked = data if data.index.is_unique else data.reset_index(drop=True)
        try:
            self.schema.validate(checked, inplace=True)
        except SchemaError as error:
            raise self._explain(checked, error) from error
        return data

    def _explain(self, data: pd.DataFrame, error: SchemaError) -> BrokenContract:
        """Pandera's finding as our sentence."""
        column, cases, reason = getattr(error.schema, "name", None), error.failure_cases, error.reason_code
        if reason is not None and reason.name == "COLUMN_NOT_IN_DATAFRAME":
            return BrokenContract(self.frame, "", f"a column {cases!r} too", f"columns {', '.join(map(str, data))}")
        missing = reason is not None and reason.name == "SERIES_CONTAINS_NULLS"
        rule = "a value in every row" if missing else str(getattr(error.check, "error", error.check))
        if not isinstance(cases, pd.DataFrame):
            return BrokenContract(self.frame, str(column), rule, f"type {data[column].dtype}")
        first = data.loc[[cases["index"].iloc[0]]].iloc[0]
        row = ", ".join(f"{name}={first[name]}" for name in self.key)
        got = f"{first[column]!r} ({cases['index'].nunique()} of {len(data)} rows, e.g. {row})" if column else row
        return BrokenContract(self.frame, str(column or ""), rule, got)


def typed(rule: str, holds: Callable[[pd.Series], bool]) -> Check:
    """A check of the type of a column.

    Args:
        rule: What is expected, to follow the word "expected".
        holds: Column to truth.
    """
    return Check(holds, error=rule)


def every(rule: str, good: Callable[[pd.Series], pd.Series | npt.NDArray[np.bool_]]) -> Check:
    """A check of every value of a column that is not missing.

    Args:
        rule: What is expected, to follow the word "expected".
        good: Column to truth, vectorised, same length.
    """
    return Check(lambda values: pd.Series(good(values), index=values.index), error=rule)


def across(rule: str, good: Callable[[pd.DataFrame], npt.NDArray[np.bool_]]) -> Check:
    """A check that looks at several columns at once, missing values included.

    Args:
        rule: What is expected, to follow the word "expected".
        good: Frame to truth, vectorised, one value per row.
    """
    return Check(
        lambda data: pd.Series(good(data), index=data.index), error=rule, ignore_na=False, n_failure_cases=1
    )  # fmt: skip


def unique(key: Sequence[str]) -> Check:
    """A check that no two rows share a key."""
    return across(
        f"one row per {', '.join(key)}", lambda data: ~pd.Series(row_codes(data, key)).duplicated().to_numpy()
    )


def row_codes(data: pd.DataFrame, key: Sequence[str]) -> npt.NDArray[np.int64]:
    """One whole number per row, equal exactly where the key columns are equal.

    Args:
        data: Frame with the key columns.
        key: Columns of text, categories, dates or whole numbers.

    Returns:
        int64 of shape `(rows,)`. Comparing them is some ten times faster than comparing the columns.

    Example:
        >>> row_codes(pd.DataFrame({"a": ["x", "x", "x"], "b": [1, 2, 1]}), ["a", "b"]).tolist()
        [4, 5, 4]
    """
    codes, size = np.zeros(len(data), dtype=np.int64), 1
    for name in key:
        part, found = pd.factorize(data[name])
        if size * (len(found) + 1) > _LARGEST_CODE:
            codes, size = pd.factorize(codes)[0], len(data)
        codes = codes * (len(found) + 1) + part + 1
        size *= len(found) + 1
    return codes
