"""Series that come in another unit than their neighbours: by size or by sign."""

import numpy as np

from pulse_kedro.domain.data_management.quality.grid import Index, Layout
from pulse_kedro.domain.panel import Array

NEIGHBOURS = 8
"""Series below which nothing is said about any of them; ours."""
ALIKE = 0.25
"""Robust standard deviation of the logarithm (base 10) of sizes, up to which series are comparable; ours: most of them
are within a factor of 3 of each other, so that a factor of 100 stands out."""
NEAR = 0.3
"""Distance of a logarithm (base 10) to 2 or 3 within which it is called 100 or 1000; ours, a factor of 2."""
MOST = 0.9
"""Share of series with one sign, from which on the other sign is suspicious; ours."""
_MAD = 1.4826


def comparable(medians: Array) -> bool:
    """Whether sizes of series are so alike that one in another unit would stand out.

    Args:
        medians: Median of each series. Shape `(series,)`.
    """
    size = np.log10(np.abs(medians[medians != 0]))
    return len(size) >= NEIGHBOURS and _spread_of(size) <= ALIKE


def find_strange_series(layout: Layout) -> tuple[Index, Array]:
    """Series whose median is 100 or 1000 times too large or too small for the panel, or has the other sign.

    Args:
        layout: The panel.

    Returns:
        Number of each such series, and the factor by which it seems to be off. Nothing is said where series differ
        too much to be compared: a finding needs at least `NEIGHBOURS` series of like size.

    Source:
        Median and median absolute deviation of log10 sizes; limits are ours.
    """
    medians = medians_of(layout)
    if not comparable(medians):
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    size = np.log10(np.where(medians != 0, np.abs(medians), np.nan))
    off = size - np.nanmedian(size)
    power = np.round(np.abs(off))
    strange = np.isin(power, (2, 3)) & (np.abs(np.abs(off) - power) <= NEAR)
    common = np.sign(np.nansum(np.sign(medians)))
    mostly = (np.sign(medians) == common).mean() >= MOST
    flipped = ~strange & (np.sign(medians) == -common) & (common != 0) & mostly & (np.abs(off) <= NEAR)
    factor = np.where(strange, 10.0 ** (np.sign(off) * power), -1.0)
    found = np.flatnonzero(strange | flipped)
    return found, factor[found]


def medians_of(layout: Layout) -> Array:
    """Median of each series, `(series,)`."""
    return np.array([np.median(own) for own in np.split(layout.value, layout.starts[1:-1])])


def _spread_of(values: Array) -> float:
    return float(_MAD * np.median(np.abs(values - np.median(values))))
