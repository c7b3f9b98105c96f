"""A bet that nothing changed, valid at any time: a conformal test martingale on whitened values.

Where values are exchangeable, the capital ever passes c with probability at most 1/c, however often one looks.
"""

import numpy as np

from pulse_kedro.domain.panel import Array

BETS = np.array([-1.0, 0.0, 1.0])
"""Slopes of the bets: on small p-values, on none, on large ones; Vovk et al. (2021)."""
JUMP = 0.01
"""Share of the capital that is spread anew over the bets at each step; Vovk et al. (2021)."""


def conformal_p_values(history: Array, window: Array, rng: np.random.Generator) -> Array:
    """How unusual each value of a window is among all values before it, ties broken by chance.

    Args:
        history: Values before the window. Shape `(n, S)`, without gaps.
        window: Values of the window, oldest first. Shape `(w, S)`.
        rng: Breaks ties, so that a p-value is uniform.

    Returns:
        Shape `(w, S)`; independent and uniform where values are exchangeable.

    Source:
        Vovk, Gammerman & Shafer (2005), smoothed conformal p-values.
    """
    values = np.concatenate([history, window])
    found = np.empty(window.shape)
    for at in range(len(window)):
        newest = len(history) + at
        before, value = values[:newest], values[newest]
        larger, equal = (before > value).sum(axis=0), (before == value).sum(axis=0) + 1
        found[at] = (larger + rng.random(value.shape) * equal) / (newest + 1)
    return found


def capital(p_values: Array) -> Array:
    """Capital of the simple jumper after each step, starting at 1; shape as the p-values `(w, S)`.

    Source:
        Vovk, Petej, Nouretdinov, Ahlberg, Carlsson & Gammerman (2021), arXiv 2102.10439, algorithm 1.
    """
    shape = (len(BETS), *p_values.shape[1:])
    bets = BETS.reshape(-1, *(1,) * (p_values.ndim - 1))
    parts = np.full(shape, 1 / len(BETS))
    path = np.empty(p_values.shape)
    for at, p in enumerate(p_values):
        parts = (1 - JUMP) * parts + JUMP * parts.sum(axis=0) / len(BETS)
        parts = parts * (1 + bets * (p - 0.5))
        path[at] = parts.sum(axis=0)
    return path


def bet(history: Array, window: Array, *, seed: int) -> Array:
    """Capital of a panel that bets on level, and on size, of every series; the mean of martingales is one.

    Args:
        history: Whitened values of the reference. Shape `(n, S)`; series with a gap are left out.
        window: Whitened values after it. Shape `(w, S)`.
        seed: Of the ties.

    Returns:
        Shape `(w,)`, ones where no series is complete.
    """
    kept = ~np.isnan(history).any(axis=0) & ~np.isnan(window).any(axis=0)
    if not kept.any():
        return np.ones(len(window))
    rng = np.random.default_rng(seed)
    paths = [
        capital(conformal_p_values(view(history[:, kept]), view(window[:, kept]), rng)) for view in (np.asarray, np.abs)
    ]
    return np.asarray(np.concatenate(paths, axis=1).mean(axis=1))
