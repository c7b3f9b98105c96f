"""Is the mean of a sequence above zero? Cosine sums give its spread, whatever the dependence between neighbours."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pulse_kedro.domain.panel import Array

RATE, POWER = 0.41, 2 / 3
"""Cosines = .41 n^(2/3): Lazarus, Lewis, Stock & Watson (2018)."""
PER_FORECAST = 0.75
"""Cosines per forecast that shares no target with its neighbour, at most. Ours: forecasts that overlap twelve times
give a nominal .03 and .07 at 20 and 40 of them 12 % together with it, 19 % without (moving averages, simulated)."""


def cosines_for(n: int, overlap: int) -> int:
    """How many cosines a long-run variance is taken from, at least one.

    Args:
        n: Length of the sequence.
        overlap: Neighbours that share targets, 1 when none do.

    Example:
        >>> cosines_for(20, 1), cosines_for(40, 1), cosines_for(40, 12)
        (3, 4, 2)
    """
    return max(1, min(int(RATE * n**POWER), int(PER_FORECAST * n / overlap)))


def cosine_variance(values: Array, *, overlap: int = 1) -> Array:
    """Long-run variance of each column: what the variance of its mean is, times its length.

    Args:
        values: In time order; shape `(n, columns)`.
        overlap: Neighbours that share targets, 1 when none do.

    Returns:
        Shape `(columns,)`, unit of `values` squared: the mean square of the first type II cosine sums.

    Source:
        Equal-weighted cosine estimator, Lazarus, Lewis, Stock & Watson (2018); Müller (2004).
    """
    sums = _waves(len(values), cosines_for(len(values), overlap)) @ values
    return np.asarray(np.mean(sums**2, axis=0))


@lru_cache(maxsize=32)
def _waves(n: int, count: int) -> Array:
    """The first cosines, each of length one; shape `(count, n)`."""
    number = np.arange(1, count + 1)[:, None]
    waves = np.sqrt(2 / n) * np.cos(np.pi * number * (np.arange(n) + 0.5) / n)
    waves.flags.writeable = False  # every caller gets the same array
    return np.asarray(waves)


def cosine_p(values: Array, *, overlap: int = 1) -> float:
    """One-sided p value of "the mean is not above zero".

    Args:
        values: Gains per cutoff, in time order; shape `(n,)`, finite.
        overlap: Neighbours that share targets, 1 when none do.

    Returns:
        Small when the mean is above zero by more than chance; 1 where every value is 0 or there are fewer than two.

    Source:
        `sqrt(n) mean / sqrt(variance)` against Student's t with as many degrees of freedom as cosines.

    Example:
        >>> round(cosine_p(np.array([1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0])), 3) < 0.1
        True
    """
    from scipy.special import stdtr

    n, mean = len(values), float(np.mean(values)) if len(values) else 0.0
    if n < 2 or not np.any(values):  # noqa: PLR2004  # one value has no spread
        return 1.0
    spread = float(np.sqrt(cosine_variance(values[:, None], overlap=overlap)[0] / n))
    if spread <= np.finfo(float).eps * float(np.abs(values).max()):
        return 0.0 if mean > 0 else 1.0
    return float(stdtr(cosines_for(n, overlap), -mean / spread))


def cosine_interval(values: Array, *, overlap: int = 1, level: float = 0.9) -> tuple[float, float]:
    """Interval of the mean from the same variance and distribution, `nan` with fewer than two values.

    Args:
        values: In time order; shape `(n,)`, finite.
        overlap: Neighbours that share targets, 1 when none do.
        level: Probability between the bounds.
    """
    from scipy.special import stdtrit

    n = len(values)
    if n < 2:  # noqa: PLR2004  # one value has no spread
        return float("nan"), float("nan")
    spread = float(np.sqrt(cosine_variance(values[:, None], overlap=overlap)[0] / n))
    reach = float(stdtrit(cosines_for(n, overlap), (1 + level) / 2)) * spread
    mean = float(np.mean(values))
    return mean - reach, mean + reach
