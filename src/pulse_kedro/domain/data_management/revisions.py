"""Which values were known when: of several published values of one period, the newest one at a moment."""

import numpy as np
import pandas as pd

from pulse_kedro.domain.panel import AVAILABLE_AT, ID, TIME


def known_at(rows: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """What was known at a moment: of each series and period the newest value published by then.

    Args:
        rows: `unique_id`, `ds`, `available_at` and any more columns, sorted by these three.
        moment: Aware; what was published at that very moment is known.

    Returns:
        The rows that stand, in their order, at most one per series and period.

    Example:
        >>> moments = pd.to_datetime(["2019-02-10", "2019-03-10"], utc=True)
        >>> rows = pd.DataFrame(
        ...     {"unique_id": "a", "ds": pd.Timestamp("2019-01-01"), "available_at": moments, "y": [1, 2]}
        ... )
        >>> known_at(rows, pd.Timestamp("2019-03-01", tz="UTC"))["y"].tolist()
        [1]
    """
    return newest(rows.loc[rows[AVAILABLE_AT].le(moment)])


def newest(rows: pd.DataFrame) -> pd.DataFrame:
    """The last of the rows that share series and period.

    Args:
        rows: Sorted by `unique_id`, `ds` and `available_at`.

    Returns:
        The rows themselves where no two share series and period.
    """
    series, when = rows[ID].to_numpy(), rows[TIME].to_numpy()
    replaced = (series[1:] == series[:-1]) & (when[1:] == when[:-1])
    return rows.loc[np.append(~replaced, [True] * min(len(rows), 1))] if replaced.any() else rows
