"""The intervals that people are shown, read from the quantiles that were issued."""

from bisect import bisect_left

import pandas as pd

from pulse_kedro.domain.panel import QUANTILE_LEVELS, quantile_column

BANDS = {"95": (0.025, 0.975), "80": (0.1, 0.9), "50": (0.25, 0.75)}
"""Central intervals, from wide to narrow."""


def bound(forecasts: pd.DataFrame, level: float) -> pd.Series:
    """Quantile of issued forecasts after the rules, linear between the two stored levels around it.

    Args:
        forecasts: Rows with the columns `ruled_q…`.
        level: Between the lowest and the highest stored level.

    Returns:
        One value per row, unit of the data.
    """
    above = bisect_left(QUANTILE_LEVELS, level)
    upper = forecasts[f"ruled_{quantile_column(QUANTILE_LEVELS[above])}"]
    if QUANTILE_LEVELS[above] == level:
        return upper
    below = QUANTILE_LEVELS[above - 1]
    weight = (level - below) / (QUANTILE_LEVELS[above] - below)
    return (1 - weight) * forecasts[f"ruled_{quantile_column(below)}"] + weight * upper
