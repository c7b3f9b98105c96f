"""How two recipes fared against each other over time: a running sum of differences inside a band of chance."""

from dataclasses import dataclass

from pulse_kedro.domain.panel import Array
from pulse_kedro.domain.training.probation import summed

ALPHA = 0.05
"""Level on each side of the band, over all looks; ours, as of the gate."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """Sum of the differences up to each cutoff, and how far equally good recipes come by chance; shape `(n,)` each."""

    total: Array
    band: Array


def run_up(champion: Array, challenger: Array, *, alpha: float = ALPHA) -> Course:
    """Running sum of champion minus challenger, with the boundary that equally good recipes seldom reach.

    Args:
        champion: Losses at cutoffs whose forecasts do not overlap, in time order; shape `(n,)`.
        challenger: Losses of the other at the same cutoffs.
        alpha: Level on each side, over all looks.

    Returns:
        `total` rises while the challenger is better. Beyond `band`, which is symmetric around 0, one of the two is
        better by more than chance, whenever somebody looks.

    Source:
        Rule G6 (operations 1.3), the boundary of `probation.boundary` with the running variance, once on each side.
        Its asymptotic form holds from about 30 differences on; before that the band is a rough guide.

    Example:
        >>> import numpy as np
        >>> course = run_up(np.array([1.0, 2.0, 1.0]), np.array([0.0, 2.0, 2.0]))
        >>> course.total.tolist(), bool((course.band >= 0).all())
        ([1.0, 1.0, 0.0], True)
    """
    total, band = summed(champion - challenger, alpha=alpha)
    return Course(total=total, band=band)
