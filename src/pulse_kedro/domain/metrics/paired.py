"""Do two values of one metric differ by more than chance? For every metric that is a mean over cutoffs.

The promotion gate asks more, and decides: see `training.promotion`. Here two cycles are looked at, on the few cutoffs
that a backtest scores, whose forecasts overlap: the test takes fewer frequencies than the gate's, see decision 0042.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from pulse_kedro.domain.metrics.comparison import integer_cube_root, long_run_variance, weighted_periodogram_test
from pulse_kedro.domain.metrics.targets import BEST, UnknownMetric

if TYPE_CHECKING:  # pandas comes with it
    from pulse_kedro.domain.panel import Array

FEWEST = 12
"""Cutoffs without which nothing is tested; ours, one year of months."""
FEWEST_HORIZONS = 3
"""The same in horizons: at two, an equally good rival was called different in one simulation of ten; decision 0042."""
INTERVAL = 0.9
"""Probability of the interval; what the gate shows, too."""
Unit = Literal["share", "points"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedGain:
    """How much nearer to the best value the second of two is, on the same cutoffs.

    `gain` is positive where the second is nearer: the share of the first's distance that it saves, or, in `points`,
    the difference of the two distances in the unit of the metric. `low` and `high` bound it. A gain is `None` where the
    first has no distance to save. `p` is two-sided.
    """

    unit: Unit
    gain: float | None
    low: float | None
    high: float | None
    p: float


def fewest_cutoffs(horizon: int) -> int:
    """Cutoffs, one period apart, that `paired_gain` takes.

    Args:
        horizon: Steps of a forecast.

    Example:
        >>> fewest_cutoffs(1), fewest_cutoffs(12)
        (12, 36)
    """
    return max(FEWEST, FEWEST_HORIZONS * horizon)


def frequencies_for(n: int, horizon: int) -> int:
    """Periodogram ordinates over which the spectrum of overlapping forecasts is still flat.

    Args:
        n: Cutoffs, one period apart.
        horizon: Steps of a forecast.

    Returns:
        At least 1, at most what the gate takes.

    Source:
        Coroneo & Iacone (2020) ask for `n^(1/3)`, whatever the horizon; the bound `n / (3 horizon)`, a third of the
        first zero of the spectrum of a moving average over a horizon, is ours. Decision 0042 has the sizes.

    Example:
        >>> frequencies_for(60, 1), frequencies_for(60, 12), frequencies_for(180, 12)
        (3, 1, 5)
    """
    return max(1, min(integer_cube_root(n), n // (FEWEST_HORIZONS * horizon)))


def paired_gain(metric: str, first: Array, second: Array, *, horizon: int) -> PairedGain:
    """Difference of two values of a metric, with its interval and its p value.

    Args:
        metric: A key of `BEST` whose value is a mean over cutoffs.
        first: Its value at each cutoff, in time order, one period apart; shape `(n,)`, n >= 2, finite.
        second: The rival's at the same cutoffs.
        horizon: Steps of a forecast.

    Returns:
        A loss is compared as it is, a coverage by how far its mean lies from its level. Shares of 0 are not defined, so
        metrics whose best value is not 0 are compared in points.

    Raises:
        UnknownMetric: With the nearest name.

    Source:
        Coroneo & Iacone (2020) for the test; the interval is its inversion, for a share by the delta method. A distance
        `|mean - best|` is linearised at its sign, which can only lower the size: `||x| - |y||` is the smaller of
        `|x - y|` and `|x + y|`.

    Example:
        >>> found = paired_gain("coverage_80", np.array([0.9, 0.8] * 6), np.array([0.8, 0.75] * 6), horizon=1)
        >>> found.unit, round(found.gain, 3)
        ('points', 0.025)
    """
    if metric not in BEST:
        raise UnknownMetric(metric)
    best, frequencies = BEST[metric], frequencies_for(len(first), horizon)
    one, other = (_distances(values, best) for values in (first, second))
    test = weighted_periodogram_test(one, other, frequencies=frequencies)
    base, unit = float(one.mean()), _unit(best)
    p = min(1.0, 2 * min(test.p, 1 - test.p))
    if unit == "share" and base <= 0:
        return PairedGain(unit=unit, gain=None, low=None, high=None, p=p)
    gain = test.difference / base if unit == "share" else test.difference
    rest = (1 - gain) * one - other if unit == "share" else one - other
    reach = 0.0 if test.degenerate else _reach(rest, frequencies) / (base if unit == "share" else 1.0)
    return PairedGain(unit=unit, gain=gain, low=gain - reach, high=gain + reach, p=p)


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """P values corrected for their number: below a level, they are wrong together no more often than that level.

    Args:
        p: One per question.

    Returns:
        Under the same names; never smaller, at most 1.

    Source:
        Holm (1979), step-down; valid whatever the dependence between the questions.

    Example:
        >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
        {'a': 0.03, 'c': 0.06, 'b': 0.06}
    """
    ranked, running, found = sorted(p, key=lambda name: p[name]), 0.0, {}
    for place, name in enumerate(ranked):
        running = max(running, min(1.0, (len(ranked) - place) * p[name]))
        found[name] = running
    return found


def _unit(best: float) -> Unit:
    return "points" if best else "share"


def _distances(values: Array, best: float) -> Array:
    """Signed so that their mean is the distance of the mean from the best value."""
    signed = values - best
    return np.asarray(signed if signed.mean() >= 0 else -signed)


def _reach(values: Array, frequencies: int) -> float:
    """Half the width of the interval of a mean."""
    from scipy.special import stdtrit

    quantile = float(stdtrit(2 * frequencies, 0.5 + INTERVAL / 2))
    return quantile * float(np.sqrt(long_run_variance(values, frequencies) / len(values)))
