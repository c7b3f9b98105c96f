"""How large a change is, whatever its p-value."""

import numpy as np

from pulse_kedro.domain.panel import Array

GRID = (np.arange(20) + 0.5) / 20
"""Shares at which two distributions are compared; ours."""
BINS = 10
"""Bins of equal mass in the reference; usual for a population stability index."""
SMOOTHED = 0.5
"""Values that every bin has at least; usual, so that an empty one has a logarithm."""


def wasserstein(reference: Array, window: Array) -> Array:
    """Mean distance of the quantiles of two samples, for each series; in the unit of the values.

    Args:
        reference: Shape `(n, S)`, `nan` where unknown.
        window: Shape `(w, S)`.

    Source:
        Vallender (1974) for one dimension; the integral is a sum over 20 shares.
    """
    return np.asarray(np.abs(_quantiles(reference) - _quantiles(window)).mean(axis=0))


def stability_index(reference: Array, window: Array) -> float:
    """Population stability index of two samples over bins of equal mass; .1 is called moderate, .25 large.

    Args:
        reference: Shape `(n,)`, `nan` is left out.
        window: Shape `(w,)`.

    Returns:
        `nan` where one of them is empty.

    Source:
        Lewis (1994); it is the symmetric Kullback-Leibler divergence of the two histograms.
    """
    old, new = reference[~np.isnan(reference)], window[~np.isnan(window)]
    if not len(old) or not len(new):
        return float("nan")
    edges = np.quantile(old, np.arange(1, BINS) / BINS)
    shares = [
        np.maximum(np.bincount(np.searchsorted(edges, values), minlength=BINS), SMOOTHED) / len(values)
        for values in (old, new)
    ]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def _quantiles(values: Array) -> Array:
    """Quantiles of each series at `GRID`; missing values are left out. Shape `(20, S)`."""
    ordered = np.sort(values, axis=0)  # nan last
    known = (~np.isnan(values)).sum(axis=0)
    at = np.clip((GRID[:, None] * known).astype(np.int64), 0, np.maximum(known - 1, 0))
    return np.take_along_axis(ordered, at, axis=0)
