"""Networks that go on learning inside a replay, and learners that forecast together.

Importing this module imports no torch: that happens when a network is taught or asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.evidence import nan_mean
from pulse_kedro.forecasting.network_member import Network, Teach, empty_network
from pulse_kedro.forecasting.simulation_learners import Learner, usual_units
from pulse_kedro.forecasting.windows import WindowSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """A network whose every solution is one more lesson: a long one at first, a short one from then on.

    `unit` and `level` `(S,)` bring series to comparable values, frozen at the first origin; `values` are everything
    learned so far in these units, shape `(periods, S)`.
    """

    network: Network
    first: Teach
    later: Teach
    unit: Array
    level: Array
    values: Array

    def learn(self, y: Array, new: int) -> Self:
        """State that has read the newest periods; the weights stay until it is solved."""
        read = (y[len(y) - new :] - self.level) / self.unit
        return replace(self, network=self.network.update(read, ""), values=np.concatenate([self.values, read]))

    def forget(self, keep: float) -> Self:  # noqa: ARG002  # the protocol of learners
        """The same state: a network holds no sums, what it forgets follows from the windows of its next lesson."""
        return self

    def solve(self) -> Self:
        """State with one more generation of weights, which goes on from the one before."""
        teach = self.later if self.network.generations else self.first
        taught = replace(self.network, teach=teach).learn(self.values, len(self.values))
        return replace(self, network=replace(taught, teach=None))

    def forecast(self, y: Array) -> Array:
        """Points of the newest generation, in the units of the data."""
        read = (y - self.level) / self.unit
        return np.asarray(self.network.recall(read, [len(y)])[0] * self.unit + self.level)


def empty_taught(y: Array, kind: str, schema: WindowSchema, *, width: int | None, first: Teach, later: Teach) -> Taught:
    """A network that has learned nothing; its units are frozen by what is known now.

    Args:
        y: Everything known at the first origin. Shape `(periods, series)`.
        kind: Of the network.
        schema: Windows in comparable units.
        width: Hidden units; `None` takes the usual number.
        first: Gives the first lesson.
        later: Gives every later one.
    """
    unit, level = usual_units(y, schema.season_length)
    return Taught(
        network=empty_network(kind, kind, schema, width=width, series=y.shape[1]),
        first=first,
        later=later,
        unit=unit,
        level=level,
        values=np.empty((0, y.shape[1])),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Learners whose forecasts are averaged with equal weights: the simplest combination, and hard to beat.

    Source:
        Bates & Granger (1969); equal weights: Stock & Watson (2004), the forecast combination puzzle.
    """

    learners: tuple[Learner, ...]

    def learn(self, y: Array, new: int) -> Self:
        """Everybody learns."""
        return self._all([one.learn(y, new) for one in self.learners])

    def forget(self, keep: float) -> Self:
        """Everybody forgets."""
        return self._all([one.forget(keep) for one in self.learners])

    def solve(self) -> Self:
        """Everybody solves."""
        return self._all([one.solve() for one in self.learners])

    def forecast(self, y: Array) -> Array:
        """Mean of those that have an opinion; `nan` where nobody has."""
        return np.asarray(nan_mean(np.stack([one.forecast(y) for one in self.learners]), 0))

    def _all(self, learners: Sequence[Learner]) -> Self:
        return replace(self, learners=tuple(learners))
