"""Steps from an old version of a contract to the next one, registered by a decorator."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import pandas as pd

from pulse_kedro.domain.errors import InvalidConfiguration

Convert = Callable[[pd.DataFrame], pd.DataFrame]
"""Takes rows of one version, gives the same rows in the next: same number, same order, same index."""
_STEPS: dict[tuple[str, int], Convert] = {}


class SecondConverter(InvalidConfiguration):
    """Two functions claim to convert the same version of a contract."""

    def __init__(self, contract: str, version: int) -> None:
        """Keep contract and version."""
        super().__init__(contract, version)
        self.contract, self.version = contract, version

    def __str__(self) -> str:
        """Say that there can be one only."""
        return (
            f"Registering an up-converter failed: got a second one for contract {self.contract!r} from version "
            f"{self.version}, expected one. Remove one of the two functions."
        )


def up_converter(contract: str, *, from_version: int) -> Callable[[Convert], Convert]:
    """Decorator that registers a function as the step from a version of a contract to the next one.

    Args:
        contract: Name of the contract, as in contracts.yml.
        from_version: Version of the rows that it takes; it gives the one after.

    Raises:
        SecondConverter: Another function does this step already.
    """

    def register(convert: Convert) -> Convert:
        known = _STEPS.setdefault((contract, from_version), convert)
        if _place(known) != _place(convert):  # a module that is imported again registers its functions again
            raise SecondConverter(contract, from_version)
        _STEPS[contract, from_version] = convert
        return convert

    return register


def _place(convert: Convert) -> tuple[str, str]:
    return convert.__module__, convert.__qualname__


def registered() -> Mapping[tuple[str, int], Convert]:
    """Every step there is, by contract and version it starts from."""
    return MappingProxyType(_STEPS)


def forget(contract: str, from_version: int) -> None:
    """Take a step away, if it is there.

    Args:
        contract: Name of the contract.
        from_version: Version it starts from.
    """
    _STEPS.pop((contract, from_version), None)
