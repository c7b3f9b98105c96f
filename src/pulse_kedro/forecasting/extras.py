"""Packages that only some recipes and settings need: what to install when one is missing."""

from importlib.util import find_spec

from pulse_kedro.domain.errors import InvalidConfiguration


class MissingExtra(InvalidConfiguration):
    """A setting needs a package that is not installed."""

    def __init__(self, doing: str, package: str, extra: str) -> None:
        """Keep what was asked for, the package, and the extra that brings it."""
        super().__init__(doing, package, extra)
        self.doing, self.package, self.extra = doing, package, extra

    def __str__(self) -> str:
        """Name the package and the extra that brings it."""
        return (
            f"{self.doing} failed: got no package {self.package!r}, expected it to be installed. Install it with "
            f"`pip install 'pulse_kedro[{self.extra}]'`, or change the setting in conf/ that asks for it."
        )


def require_package(package: str, *, extra: str, doing: str) -> None:
    """Refuse to go on without a package.

    Args:
        package: Module to be imported.
        extra: Extra of this project that brings it.
        doing: What is asked for, the beginning of the sentence.

    Raises:
        MissingExtra: It is not installed.
    """
    if find_spec(package) is None:
        raise MissingExtra(doing, package, extra)
