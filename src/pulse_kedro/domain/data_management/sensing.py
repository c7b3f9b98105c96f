"""Probabilities and change points of one signal, each made from what was known at its own period.

Parameters are estimated again as the signal grows, on the values before the period from which they are used. The
places of these estimates depend on nothing but the index, so a later run says the same about the past.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.data_management.change_points import long_run_variance, pelt
from pulse_kedro.domain.data_management.markov import Fit, Switching, estimate, filter_states
from pulse_kedro.domain.data_management.segment_costs import mean_cost
from pulse_kedro.domain.panel import Array

REFIT_GROWTH = 1.1
"""Estimates lie at least this factor apart, so that their number grows with the logarithm of the history (ours)."""
PRIOR = (20.0, 1.0)
"""Imagined (stays, leaves) per state: a state lasts about 20 periods until the data say otherwise. Ours, chosen on
total employment before 1970; see decision record 0031."""
CLIP = {"mean": 3.0, "variance": 6.0}
"""Values farther from the median of the past than this many robust deviations are drawn in; ours, same record."""
LAGS = {"mean": 0, "variance": 1}
"""Autoregressive terms beside the states; ours, same record."""
PENALTY_SIZE = 2000
"""Observations for which the penalty of a change point is made; a penalty that grows would change the past (ours)."""
_FIRST_STEPS, _NEXT_STEPS = 60, 8
_MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensed:
    """P(state 1) after each period, `nan` before the first estimate and where one state says it as well.

    `gain` is the evidence for two states in force at each period (`Fit.gain`); both of shape `(n,)`. `fits` holds the
    estimates with the index from which each is used.
    """

    probability: Array
    gain: Array
    fits: tuple[tuple[int, Fit], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundChange:
    """A change of level: where it lies, at which index it was first seen, and its size in the unit of the signal."""

    place: int
    found: int
    size: float


def schedule(finite: npt.NDArray[np.bool_], *, first: int, every: int) -> tuple[int, ...]:
    """Indices from which a new estimate is used: the first after `first` finite values, later ones ever farther apart.

    Args:
        finite: Which values are known, shape `(n,)`.
        first: Finite values before the first estimate.
        every: Fewest periods between two estimates.

    Returns:
        Ascending, below n; empty while there are too few values.

    Example:
        >>> schedule(np.ones(150, dtype=bool), first=60, every=12)
        (60, 72, 84, 96, 108, 120, 132, 146)
    """
    known = np.flatnonzero(finite)
    if len(known) <= first:
        return ()
    places = [int(known[first])]
    while (following := max(places[-1] + every, math.ceil(round(places[-1] * REFIT_GROWTH, 6)))) < len(finite):
        places.append(following)
    return tuple(places)


def sense_states(signal: Array, switching: Switching, *, first: int, every: int) -> Sensed:
    """Filtered probability of state 1, with parameters that never saw the period they speak of.

    Args:
        signal: In time order, shape `(n,)`, `nan` where unknown.
        switching: What differs between the states.
        first: Finite values before the first estimate.
        every: Fewest periods between two estimates.
    """
    n = len(signal)
    probability, gain = np.full(n, np.nan), np.full(n, np.nan)
    fits: list[tuple[int, Fit]] = []
    places = schedule(np.isfinite(signal), first=first, every=every)
    for place, stop in pairwise((*places, n)):
        drawn_in = _clipped(signal[:stop], signal[:place], CLIP[switching])
        before = fits[-1][1].model if fits else None
        steps = _NEXT_STEPS if fits else _FIRST_STEPS
        fit = estimate(drawn_in[:place], switching, lags=LAGS[switching], start=before, prior=PRIOR, iterations=steps)
        fits.append((place, fit))
        gain[place:stop] = fit.gain
        if fit.gain > 0:
            probability[place:stop] = filter_states(fit.model, drawn_in).probability[place:]
    return Sensed(probability=probability, gain=gain, fits=tuple(fits))


def sense_changes(signal: Array, *, first: int, every: int, minimum: int) -> tuple[FoundChange, ...]:
    """Changes of level in the order in which they were found, each with what was known by then.

    Args:
        signal: In time order, shape `(n,)`, `nan` where unknown (left out).
        first: Finite values before the first look.
        every: Fewest periods between two estimates of the noise.
        minimum: Shortest segment in observations; a change nearer than that to one that was reported is the same.

    Returns:
        The newest change point of the optimal partition of each prefix, where it is a new one. The noise is the robust
        long-run variance of `change_points`, estimated before the period it is used for.
    """
    finite = np.isfinite(signal)
    places, kept = schedule(finite, first=first, every=every), np.flatnonzero(finite)
    if not places or len(kept) < 2 * minimum:
        return ()
    values, variance = np.empty(len(signal)), np.empty(len(signal))
    for start, place, stop in zip((0, *places[1:]), places, (*places[1:], len(signal)), strict=True):
        past = signal[:place][finite[:place]]
        values[start:stop] = _clipped(signal[start:stop], past, CLIP["mean"])
        variance[start:stop] = long_run_variance(past)
    partition = pelt(mean_cost(values[kept], variance=variance[kept]), 2.0 * math.log(PENALTY_SIZE), minimum=minimum)
    return _first_seen(partition.last, values[kept], kept, (places[0], minimum))


def _first_seen(
    last: npt.NDArray[np.int64], values: Array, kept: npt.NDArray[np.int64], limits: tuple[int, int]
) -> tuple[FoundChange, ...]:
    look_from, minimum = limits
    found: list[FoundChange] = []
    reported: list[int] = []
    for end in range(1, len(kept) + 1):
        place = int(last[end])
        if place == 0 or kept[end - 1] < look_from or any(abs(place - known) < minimum for known in reported):
            continue
        reported.append(place)
        before = values[int(last[place]) : place]
        size = float(values[place:end].mean() - before.mean())
        found.append(FoundChange(place=int(kept[place]), found=int(kept[end - 1]), size=size))
    return tuple(found)


def _clipped(values: Array, past: Array, width: float) -> Array:
    """Values drawn in to the median of the past plus or minus some robust deviations of it."""
    known = past[np.isfinite(past)]
    middle = float(np.median(known))
    spread = _MAD_TO_SD * float(np.median(np.abs(known - middle)))
    if spread == 0.0:  # more than half of the past is one value
        spread = float(np.std(known))
    return np.clip(values, middle - width * spread, middle + width * spread)
