"""What is fixed for a series when its first observation arrives, so that weights and scales never change later."""

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.windows import Constants, WindowSchema, transformed

FEWEST_WINDOWS = 50.0
"""Windows that a series is taken to have at least when its weight is frozen; ours, so that a newcomer of two windows
does not count as much as a series of thousands."""


def register(schema: WindowSchema, constants: Constants, block: Array, clock: int) -> Constants:
    """Constants with those of series whose first observation is in the block; what is fixed never changes.

    Args:
        schema: Decides which of them are read; the others stay `nan`.
        constants: So far.
        block: What arrives. Shape `(periods, series)`.
        clock: Periods before the block.
    """
    if schema.stride == 1 and schema.scale != "frozen" and schema.weight == "unit":
        return constants
    known = ~np.isnan(block)
    new = np.isnan(constants.first) & known.any(axis=0)
    if not new.any():
        return constants
    first, unit, mass = constants.first.copy(), constants.unit.copy(), constants.mass.copy()
    first[new] = clock + known[:, new].argmax(axis=0)
    unit[new] = np.nanstd(transformed(schema, block[:, new]), axis=0)
    unit[new] = np.where(unit[new] > 0, unit[new], 1.0)
    mass[new] = 1.0 / np.maximum(known[:, new].sum(axis=0) - schema.span + 1, FEWEST_WINDOWS)
    return Constants(first=first, unit=unit, mass=mass)


def unregistered(series: int) -> Constants:
    """Constants before anything was observed."""
    return Constants(first=np.full(series, np.nan), unit=np.full(series, np.nan), mass=np.full(series, np.nan))
