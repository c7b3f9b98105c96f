"""What was learned at different times: one generation per lesson, each known by the periods it was learned from."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Protocol, TypeVar


class Dated(Protocol):
    """Parameters that know from how many periods they were learned; a frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]  # what `dataclasses.replace` asks for

    @property
    def trained_until(self) -> int:
        """Periods, counted from the first one of the panel."""
        ...


Kind = TypeVar("Kind", bound=Dated)
"""Any kind of such parameters; what is joined is of one kind."""


def joined(generations: Sequence[Kind], new: Kind) -> tuple[Kind, ...]:
    """Generations in order of time with a new one, which takes the place of one of the same time."""
    others = [one for one in generations if one.trained_until != new.trained_until]
    return tuple(sorted([*others, new], key=lambda one: one.trained_until))


def newest_at(generations: Sequence[Dated], stop: int) -> int:
    """Number of the newest generation learned from data up to a stop or earlier; -1 before the first."""
    return sum(one.trained_until <= stop for one in generations) - 1


def moved(generations: Sequence[Kind], periods: int) -> tuple[Kind, ...]:
    """Generations at their place in time in a panel that begins so many periods earlier than it did."""
    return tuple(replace(one, trained_until=one.trained_until + periods) for one in generations)


def waited(generations: Sequence[Dated], seen: int) -> int | None:
    """Periods that arrived since the newest generation; `None` before the first one."""
    return seen - generations[-1].trained_until if generations else None
