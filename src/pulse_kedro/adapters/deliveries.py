"""What `conf/` declares about deliveries: contracts.yml and variables.yml, read and checked."""

from collections.abc import Mapping
from typing import Any

from kedro.config import AbstractConfigLoader, MissingConfigException
from pydantic import TypeAdapter, ValidationError

from pulse_kedro.domain.data_management.deliveries.contracts import ContractOptions
from pulse_kedro.domain.data_management.variables import Registry, VariableOptions
from pulse_kedro.domain.errors import InvalidConfiguration

CONTRACTS, VARIABLES = "contracts", "variables"
"""Keys of the configuration loader, and the names of the files."""


class InvalidDeclaration(InvalidConfiguration):
    """An entry of contracts.yml or variables.yml cannot be used."""

    def __init__(self, file: str, key: str, rule: str) -> None:
        """Keep the file, the dotted key and what is wrong with it."""
        super().__init__(file, key, rule)
        self.file, self.key, self.rule = file, key, rule

    def __str__(self) -> str:
        """Name file and key."""
        return (
            f"Reading {self.file} failed: got an entry {self.key!r} that cannot be used ({self.rule}), expected what "
            f"the comments of conf/base/{self.file} explain. Correct it."
        )


def contracts(loader: AbstractConfigLoader) -> Mapping[str, ContractOptions]:
    """Every contract of an environment by its name.

    Raises:
        InvalidDeclaration: An entry cannot be used.
    """
    found: dict[str, ContractOptions] = _typed(loader, CONTRACTS, ContractOptions)
    return found


def variables(loader: AbstractConfigLoader) -> Registry:
    """The registry of variables of an environment.

    Raises:
        InvalidDeclaration: An entry cannot be used.
    """
    return Registry(variables=_typed(loader, VARIABLES, VariableOptions))


def _typed(loader: AbstractConfigLoader, section: str, kind: type) -> dict[str, Any]:
    try:
        entries = loader[section] or {}
    except MissingConfigException:
        return {}
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    file, made = f"{section}.yml", {}
    for name, entry in entries.items():
        try:
            made[str(name)] = adapter.validate_python(entry)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            key = ".".join([str(name), *map(str, first["loc"])])
            raise InvalidDeclaration(file, key, first["msg"]) from error
    return made
