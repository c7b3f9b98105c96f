"""What a rule may ask about: the facts that are known when a forecast is made, each with its kind and meaning."""

from dataclasses import dataclass
from typing import Literal

from pulse_kedro.domain.errors import InvalidInput, nearest

Kind = Literal["category", "integer", "number"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One fact: its kind and what it says. Numbers are in units of the scale of a series where nothing else is said.

    `values` are all that a category can be, empty where that depends on the data. `least` is the smallest value of a
    number, `None` where it has none.
    """

    kind: Kind
    about: str
    values: tuple[str, ...] = ()
    least: float | None = None


def _counted(first: int, last: int) -> tuple[str, ...]:
    width = len(str(last))
    return tuple(f"{number:0{width}d}" for number in range(first, last + 1))


VARIABLES = {
    "hour": Variable(kind="category", about="hour of the target, 00 to 23", values=_counted(0, 23)),
    "weekday": Variable(kind="category", about="day of the target, 1 (Monday) to 7", values=_counted(1, 7)),
    "month": Variable(kind="category", about="month of the target, 01 to 12", values=_counted(1, 12)),
    "quarter": Variable(kind="category", about="quarter of the target, 1 to 4", values=_counted(1, 4)),
    "series": Variable(kind="category", about="the series"),
    "group": Variable(kind="category", about="group of the series"),
    "step": Variable(kind="integer", about="steps from the cutoff to the target", least=1),
    "last_bias": Variable(kind="number", about="mean of the newest known errors of unruled forecasts, older ones fade"),
    "trend": Variable(kind="number", about="mean of the newest season minus that of the one before"),
    "volatility": Variable(kind="number", about="mean change from the season before over the newest season", least=0),
    "rise": Variable(kind="number", about="the forecast minus the mean of the newest season"),
    "beyond_naive": Variable(kind="number", about="the forecast minus the seasonal naive forecast"),
}
"""Every variable of the rule language, by name."""
NUMERIC = frozenset(name for name, variable in VARIABLES.items() if variable.kind != "category")


class UnknownVariable(InvalidInput):
    """A rule asks about something that no forecast knows."""

    def __init__(self, name: str) -> None:
        """Keep the name."""
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        """List what there is."""
        known = list(VARIABLES)
        return (
            f"Reading a rule failed: got the variable {self.name!r}, expected one of {', '.join(known)}."
            f"{nearest(self.name, known)}"
        )


def variable(name: str) -> Variable:
    """A variable by its name.

    Raises:
        UnknownVariable: There is none.
    """
    try:
        return VARIABLES[name]
    except KeyError as error:
        raise UnknownVariable(name) from error
