"""What chance could do to losses: Diebold-Mariano, the model confidence set, and block-bootstrap intervals of means.

Losses come one per cutoff, in time order, already averaged over series and steps: a panel of many series has no more
evidence than it has cutoffs. What the gate decides with is in `comparison`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.metrics.comparison import NO_SPREAD
from pulse_kedro.domain.metrics.losses import same_shape
from pulse_kedro.domain.panel import Array

DRAWS = 999
"""Resamples; the usual number, with which a 5 % bound is the 50th smallest."""
LEVEL = 0.1
"""Usual level of a model confidence set; Hansen, Lunde & Nason (2011) show 10 and 25 %."""


class TooFewCutoffs(InvalidInput):
    """A test over cutoffs was asked for with fewer than two."""

    def __init__(self, got: int) -> None:
        """Keep the number of cutoffs."""
        super().__init__(got)
        self.got = got

    def __str__(self) -> str:
        """Say how many there were."""
        return f"Comparing losses failed: got {self.got} cutoffs, expected 2 or more. Score more of the past."


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualAccuracyTest:
    """Result of `diebold_mariano`: positive when the first loss is larger; `p` is two-sided.

    `degenerate` says that the difference never varied: the statistic is then 0 or infinite.
    """

    statistic: float
    p: float
    difference: float
    lags: int
    degenerate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean with its block-bootstrap interval, in the unit of the losses; `n` counts cutoffs."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceSet:
    """Models that may be the best one, and the p value with which each would leave the set, by name."""

    kept: tuple[str, ...]
    p: dict[str, float]


def diebold_mariano(first: Array, second: Array, *, horizon: int = 1, lags: int | None = None) -> EqualAccuracyTest:
    """Test that two forecasts are equally accurate.

    Args:
        first: Losses per cutoff, in time order; shape `(n,)`, n >= 2, finite.
        second: Losses of the rival on the same cutoffs.
        horizon: Steps ahead, at least 1.
        lags: Autocovariances that enter the variance, with Bartlett weights; `None` takes the larger of horizon - 1
            and the cube root of n, rounded up.

    Returns:
        The statistic with the correction for few cutoffs, and p from Student's t with n - 1 degrees of freedom.

    Raises:
        LengthMismatch: When the two differ in length.
        TooFewCutoffs: When there are fewer than two.

    Source:
        Diebold & Mariano (1995); Harvey, Leybourne & Newbold (1997) for the correction; Newey & West (1987).

    Example:
        >>> test = diebold_mariano(np.array([2.0, 3.0, 2.0, 3.0, 2.0]), np.array([1.0, 1.0, 2.0, 1.0, 1.0]))
        >>> test.difference, test.p < 0.05
        (1.2, True)
    """
    from scipy.special import stdtr

    same_shape(first, second)
    difference = first - second
    n, average = _enough(difference), float(np.mean(difference))
    lags = min(max(horizon - 1, int(np.ceil(n ** (1 / 3)))) if lags is None else lags, n - 1)
    resolution = NO_SPREAD * float(np.mean(np.abs(first) + np.abs(second)))
    if float(np.ptp(difference)) <= resolution:
        sign = float(np.sign(average)) if abs(average) > resolution else 0.0
        statistic = float("inf") * sign if sign else 0.0
        return EqualAccuracyTest(statistic=statistic, p=1.0 - abs(sign), difference=average, lags=lags, degenerate=True)
    centred = difference - average
    covariances = [float(centred[lag:] @ centred[: n - lag]) / n for lag in range(lags + 1)]
    variance = covariances[0] + 2 * sum((1 - lag / (lags + 1)) * covariances[lag] for lag in range(1, lags + 1))
    correction = max((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n, 0.0)
    statistic = float(np.sqrt(correction)) * average / float(np.sqrt(max(variance, resolution**2) / n))
    return EqualAccuracyTest(
        statistic=statistic,
        p=float(2 * stdtr(n - 1, -abs(statistic))),
        difference=average,
        lags=lags,
        degenerate=False,
    )


def model_confidence_set(
    losses: Array, names: Sequence[str], *, alpha: float = LEVEL, block: int, draws: int = DRAWS, seed: int = 0
) -> ConfidenceSet:
    """Models that cannot be told from the best one.

    Args:
        losses: Losses per cutoff, in time order; shape `(n, models)`, n >= 2, finite.
        names: One per model.
        alpha: Share of repetitions in which a best model may be lost.
        block: Consecutive cutoffs that are drawn together; at least the overlap of two forecasts.
        draws: Number of resamples.
        seed: Same seed, same set.

    Returns:
        The kept models, best mean loss first, and a p value each; a model stays while it is larger than alpha.

    Raises:
        LengthMismatch: When names and models differ in number.
        TooFewCutoffs: When there are fewer than two.

    Source:
        Hansen, Lunde & Nason (2011), T_max: each model against the mean of those left, the worst leaves first.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=60)
        >>> found = model_confidence_set(np.stack([noise, noise, noise + 1.0], 1), ["a", "b", "c"], block=3)
        >>> found.kept, found.p["a"]
        (('a', 'b'), 1.0)
    """
    same_shape(losses[0], np.asarray(names))
    _enough(losses)
    drawn = _block_means(losses, block=block, draws=draws, seed=seed) - losses.mean(axis=0)
    means, left, p, running = losses.mean(axis=0), np.arange(losses.shape[1]), {}, 0.0
    resolution = NO_SPREAD * float(np.mean(np.abs(losses)))
    while len(left) > 1:
        worst, one = _worst(means[left], drawn[:, left], resolution)
        running = max(running, one)
        if running >= 1.0:
            break
        p[names[left[worst]]] = running
        left = np.delete(left, worst)
    p |= {names[index]: 1.0 for index in left}
    ranked = sorted(range(len(names)), key=lambda index: float(means[index]))
    return ConfidenceSet(kept=tuple(names[index] for index in ranked if p[names[index]] > alpha), p=p)


def mean_interval(losses: Array, *, block: int, level: float = 0.9, draws: int = DRAWS, seed: int = 0) -> Interval:
    """Mean of losses with an interval from resampled stretches of time.

    Args:
        losses: One per cutoff, in time order; shape `(n,)`, n >= 1. Cutoffs without a loss (`nan`) are left out.
        block: Consecutive cutoffs that are drawn together.
        level: Probability of the central interval.
        draws: Number of resamples.
        seed: Same seed, same interval.

    Returns:
        `nan` throughout where there is no loss; one cutoff gives an interval without width, which proves nothing.

    Source:
        Politis & Romano (1992), circular block bootstrap; percentile interval.
    """
    known = losses[np.isfinite(losses)]
    if not known.size:
        return Interval(value=float("nan"), low=float("nan"), high=float("nan"), n=0)
    means = _block_means(known[:, None], block=block, draws=draws, seed=seed)[:, 0]
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value=float(known.mean()), low=float(low), high=float(high), n=len(known))


def difference_interval(
    first: Array, second: Array, *, block: int, level: float = 0.9, draws: int = DRAWS, seed: int = 0
) -> Interval:
    """Mean of `first - second` with its interval; pairs are kept together. See `mean_interval`.

    Raises:
        LengthMismatch: When the two differ in length.
    """
    same_shape(first, second)
    return mean_interval(first - second, block=block, level=level, draws=draws, seed=seed)


def cutoff_means(rows: Array, cutoff: npt.NDArray[np.int64]) -> Array:
    """Mean of the rows of each cutoff, before anything is tested over cutoffs.

    Args:
        rows: A loss per row; `nan` is left out.
        cutoff: Code of the cutoff of each row, from 0 in time order.

    Returns:
        Shape `(cutoffs,)`; `nan` where a cutoff has no loss.
    """
    known = np.isfinite(rows)
    length = int(cutoff.max()) + 1 if cutoff.size else 0
    counts = np.bincount(cutoff[known], minlength=length)
    sums = np.bincount(cutoff[known], weights=rows[known], minlength=length)
    return np.asarray(sums / np.where(counts > 0, counts, np.nan))


def _worst(means: Array, drawn: Array, resolution: float) -> tuple[int, float]:
    """The model furthest above the mean of all, and how often chance alone goes further; centred resamples."""
    gap = means - means.mean()
    noise = drawn - drawn.mean(axis=1, keepdims=True)
    spread = np.maximum(np.sqrt(np.mean(noise**2, axis=0)), resolution)
    statistics = np.where(np.abs(gap) <= resolution, 0.0, gap / np.where(spread > 0, spread, 1.0))
    chance = (noise / np.where(spread > 0, spread, 1.0)).max(axis=1)
    worst = int(np.argmax(statistics))
    return worst, float(np.mean(chance >= statistics[worst])) if statistics[worst] > 0 else 1.0


def _block_means(losses: Array, *, block: int, draws: int, seed: int) -> Array:
    """Means of circular block resamples; `(n, k)` to `(draws, k)`, all columns resampled alike."""
    n = len(losses)
    block = min(block, n)
    whole, rest = divmod(n, block)
    starts = np.random.default_rng(seed).integers(n, size=(draws, whole + (rest > 0)))
    running = np.concatenate([np.zeros((1, losses.shape[1])), np.cumsum(np.concatenate([losses, losses]), axis=0)])
    totals = (running[starts[:, :whole] + block] - running[starts[:, :whole]]).sum(axis=1)
    if rest:
        totals = totals + running[starts[:, -1] + rest] - running[starts[:, -1]]
    return np.asarray(totals / n)


def _enough(losses: Array) -> int:
    if len(losses) < 2:  # noqa: PLR2004  # one cutoff has no spread
        raise TooFewCutoffs(len(losses))
    return len(losses)
