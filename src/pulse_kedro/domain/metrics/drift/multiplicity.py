"""Many questions at once: how small a p-value must be, and how often it has to be."""

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.panel import Array

Mask = npt.NDArray[np.bool_]


def benjamini_yekutieli(p: Array, alpha: float) -> Mask:
    """Which hypotheses are rejected so that the expected share of false ones stays below `alpha`, however they depend.

    Where nothing changed, any rejection is false, so that some rejection has at most this probability (K3).

    Args:
        p: P-values of any shape; `nan` is no hypothesis.
        alpha: Rate of false discoveries.

    Source:
        Benjamini & Yekutieli (2001), theorem 1.3.
    """
    rejected = np.zeros(p.shape, dtype=bool)
    limit = limit_of(p, alpha)
    rejected[~np.isnan(p)] = p[~np.isnan(p)] <= limit
    return rejected


def limit_of(p: Array, alpha: float) -> float:
    """Largest p-value that is rejected, or what the smallest one would have to be; 0 without hypotheses."""
    known = np.sort(p[~np.isnan(p)])
    if not len(known):
        return 0.0
    ranks = np.arange(1, len(known) + 1)
    steps = alpha * ranks / (len(known) * (1 / ranks).sum())
    passed = np.flatnonzero(known <= steps)
    return float(steps[passed[-1] if len(passed) else 0])


def persistent(found: Mask, needed: int) -> Mask:
    """What was found at enough of the looks.

    Args:
        found: Shape `(looks, ...)`, the newest first.
        needed: Looks that have to agree, the newest among them.
    """
    return np.asarray(found[0] & (found.sum(axis=0) >= needed))
