"""What a segment of a series costs: minus twice its best Gaussian log-likelihood, from sums made once.

A cost is a function of the starts of many segments and their common end, so that one call serves a whole step of the
search. Each cost is the minimum over parameters of the segment alone; cutting a segment in two never makes it dearer,
which is what the pruning of PELT needs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.panel import Array

Starts = npt.NDArray[np.int64]
SegmentCosts = Callable[[Starts, int], Array]
"""Costs of the segments [start, end) for many starts, shape as the starts; smaller is better."""

_TINY = 1e-300
_FLOOR = 1e-8
"""Smallest variance of a segment, in variances of the whole series: a constant stretch does not cost minus infinity."""
_RIDGE = 1e-9
"""Added to the diagonal of the normal equations, in variances of a regressor, so that constant lags can be solved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A cost with what the search has to know: observations, free parameters per segment, and the shortest segment."""

    name: str
    size: int
    parameters: int
    minimum: int
    of: SegmentCosts


def mean_cost(y: Array, *, variance: float | Array = 1.0) -> Cost:
    """Changes of the mean at a known variance of the noise: squared deviations from the mean of the segment.

    Args:
        y: Finite values in time order, shape `(n,)`.
        variance: Of the noise, in squared units of `y`, one for all or one per observation (the mean is weighted then);
            for dependent noise its long-run variance.
    """
    weight = 1.0 / np.broadcast_to(np.asarray(variance, dtype=float), y.shape)
    centred = y - y.mean()  # sums of squares of large levels would lose the noise
    size, first, second = _sums(weight), _sums(weight * centred), _sums(weight * centred**2)

    def of(starts: Starts, end: int) -> Array:
        total = first[end] - first[starts]
        rss: Array = second[end] - second[starts] - total**2 / (size[end] - size[starts])
        return np.maximum(rss, 0.0)

    return Cost(name="mean", size=len(y), parameters=1, minimum=1, of=of)


def mean_variance_cost(y: Array) -> Cost:
    """Changes of mean or variance under Gaussian noise: L (log v + 1), v the variance of the segment of length L.

    Args:
        y: Finite values in time order, shape `(n,)`.

    Source:
        Killick, Fearnhead and Eckley (2012), section 4, without constants.
    """
    centred = y - y.mean()
    first, second = _sums(centred), _sums(centred**2)
    floor = _FLOOR * max(float(np.var(y)), _TINY)

    def of(starts: Starts, end: int) -> Array:
        length = (end - starts).astype(float)
        total = first[end] - first[starts]
        return _gaussian(second[end] - second[starts] - total**2 / length, length, floor)

    return Cost(name="mean_variance", size=len(y), parameters=2, minimum=3, of=of)


def ar_cost(y: Array, *, order: int = 1, variance: float | None = None) -> Cost:
    """Changes of an autoregression: residuals of least squares on 1 and the last values, fitted to the segment.

    The lags of the first observations of a segment lie in the segment before it; the first `order` observations of the
    series have no lags and cost nothing.

    Args:
        y: Finite values in time order, shape `(n,)`.
        order: Lags p, at least 1.
        variance: Of the residuals where it is known; `None` lets it differ between segments.

    Source:
        The autoregressive cost of Davis, Lee and Rodriguez-Yam (2006) at a fixed order, without its code length.
    """
    n, centred = len(y), y - y.mean()
    rows = np.zeros((n, order + 2))
    rows[order:, 0] = 1.0
    for lag in range(order + 1):  # the last column is the target, lag 0
        rows[order:, order + 1 - lag] = centred[order - lag : n - lag]
    sums = np.concatenate([np.zeros((1, order + 2, order + 2)), np.cumsum(rows[:, :, None] * rows[:, None, :], axis=0)])
    spread = max(float(np.var(y)), _TINY)
    ridge = _RIDGE * np.diag([1.0, *[spread] * order])
    floor = _FLOOR * spread

    def of(starts: Starts, end: int) -> Array:
        gram = sums[end] - sums[starts]
        left = gram[:, :-1, :-1] + ridge
        right = gram[:, :-1, -1]
        weights = np.linalg.solve(left, right[:, :, None])[:, :, 0]
        rss = gram[:, -1, -1] - np.einsum("sk,sk->s", right, weights)
        if variance is not None:
            known: Array = np.maximum(rss, 0.0) / variance
            return known
        return _gaussian(rss, np.maximum(gram[:, 0, 0], 0.0), floor)

    parameters = order + 1 + (variance is None)
    return Cost(name="ar", size=n, parameters=parameters, minimum=2 * (order + 2), of=of)


def seasonal_cost(y: Array, *, season: int, variance: float | None = None) -> Cost:
    """Changes of level or season: deviations from a seasonal profile that the segment has for itself.

    Args:
        y: Finite values in time order, shape `(n,)`.
        season: Length of the season m, at least 2; each segment has m means.
        variance: Of the noise where it is known; `None` lets it differ between segments.
    """
    n, centred = len(y), y - y.mean()
    phases = np.zeros((n, season))
    phases[np.arange(n), np.arange(n) % season] = 1.0
    count, first, second = _sums(phases), _sums(phases * centred[:, None]), _sums(centred**2)
    floor = _FLOOR * max(float(np.var(y)), _TINY)

    def of(starts: Starts, end: int) -> Array:
        number = count[end] - count[starts]
        total = first[end] - first[starts]
        rss = second[end] - second[starts] - np.sum(total**2 / np.maximum(number, 1.0), axis=1)
        if variance is not None:
            known: Array = np.maximum(rss, 0.0) / variance
            return known
        return _gaussian(rss, (end - starts).astype(float), floor)

    return Cost(name="seasonal", size=n, parameters=season + (variance is None), minimum=2 * season, of=of)


def _gaussian(rss: Array, length: Array, floor: float) -> Array:
    """Best log-likelihood over variances that are not below the floor: an exact minimum, so pruning stays exact."""
    variance = np.maximum(rss / np.maximum(length, 1.0), floor)
    costs: Array = length * np.log(variance) + np.maximum(rss, 0.0) / variance
    return costs


def _sums(values: Array) -> Array:
    """Sums of the first k rows for k = 0…n, shape `(n + 1, …)`."""
    return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
