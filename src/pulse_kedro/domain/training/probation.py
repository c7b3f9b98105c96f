"""Probation after a promotion: a sequential test that may be read after every outcome and still keeps its level."""

from dataclasses import dataclass
from math import log
from typing import Literal

import numpy as np

from pulse_kedro.domain.panel import Array

TUNED_FOR = 200
"""Differences after which the boundary is tightest (operations 1.3, G6)."""
FIRST_LOOK = 30
"""Differences before which nothing is rolled back: the running variance is too rough (operations 1.3, G6)."""
Standing = Literal["WATCH", "ROLLBACK"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probation:
    """Where the comparison stands: `k` differences read, their sum, and the boundary at the newest one.

    `crossed` is the first `k` at which the sum was beyond the boundary, `None` when it never was.
    """

    standing: Standing
    k: int
    total: float
    boundary: float
    crossed: int | None


def boundary(variance: Array, k: Array, *, alpha: float, tuned_for: int = TUNED_FOR) -> Array:
    """Sum of differences that equally good models reach with probability `alpha` at most, at any time.

    Args:
        variance: Running variance of the differences, loss unit squared; shape `(n,)`.
        k: Number of differences up to each; same shape.
        alpha: Level over all looks, below 0.2.
        tuned_for: `k` at which the boundary is tightest.

    Returns:
        `sqrt(2 v (k r2 + 1) / r2 * ln(1 + sqrt(k r2 + 1) / (2 alpha)))`, unit of the loss; same shape.

    Source:
        Rule G6 (operations 1.3): one-sided normal mixture, asymptotic form of Waudby-Smith, Arbour, Sinha, Kennedy &
        Ramdas (2021), with `r2 = (-2 ln(2 alpha) + ln(1 - 2 ln(2 alpha))) / tuned_for`.

    Example:
        >>> round(float(boundary(np.array([1.0]), np.array([200]), alpha=0.01)[0]), 1)
        47.4
    """
    spread = (-2 * log(2 * alpha) + log(1 - 2 * log(2 * alpha))) / tuned_for
    grown = k * spread + 1
    return np.asarray(np.sqrt(2 * variance * grown / spread * np.log(1 + np.sqrt(grown) / (2 * alpha))))


def judge(new: Array, old: Array, *, alpha: float) -> Probation:
    """Whether a new champion has shown to be worse than the one it replaced.

    Args:
        new: Losses of the new champion at cutoffs after its promotion that do not overlap, in time order; shape `(n,)`.
        old: Losses of the former champion at the same cutoffs.
        alpha: Level over all looks.

    Returns:
        ROLLBACK when the sum of differences crossed the boundary at any `k >= 30`: a later recovery does not undo it,
        so that the answer does not depend on how often somebody looked. Otherwise WATCH.
    """
    difference = new - old
    n = len(difference)
    if n == 0:
        return Probation(standing="WATCH", k=0, total=0.0, boundary=float("inf"), crossed=None)
    k = np.arange(1.0, n + 1)
    sums = np.cumsum(difference)
    # Shifted by the first value: the running variance then loses no digits where the differences are far from 0.
    shifted = difference - difference[0]
    variance = np.maximum(np.cumsum(shifted**2) / k - (np.cumsum(shifted) / k) ** 2, 0.0)
    limit = boundary(variance, k, alpha=alpha)
    beyond = np.flatnonzero((k >= FIRST_LOOK) & (sums >= limit) & (sums > 0))
    crossed = int(k[beyond[0]]) if len(beyond) else None
    return Probation(
        standing="WATCH" if crossed is None else "ROLLBACK",
        k=n,
        total=float(sums[-1]),
        boundary=float(limit[-1]),
        crossed=crossed,
    )


def apart(n: int, *, step: int, horizon: int) -> slice:
    """Positions, counted from the first cutoff after the promotion, whose forecasts do not overlap.

    Args:
        n: Cutoffs after the promotion, in time order.
        step: Distance between cutoffs, in periods.
        horizon: Steps of a forecast.

    Returns:
        Every `ceil(horizon / step)`-th cutoff. The test reads independent differences only; all steps of a forecast
        stay in its loss, as in the decision that the probation follows. Taking the first step of every forecast
        instead would give more differences, of a loss that nobody promoted for.
    """
    return slice(0, n, max(1, -(-horizon // step)))
