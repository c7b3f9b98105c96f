"""Cycles of a small world that several tests of the training room look at."""

import numpy as np
import pytest

from miniature import waves
from pulse_kedro.domain.panel import Array
from training_room import Made, train
from training_world import GAP, KNOWN


@pytest.fixture(scope="session")
def world() -> Array:
    """Fifteen years of six monthly series, a few months missing."""
    y = waves(0, periods=180, series=6)
    y[[30, 90, 91, GAP], [0, 3, 3, 3]] = np.nan
    return y


@pytest.fixture(scope="session")
def first(world: Array) -> Made:
    """The first cycle."""
    return train(world, known=KNOWN)


@pytest.fixture(scope="session")
def second(world: Array, first: Made) -> Made:
    """The cycle one month later."""
    return train(world, known=KNOWN + 1, parent=first)
