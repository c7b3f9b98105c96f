"""Contracts as configuration declares them: each a name, its versions, and which one is current."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.data_management.deliveries.cells import NAMES, CellType
from pulse_kedro.domain.errors import InvalidConfiguration, nearest

STRICT = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class UnknownContract(InvalidConfiguration):
    """A source names a contract that nobody declared."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        """Keep the name and those there are."""
        super().__init__(name, known)
        self.name, self.known = name, known

    def __str__(self) -> str:
        """Name the contracts there are and the nearest one."""
        return (
            f"Choosing a contract failed: got {self.name!r}, expected one of {', '.join(self.known) or 'none'}."
            f"{nearest(self.name, self.known)} Declare it in conf/base/contracts.yml."
        )


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class FieldOptions:
    """One column of a delivery."""

    type: CellType
    """`text`, `number`, `integer`, `date` (a date, or text that spells one) or `truth` (true or false)."""
    nullable: bool
    """Whether cells may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class VersionOptions:
    """One version of a contract."""

    columns: Mapping[str, FieldOptions] = Field(min_length=1)
    """Every column that has to be there: its type, such as `text`, or `text or empty` where cells may be empty."""
    cells: Literal["typed", "text"]
    """`typed` where numbers have to come as numbers, `text` where everything is spelled, as in a CSV file."""
    date_format: str | None = None
    """Format of dates that are text, as in `source.date_format`; `null` reads ISO 8601 only."""

    @field_validator("columns", mode="before")
    @classmethod
    def _read_short_forms(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        return {name: _field(said) if isinstance(said, str) else said for name, said in value.items()}


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class ContractOptions:
    """What a kind of delivery promises, now and before."""

    current: int = Field(ge=1)
    """Version that rows are stored in; older ones are converted up to it."""
    version_column: str | None
    """Column or fact of a delivery that says its version; `null` finds the version by the columns."""
    versions: Mapping[int, VersionOptions] = Field(min_length=1)
    """Every version there ever was, by its number."""

    @model_validator(mode="after")
    def _refuse_gaps(self) -> Self:
        if sorted(self.versions) != list(range(1, self.current + 1)):
            found = ", ".join(map(str, sorted(self.versions)))
            message = f"versions have to be 1 to {self.current}, the current one; got {found}"
            raise ValueError(message)
        return self


def contract_named(name: str, contracts: Mapping[str, ContractOptions]) -> ContractOptions:
    """A contract by its name.

    Raises:
        UnknownContract: Nobody declared it.
    """
    if name not in contracts:
        raise UnknownContract(name, sorted(contracts))
    return contracts[name]


def _field(said: str) -> object:
    """The long form of `number` or `text or empty`."""
    found = re.fullmatch(rf"({'|'.join(NAMES)})( or empty)?", said.strip())
    return said if found is None else {"type": found[1], "nullable": bool(found[2])}
