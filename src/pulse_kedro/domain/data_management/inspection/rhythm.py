"""How often values come: the distances between the dates of each series."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

STEPS = {"hourly": 1 / 24, "daily": 1.0, "weekly": 7.0, "monthly": 30.4375, "quarterly": 91.3125}
"""Days between neighbouring periods."""
TOLERANCE = {"hourly": 0.01, "daily": 0.05, "weekly": 0.5, "monthly": 2.6, "quarterly": 3.0}
"""Days by which a usual distance may differ: months have 28 to 31 days, quarters 90 to 92; ours."""
FINER, OTHER, SINGLE = "finer than hourly", "another", "single"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Series by frequency (or by what it is instead), and the share of all distances that are one period exactly."""

    series: Counter[str]
    regular: float

    @property
    def known(self) -> list[str]:
        """Frequencies that occur, the most frequent first."""
        return [name for name, _ in self.series.most_common() if name in STEPS]


def find_rhythm(series: npt.NDArray[np.int64], dates: pd.Series) -> Rhythm:
    """Frequency of each series.

    Args:
        series: Number of the series of each row.
        dates: Moment of each row; `NaT` rows are left out.

    Returns:
        Counts by frequency: that of the median distance between the distinct dates of a series; `finer than hourly`,
        `another` where it fits none, `single` with one date only.
    """
    known = dates.notna().to_numpy()
    moments, who = dates[known].to_numpy(dtype="datetime64[s]").astype(np.int64), series[known]
    order = np.lexsort((moments, who))
    moments, who = moments[order], who[order]
    steps, same = np.diff(moments) / 86_400, np.diff(who) == 0
    apart = same & (steps > 0)
    medians = pd.Series(steps[apart]).groupby(who[1:][apart]).median()
    counts = Counter(map(_name, medians))
    counts[SINGLE] = int(pd.unique(who).size - len(medians))
    names = [name for name in counts if name in STEPS]
    usual = np.zeros(len(steps), dtype=bool)
    for name in names:
        usual |= np.abs(steps - STEPS[name]) <= TOLERANCE[name]
    return Rhythm(series=+counts, regular=float(usual[apart].mean()) if apart.any() else 0.0)


def _name(days: float) -> str:
    """Frequency whose period has this many days."""
    for name, step in STEPS.items():
        if abs(days - step) <= TOLERANCE[name]:
            return name
    return FINER if days < STEPS["hourly"] else OTHER
