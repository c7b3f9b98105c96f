"""Conditions on rows: a column, an operator and a value, checked before anything is read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.errors import InvalidInput, nearest
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, TARGET, TIME

OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "in", "between", "prefix")
"""`in` takes a list, `between` a pair with both ends included, `prefix` the beginning of a text."""
KEYS = (ID, TIME)
"""Columns whose conditions say the same before and after the newest vintage is chosen."""
_LAST = chr(0x10FFFF)


class UnknownColumn(InvalidInput):
    """A column was asked for that the stored rows do not have."""

    def __init__(self, column: str, known: Sequence[str]) -> None:
        """Keep the column that was asked for and those there are."""
        super().__init__(column, known)
        self.column, self.known = column, known

    def __str__(self) -> str:
        """Name the columns there are and the nearest one."""
        return (
            f"Selecting rows failed: got the column {self.column!r}, expected one of {', '.join(self.known)}."
            f"{nearest(self.column, self.known)} Correct the condition."
        )


class UnknownOperator(InvalidInput):
    """A condition compares in a way that there is not."""

    def __init__(self, operator: str) -> None:
        """Keep the operator that was asked for."""
        super().__init__(operator)
        self.operator = operator

    def __str__(self) -> str:
        """Name the operators there are and the nearest one."""
        return (
            f"Selecting rows failed: got the operator {self.operator!r}, expected one of {' '.join(OPERATORS)}."
            f"{nearest(self.operator, OPERATORS)} Correct the condition."
        )


class UnusableValue(InvalidInput):
    """A condition compares a column with a value of another kind."""

    def __init__(self, column: str, value: str, expected: str) -> None:
        """Keep the column, the value as text, and the kind that fits."""
        super().__init__(column, value, expected)
        self.column, self.value, self.expected = column, value, expected

    def __str__(self) -> str:
        """Say which kind of value fits."""
        return (
            f"Selecting rows by {self.column!r} failed: got {self.value}, expected {self.expected}. Correct the "
            "condition."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Rows whose `column` stands in the relation `operator` to `value`; a missing cell stands in none.

    Example:
        >>> Condition(column="ds", operator=">=", value="2019-01-01").operator
        '>='
    """

    column: str
    operator: str
    value: object


def check(conditions: Sequence[Condition], columns: Sequence[str]) -> tuple[Condition, ...]:
    """The conditions with values of the type of their columns.

    Args:
        conditions: As a person or a program wrote them; dates and moments may be text.
        columns: What the stored rows have.

    Returns:
        Periods as naive timestamps, moments as timestamps in UTC, numbers as float, the rest as text; for `in` and
        `between` tuples of them.

    Raises:
        UnknownColumn: There is no such column.
        UnknownOperator: There is no such operator, or the column is no text and the operator is `prefix`.
        UnusableValue: The value has another type, or another number of values than the operator takes.
    """
    return tuple(_checked(condition, columns) for condition in conditions)


def satisfying(rows: pd.DataFrame, conditions: Sequence[Condition]) -> npt.NDArray[np.bool_]:
    """Which rows satisfy every condition.

    Args:
        rows: Has the columns of the conditions; text may be categorical.
        conditions: Checked.

    Returns:
        Mask of shape `(rows,)`.
    """
    kept = np.ones(len(rows), dtype=bool)
    for condition in conditions:
        kept &= _holds(rows[condition.column], condition)
    return kept


def bounds(conditions: Sequence[Condition], column: str) -> tuple[object, object]:
    """The smallest and the largest value of a column that can satisfy the conditions; `None` where there is no bound.

    Args:
        conditions: Checked.
        column: Any column.

    Example:
        >>> bounds([Condition(column="unique_id", operator="in", value=("b", "a"))], "unique_id")
        ('a', 'b')
    """
    pairs = [_bounds(condition) for condition in conditions if condition.column == column]
    lows = [low for low, _ in pairs if low is not None]
    highs = [high for _, high in pairs if high is not None]
    return max(lows, default=None), min(highs, default=None)  # type: ignore[type-var]  # of one column, of one type


def _checked(condition: Condition, columns: Sequence[str]) -> Condition:
    if condition.column not in columns:
        raise UnknownColumn(condition.column, tuple(columns))
    if condition.operator not in OPERATORS:
        raise UnknownOperator(condition.operator)
    if condition.operator == "prefix" and condition.column in _READERS:
        raise UnusableValue(condition.column, "the operator 'prefix'", "an operator for numbers or dates")
    value = condition.value
    if condition.operator in {"in", "between"}:
        if isinstance(value, str) or not isinstance(value, Sequence | set | frozenset):
            raise UnusableValue(condition.column, repr(value), "several values")
        found = tuple(_read(condition.column, item) for item in value)
        if condition.operator == "between" and len(found) != len(("low", "high")):
            raise UnusableValue(condition.column, f"{len(found)} values", "two values, the lowest and the highest")
        return Condition(column=condition.column, operator=condition.operator, value=found)
    return Condition(column=condition.column, operator=condition.operator, value=_read(condition.column, value))


def _read(column: str, value: object) -> object:
    reader, expected = _READERS.get(column, (_read_text, "text"))
    try:
        return reader(value)
    except (TypeError, ValueError) as error:
        raise UnusableValue(column, repr(value), expected) from error


def _read_period(value: object) -> pd.Timestamp:
    when = _read_date(value)
    if when.tz is not None:
        raise ValueError
    return when.as_unit("ns")


def _read_moment(value: object) -> pd.Timestamp:
    when = _read_date(value)
    if when.tz is None:
        raise ValueError
    return when.tz_convert("UTC").as_unit("ns")


def _read_date(value: object) -> pd.Timestamp:
    if isinstance(value, int | float):  # pandas would count nanoseconds since 1970
        raise TypeError
    when = pd.Timestamp(value)  # type: ignore[arg-type]  # what is no date raises
    if pd.isna(when):
        raise ValueError
    return when


def _read_number(value: object) -> float:
    if isinstance(value, bool):
        raise TypeError
    number = float(value)  # type: ignore[arg-type]  # what is no number raises
    if np.isnan(number):
        raise ValueError
    return number


def _read_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


_READERS: Mapping[str, tuple[Callable[[object], object], str]] = {
    TIME: (_read_period, "a date without time zone"),
    AVAILABLE_AT: (_read_moment, "a moment with a time zone, such as 2019-02-01T13:30Z"),
    TARGET: (_read_number, "a number"),
}


def _holds(column: pd.Series, condition: Condition) -> npt.NDArray[np.bool_]:
    """Where one condition holds; of a categorical column, each text is compared once."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        texts = pd.Series(column.cat.categories, dtype=object)
        held = np.append(_compare(texts, condition), False)  # the place of missing cells, code -1
        return np.asarray(held[column.cat.codes.to_numpy()], dtype=bool)
    return _compare(column, condition) & column.notna().to_numpy()


def _compare(column: pd.Series, condition: Condition) -> npt.NDArray[np.bool_]:
    value: Any = condition.value
    compare: Mapping[str, Callable[[], pd.Series]] = {
        "==": lambda: column.eq(value),
        "!=": lambda: column.ne(value),
        "<": lambda: column.lt(value),
        "<=": lambda: column.le(value),
        ">": lambda: column.gt(value),
        ">=": lambda: column.ge(value),
        "in": lambda: column.isin(list(value)),
        "between": lambda: column.between(*value),
        "prefix": lambda: column.str.startswith(str(value), na=False),
    }
    return np.asarray(compare[condition.operator](), dtype=bool)


def _bounds(condition: Condition) -> tuple[object, object]:
    value = condition.value
    if condition.operator in {"in", "between"} and isinstance(value, tuple):
        low, high = (value[0], value[1]) if condition.operator == "between" else _extent(value)
        return low, high
    ends: Mapping[str, tuple[object, object]] = {
        "==": (value, value),
        "<": (None, value),
        "<=": (None, value),
        ">": (value, None),
        ">=": (value, None),
        "prefix": (value, f"{value}{_LAST}"),
    }
    return ends.get(condition.operator, (None, None))


def _extent(values: tuple[object, ...]) -> tuple[object, object]:
    return (min(values), max(values)) if values else (None, None)  # type: ignore[type-var]  # of one column, one type
