"""How members become one forecast: candidates from simple to complex, chosen by what earlier cutoffs showed."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.backtest import Replay
from pulse_kedro.forecasting.recipe import CombinationOptions

POWERS = (1, 2, 4, 8)
LEADERS = (5, 3)
TRIM = 0.2
"""Share of members cut at each end by the trimmed mean; a common choice, ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One way to combine: a rule over the members whose weight is positive; `weights` has shape `(members,)`."""

    name: str
    rule: Literal["median", "trimmed_mean", "mean"]
    weights: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """The combined backtest and the choice that serves next.

    `points` has shape `(K, H, S)`, `names` holds the candidate taken at each of the K cutoffs, `losses` the mean scaled
    error of each candidate over all resolved cutoffs, `choice` the candidate for the newest cutoff.
    """

    points: Array
    names: tuple[str, ...]
    losses: dict[str, float]
    choice: Choice


def combine(points: Array, choice: Choice) -> Array:
    """Combined forecast; members that abstain (`nan`) are left out series by series.

    Args:
        points: Forecasts of the members. Shape `(members, ...)`.
        choice: What to do with them.

    Returns:
        Shape of `points` without the first axis. Where every chosen member abstains, as for a series too short for
        the leaders, it is the median of all members; `nan` where these abstain too.
    """
    chosen = choice.weights > 0
    if choice.rule == "mean":
        combined = _weigh(points[chosen], choice.weights[chosen])
    else:
        combined = _trim(points[chosen], choice.rule)
    if chosen.all() or not np.isnan(combined).any():
        return combined
    return np.where(np.isnan(combined), _trim(points, "median"), combined)


def _weigh(points: Array, weights: Array) -> Array:
    """Weighted mean over the first axis of what is not `nan`."""
    mass = np.tensordot(weights, ~np.isnan(points), axes=1)
    total = np.tensordot(weights, np.nan_to_num(points), axes=1)
    return np.asarray(np.divide(total, mass, out=np.full_like(total, np.nan), where=mass > 0))


def _trim(points: Array, rule: Literal["median", "trimmed_mean"]) -> Array:
    """Mean over the first axis of the values in the middle, without `nan`: the one or two of the median, or more."""
    ordered = np.sort(points, axis=0)
    count = (~np.isnan(ordered)).sum(axis=0)
    cut = np.floor(TRIM * count) if rule == "trimmed_mean" else np.maximum(np.ceil(count / 2) - 1, 0)
    rank = np.arange(len(ordered)).reshape(-1, *([1] * count.ndim))
    kept = (rank >= cut) & (rank < count - cut)
    total = np.where(kept, ordered, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, kept.sum(axis=0), out=np.full_like(total, np.nan), where=count > 0))


def candidates(errors: Array) -> list[Choice]:
    """Ways to combine, simplest first.

    Args:
        errors: Mean scaled error of each member at earlier cutoffs. Shape `(members,)`; `nan` or empty evidence makes
            only the first two candidates possible.

    Returns:
        Equal median, trimmed mean, weights proportional to error^-p, medians of the leaders, the single best member
        (the most complex one: it has the largest selection variance).
    """
    equal = np.ones(len(errors))
    found = [
        Choice(name="median", rule="median", weights=equal),
        Choice(name="trimmed mean", rule="trimmed_mean", weights=equal),
    ]
    if np.isnan(errors).all():
        return found
    errors = np.where(np.isnan(errors), np.inf, np.maximum(errors, np.finfo(float).tiny))
    order = np.argsort(errors, kind="stable")
    found += [Choice(name=f"error^-{power}", rule="mean", weights=(errors.min() / errors) ** power) for power in POWERS]
    for leaders in (*(k for k in LEADERS if k < len(errors)), 1):
        weights = np.zeros(len(errors))
        weights[order[:leaders]] = 1.0
        name = f"median of best {leaders}" if leaders > 1 else "best member"
        found.append(Choice(name=name, rule="median", weights=weights))
    return found


def scaled_errors(points: Array, replayed: Replay) -> Array:
    """Mean over steps, then series, of |error| / scale per cutoff; `nan` where nothing can be scored.

    Args:
        points: Forecasts. Shape `(..., K, H, S)`.
        replayed: Actuals `(K, H, S)` and scales `(K, S)`.

    Returns:
        Shape `(..., K)`.
    """
    errors = np.abs(points - replayed.actual) / replayed.scale[:, None, :]
    return _nan_mean(_nan_mean(errors, axis=-2), axis=-1)


def combine_by_nested_choice(replayed: Replay, options: CombinationOptions) -> Combination:
    """Combination whose choice at each cutoff uses only cutoffs that were fully resolved then.

    Weights at cutoff j come from errors at cutoffs up to j - H; so does the choice among candidates: the simplest one
    within `standard_errors` of the best, the standard error taken over blocks of H cutoffs because neighbouring
    horizons overlap.

    Source:
        One-standard-error rule: Breiman et al. (1984); nesting as in Varma & Simon (2006).
    """
    horizon, cutoffs = replayed.points.shape[2], replayed.points.shape[1]
    known = np.where(replayed.resolved, scaled_errors(replayed.points, replayed), np.nan)
    names = [choice.name for choice in candidates(np.ones(len(replayed.members)))]
    combined = np.full((len(names), *replayed.points.shape[1:]), np.nan)
    choices: list[list[Choice]] = []
    for j in range(cutoffs):
        choices.append(candidates(_nan_mean(known[:, : max(0, j - horizon + 1)], axis=1)))
        for row, choice in enumerate(choices[j]):
            combined[row, j] = combine(replayed.points[:, j], choice)
    losses = np.where(replayed.resolved, scaled_errors(combined, replayed), np.nan)
    taken = [_simplest_near_best(losses[:, : max(0, j - horizon + 1)], horizon, options) for j in range(cutoffs)]
    return Combination(
        points=combined[taken, np.arange(cutoffs)],
        names=tuple(names[row] for row in taken),
        losses=dict(zip(names, map(float, _nan_mean(losses, axis=1)), strict=True)),
        choice=choices[-1][taken[-1]],
    )


def _simplest_near_best(losses: Array, horizon: int, options: CombinationOptions) -> int:
    """Row of the first candidate whose paired distance to the best lies within the allowed standard errors."""
    complete = losses[:, ~np.isnan(losses).any(axis=0)]
    blocks = complete.shape[1] // horizon
    if complete.shape[1] < options.warm_up or blocks <= 1:
        return 0
    best = int(complete.mean(axis=1).argmin())
    behind = complete - complete[best]
    block_means = behind[:, -blocks * horizon :].reshape(len(behind), blocks, horizon).mean(axis=2)
    error = block_means.std(axis=1, ddof=1) / np.sqrt(blocks)
    return int(np.argmax(behind.mean(axis=1) <= options.standard_errors * error))


def _nan_mean(values: Array, axis: int) -> Array:
    """Mean of what is not `nan`, `nan` (without a warning) where nothing is left."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
