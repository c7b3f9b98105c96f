"""What is said of a column, what a step has learned, and what every step can do."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal, Protocol

import numpy as np
from pydantic import ConfigDict

from pulse_kedro.domain.data_management.features.table import Table
from pulse_kedro.domain.panel import Array

Kind = Literal["number", "flag", "category"]
STEP = ConfigDict(extra="forbid", use_attribute_docstrings=True)
"""How every step reads its settings."""
FLAT = 1e-12
"""Spread relative to the largest value below which a column counts as constant; ours, rounding of float64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column by its name, the step that makes it, its kind and unit, and how far it reads.

    `leakage_horizon` is how many periods before the row's own period the newest value lies that it reads: 0 is the own
    period, `None` reads no value at all (known in advance). `look_back` is how many periods before the own one the
    oldest value lies. `fitted` tells whether it rests on parameters from the training fold.
    """

    name: str
    step: str
    kind: Kind
    unit: str
    leakage_horizon: int | None
    look_back: int
    fitted: bool = False

    def as_dict(self) -> dict[str, object]:
        """Plain JSON values."""
        return asdict(self)


def base_column(name: str, unit: str) -> Column:
    """A column that comes with the data: the value of the own period, as it was known then."""
    return Column(name=name, step="source", kind="number", unit=unit, leakage_horizon=0, look_back=0)


def derived(
    parent: Column, name: str, step: str, *, unit: str | None = None, newest: int = 0, oldest: int = 0
) -> Column:
    """A column that reads another one.

    Args:
        parent: What is read.
        name: Name of the new column.
        step: Type of the step.
        unit: That of the parent where it is left open.
        newest: Periods before the own one of the newest value of the parent.
        oldest: The same of the oldest one.
    """
    known = None if parent.leakage_horizon is None else parent.leakage_horizon + newest
    return replace(
        parent,
        name=name,
        step=step,
        kind="number",
        unit=parent.unit if unit is None else unit,
        leakage_horizon=known,
        look_back=parent.look_back + oldest,
    )


def flag(parent: Column, name: str, step: str) -> Column:
    """A flag, 0 or 1, that reads the same values as another column."""
    return replace(parent, name=name, step=step, kind="flag", unit="1")


def in_advance(name: str, step: str, *, kind: Kind = "number", unit: str = "1") -> Column:
    """A column that the calendar alone decides."""
    return Column(name=name, step=step, kind=kind, unit=unit, leakage_horizon=None, look_back=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What one step learned on the training fold: arrays whose first axis is the series `ids`."""

    ids: tuple[str, ...]
    arrays: Mapping[str, Array]

    def of(self, name: str, ids: Sequence[str]) -> Array:
        """An array for other series, or the same in another order; `nan` for those that the fold did not have.

        Args:
            name: Name of the array.
            ids: The series that are asked for.

        Returns:
            Shape `(len(ids), …)`.
        """
        values = self.arrays[name]
        if tuple(ids) == self.ids:
            return values
        place = {series: row for row, series in enumerate(self.ids)}
        padded = np.concatenate([values, np.full((1, *values.shape[1:]), np.nan)])
        return np.asarray(padded[[place.get(series, -1) for series in ids]])


class Step(Protocol):
    """One typed step: settings from `conf/`, frozen; what it learns is kept outside of it."""

    @property
    def type(self) -> str:
        """Its type, as the settings spell it."""
        ...

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that it needs."""
        ...

    def describe(self, known: Mapping[str, Column]) -> tuple[Column, ...]:
        """Columns that it adds, given those there are."""
        ...

    def fit(self, train: Table) -> Mapping[str, Array]:
        """What it learns from a training fold: arrays whose first axis is the series; empty for most steps."""
        ...

    def transform(self, table: Table, fitted: Fitted) -> dict[str, Array]:
        """Columns by name, each `(periods, series)`; the table stays as it is."""
        ...
