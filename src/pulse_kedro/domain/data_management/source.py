"""What the user declares about a source: which columns, which frequency, which unit, and when a value is published."""

from collections.abc import Iterator
from typing import Literal, Self

import pandas as pd
from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.panel import PANEL_COLUMNS, Frequency, frequency

RESERVED_NAMES = (*PANEL_COLUMNS, "first", "last", "n", "status")
CONFIGURATION = "conf/base/parameters_data_management.yml"
SEPARATOR = "/"
"""Between the parts of a series' id, where several columns name it."""


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class SourceColumns:
    """Which column of the source holds what."""

    unique_id: tuple[str, ...]
    """Columns that together name the series, one name or a list; an empty list where each value column is a series."""
    ds: str
    """Column with any date inside the period."""
    y: tuple[str, ...] = Field(min_length=1)
    """Columns with values to forecast, one name or a list; of several, each makes a series of its own."""
    available_at: str | None = None
    """Column with the moment at which the value of the row was published, where the source keeps revisions; `null`
    takes the end of the period plus the release lag. Text is ISO 8601; a moment without an offset is UTC."""

    @field_validator("unique_id", "y", mode="before")
    @classmethod
    def _one_name_is_a_list_of_one(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value or ()

    @model_validator(mode="after")
    def _refuse_shared_columns(self) -> Self:
        names = [name for _, name in self.roles()]
        if len(set(names)) < len(names):
            message = f"unique_id, ds, y and available_at need columns of their own, got {', '.join(map(repr, names))}"
            raise ValueError(message)
        return self

    def roles(self) -> Iterator[tuple[str, str]]:
        """Every declared column with the setting that names it.

        Yields:
            Setting, such as `source.columns.ds`, and column.
        """
        yield from (("source.columns.unique_id", name) for name in self.unique_id)
        yield "source.columns.ds", self.ds
        yield from (("source.columns.y", name) for name in self.y)
        if self.available_at is not None:
            yield "source.columns.available_at", self.available_at


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class SourceOptions:
    """How to read one source of observations."""

    name: str = Field(min_length=1)
    """Name of the source in reports and lineage."""
    columns: SourceColumns
    """Where the series, the date and the value stand."""
    static: tuple[str, ...]
    """Columns that describe a series and do not change; `title` labels figures and tables."""
    date_format: str | None
    """Format of the dates for `strptime`, where `%q` is the quarter and `%G-W%V` a week; `null` reads ISO 8601 only,
    because 01/02/2019 has two meanings."""
    decimal: Literal[".", ","]
    """Sign between the whole number and its fraction, where values are text."""
    thousands: Literal[",", ".", " ", "'", "_"] | None
    """Sign between groups of three digits, where values are text; `null` refuses such numbers."""
    frequency: Literal["hourly", "daily", "weekly", "monthly", "quarterly"]
    """Length of one period; season and horizon follow from it."""
    unit: str = Field(min_length=1)
    """Unit of the values, for people."""
    release_lag_days: float = Field(ge=0)
    """Days from the end of a period until its value is published."""
    stale_after: int = Field(ge=1)
    """A series without a value for more than this many periods has ended and gets no forecast."""
    max_quarantined: float = Field(ge=0, le=1)
    """Largest share of rows that may be set aside before the source is refused."""

    @model_validator(mode="after")
    def _refuse_reserved_names(self) -> Self:
        taken = sorted(set(self.static) & set(RESERVED_NAMES))
        if taken:
            message = f"static columns may not be called {', '.join(RESERVED_NAMES)}; got {', '.join(taken)}"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _refuse_one_sign_for_two_things(self) -> Self:
        if self.decimal == self.thousands:
            message = f"decimal and thousands need different signs, got {self.decimal!r} for both"
            raise ValueError(message)
        return self

    @property
    def step(self) -> Frequency:
        """What one period means."""
        return frequency(self.frequency)

    def release(self, ds: pd.Series) -> pd.Series:
        """Moment at which each period's value is published: its end plus the release lag, in UTC.

        Args:
            ds: Period starts without time zone.

        Returns:
            Same shape, `datetime64[ns, UTC]`.
        """
        naive = self.step.end(ds) + pd.Timedelta(days=self.release_lag_days)
        released: pd.Series = naive.dt.tz_localize("UTC")
        return released
