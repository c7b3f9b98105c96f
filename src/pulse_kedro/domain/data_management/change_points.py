"""Where a series changes for good: penalised optimal partitioning with the pruning of PELT, and noise that knows it.

A change point is the index of the first observation of a new segment. Only what is handed in is read, so a caller that
hands in data up to a cutoff gets what could be known then.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.data_management.segment_costs import (
    Cost,
    ar_cost,
    mean_cost,
    mean_variance_cost,
    seasonal_cost,
)
from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import Array

CostName = Literal["mean", "mean_variance", "ar", "seasonal"]
"""What may change: the mean (under dependent noise), mean and variance, an autoregression, level and season."""

_TINY = 1e-300
_SMALLEST = 1e-16
"""Smallest long-run variance, in squares of the largest value: what rounding leaves of a constant series."""
_MAD_TO_SD = 1.4826
"""Standard deviations per median absolute deviation under a normal distribution."""
_LARGEST_RHO = 0.95
"""Bound on the estimated autocorrelation, beyond which a change of level cannot be told from wandering (ours)."""


class TooShortToSegment(InvalidInput):
    """A series has gaps, or fewer observations than two segments need."""

    def __init__(self, size: int, finite: int, minimum: int) -> None:
        """Keep the observations, how many of them are finite, and the shortest segment."""
        super().__init__(size, finite, minimum)
        self.size, self.finite, self.minimum = size, finite, minimum

    def __str__(self) -> str:
        """Say how much a segmentation needs."""
        return (
            f"Looking for change points failed: got {self.size} observations of which {self.finite} are finite, "
            f"expected at least {self.minimum}, all finite. Fill the gaps or choose a shorter minimum segment."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """The optimal partition of every prefix of a series.

    `best[t]` is the smallest penalised cost of the first t observations (infinite where no partition exists) and
    `last[t]` where its last segment begins, both of shape `(n + 1,)`.
    """

    best: Array
    last: npt.NDArray[np.int64]

    def change_points(self, end: int | None = None) -> tuple[int, ...]:
        """Change points of the first `end` observations (all by default), ascending.

        Nothing after `end` has been read for them.
        """
        found: list[int] = []
        start = int(self.last[len(self.last) - 1 if end is None else end])
        while start > 0:
            found.append(start)
            start = int(self.last[start])
        return tuple(reversed(found))


def pelt(cost: Cost, penalty: float, *, minimum: int = 1) -> Segmentation:
    """Exact minimum of the sum of segment costs plus a penalty per change point.

    Args:
        cost: Never dearer after a cut, as those of `segment_costs` are.
        penalty: Price of one change point, in units of the cost, at least 0.
        minimum: Shortest segment in observations; the cost may ask for more.

    Returns:
        Optimal partitions of all prefixes.

    Source:
        Killick, Fearnhead and Eckley (2012), Optimal detection of changepoints with a linear computational cost, JASA
        107. A start s that loses against a cut at t is dropped only once a segment may begin at t and end (`minimum`
        later), which keeps the result exact for any shortest segment.
    """
    shortest, n = max(minimum, cost.minimum), cost.size
    best, last = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=np.int64)
    best[0] = -penalty
    starts = np.zeros(1, dtype=np.int64)
    doomed = np.full(1, n + 1, dtype=np.int64)  # the end from which on a start is no longer needed
    for end in range(shortest, n + 1):
        alive = doomed > end
        starts, doomed = starts[alive], doomed[alive]
        totals = best[starts] + cost.of(starts, end)
        chosen = int(np.argmin(totals))
        best[end], last[end] = totals[chosen] + penalty, starts[chosen]
        doomed = np.where(totals >= best[end], np.minimum(doomed, end + shortest), doomed)
        if np.isfinite(best[end + 1 - shortest]):
            starts = np.append(starts, end + 1 - shortest)
            doomed = np.append(doomed, n + 1)
    return Segmentation(best=best, last=last)


def bic_penalty(cost: Cost, *, observations: int | None = None) -> float:
    """Price of a change point: log n for each parameter it brings, its place included.

    Args:
        cost: Says how many parameters a segment has.
        observations: n; the size of the series by default.

    Source:
        Yao (1988) and, for the count, Killick et al. (2012), section 2.
    """
    return (cost.parameters + 1) * float(np.log(observations or cost.size))


def lag_one(y: Array) -> float:
    """Autocorrelation of the noise at lag 1, hardly moved by changes of level; between 0 and .95.

    Args:
        y: Finite values in time order, shape `(n,)`, n >= 4.

    Source:
        Chakar, Lebarbier, Lévy-Leduc and Robin (2017), A robust approach for estimating change-points in the mean of
        an AR(1) process, Bernoulli 23: squared ratio of the median absolute differences at distance 2 and 1, minus 1.
        Negative estimates count as 0, which errs on the side of fewer change points.

    Example:
        >>> lag_one(np.array([0.0, 1.0, 2.0, 3.0, 4.0]))
        0.95
    """
    near = float(np.median(np.abs(np.diff(y))))
    if near == 0.0:
        return 0.0
    ratio = float(np.median(np.abs(y[2:] - y[:-2]))) / near
    return float(np.clip(ratio**2 - 1.0, 0.0, _LARGEST_RHO))


def long_run_variance(y: Array) -> float:
    """Variance of the noise that a mean over many observations sees, hardly moved by changes of level.

    Args:
        y: Finite values in time order, shape `(n,)`, n >= 4.

    Returns:
        v (1 + ρ) / (1 - ρ) with ρ of `lag_one` and the variance v = d² / (2 (1 - ρ)), d the robust deviation of the
        first differences; squared units of `y`, never 0.

    Source:
        Variance of the mean of an AR(1) process, such as Brockwell and Davis (1991), section 7.1. Ours in this place.
    """
    rho = lag_one(y)
    step = _MAD_TO_SD * float(np.median(np.abs(np.diff(y) - np.median(np.diff(y)))))
    variance = step**2 / (2.0 * (1.0 - rho))
    if variance == 0.0:  # more than half of the steps are equal
        variance = float(np.var(np.diff(y))) / 2.0
    return max(variance * (1.0 + rho) / (1.0 - rho), _SMALLEST * float(np.max(np.abs(y))) ** 2, _TINY)


def make_cost(y: Array, name: CostName, *, order: int = 1, season: int = 1) -> Cost:
    """The cost of that name for a series, at the scale of its noise.

    Args:
        y: Finite values in time order, shape `(n,)`.
        name: What may change.
        order: Lags of `ar`.
        season: Length of the season of `seasonal`, at least 2 there.
    """
    if name == "mean":
        return mean_cost(y, variance=long_run_variance(y))
    if name == "mean_variance":
        return mean_variance_cost(y)
    return ar_cost(y, order=order) if name == "ar" else seasonal_cost(y, season=season)


def find_change_points(
    y: Array, name: CostName, *, minimum: int, order: int = 1, season: int = 1, penalty: float | None = None
) -> tuple[int, ...]:
    """Change points of a series: the indices at which new segments begin.

    Args:
        y: Finite values in time order, shape `(n,)`.
        name: What may change.
        minimum: Shortest segment in observations.
        order: Lags of `ar`.
        season: Length of the season of `seasonal`.
        penalty: Price of one change point; BIC by default.

    Raises:
        TooShortToSegment: A value is missing or the series is shorter than two segments.

    Example:
        >>> y = np.r_[np.tile([0.0, 1.0], 10), np.tile([7.0, 8.0], 10)]
        >>> find_change_points(y, "mean", minimum=4)
        (20,)
    """
    finite = int(np.isfinite(y).sum())
    if finite < len(y) or len(y) < max(2 * minimum, 4):
        raise TooShortToSegment(len(y), finite, max(2 * minimum, 4))
    cost = make_cost(y, name, order=order, season=season)
    return pelt(cost, bic_penalty(cost) if penalty is None else penalty, minimum=minimum).change_points()
