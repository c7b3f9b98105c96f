"""What every member of the ensemble can do, and the tail of observations that all of them keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

import numpy as np

from pulse_kedro.domain.panel import Array


class Forecaster(Protocol):
    """A member: an immutable state that new periods extend exactly."""

    @property
    def name(self) -> str:
        """Name in every table."""
        ...

    def update(self, block: Array, batch: str) -> Self:
        """State after `block` of shape `(periods, series)` arrived, `nan` where nothing was observed."""
        ...

    def align(self, columns: Sequence[int]) -> Self:
        """State for another set of series: new series `j` continues old series `columns[j]`, -1 starts empty."""
        ...

    def forecast(self) -> Array:
        """Points of shape `(horizon, series)`; `nan` where the member abstains."""
        ...

    def arrays(self) -> Mapping[str, Array]:
        """The state as named float64 arrays."""
        ...

    def facts(self) -> dict[str, object]:
        """The rest of the state as JSON values."""
        ...


@runtime_checkable
class Trained(Forecaster, Protocol):
    """A member whose parameters are learned rarely: generations, each from data up to some period.

    `update` never learns: the newest parameters are applied to the new data. A forecast at a cutoff uses the newest
    generation that was learned from data up to this cutoff or earlier; before the first one the member abstains.
    """

    @property
    def since_lesson(self) -> int | None:
        """Periods that arrived since the newest generation; `None` before the first one."""
        ...

    def learn(self, y: Array, known: int) -> Self:
        """State with one more generation, from the first `known` periods.

        Args:
            y: The panel from its first period on, at least as far as this state has seen. Shape `(periods, series)`.
            known: Periods that the parameters may know.
        """
        ...

    def recall(self, y: Array, stops: Sequence[int]) -> Array:
        """Points of shape `(len(stops), horizon, series)`, each made from `y[:stop]` by the generation of that time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A series that a member serves by a fallback, the seasonal naive forecast.

    `column` is the series' place in the state, `trained_until` the generation, `stop` the number of periods known at
    the forecast; it is `None` when the generation has no parameters for the series at all.
    """

    member: str
    column: int
    trained_until: int
    stop: int | None
    reason: str


@runtime_checkable
class Fallible(Protocol):
    """A member that serves single series by a fallback, and says which."""

    def recall_openly(self, y: Array, stops: Sequence[int]) -> tuple[Array, tuple[Failure, ...]]:
        """What `Trained.recall` gives, and the series that a fallback serves in it."""
        ...


@runtime_checkable
class Rebasable(Protocol):
    """A member that can be led over a panel whose past changed without learning anew."""

    def rebase(self, y: Array, known: int) -> Forecaster:
        """The same generations, which keep their place in time, over the panel as it is now.

        Args:
            y: The whole panel. Shape `(periods, series)`.
            known: How many of its periods this state had seen: the panel may begin earlier or later than it did.
        """
        ...


def extend_tail(tail: Array, block: Array, length: int) -> Array:
    """Newest `length` periods of `tail` followed by `block`.

    Args:
        tail: What was kept so far. Shape `(at most length, series)`.
        block: New periods. Shape `(periods, series)`.
        length: Periods to keep.

    Returns:
        Shape `(at most length, series)`, newest period last.
    """
    return np.concatenate([tail, block])[-length:]


def align_tail(tail: Array, columns: Sequence[int]) -> Array:
    """Tail for another set of series; -1 in `columns` starts a series without observations."""
    padded = np.concatenate([tail, np.full((len(tail), 1), np.nan)], axis=1)
    return np.asarray(padded[:, list(columns)])


def fill_gaps(tail: Array, season_length: int) -> Array:
    """Tail in which each gap holds the value one season earlier, else the last known value.

    Only earlier values are read, so a filled tail knows nothing that the tail did not know. Periods before the first
    observation stay `nan`.

    Args:
        tail: Observations with gaps as `nan`. Shape `(periods, series)`.
        season_length: Steps in a season.

    Returns:
        Same shape.

    Source:
        Ours: the seasonal naive forecast is the cheapest one that keeps the season.

    Example:
        >>> fill_gaps(np.array([[1.0], [2.0], [np.nan], [4.0]]), 2).ravel().tolist()
        [1.0, 2.0, 1.0, 4.0]
    """
    if not np.isnan(tail).any():
        return tail
    filled = tail.copy()
    for t in range(1, len(filled)):
        season = filled[t - season_length] if t >= season_length else filled[t - 1]
        value = np.where(np.isnan(season), filled[t - 1], season)
        filled[t] = np.where(np.isnan(filled[t]), value, filled[t])
    return filled
