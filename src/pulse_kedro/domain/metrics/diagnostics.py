"""Figures that watch a forecaster rather than score it: its uncertainty, whether a loss has settled, moving limits.

Uncertainty is read from quantiles or draws, never from the size of the forecasts; that a loss has settled can be
revoked; a limit that follows its metric stays near a frozen reference, so that slow decay is seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import Array

WINDOW, THRESHOLD = 10, 0.01
"""Losses that are looked at, and the relative change of their level that is none (domain reference M6)."""
FREEDOM = 0.2
"""Share of the reference by which a limit may move (domain reference section 2, adaptive limits)."""
Settling = Literal["learning", "improving", "rising", "converged", "diverged"]


class UnusableLimit(InvalidInput):
    """A limit was to follow a reference that is not positive."""

    def __init__(self, reference: float) -> None:
        """Keep the reference."""
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        """Name it."""
        return (
            f"Adapting a limit failed: got the reference {self.reference}, expected a positive number. "
            "Measure the metric once on data that is known to be good."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """Where a sequence of losses stands.

    `change` is the level of the newer half of the window over that of the older half, minus 1; `nan` while too few
    losses are there or one is not a number. `since` is the number of losses after which it has been converged without a
    break, `None` when it is not. `revoked` counts how often it was converged and then was not any more.
    """

    status: Settling
    change: float
    since: int | None
    revoked: int


def spread_of_quantiles(quantiles: Sequence[Array], levels: Sequence[float]) -> Array:
    """Standard deviation of the normal distribution that fits the quantiles of each row best.

    Args:
        quantiles: One array per level, target unit; shape `(rows,)` each.
        levels: Their levels, above 0 and below 1, at least two.

    Returns:
        Least-squares slope of the quantiles over those of the standard normal distribution; shape `(rows,)`. Exact
        for a normal distribution, 0 for a point, not negative where quantiles do not cross.

    Source:
        Quantile-quantile slope, as in a probability plot (Wilk & Gnanadesikan 1968).

    Example:
        >>> levels = (0.1, 0.5, 0.9)
        >>> quantiles = [np.array([100 + NormalDist().inv_cdf(level)]) for level in levels]
        >>> round(float(spread_of_quantiles(quantiles, levels)[0]), 6)
        1.0
    """
    normal = np.array([NormalDist().inv_cdf(level) for level in levels])
    weights = (normal - normal.mean()) / ((normal - normal.mean()) ** 2).sum()
    total = np.zeros_like(np.asarray(quantiles[0], dtype=float))
    for weight, column in zip(weights, quantiles, strict=True):
        total += weight * column
    return total


def spread_of_draws(draws: Array) -> Array:
    """Standard deviation over the members of an ensemble.

    Args:
        draws: Forecasts of each member, target unit; shape `(members, rows)`, at least two members.

    Returns:
        With the divisor `members - 1`; shape `(rows,)`.
    """
    spread: Array = np.std(draws, axis=0, ddof=1)
    return spread


def converge(losses: Array, *, window: int = WINDOW, threshold: float = THRESHOLD) -> Convergence:
    """Whether a loss has settled; a verdict that later losses may revoke.

    Args:
        losses: In time order, not negative; shape `(n,)`.
        window: How many of the newest are looked at, an even number.
        threshold: Relative change between the halves of the window up to which it counts as none; no unit.

    Returns:
        `learning` with fewer than `window` losses, `diverged` where one in the window is not a number, `rising` or
        `improving` where the newer half is above or below the older one by more than `threshold`, else `converged`.

    Source:
        Domain reference M6 and trap K20. Comparing the means of two halves is ours: a spread would call noise a change.

    Example:
        >>> converge(np.array([1.0] * 5 + [2.0] * 5)).status, converge(np.ones(10)).status
        ('rising', 'converged')
    """
    n, half = len(losses), window // 2
    if n < window:
        return Convergence(status="learning", change=float("nan"), since=None, revoked=0)
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(losses, dtype=float), window)
    older, newer = windows[:, :half].mean(axis=1), windows[:, half:].mean(axis=1)
    moved = newer - older
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(moved == 0, 0.0, moved / np.abs(older))
    settled = np.abs(change) <= threshold  # false where it is not a number
    ends = np.flatnonzero(settled[:-1] & ~settled[1:])
    since = None
    if settled[-1]:
        unsettled = np.flatnonzero(~settled)
        since = window + (int(unsettled[-1]) + 1 if len(unsettled) else 0)
    return Convergence(status=_status(float(change[-1]), threshold), change=float(change[-1]), since=since,
                       revoked=len(ends))  # fmt: skip


def _status(change: float, threshold: float) -> Settling:
    if np.isnan(change):
        return "diverged"
    if abs(change) <= threshold:
        return "converged"
    return "rising" if change > 0 else "improving"


def anchored_limit(reference: float, recent: Array, *, level: float = 0.95, freedom: float = FREEDOM) -> float:
    """A limit that follows what was seen lately, but not far.

    Args:
        reference: The limit as it was frozen, unit of the metric, positive.
        recent: Newest values of the metric; those that are not numbers do not count; shape `(n,)`.
        level: Quantile of them that the limit follows.
        freedom: Share of the reference by which it may move; no unit.

    Returns:
        Between `(1 - freedom) * reference` and `(1 + freedom) * reference`; the reference without values.

    Raises:
        UnusableLimit: The reference is not positive.

    Source:
        Domain reference section 2: a threshold that follows its metric hides decay, so it is anchored.

    Example:
        >>> anchored_limit(1.0, np.full(20, 5.0)), anchored_limit(1.0, np.array([]))
        (1.2, 1.0)
    """
    if not reference > 0:
        raise UnusableLimit(reference)
    known = recent[np.isfinite(recent)]
    if not len(known):
        return reference
    wanted = float(np.quantile(known, level))
    return min(max(wanted, (1 - freedom) * reference), (1 + freedom) * reference)
