"""Weights that go on learning after the choice: exponential weights with a fixed share, fed as outcomes arrive."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.backtest import Replay
from pulse_kedro.forecasting.choice import Choice, plain
from pulse_kedro.forecasting.combination import Combination, combine_by_nested_choice, combine_chosen
from pulse_kedro.forecasting.evidence import SERIES_BLOCK, blocks_of, fill_abstentions
from pulse_kedro.forecasting.recipe import CombinationOptions

FIXED_SHARE = "fixed share"


def combine_replay(replayed: Replay, options: CombinationOptions, *, block: int = SERIES_BLOCK) -> Combination:
    """Combination of a replay as a recipe asks for it: nested choice, and afterwards aggregation where it is on.

    Args:
        replayed: Forecasts of the members and what came true.
        options: How to combine.
        block: Series combined at once; the result does not depend on it.
    """
    chosen = combine_by_nested_choice(replayed, options, block=block)
    if options.aggregation == "none":
        return chosen
    return aggregate(replayed, chosen, options, block=block)


def aggregate(
    replayed: Replay, chosen: Combination, options: CombinationOptions, *, block: int = SERIES_BLOCK
) -> Combination:
    """Combination by a mean whose weights start from the nested choice and move with every outcome.

    Args:
        replayed: Forecasts of the members and what came true.
        chosen: Nested choice at every cutoff; it is kept until `warm_up` cutoffs are resolved.
        options: Rate and share of the aggregation.
        block: Series at once.

    Returns:
        The combination; the feedback for step k of a cutoff moves the weights k periods later.
    """
    cutoffs, start = len(chosen.points), options.warm_up + replayed.lag - 1
    if start >= cutoffs:
        return chosen
    losses, choices = outcome_losses(replayed, block=block), [plain(choice) for choice in chosen.choices]
    weights = prior_weights(choices[start], losses, start, options.aggregation_share)
    for j in range(start, cutoffs):
        for loss in _arrived(losses, j, replayed.spacing) if j > start else ():
            weights = learn(weights, loss, rate=options.aggregation_rate, share=options.aggregation_share)
        choices[j] = Choice(name=FIXED_SHARE, rule="mean", weights=weights)
    return replace(
        chosen,
        points=combine_chosen(replayed, choices, block=block),
        names=tuple(choice.name for choice in choices),
        choices=tuple(choices),
    )


def learn(weights: Array, losses: Array, *, rate: float, share: float) -> Array:
    """Weights after one outcome.

    Args:
        weights: Before it. Shape `(M,)`, not negative, sum 1.
        losses: Loss of each member, between 0 and 1; `nan` for a member that is asleep and learns nothing.
        rate: Each weight is multiplied by exp(-rate * loss); the awake share their mass among themselves.
        share: What is then spread evenly over all members, asleep ones included.

    Returns:
        Same shape, not negative, sum 1.

    Source:
        Fixed share: Herbster & Warmuth (1998); sleeping experts: Freund, Schapire, Singer & Warmuth (1997).

    Example:
        >>> learn(np.array([0.5, 0.5]), np.array([0.0, 1.0]), rate=np.log(3), share=0.0).round(2).tolist()
        [0.75, 0.25]
    """
    awake = ~np.isnan(losses)
    if not awake.any():
        return weights
    moved = np.where(awake, weights * np.exp(-rate * np.where(awake, losses, 0.0)), weights)
    before, after = weights[awake].sum(), moved[awake].sum()
    moved[awake] *= before / after if after > 0 else 1.0
    return np.asarray((1 - share) * moved + share / len(weights))


def prior_weights(choice: Choice, losses: Array, start: int, share: float) -> Array:
    """Weights to begin with: those of a choice; a member that never forecast until then enters with an even share.

    Args:
        choice: Nested choice. A median counts as equal weights of those it is taken of.
        losses: Losses of the outcomes. Shape `(M, K, H)`, `nan` where a member abstained.
        start: First cutoff that is aggregated.
        share: Share of the weight that is spread evenly; each member gets its part.

    Returns:
        Shape `(M,)`, sum 1.
    """
    weights = choice.weights.reshape(len(choice.weights), -1).mean(axis=1)
    weights = weights if choice.rule == "mean" else (weights > 0).astype(float)
    weights = weights * ~np.isnan(losses[:, :start]).all(axis=(1, 2))
    even = np.full(len(weights), 1 / len(weights))
    return np.asarray((1 - share) * weights / weights.sum() + share * even) if weights.sum() > 0 else even


def outcome_losses(replayed: Replay, *, block: int = SERIES_BLOCK) -> Array:
    """Loss of each member per cutoff and step: mean over series of min(1, |error| / scale).

    Returns:
        Shape `(M, K, H)`, between 0 and 1; `nan` where a member forecast no series or no outcome is known. For a
        series that only this member left out, its error counts as the mean of the others.
    """
    members, cutoffs, horizon, series = replayed.points.shape
    total, count = np.zeros((members, cutoffs, horizon)), np.zeros((cutoffs, horizon))
    awake = np.zeros((members, cutoffs, horizon), dtype=bool)
    for columns in blocks_of(series, block):
        for j in range(cutoffs):
            error = np.abs(replayed.points[:, j, :, columns] - replayed.actual[j, :, columns])
            loss = np.minimum(error / replayed.scale[j, columns], 1.0)
            known = ~np.isnan(loss)
            awake[:, j] |= known.any(axis=2)
            total[:, j] += fill_abstentions(loss).sum(axis=2)
            count[j] += known.any(axis=0).sum(axis=1)
    mean = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    return np.where(awake, mean, np.nan)


def _arrived(losses: Array, j: int, spacing: int) -> Iterator[Array]:
    """Losses that became known since the cutoff before j, step by step."""
    for step in range(losses.shape[2]):
        cutoff = j - 1 - step // spacing
        if cutoff >= 0:
            yield losses[:, cutoff, step]
