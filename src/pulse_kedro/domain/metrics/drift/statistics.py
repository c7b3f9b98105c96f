"""Statistics of change in whitened noise: Page's CUSUM for level and size, and the distance of two distributions."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.metrics.drift.whitening import ORDERS, Whitening, fit_whitening
from pulse_kedro.domain.panel import Array

DETECTORS = ("level", "size", "shape")
"""What is watched in every series: its centre, its spread, and its distribution."""
ALLOWANCES = (0.05, 0.5)
"""Least and largest slack of the CUSUM for the level, in standard deviations of the noise; ours."""
SIZE_ALLOWANCE = 0.25
"""Slack of the CUSUM for the size; the lower end of what is usual (`forecasting.md` 6)."""
EDGES = np.array([-1.645, -1.282, -1.036, -0.842, -0.674, -0.385, -0.126, 0.126, 0.385, 0.674, 0.842, 1.036, 1.282, 1.645])
"""Where two distributions are compared: normal quantiles from 5 to 95 %; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Statistics of a test window against its reference; S stands for any shape of series.

    `values` `(3, S)` in the order of `DETECTORS`; `since` `(3, S)` counts the steps of the window before the change
    that a CUSUM dates, 0 for a shape. `whitening` is that of the reference, `left` `(n, S)` its innovations.
    """

    values: Array
    since: npt.NDArray[np.int64]
    whitening: Whitening
    left: Array


def measure(values: Array, reference: int, season: int) -> Changes:
    """How far a window moved from its reference, in each series.

    Args:
        values: Reference and window, oldest first. Shape `(T, S)`, `nan` where unknown.
        reference: Values that are normal; the others are the window.
        season: Steps in a season.

    Source:
        Page (1954). Its slack is half of what a change of the level by one standard deviation leaves in the innovations,
        (1 - memory) / noise, for which it is best (Lorden 1971); sums are told in units of twice their slack, in which
        their tails are alike.
    """
    whitening = fit_whitening(values[:reference], season)
    white = whitening.whiten(values)
    left, window = white[ORDERS:reference], white[reference:]
    level, level_since = _level(whitening, left, window)
    size, size_since = _size(left, window)
    shape = distance(left, window)
    return Changes(
        values=np.stack([level, size, shape]),
        since=np.stack([level_since, size_since, np.zeros_like(size_since)]),
        whitening=whitening,
        left=left,
    )


def distance(left: Array, window: Array, edges: Array = EDGES) -> Array:
    """Largest difference of two empirical distributions at some edges, times the root of the size of the samples.

    Args:
        left: Reference. Shape `(n, S)`, `nan` where unknown.
        window: What is compared with it. Shape `(w, S)`.
        edges: Where they are compared.

    Source:
        Kolmogorov (1933), Smirnov (1948).
    """
    n, w = (np.maximum((~np.isnan(part)).sum(axis=0), 1) for part in (left, window))
    most = np.zeros(left.shape[1:], dtype=left.dtype)
    for edge in edges:
        most = np.maximum(most, np.abs((left <= edge).sum(axis=0) / n - (window <= edge).sum(axis=0) / w))
    return np.asarray(most * np.sqrt(n * w / (n + w)))


def cusum(moves: Array) -> tuple[Array, npt.NDArray[np.int64]]:
    """Largest sum that was never negative, and the steps before it last left zero.

    Args:
        moves: What each step adds. Shape `(w, S)`; `nan` adds nothing.

    Returns:
        Both of shape `(S,)`.
    """
    total = np.zeros(moves.shape[1:], dtype=moves.dtype)
    most, begun, since = total.copy(), np.zeros(total.shape, dtype=np.int64), np.zeros(total.shape, dtype=np.int64)
    for at, move in enumerate(np.nan_to_num(moves)):
        total = np.maximum(total + move, 0)
        begun = np.where(total > 0, begun, at + 1)
        higher = total > most
        most, since = np.where(higher, total, most), np.where(higher, begun, since)
    return most, since


def two_sided(z: Array, slack: Array) -> tuple[Array, npt.NDArray[np.int64]]:
    """The larger of the sums upwards and downwards, in units of twice the slack, and when it began."""
    up, begun_up = cusum(z - slack)
    down, begun_down = cusum(-z - slack)
    return 2 * slack * np.maximum(up, down), np.where(up >= down, begun_up, begun_down)


def _level(whitening: Whitening, left: Array, window: Array) -> tuple[Array, npt.NDArray[np.int64]]:
    slack = np.clip((1 - whitening.memory) / whitening.noise / 2, *ALLOWANCES).astype(window.dtype)
    centre, width = _moments(left)
    return two_sided((window - centre) / width, slack)


def _size(left: Array, window: Array) -> tuple[Array, npt.NDArray[np.int64]]:
    centre, width = _moments(np.abs(left))
    return two_sided((np.abs(window) - centre) / width, np.full(window.shape[1:], SIZE_ALLOWANCE, dtype=window.dtype))


def _moments(values: Array) -> tuple[Array, Array]:
    """Mean and deviation over the first axis of what is known; an infinite deviation where nothing varies."""
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0) / count
    width = np.sqrt((np.where(known, values - mean, 0) ** 2).sum(axis=0) / count)
    return mean, np.where(width > 0, width, np.inf)
