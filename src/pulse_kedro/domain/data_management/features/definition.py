"""Which steps there are, what a list of them makes, and what is refused before anything is computed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, get_args

from pydantic import ConfigDict, Field, TypeAdapter, field_validator
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.cycle import digest
from pulse_kedro.domain.data_management.features.blocks import Graph, Spectral
from pulse_kedro.domain.data_management.features.calendar import Calendar, Fourier, Holidays
from pulse_kedro.domain.data_management.features.columns import Column, Step, base_column
from pulse_kedro.domain.data_management.features.indicators import Indicators
from pulse_kedro.domain.data_management.features.scaling import Impute, Scale
from pulse_kedro.domain.data_management.features.windowed import Lags, Rolling
from pulse_kedro.domain.errors import InvalidConfiguration, nearest
from pulse_kedro.domain.panel import ID, TARGET, TIME

MOST_FEATURES = 1000
"""Columns that a feature set may have (`domain.md`, D7)."""
StepOptions = Scale | Impute | Indicators | Lags | Rolling | Calendar | Fourier | Holidays | Spectral | Graph
TAKEN = (ID, TIME, "season", "scale")
"""Columns that every feature frame has already."""


class UnknownStep(InvalidConfiguration):
    """A feature step has a type that is not in the table."""

    def __init__(self, type_: str, known: Sequence[str]) -> None:
        """Keep the type and those there are."""
        super().__init__(type_, known)
        self.type, self.known = type_, known

    def __str__(self) -> str:
        """Name the type and the nearest one."""
        return (
            f"Reading a feature step failed: got type {self.type!r}, expected one of {', '.join(self.known)}."
            f"{nearest(self.type, self.known)} Every step of `features.steps` starts with `type:`."
        )


class UnknownColumn(InvalidConfiguration):
    """A feature step reads a column that neither the data nor an earlier step has."""

    def __init__(self, step: str, column: str, known: Sequence[str]) -> None:
        """Keep the step, the column and those there are."""
        super().__init__(step, column, known)
        self.step, self.column, self.known = step, column, known

    def __str__(self) -> str:
        """Name step and column, and the nearest one."""
        return (
            f"Planning the step {self.step!r} failed: got column {self.column!r}, expected one of "
            f"{', '.join(self.known)}.{nearest(self.column, self.known)} A step reads the data and what steps above "
            "it make."
        )


class RepeatedColumn(InvalidConfiguration):
    """Two feature steps make a column of the same name."""

    def __init__(self, step: str, column: str) -> None:
        """Keep the step and the column."""
        super().__init__(step, column)
        self.step, self.column = step, column

    def __str__(self) -> str:
        """Name step and column, and the way out."""
        return (
            f"Planning the step {self.step!r} failed: got column {self.column!r} a second time, expected each once. "
            "Remove one of the steps that make it, or let them read different columns."
        )


class TooManyFeatures(InvalidConfiguration):
    """The steps make more columns than a feature set may have."""

    def __init__(self, count: int) -> None:
        """Keep how many there would be."""
        super().__init__(count)
        self.count = count

    def __str__(self) -> str:
        """Give the number and the bound."""
        return (
            f"Planning the features failed: got {self.count} columns, expected at most {MOST_FEATURES}. "
            "Take fewer windows, lags or statistics in `features.steps`."
        )


def refuse_unknown_types(steps: object) -> object:
    """The same steps, unless one has a type that we do not know: pydantic would list all types and name none.

    Args:
        steps: What the settings hold, or steps.

    Raises:
        UnknownStep: A step of a list has no type that we know.
    """
    for step in steps if isinstance(steps, list | tuple) else ():
        if isinstance(step, Mapping) and step.get("type") not in STEPS:
            raise UnknownStep(str(step.get("type", "")), tuple(STEPS))
    return steps


Steps = tuple[Annotated[StepOptions, Field(discriminator="type")], ...]
"""Steps in the order in which they are computed; each may read what those above it make."""
STEPS: Mapping[str, type] = {get_args(cls.__annotations__["type"])[0]: cls for cls in get_args(StepOptions)}
"""The closed table: type in the settings, class of the step."""


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class FeatureOptions:
    """Which features are computed beside the panel, and on what their parameters are fitted."""

    name: str = Field(min_length=1)
    """Name of the feature set, in its manifest."""
    steps: Steps
    """Typed steps, in the order in which they are computed; none leaves season and scale alone."""
    train_periods: int | None = Field(ge=2)
    """Periods of each series, from its first value on, on which `scale`, `impute` and `graph` are fitted; `null` takes
    the minimum history of the frequency. Rows after them never enter a parameter."""

    _known_types = field_validator("steps", mode="before")(refuse_unknown_types)


def active(steps: Sequence[StepOptions]) -> tuple[StepOptions, ...]:
    """Steps that are computed: blocks that are switched off are no part of anything."""
    return tuple(step for step in steps if getattr(step, "enabled", True))


def as_plain(steps: Sequence[StepOptions]) -> list[dict[str, object]]:
    """Active steps as JSON values, with everything that the settings left open."""
    return [dict(asdict(step)) for step in active(steps)]


def steps_from(values: object) -> tuple[StepOptions, ...]:
    """Steps from their JSON form.

    Raises:
        UnknownStep: One has a type that is not in the table.
    """
    found: tuple[StepOptions, ...] = TypeAdapter(Steps).validate_python(refuse_unknown_types(values))
    return found


def definition_hash(steps: Sequence[StepOptions]) -> str:
    """Identity of a list of steps: SHA-256 of its canonical form, blocks that are off left out."""
    return digest({"steps": as_plain(steps)})


def plan(
    steps: Sequence[StepOptions], *, unit: str, base: Sequence[str] = (TARGET,), taken: Sequence[str] = TAKEN
) -> tuple[tuple[StepOptions, tuple[Column, ...]], ...]:
    """Active steps in their order, each with the columns that it makes and how far they read; nothing is computed.

    Args:
        steps: In the order in which they are computed.
        unit: Unit of the data.
        base: Columns that come with the data.
        taken: Names that no step may use.

    Raises:
        UnknownColumn: A step reads what is not there.
        RepeatedColumn: Two steps make the same column.
        TooManyFeatures: There are more than `MOST_FEATURES`.
    """
    known = {name: base_column(name, unit) for name in base}
    planned = []
    for step in active(steps):
        _require(step, known)
        columns = step.describe(known)
        for column in columns:
            if column.name in known or column.name in taken:
                raise RepeatedColumn(step.type, column.name)
            known[column.name] = column
        planned.append((step, columns))
    count = sum(len(columns) for _, columns in planned)
    if count > MOST_FEATURES:
        raise TooManyFeatures(count)
    return tuple(planned)


def _require(step: Step, known: Mapping[str, Column]) -> None:
    for name in step.reads:
        if name not in known:
            raise UnknownColumn(step.type, name, tuple(known))
