"""Is one sequence of losses smaller than another by more than chance? Paired losses in time order, one per cutoff.

Losses of overlapping forecasts are autocorrelated, so neither test below assumes independence. What follows from the
numbers is decided in `training.promotion`. Commands that answer quickly come here, too: no pandas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # pandas comes with it
    from collections.abc import Callable

    from pulse_kedro.domain.panel import Array

NO_SPREAD = 1e-12
"""Differences that vary less than this share of the losses are rounding, not evidence; ours, 4500 units of float64."""
MANY = 10_000_000
"""More cutoffs than any user will ever see; the search for a sufficient number stops here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodogramTest:
    """Result of `weighted_periodogram_test`: statistic, one-sided p value and the spread it rests on.

    `p` is small when the first loss is larger. `degenerate` says that the difference never varied, so that there was
    nothing to test: the statistic is then 0 or infinite.
    """

    statistic: float
    p: float
    difference: float
    long_run_variance: float
    frequencies: int
    degenerate: bool


def integer_cube_root(number: int) -> int:
    """Largest integer whose cube is at most `number`.

    Source:
        In floating point 64 ** (1 / 3) is 3.9999999999999996, which floors to 3.

    Example:
        >>> [integer_cube_root(number) for number in (26, 27, 63, 64, 999, 1000)]
        [2, 3, 3, 4, 9, 10]
    """
    root = int(number ** (1 / 3))
    while root**3 > number:
        root -= 1
    while (root + 1) ** 3 <= number:
        root += 1
    return root


def long_run_variance(values: Array, frequencies: int | None = None) -> float:
    """Variance that the mean of an autocorrelated sequence has, times its length.

    Args:
        values: One number per cutoff, in time order; shape `(n,)`, n >= 2.
        frequencies: Periodogram ordinates that enter, at least 1; `None` takes `integer_cube_root(n)`.

    Returns:
        2 pi times the mean of the first periodogram ordinates; unit of `values` squared.

    Source:
        Coroneo & Iacone (2020), weighted periodogram estimator with the Daniell kernel.

    Example:
        >>> round(long_run_variance(np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0])), 9)
        0.0
    """
    n = len(values)
    ordinates = np.abs(np.fft.rfft(values - np.mean(values))) ** 2 / (2 * np.pi * n)
    return float(2 * np.pi * np.mean(ordinates[1 : (frequencies or integer_cube_root(n)) + 1]))


def weighted_periodogram_test(first: Array, second: Array, *, frequencies: int | None = None) -> PeriodogramTest:
    """Evidence that the second loss is smaller than the first, valid for overlapping forecasts.

    Args:
        first: Losses per cutoff, in time order; shape `(n,)`, n >= 2, finite.
        second: Losses of the rival on the same cutoffs.
        frequencies: `m` below; `None` takes `integer_cube_root(n)`.

    Returns:
        `statistic = mean(d) / sqrt(LRV / n)` with `d = first - second`, compared with Student's t with `2 m` degrees
        of freedom. Equal losses give 0 and p = 0.5.

    Source:
        Coroneo & Iacone (2020). Size under dependence measured by Harvey, Leybourne & Whitehouse (2017).

    Example:
        >>> test = weighted_periodogram_test(np.array([2.0, 3.0, 2.0, 3.0]), np.array([1.0, 1.0, 2.0, 1.0]))
        >>> round(test.difference, 3), test.frequencies, test.p < 0.1
        (1.25, 1, True)
    """
    from scipy.special import stdtr

    difference = first - second
    n, average = len(difference), float(np.mean(difference))
    frequencies = frequencies or integer_cube_root(n)
    resolution = NO_SPREAD * float(np.mean(np.abs(first) + np.abs(second)))
    if float(np.ptp(difference)) <= resolution:
        sign = float(np.sign(average)) if abs(average) > resolution else 0.0
        return PeriodogramTest(
            statistic=float("inf") * sign if sign else 0.0,
            p=(1.0 - sign) / 2.0,
            difference=average if sign else 0.0,
            long_run_variance=0.0,
            frequencies=frequencies,
            degenerate=True,
        )
    variance = long_run_variance(difference, frequencies)
    statistic = average / float(np.sqrt(max(variance, resolution**2) / n))
    return PeriodogramTest(
        statistic=statistic,
        p=float(stdtr(2 * frequencies, -statistic)),
        difference=average,
        long_run_variance=variance,
        frequencies=frequencies,
        degenerate=False,
    )


def bootstrap_improvement(first: Array, second: Array, *, block: int, draws: int, seed: int) -> Array:
    """Distribution of `1 - mean(second) / mean(first)` over resampled stretches of time, pairs kept together.

    Args:
        first: Losses per cutoff in time order; shape `(n,)`.
        second: Losses of the rival on the same cutoffs.
        block: Consecutive cutoffs that are drawn together; at least the overlap of two forecasts.
        draws: Number of resamples.
        seed: Same seed, same draws.

    Returns:
        Sorted relative gains, no unit; shape `(draws,)`. `-inf` where only the first losses were 0.

    Source:
        Politis & Romano (1992), circular block bootstrap.
    """
    n = len(first)
    block = min(block, n)
    whole, rest = divmod(n, block)
    rng = np.random.default_rng(seed)
    starts = rng.integers(n, size=(draws, whole + (rest > 0)))
    totals = []
    for losses in (first, second):
        running = np.concatenate([[0.0], np.cumsum(np.concatenate([losses, losses]))])
        blocks = (running[starts[:, :whole] + block] - running[starts[:, :whole]]).sum(axis=1)
        tail = running[starts[:, -1] + rest] - running[starts[:, -1]] if rest else 0.0
        totals.append(blocks + tail)
    return np.sort(relative_gain(totals[0], totals[1]))


def relative_gain(first: Array, second: Array) -> Array:
    """`1 - second / first` where the first is positive; where it is 0: 0 for a tie, else `-inf`."""
    gain = 1.0 - second / np.where(first > 0, first, 1.0)
    return np.asarray(np.where(first > 0, gain, np.where(second > 0, -np.inf, 0.0)))


def detectable_gain(n: int, *, alpha: float, power: float, long_run_variance: float, loss: float) -> float:
    """Smallest relative gain that the test would find with the given probability.

    Args:
        n: Number of cutoffs.
        alpha: One-sided level of the test.
        power: Probability of finding the gain when it is there.
        long_run_variance: Of the loss differences, as from `long_run_variance`.
        loss: Mean loss that the gain is relative to, positive.

    Returns:
        `(t_{1-alpha, 2m} + t_{power, 2m}) sqrt(LRV / n) / loss`, no unit.

    Source:
        Usual sample-size formula with the degrees of freedom of Coroneo & Iacone (2020).

    Example:
        >>> round(detectable_gain(27, alpha=0.05, power=0.8, long_run_variance=0.27, loss=1.0), 3)
        0.285
    """
    from scipy.special import stdtrit

    freedom = 2 * integer_cube_root(n)
    quantiles = float(stdtrit(freedom, 1 - alpha)) + float(stdtrit(freedom, power))
    return quantiles * float(np.sqrt(long_run_variance / n)) / loss


def cutoffs_needed(gain: float, detectable: Callable[[int], float]) -> int | None:
    """Smallest number of cutoffs with which a gain of this size would be found.

    Args:
        gain: Relative gain, no unit.
        detectable: Smallest detectable gain as a function of the number of cutoffs, decreasing.

    Returns:
        At least 2; `None` when the gain is not positive or would take more than `MANY` cutoffs.

    Example:
        >>> cutoffs_needed(0.1, lambda n: 1.0 / n), cutoffs_needed(-0.1, lambda n: 1.0 / n)
        (10, None)
    """
    if gain <= 0 or detectable(MANY) > gain:
        return None
    low, high = 1, MANY
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if detectable(middle) <= gain else (middle, high)
    return high
