"""Small panels and experts that learn them fast, for the laws and the examples of statistical experts."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from miniature import a_recipe
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.experts import Expert, empty_expert
from pulse_kedro.forecasting.kinds import EXPERT_KINDS
from pulse_kedro.forecasting.recipe import MemberOptions

HORIZON, SEASON = 3, 4
FAMILY = tuple(
    MemberOptions(kind=kind, periods=(1,) if kind == "auto_arima" else None)  # type: ignore[arg-type]
    for kind in EXPERT_KINDS
)
"""Every statistical expert; the laws of an expert hold for all of them. ARIMA has no season here, to save time."""
CASES = [
    pytest.param(options, id=options.kind, marks=pytest.mark.slow if options.kind == "auto_arima" else ())
    for options in FAMILY
]
"""The same as parameters of a test; ARIMA takes a second per series, and laws learn often."""


@dataclass(frozen=True)
class World:
    """A quarterly panel of waves with gaps, and how much of it is known when an expert learns."""

    y: Array
    known: int

    def learned(self, options: MemberOptions) -> Expert:
        """An expert that learned at `known`, and has seen nothing after it."""
        return an_expert(options, self.y.shape[1]).learn(self.y, self.known).update(self.y[: self.known], "")


def an_expert(options: MemberOptions, series: int) -> Expert:
    """An expert that has seen nothing yet."""
    return empty_expert(options, a_recipe((options,), horizon=HORIZON, season_length=SEASON), series=series)


def a_world(seed: int = 0, *, periods: int = 44, series: int = 2, known: int = 32, gaps: float = 0.0) -> World:
    """A panel of seasonal walks above zero, each series of another size."""
    rng = np.random.default_rng(seed)
    season = 3 * np.sin(2 * np.pi * (np.arange(periods)[:, None] / SEASON + rng.random(series)))
    y = (60 + season + rng.normal(size=(periods, series)).cumsum(axis=0)) * rng.uniform(0.5, 20, series)
    y[rng.random(y.shape) < gaps] = np.nan
    return World(y=np.asarray(y), known=known)


def continued(world: World, seed: int) -> World:
    """The same panel up to `known`, and another world from there on."""
    other = a_world(seed, periods=len(world.y), series=world.y.shape[1])
    return replace(world, y=np.concatenate([world.y[: world.known], 100 + other.y[world.known :]]))
