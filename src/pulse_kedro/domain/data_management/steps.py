"""Counting periods: where each row stands on the regular grid, and what stood there some periods earlier."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.panel import ID, TARGET, TIME, Array, Frequency

# A Monday, the first hour of a day, in the first month, quarter and full week of 1970: phase 1 of every season.
_ANCHOR = pd.Timestamp("1970-01-05")


def positions(when: pd.Series, freq: Frequency) -> npt.NDArray[np.int64]:
    """Number of each period, counted from the one that contains 5 January 1970.

    Args:
        when: Period starts.
        freq: Length of a period.

    Returns:
        int64 of the same length; neighbouring periods differ by one.

    Example:
        >>> from pulse_kedro.domain.panel import frequency
        >>> positions(pd.Series(pd.to_datetime(["1970-02-01", "1971-01-01"])), frequency("monthly")).tolist()
        [1, 12]
    """
    anchor = pd.Period(_ANCHOR, freq=freq.period).ordinal
    return pd.PeriodIndex(when, freq=freq.period).asi8 - anchor


def starts_of(at: npt.NDArray[np.int64], freq: Frequency) -> pd.DatetimeIndex:
    """Start of each period from its number; the inverse of `positions`.

    Args:
        at: Numbers of periods.
        freq: Length of a period.

    Example:
        >>> from pulse_kedro.domain.panel import frequency
        >>> starts_of(np.array([1, 12]), frequency("monthly")).strftime("%Y-%m-%d").tolist()
        ['1970-02-01', '1971-01-01']
    """
    anchor = pd.Period(_ANCHOR, freq=freq.period).ordinal
    periods = pd.PeriodIndex(pd.arrays.PeriodArray(at + anchor, dtype=pd.PeriodDtype(freq.period)))
    return periods.to_timestamp(how="start").as_unit("ns")


def spell(when: pd.Timestamp) -> str:
    """A period for people: its first day, and the hour where it is not midnight.

    Example:
        >>> spell(pd.Timestamp("2019-01-01")), spell(pd.Timestamp("2019-01-01 05:00"))
        ('2019-01-01', '2019-01-01T05')
    """
    return f"{when:%Y-%m-%dT%H}" if when.hour else f"{when:%Y-%m-%d}"


def lagged(panel: pd.DataFrame, freq: Frequency, lag: int) -> Array:
    """Value of the same series a number of periods earlier, matched by calendar and not by row.

    Args:
        panel: Unique (`unique_id`, `ds`) with target `y`.
        freq: Length of a period.
        lag: Periods to look back, at least 1.

    Returns:
        float64 with one value per row; `nan` where nothing was observed at that time.

    Example:
        >>> from pulse_kedro.domain.panel import frequency
        >>> times = pd.to_datetime(["2019-01-01", "2019-02-01", "2019-04-01"])
        >>> panel = pd.DataFrame({"unique_id": "a", "ds": times, "y": [1.0, 2.0, 3.0]})
        >>> lagged(panel, frequency("monthly"), lag=2).tolist()
        [nan, nan, 2.0]
    """
    codes, _ = pd.factorize(panel[ID])
    at = positions(panel[TIME], freq)
    offset = at - at.min() + lag  # at least `lag`, so that looking back never reaches the series before
    place = codes * (offset.max() + 1) + offset
    found = pd.Index(place).get_indexer(pd.Index(place - lag))
    return np.where(found >= 0, panel[TARGET].to_numpy(dtype=float)[found], np.nan)
