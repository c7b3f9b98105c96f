"""Many dimensions at once: a distance of two blocks of rows, with a threshold from blocks of the reference."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.panel import Array

Distance = Callable[[Array, Array], float]
"""Distance of a window `(w, d)` from a reference `(n, d)`; larger is farther apart."""
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockChange:
    """Distance of a window from its reference, what `1 - alpha` of made-up windows stay below, and its p-value."""

    statistic: float
    threshold: float
    p: float


def energy_distance(reference: Array, window: Array) -> float:
    """Energy distance of two samples of rows: 0 where they are equal, in the unit of the columns.

    Source:
        Szekely & Rizzo (2013): 2 E|X - Y| - E|X - X'| - E|Y - Y'|.
    """
    across, old, new = (_apart(*pair) for pair in ((reference, window), (reference, reference), (window, window)))
    return float(2 * across.mean() - old.mean() - new.mean())


def compare_blocks(
    reference: Array, window: Array, distance: Distance, *, alpha: float, draws: int, seed: int
) -> BlockChange:
    """Whether rows of a window differ from those of the reference, all columns together.

    Args:
        reference: Whitened rows that are normal, oldest first. Shape `(n, d)`, without gaps.
        window: Whitened rows after them. Shape `(w, d)`.
        distance: Who measures it; any of them gets the same threshold.
        alpha: Probability of a false alarm.
        draws: Made-up references and windows.
        seed: Of the bootstrap.

    Source:
        Politis & Romano (1992): circular blocks of rows keep the dependence of columns, and what is left over time.
    """
    statistic = distance(reference, window)
    rng = np.random.default_rng(seed)
    sizes = len(reference), len(window)
    made = [distance(*(reference[circular_rows(len(reference), size, rng)] for size in sizes)) for _ in range(draws)]
    return BlockChange(
        statistic=statistic,
        threshold=float(np.quantile(made, 1 - alpha)),
        p=(1 + int((np.array(made) >= statistic).sum())) / (1 + draws),
    )


def circular_rows(n: int, length: int, rng: np.random.Generator) -> Rows:
    """Rows of blocks, as long as the cube root of their number, that wrap around the end; shape `(length,)`."""
    block = max(2, round(n ** (1 / 3)))
    starts = rng.integers(0, n, size=-(-length // block))
    return np.asarray((starts[:, None] + np.arange(block)).reshape(-1)[:length] % n)


def _apart(one: Array, other: Array) -> Array:
    """Euclidean distance of every pair of rows, from their products."""
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)))
