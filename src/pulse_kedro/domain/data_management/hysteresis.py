"""From a wavering number to a state that does not waver: two thresholds and a shortest stay."""

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.panel import Array

States = npt.NDArray[np.int8]
"""-1 while nothing is known, 0 usual, 1 the state that is watched for."""


def hold(values: Array, *, enter: float, leave: float, dwell: int) -> States:
    """State after each value: entered above one threshold, left below a lower one, and kept for a while.

    Args:
        values: In time order, shape `(n,)`, such as a probability or a level; a missing one changes nothing.
        enter: The state begins above it.
        leave: The state ends below it; at most `enter`.
        dwell: Values for which a state stays once it began, at least 1. The first state may be left at once.

    Returns:
        Shape `(n,)`. Nothing after t enters the state at t.

    Source:
        P > .7 and P < .4 of domain.md, D14; Schmitt trigger with a minimum dwell.

    Example:
        >>> hold(np.array([31.0, 34.0, 35.0, 36.0, 12.0]), enter=30, leave=20, dwell=3).tolist()
        [1, 1, 1, 1, 0]
    """
    states = np.full(len(values), -1, dtype=np.int8)
    state, since = -1, dwell
    for t, value in enumerate(values.tolist()):  # each step needs the one before it
        since += 1
        wanted = _wanted(state, value, enter, leave)
        if wanted != state and (state == -1 or since >= dwell):
            since = dwell if state == -1 else 0
            state = wanted
        states[t] = state
    return states


def _wanted(state: int, value: float, enter: float, leave: float) -> int:
    if value > enter:
        return 1
    if value < leave or (state == -1 and value <= enter):
        return 0
    return state  # between the thresholds, or missing


def starts_of(states: States) -> npt.NDArray[np.int64]:
    """Indices at which a known state differs from the known state before it."""
    known = np.flatnonzero(states >= 0)
    changed: npt.NDArray[np.int64] = known[1:][np.diff(states[known]) != 0]
    return changed
