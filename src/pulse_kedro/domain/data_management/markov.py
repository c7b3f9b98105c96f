"""A series that switches between two states: Hamilton's filter, and parameters by expectation-maximisation.

The filter gives the probability of a state given the past and the present. The smoother, which looks ahead, is used in
one place only: to estimate parameters from data that all lie before the periods the parameters are used for.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pulse_kedro.domain.panel import Array

Switching = Literal["mean", "variance"]
"""What differs between the states: the mean (at one variance) or the variance (at one mean)."""

_TINY = 1e-300
_SD_FLOOR = 0.1
"""Smallest standard deviation of a state, in deviations without states: no state may settle on one value (ours)."""
_STAY = 0.95
"""Probability of staying, from which the search begins (ours)."""
_EXTRA = 3
"""Parameters that a second state brings: its mean or deviation, and a probability of staying for each state."""
_TOLERANCE = 1e-7
"""Gain of the log-likelihood per observation below which the search ends (ours)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkovModel:
    """z_t = μ_s + φ' (z_{t-1}, …) + σ_s ε_t, where the state s is a Markov chain.

    `means` and `deviations` belong to states 0 and 1, unit of z; `lags` holds φ; `stay` the probability of remaining in
    each state. State 1 has the higher mean, or the higher variance.
    """

    means: tuple[float, float]
    deviations: tuple[float, float]
    lags: tuple[float, ...]
    stay: tuple[float, float]

    @property
    def share(self) -> float:
        """Share of time in state 1 in the long run."""
        leave = 2.0 - self.stay[0] - self.stay[1]
        return (1.0 - self.stay[0]) / leave if leave > 0 else 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered:
    """What the filter knows after each observation.

    `probability` and `predicted` are P(state 1) given everything up to t and up to t - 1; `likelihood` is the
    log-likelihood of each observation given those before it (0 where it is missing). All have shape `(n,)`.
    """

    probability: Array
    predicted: Array
    likelihood: Array


def with_lags(z: Array, lags: int) -> Array:
    """The last values beside each value, shape `(n, lags)`; `nan` where there is none."""
    table = np.full((len(z), lags), np.nan)
    for lag in range(1, lags + 1):
        table[lag:, lag - 1] = z[:-lag]
    return table


def filter_states(model: MarkovModel, z: Array) -> Filtered:
    """Probability of state 1 at each moment, given that moment and the past.

    Args:
        model: Parameters.
        z: Values in time order, shape `(n,)`; a missing one (or a missing lag) teaches nothing, the state moves on.

    Returns:
        Filtered probabilities and the likelihood. Nothing after t enters what stands at t.

    Source:
        Hamilton (1989), A new approach to the economic analysis of nonstationary time series, Econometrica 57; started
        from the long-run share of each state.
    """
    densities, scale = _densities(model, z)
    (stay0, stay1), probability = model.stay, model.share
    filtered, predicted, totals = [], [], []
    for low, high in densities.tolist():  # a recursion of two numbers: plain floats are faster here than arrays
        prior = stay1 * probability + (1.0 - stay0) * (1.0 - probability)
        weight = prior * high
        total = weight + (1.0 - prior) * low
        probability = weight / total if total > 0.0 else prior
        filtered.append(probability)
        predicted.append(prior)
        totals.append(total)
    likelihood = np.log(np.maximum(totals, _TINY)) + scale
    return Filtered(probability=np.array(filtered), predicted=np.array(predicted), likelihood=likelihood)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Parameters with the evidence for two states.

    `likelihood` is the log-likelihood of the observations, `gain` how far the two states beat one state after the price
    of their parameters (2 Δ log-likelihood - 3 log n, BIC); at most 0 means that one state says it as well.
    """

    model: MarkovModel
    likelihood: float
    gain: float
    iterations: int


def estimate(
    z: Array,
    switching: Switching,
    *,
    lags: int = 0,
    start: MarkovModel | None = None,
    prior: tuple[float, float] = (0.0, 0.0),
    iterations: int = 200,
) -> Fit:
    """Parameters by expectation-maximisation.

    Args:
        z: Values in time order, shape `(n,)`, some finite; missing ones are left out.
        switching: What differs between the states.
        lags: Number of φ, shared by the states.
        start: Where the search begins, such as the last estimate; by default at the outer quarters of the values.
        prior: Imagined transitions (stays, leaves) per state, added to the expected ones; (0, 0) is plain maximum
            likelihood.
        iterations: Most steps.

    Returns:
        A maximum near the start, state 1 having the higher mean or variance.

    Source:
        Hamilton (1990), Analysis of time series subject to changes in regime, J. Econometrics 45; smoothed
        probabilities by Kim (1994). The prior is conjugate (Dirichlet).
    """
    table = with_lags(z, lags)
    used = np.isfinite(z) & np.isfinite(table).all(axis=1)
    design, target = table[used], z[used]
    one = _one_state(design, target)
    model = start or _begin(design, target, switching, one)
    before, steps = -np.inf, 0
    for steps in range(1, iterations + 1):  # noqa: B007  # the last one is reported
        filtered = filter_states(model, z)
        likelihood = float(filtered.likelihood.sum())
        if abs(likelihood - before) < _TOLERANCE * len(target):
            break
        before = likelihood
        smoothed, stays, leaves = _smooth(model, filtered)
        model = _maximise(design, target, smoothed[used], switching, (model, one.deviations[0]))
        model = _ordered(_with_stay(model, stays, leaves, prior), switching)
    likelihood = float(filter_states(model, z).likelihood.sum())
    alone = float(_one_state_likelihood(one, design, target))
    gain = 2.0 * (likelihood - alone) - 2.0 * _EXTRA
    return Fit(model=model, likelihood=likelihood, gain=gain, iterations=steps)


def _densities(model: MarkovModel, z: Array) -> tuple[Array, Array]:
    """Densities of both states, divided by the larger one, and the logarithm of that; shapes `(n, 2)` and `(n,)`."""
    residual = z - with_lags(z, len(model.lags)) @ np.array(model.lags) if model.lags else z
    deviations = np.array(model.deviations)
    logs = -0.5 * ((residual[:, None] - np.array(model.means)) / deviations) ** 2 - np.log(deviations)
    logs = logs - 0.5 * math.log(2.0 * math.pi)
    missing = ~np.isfinite(residual)
    logs[missing] = 0.0
    scale: Array = logs.max(axis=1)
    return np.exp(logs - scale[:, None]), scale


def _smooth(model: MarkovModel, filtered: Filtered) -> tuple[Array, tuple[float, float], tuple[float, float]]:
    """P(state 1) given all values, and the expected number of stays in and leaves of each state."""
    (stay0, stay1), probability = model.stay, filtered.probability
    ahead = np.clip(filtered.predicted[1:], 1e-12, 1.0 - 1e-12)
    to_one, to_zero = (1.0 / ahead).tolist(), (1.0 / (1.0 - ahead)).tolist()
    known, later = probability.tolist(), float(probability[-1])
    backward = [later]
    for t in range(len(known) - 2, -1, -1):
        later = known[t] * (stay1 * later * to_one[t] + (1.0 - stay1) * (1.0 - later) * to_zero[t])
        backward.append(later)
    smoothed = np.clip(np.array(backward[::-1]), 0.0, 1.0)
    here, following = probability[:-1], smoothed[1:]
    stays = (
        float(((1.0 - here) * stay0 * (1.0 - following) / (1.0 - ahead)).sum()),
        float((here * stay1 * following / ahead).sum()),
    )
    leaves = (
        float(((1.0 - here) * (1.0 - stay0) * following / ahead).sum()),
        float((here * (1.0 - stay1) * (1.0 - following) / (1.0 - ahead)).sum()),
    )
    return smoothed, stays, leaves


def _maximise(
    design: Array, target: Array, high: Array, switching: Switching, before: tuple[MarkovModel, float]
) -> MarkovModel:
    """Weighted least squares over both states at once, then the deviations from its residuals."""
    model, overall = before
    n = len(target)
    weights = np.concatenate([1.0 - high, high])
    shared = np.ones((2 * n, 1)) if switching == "variance" else np.repeat(np.eye(2), n, axis=0)
    rows = np.hstack([shared, np.vstack([design, design])])
    values = np.concatenate([target, target])
    precision = weights / np.repeat(np.square(model.deviations), n)
    gram = rows.T @ (precision[:, None] * rows)
    gram += 1e-10 * np.trace(gram) / len(gram) * np.eye(len(gram))
    solved = np.linalg.solve(gram, rows.T @ (precision * values))
    squares = weights * (values - rows @ solved) ** 2
    floor = _SD_FLOOR * overall
    if switching == "variance":
        sums, sizes = (squares[:n].sum(), squares[n:].sum()), (weights[:n].sum(), weights[n:].sum())
        spread = [max(math.sqrt(a / max(b, _TINY)), floor) for a, b in zip(sums, sizes, strict=True)]
        means, lags = (float(solved[0]), float(solved[0])), solved[1:]
    else:
        spread = [max(math.sqrt(squares.sum() / n), floor)] * 2
        means, lags = (float(solved[0]), float(solved[1])), solved[2:]
    return MarkovModel(means=means, deviations=(spread[0], spread[1]), lags=tuple(lags.tolist()), stay=model.stay)


def _with_stay(
    model: MarkovModel, stays: tuple[float, float], leaves: tuple[float, float], prior: tuple[float, float]
) -> MarkovModel:
    kept = [
        (stay + prior[0]) / max(stay + leave + sum(prior), _TINY) for stay, leave in zip(stays, leaves, strict=True)
    ]
    stay = (min(max(kept[0], 1e-6), 1 - 1e-6), min(max(kept[1], 1e-6), 1 - 1e-6))
    return MarkovModel(means=model.means, deviations=model.deviations, lags=model.lags, stay=stay)


def _ordered(model: MarkovModel, switching: Switching) -> MarkovModel:
    """Swap the names of the states where state 1 is the lower one."""
    facts = model.deviations if switching == "variance" else model.means
    if facts[0] <= facts[1]:
        return model
    return MarkovModel(
        means=model.means[::-1], deviations=model.deviations[::-1], lags=model.lags, stay=model.stay[::-1]
    )


def _one_state(design: Array, target: Array) -> MarkovModel:
    """Least squares without states."""
    rows = np.hstack([np.ones((len(target), 1)), design])
    solved = np.linalg.lstsq(rows, target, rcond=None)[0]
    deviation = max(float(np.sqrt(np.mean((target - rows @ solved) ** 2))), 1e-12)
    mean = float(solved[0])
    lags = tuple(solved[1:].tolist())
    return MarkovModel(means=(mean, mean), deviations=(deviation, deviation), lags=lags, stay=(_STAY, _STAY))


def _one_state_likelihood(one: MarkovModel, design: Array, target: Array) -> float:
    residual = (target - one.means[0] - design @ np.array(one.lags)) / one.deviations[0]
    constant = math.log(one.deviations[0]) + 0.5 * math.log(2.0 * math.pi)
    return -float(0.5 * (residual**2).sum()) - len(target) * constant


def _begin(design: Array, target: Array, switching: Switching, one: MarkovModel) -> MarkovModel:
    """States at the outer quarters of the residuals, or at half and twice their deviation."""
    residual = target - design @ np.array(one.lags)
    low, high = np.quantile(residual, [0.125, 0.875])
    deviation = one.deviations[0]
    if switching == "variance":
        means, deviations = one.means, (0.6 * deviation, 1.6 * deviation)
    else:
        means, deviations = (float(low), float(high)), (0.7 * deviation, 0.7 * deviation)
    return MarkovModel(means=means, deviations=deviations, lags=one.lags, stay=(_STAY, _STAY))
