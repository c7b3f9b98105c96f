"""How members become one forecast: a choice among candidates by what earlier cutoffs showed, on blocks of series."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.backtest import Replay
from pulse_kedro.forecasting.candidates import STACKS, candidates, names_of, own_errors, stack_of
from pulse_kedro.forecasting.choice import ByGroup, Choice, combine, equal_median
from pulse_kedro.forecasting.evidence import (
    SERIES_BLOCK,
    Products,
    SeriesErrors,
    blocks_of,
    mean_losses,
    member_errors,
    nan_mean,
    products,
    reference_errors,
    scaled_errors,
    series_errors,
)
from pulse_kedro.forecasting.recipe import CombinationOptions

__all__ = [
    "Choice",
    "Combination",
    "candidates",
    "combine",
    "combine_by_nested_choice",
    "combine_chosen",
    "scaled_errors",
]

Options = dict[str, Choice]
"""Candidates that are possible at one cutoff, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """The combined backtest and the choice that serves next.

    `points` has shape `(K, H, S)`, `names` holds the candidate taken at each of the K cutoffs and `choices` what it
    was made of, `losses` the mean loss of each candidate over all resolved cutoffs, `choice` the candidate for the
    newest cutoff.
    """

    points: Array
    names: tuple[str, ...]
    losses: dict[str, float]
    choices: tuple[Choice | ByGroup, ...]

    @property
    def choice(self) -> Choice | ByGroup:
        """The candidate for the newest cutoff."""
        return self.choices[-1]


def combine_by_nested_choice(
    replayed: Replay, options: CombinationOptions, *, block: int = SERIES_BLOCK
) -> Combination:
    """Combination whose choice at each cutoff uses only cutoffs that were fully resolved then.

    Weights at cutoff j come from errors at cutoffs resolved by then, up to j - H where cutoffs lie one period apart; so
    does the choice among candidates: the simplest one within `standard_errors` of the best, the standard error taken
    over blocks of cutoffs whose horizons do not overlap. Losses are averaged over series within a cutoff before they
    are compared.

    Args:
        replayed: Forecasts of the members, float64 or float32, and what came true.
        options: Which candidates compete, by which loss, how carefully.
        block: Series combined at once; the result does not depend on it.

    Raises:
        NoReference: The loss is relative to the naive forecast and no member makes it.

    Source:
        One-standard-error rule: Breiman et al. (1984); nesting as in Varma & Simon (2006).
    """
    members, cutoffs, lag = *replayed.points.shape[:2], replayed.lag
    own = member_errors(replayed, options.loss, block=block)
    reference = reference_errors(own, replayed.members, options.loss)
    known = mean_losses(own, replayed, reference)
    sums = products(replayed, block=block) if set(STACKS) & set(options.candidates) else None
    scaled = own.scaled if "own_powers" in options.candidates else None
    possible = [_possible(known, sums, scaled, (max(0, j - lag + 1), lag), options) for j in range(cutoffs)]
    names = names_of(options.candidates, members)
    made = _candidate_errors(replayed, possible, names, options, block=block)
    losses = mean_losses(made, replayed, reference)
    taken = [_simplest_near_best(losses[:, : max(0, j - lag + 1)], lag, options) for j in range(cutoffs)]
    choices = tuple(possible[j].get(names[row], equal_median(members)) for j, row in enumerate(taken))
    return Combination(
        points=combine_chosen(replayed, choices, block=block),
        names=tuple(choice.name for choice in choices),
        losses=dict(zip(names, map(float, nan_mean(losses, axis=1)), strict=True)),
        choices=choices,
    )


def combine_chosen(replayed: Replay, choices: Sequence[Choice], *, block: int = SERIES_BLOCK) -> Array:
    """Combined forecasts of shape `(K, H, S)`, one choice per cutoff."""
    combined = np.full(replayed.points.shape[1:], np.nan)
    for columns in blocks_of(combined.shape[2], block):
        for j, choice in enumerate(choices):
            combined[j, :, columns] = combine(replayed.points[:, j, :, columns], choice.of(columns))
    return combined


def _possible(
    known: Array, sums: Products | None, scaled: Array | None, past: tuple[int, int], options: CombinationOptions
) -> Options:
    """Candidates that the first cutoffs make possible; `past` is how many are resolved and how many overlap."""
    resolved, lag = past
    stack = None if sums is None else stack_of(sums, resolved)
    own = None if scaled is None else own_errors(scaled[:, :resolved], lag)
    found = candidates(nan_mean(known[:, :resolved], axis=1), options.candidates, stack, own)
    return {choice.name: choice for choice in found}


def _candidate_errors(
    replayed: Replay, possible: Sequence[Options], names: Sequence[str], options: CombinationOptions, *, block: int
) -> SeriesErrors:
    """Errors of every candidate per series and cutoff, `nan` where it was not possible; shape `(candidates, K, S)`."""
    horizon = replayed.points.shape[2]

    def made(j: int, columns: slice) -> Array:
        points = replayed.points[:, j, :, columns]
        absent = np.full((horizon, points.shape[-1]), np.nan)
        there = possible[j]
        return np.stack([combine(points, there[name].of(columns)) if name in there else absent for name in names])

    return series_errors(made, (len(names),), replayed, options.loss, block=block)


def _simplest_near_best(losses: Array, lag: int, options: CombinationOptions) -> int:
    """Row of the first candidate whose paired distance to the best lies within the allowed standard errors."""
    complete = losses[:, ~np.isnan(losses).any(axis=0)]
    blocks = complete.shape[1] // lag
    if complete.shape[1] < options.warm_up or blocks <= 1:
        return 0
    best = int(complete.mean(axis=1).argmin())
    behind = complete - complete[best]
    block_means = behind[:, -blocks * lag :].reshape(len(behind), blocks, lag).mean(axis=2)
    error = block_means.std(axis=1, ddof=1) / np.sqrt(blocks)
    return int(np.argmax(behind.mean(axis=1) <= options.standard_errors * error))
