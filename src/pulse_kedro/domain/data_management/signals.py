"""What regimes are sensed on: changes of a series without their season, each known at its own period."""

import numpy as np

from pulse_kedro.domain.panel import Array

SEASONS = 8
"""Earlier seasons whose changes at the same phase say what is usual (ours)."""
_FEWEST = 3
"""Earlier seasons without which nothing is usual yet (ours)."""


def changes(y: Array, *, known: int) -> Array:
    """Change from each period to the next.

    Args:
        y: Levels in time order on the regular grid, `nan` where nothing was observed, shape `(n,)`.
        known: How many of the first observations decide whether changes are relative; later ones never do.

    Returns:
        In percent of the mean of the two levels where the first `known` observations are all above 0 (for small changes
        that is 100 Δ log y, and it stays finite at 0), else y_t - y_{t-1}; shape `(n,)`, `nan` first and at gaps.

    Example:
        >>> changes(np.array([100.0, 102.0, 0.0]), known=2).round(2).tolist()
        [nan, 1.98, -200.0]
    """
    first = y[np.isfinite(y)][:known]
    step = np.concatenate([[np.nan], np.diff(y)])
    if not (len(first) and (first > 0).all()):
        return step
    middle = np.concatenate([[np.nan], np.abs(y[1:]) + np.abs(y[:-1])]) / 2.0
    relative: Array = 100.0 * step / np.where(middle > 0, middle, 1.0)
    return relative


def without_season(change: Array, season: int, *, seasons: int = SEASONS) -> Array:
    """Changes against what was usual at the same phase of earlier seasons.

    Args:
        change: Changes in time order, shape `(n,)`.
        season: Length of the season m; 1 means none.
        seasons: Earlier seasons to look at.

    Returns:
        d_t - median(d_{t-m}, d_{t-2m}, …), shape `(n,)`; `nan` before three earlier values exist. For m = 1 the changes
        themselves. The present and the future never enter what is usual.

    Source:
        Ours. Unlike a seasonal adjustment of the whole series, an old value never changes when a new one arrives.
    """
    if season == 1:
        return change.copy()
    past = np.full((seasons, len(change)), np.nan)
    for back in range(1, seasons + 1):
        past[back - 1, back * season :] = change[: max(len(change) - back * season, 0)]
    enough = np.isfinite(past).sum(axis=0) >= _FEWEST
    usual = np.full(len(change), np.nan)
    usual[enough] = np.nanmedian(past[:, enough], axis=0)
    against_usual: Array = change - usual
    return against_usual


def together(columns: Array) -> Array:
    """One signal of many series: the median over series of each change in robust deviations of its own past.

    Args:
        columns: Signals side by side, shape `(n, series)`, `nan` where unknown.

    Returns:
        Shape `(n,)`, no unit; `nan` where no series has a value. The deviation at t is the running mean of absolute
        changes up to t.
    """
    known = np.isfinite(columns)
    size = np.cumsum(np.where(known, np.abs(columns), 0.0), axis=0) / np.maximum(np.cumsum(known, axis=0), 1)
    scaled = np.where(known & (size > 0), columns / np.where(size > 0, size, 1.0), np.nan)
    signal = np.full(len(columns), np.nan)
    rows = np.isfinite(scaled).any(axis=1)
    signal[rows] = np.nanmedian(scaled[rows], axis=1)
    return signal
