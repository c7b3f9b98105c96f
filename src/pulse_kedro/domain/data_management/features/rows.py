"""What is known about a row from its own series up to its own period: its season and its scale."""

import numpy as np
import pandas as pd

from pulse_kedro.domain.data_management.steps import lagged, positions
from pulse_kedro.domain.panel import ID, TARGET, TIME, Frequency


def describe_rows(panel: pd.DataFrame, freq: Frequency) -> pd.DataFrame:
    """Season and scale of every row of a panel.

    Args:
        panel: Unique and sorted (`unique_id`, `ds`) with finite `y`.
        freq: Length of a period and of a season, m periods.

    Returns:
        `unique_id`, `ds`, `season` (1…m; 1 is January, the first quarter, Monday, the hour after midnight) and `scale`
        (mean |y_t - y_{t-m}| over all pairs up to and including `ds`, target unit, gaps left out; `nan` before the
        first pair, 0 while the series repeats itself exactly), one row per row of the panel.

    Source:
        The scale of MASE, Hyndman and Koehler (2006), in seasonal form. Nothing after `ds` enters.

    Example:
        >>> from pulse_kedro.domain.panel import frequency
        >>> times = pd.date_range("2019-01-01", periods=6, freq="QS")
        >>> panel = pd.DataFrame({"unique_id": "a", "ds": times, "y": [1.0, 2.0, 3.0, 4.0, 3.0, 6.0]})
        >>> describe_rows(panel, frequency("quarterly"))[["season", "scale"]].tail(2).values.tolist()
        [[1.0, 2.0], [2.0, 3.0]]
    """
    change = pd.Series(np.abs(panel[TARGET].to_numpy(dtype=float) - lagged(panel, freq, freq.season_length)))
    series, _ = pd.factorize(panel[ID])
    pairs = change.notna().groupby(series).cumsum().astype(float)
    total = change.fillna(0.0).groupby(series).cumsum()
    return pd.DataFrame(
        {
            ID: panel[ID].to_numpy(),
            TIME: panel[TIME].to_numpy(),
            "season": positions(panel[TIME], freq) % freq.season_length + 1,
            "scale": total.div(pairs.where(pairs > 0)),
        }
    )
