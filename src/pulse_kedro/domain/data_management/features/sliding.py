"""Trailing windows of every row at once, by doubling: each result depends on the values of its own window alone.

A window of w periods is put together from pieces of 1, 2, 4, … periods (about 2 log2 w passes over the array), always
in the same order. So a row gives the same bits whatever lies before its window, nothing is lost by subtracting large
sums, and the oldest value that is read is the one that the look-back declares. Cells before the table count as unknown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pulse_kedro.domain.panel import Array

Parts = tuple[Array, ...]
Merge = Callable[[Parts, Parts, int], Parts]
"""How a newer and an older piece become one, given the periods of the newer piece."""
CELLS = 2**16
"""Cells of an array that are worked on at once, so that they stay in the cache; ours."""


class Moments(NamedTuple):
    """Known values in each window, their mean, and the sum of their squared deviations from it."""

    n: Array
    mean: Array
    square: Array


@dataclass(frozen=True, slots=True)
class _Decay:
    keep: float

    def merge(self, newer: Parts, older: Parts, length: int) -> Parts:
        mass = older[0] * self.keep**length
        total = newer[0] + mass
        return total, newer[1] + (older[1] - newer[1]) * _share(mass, total)


def moments(values: Array, window: int) -> Moments:
    """Count, mean and sum of squares in the `window` periods up to each row.

    Args:
        values: Shape `(periods, series)`, `nan` unknown.
        window: Periods, the own one included.

    Returns:
        Each of the same shape; where nothing is known all are 0.

    Source:
        Pairwise update of Chan, Golub and LeVeque (1979).

    Example:
        >>> moments(np.array([[1.0], [2.0], [np.nan], [6.0]]), 3).mean.ravel().tolist()
        [1.0, 1.5, 1.5, 4.0]
    """
    return Moments(*_by_blocks(values, window, _known, _merge_moments))


def means(values: Array, window: int) -> tuple[Array, Array]:
    """Count and mean in the `window` periods up to each row; both 0 where nothing is known."""
    n, mean = _by_blocks(values, window, lambda block: _known(block)[:2], _Decay(1.0).merge)
    return n, mean


def decayed_means(values: Array, window: int, keep: float) -> tuple[Array, Array]:
    """Mean in which a value counts `keep` times less with every period of its age.

    Args:
        values: Shape `(periods, series)`, `nan` unknown; it does not count, and later ones keep their age.
        window: Periods that are read.
        keep: Between 0 and 1.

    Returns:
        Sum of the weights and the mean, both 0 where nothing is known.
    """
    mass, mean = _by_blocks(values, window, lambda block: _known(block)[:2], _Decay(keep).merge)
    return mass, mean


def largest(values: Array, window: int) -> Array:
    """Largest known value in the `window` periods up to each row, `nan` without one."""
    (found,) = _by_blocks(values, window, _or_least, lambda a, b, _: (np.maximum(a[0], b[0]),), empty=-np.inf)
    return np.where(np.isneginf(found), np.nan, found)


def slopes(values: Array, window: int) -> tuple[Array, Array]:
    """Count of known values, and slope per period of the least-squares line through them.

    Returns:
        Both of the shape of `values`; the slope is 0 with fewer than two known values.
    """
    n, _, _, tt, tx = _by_blocks(values, window, _with_time, _merge_lines)
    return n, np.divide(tx, tt, out=np.zeros(tx.shape), where=tt > 0)


def earlier(values: Array, periods: int, empty: float = np.nan) -> Array:
    """Values some periods before each row; `empty` before the table."""
    kept = max(0, len(values) - periods)
    return np.concatenate([np.full((len(values) - kept, *values.shape[1:]), empty), values[:kept]])


def windows(values: Array, window: int) -> Array:
    """The window of each row, oldest first.

    Returns:
        A view of shape `(periods, series, window)`, `nan` before the table.
    """
    padded = np.concatenate([np.full((window - 1, values.shape[1]), np.nan), values])
    return np.lib.stride_tricks.sliding_window_view(padded, window, axis=0)


def _by_blocks(
    values: Array, window: int, begin: Callable[[Array], Parts], merge: Merge, empty: float = 0.0
) -> tuple[Array, ...]:
    width = max(1, CELLS // max(1, len(values)))
    found: list[Parts] = []
    with np.errstate(over="ignore", invalid="ignore"):  # a value near the largest float64 gives inf, then nan
        for start in range(0, max(1, values.shape[1]), width):
            block = np.ascontiguousarray(values[:, start : start + width])
            found.append(_slide(begin(block), window, merge, empty))
    return tuple(np.concatenate(part, axis=1) for part in zip(*found, strict=True))


def _slide(parts: Parts, window: int, merge: Merge, empty: float) -> Parts:
    """Put the window together from the binary digits of its length, the newest piece first."""
    piece, length, found, covered = parts, 1, None, 0
    while True:
        if window & length:
            found = piece if found is None else merge(found, _shift(piece, covered, empty), covered)
            covered += length
        if 2 * length > window:
            return found or parts
        piece = merge(piece, _shift(piece, length, empty), length)
        length *= 2


def _shift(parts: Parts, periods: int, empty: float) -> Parts:
    return tuple(earlier(part, periods, empty) for part in parts)


def _known(values: Array) -> Parts:
    known = ~np.isnan(values)
    return known.astype(float), np.where(known, values, 0.0), np.zeros(values.shape)


def _or_least(values: Array) -> Parts:
    return (np.where(np.isnan(values), -np.inf, values),)


def _with_time(values: Array) -> Parts:
    n, mean, zero = _known(values)
    return n, zero, mean, zero, zero


def _share(part: Array, total: Array) -> Array:
    return np.divide(part, total, out=np.zeros(part.shape), where=total > 0)


def _merge_moments(newer: Parts, older: Parts, _: int) -> Parts:
    total = newer[0] + older[0]
    share, apart = _share(older[0], total), older[1] - newer[1]
    return total, newer[1] + apart * share, newer[2] + older[2] + apart * apart * newer[0] * share


def _merge_lines(newer: Parts, older: Parts, length: int) -> Parts:
    """The same with time, counted backwards from the newest period of the window."""
    total = newer[0] + older[0]
    share = _share(older[0], total)
    later, apart = older[1] - length - newer[1], older[2] - newer[2]
    both = newer[0] * share
    return (
        total,
        newer[1] + later * share,
        newer[2] + apart * share,
        newer[3] + older[3] + later * later * both,
        newer[4] + older[4] + later * apart * both,
    )
