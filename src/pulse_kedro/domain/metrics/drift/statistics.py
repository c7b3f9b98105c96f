"""Statistics of change in whitened noise: Page's CUSUM for level and size, and the distance of two distributions."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.metrics.drift.whitening import ORDERS, Whitening, fit_whitening
from pulse_kedro.domain.panel import Array

DETECTORS = ("level", "size", "shape", "season")
"""What is watched in every series: its centre, its spread, its distribution, and its profile over a season."""
ALLOWANCES = (0.05, 0.5)
"""Least and largest slack of the CUSUM for the level, in standard deviations of the noise; ours."""
SIZE_ALLOWANCE = 0.25
"""Slack of the CUSUM for the size; the lower end of what is usual (`forecasting.md` 6)."""
EDGES = np.array(
    [-1.645, -1.282, -1.036, -0.842, -0.674, -0.385, -0.126, 0.126, 0.385, 0.674, 0.842, 1.036, 1.282, 1.645]
)
"""Where two distributions are compared: normal quantiles from 5 to 95 %; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Statistics of a test window against its reference; S stands for any shape of series.

    `found` `(D, S)` in the order of `detectors`, which leave out the season where there is none. `since` `(D, S)`
    counts the steps of the window before the change that a CUSUM dates, 0 for the others; `rising` `(S,)` tells
    whether the level went up. `whitening` is that of the reference, `white` `(T, S)` all innovations, `left` `(n, S)`
    those of the reference.
    """

    detectors: tuple[str, ...]
    found: Array
    since: npt.NDArray[np.int64]
    rising: npt.NDArray[np.bool_]
    whitening: Whitening
    white: Array
    left: Array


def measure(values: Array, reference: int, season: int) -> Changes:
    """How far a window moved from its reference, in each series.

    Args:
        values: Reference and window, oldest first. Shape `(T, S)`, `nan` where unknown.
        reference: Values that are normal; the others are the window.
        season: Steps in a season.

    Source:
        Page (1954). Its slack is half of what a change of the level by one standard deviation leaves in the
        innovations, (1 - memory) / noise, for which it is best (Lorden 1971); sums are told in units of twice their
        slack, in which their tails are alike.
    """
    whitening = fit_whitening(values[:reference], season)
    white = whitening.whiten(values)
    left, window = white[ORDERS:reference], white[reference:]
    level, level_since, rising = _level(whitening, left, window)
    size, size_since, _ = _size(left, window)
    found = [level, size, distance(left, window)]
    if len(whitening.centre) > 1:
        found.append(profile(whitening.standardised(values), reference, len(whitening.centre)))
    since = np.zeros((len(found), *level.shape), dtype=np.int64)
    since[0], since[1] = level_since, size_since
    return Changes(
        detectors=DETECTORS[: len(found)],
        found=np.stack(found),
        since=since,
        rising=rising,
        whitening=whitening,
        white=white,
        left=left,
    )


def profile(z: Array, reference: int, season: int) -> Array:
    """How far the mean of each phase of a window lies from that of its reference, beside the change of the level.

    Args:
        z: Standardised values, of which each phase of the reference has mean 0. Shape `(T, S)`.
        reference: Values before the window.
        season: Phases.

    Returns:
        Root mean square over the phases that the window has, in standard deviations. Shape `(S,)`.
    """
    window, phases = z[reference:], (reference + np.arange(len(z) - reference)) % season
    means = np.zeros((season, *z.shape[1:]), dtype=z.dtype)
    known = np.zeros(means.shape, dtype=np.int64)
    for phase in range(season):
        rows = window[phases == phase]
        known[phase] = (~np.isnan(rows)).sum(axis=0)
        means[phase] = np.nan_to_num(rows).sum(axis=0) / np.maximum(known[phase], 1)
    there = np.maximum((known > 0).sum(axis=0), 1)
    away = np.where(known > 0, means - means.sum(axis=0) / there, 0)
    return np.asarray(np.sqrt((away**2).sum(axis=0) / there))


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


def two_sided(z: Array, slack: Array) -> tuple[Array, npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The larger of the sums upwards and downwards, in units of twice the slack; when it began, and whether it rose."""
    up, begun_up = cusum(z - slack)
    down, begun_down = cusum(-z - slack)
    rising = np.asarray(up >= down)
    return 2 * slack * np.maximum(up, down), np.where(rising, begun_up, begun_down), rising


def _level(
    whitening: Whitening, left: Array, window: Array
) -> tuple[Array, npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    slack = np.clip((1 - whitening.memory) / whitening.noise / 2, *ALLOWANCES).astype(window.dtype)
    centre, width = _moments(left)
    return two_sided((window - centre) / width, slack)


def _size(left: Array, window: Array) -> tuple[Array, npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    centre, width = _moments(np.abs(left))
    slack = np.full(window.shape[1:], SIZE_ALLOWANCE, dtype=window.dtype)
    return two_sided((np.abs(window) - centre) / width, slack)


def _moments(values: Array) -> tuple[Array, Array]:
    """Mean and deviation over the first axis of what is known; an infinite deviation where nothing varies."""
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0) / count
    width = np.sqrt((np.where(known, values - mean, 0) ** 2).sum(axis=0) / count)
    return mean, np.where(width > 0, width, np.inf)
