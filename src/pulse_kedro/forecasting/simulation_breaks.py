"""Breaks put into a history on purpose, to see how fast a policy recovers."""

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.metrics.competition import scale
from pulse_kedro.domain.panel import Array

Kind = Literal["level", "variance", "season"]
KINDS = ("level", "variance", "season")
LEVEL = 3.0
"""Height of a jump in units of the mean seasonal change; ours, far beyond usual forecast errors."""


class UnknownBreak(InvalidInput):
    """A break was asked for that cannot be injected."""

    def __init__(self, said: str, origins: int) -> None:
        """Keep what was said and how many origins there are."""
        super().__init__(said, origins)
        self.said, self.origins = said, origins

    def __str__(self) -> str:
        """Give the form."""
        return (
            f"Injecting a break failed: got {self.said!r}, expected KIND@ORIGIN with a kind of {', '.join(KINDS)} and "
            f"an origin from 2 to {self.origins}. Write, for example, --break level@2."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """What changes, and the place of the first origin whose targets are changed, counted from 0."""

    kind: Kind
    origin: int


def parse_break(said: str, origins: int) -> Break:
    """A break from words such as `level@12`; origins count from 1.

    Raises:
        UnknownBreak: Another kind, or an origin without one before it.
    """
    kind, _, place = said.partition("@")
    if kind not in KINDS or not place.isascii() or not place.isdigit() or not 1 < int(place) <= origins:
        raise UnknownBreak(said, origins)
    return Break(kind=cast("Kind", kind), origin=int(place) - 1)


def inject(y: Array, kind: Kind, first: int, season: int) -> Array:
    """The panel with a break in every series from one period on.

    Args:
        y: Shape `(periods, series)`.
        kind: `level` adds three mean seasonal changes, `variance` doubles each change from the season before, `season`
            moves the season by half of itself.
        first: First period that is changed, at least `season`.
        season: Steps in a season.
    """
    broken = y.copy()
    if kind == "level":
        broken[first:] += LEVEL * np.nan_to_num(scale(y[:first], season))
    elif kind == "variance":
        before = y[first - season : len(y) - season]
        broken[first:] = before + 2 * (y[first:] - before)
    else:
        moved = max(1, season // 2)
        broken[first:] = y[first - moved : len(y) - moved]
    return broken
