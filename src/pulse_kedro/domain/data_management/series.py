"""The series of a snapshot: how long each is, whether it is alive, and what to call it."""

import numpy as np
import pandas as pd

from pulse_kedro.domain.data_management.snapshots import Snapshot
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.data_management.steps import lagged, positions
from pulse_kedro.domain.panel import ID, PANEL_COLUMNS, TARGET, TIME

ALIVE, ENDED, SHORT = "alive", "ended", "short"


def describe_series(snapshot: Snapshot, options: SourceOptions) -> pd.DataFrame:
    """One row per series, with the status that decides whether it gets a forecast.

    Args:
        snapshot: What the cycle knows.
        options: What the source declares.

    Returns:
        `unique_id`, `title` (the id where the source has none), `first` and `last` period, `n` observations, `status`,
        then the other static columns with their newest text; sorted by `unique_id`. The status is `ended` when the
        series has no value for more than `stale_after` periods, else `short` when it has fewer observations than one
        season and one more, or no two of them one season apart, else `alive`. Only `alive` series get a forecast;
        the others stay in the panel.
    """
    rows, season = snapshot.rows, options.step.season_length
    groups = rows.assign(paired=~np.isnan(lagged(rows, options.step, season))).groupby(ID, sort=True)
    table = groups.agg(first=(TIME, "min"), last=(TIME, "max"), n=(TARGET, "size"), paired=("paired", "any"))
    now = positions(pd.Series([snapshot.as_of]), options.step)[0]
    stale = now - positions(table["last"], options.step)
    short = table["n"].le(season) | ~table["paired"]
    table["status"] = np.select([stale > options.stale_after, short], [ENDED, SHORT], default=ALIVE)
    labels = groups[list(options.static)].last() if options.static else pd.DataFrame(index=table.index)
    title = labels.pop("title") if "title" in labels else pd.Series(index=table.index, dtype=object)
    table.insert(0, "title", title.fillna(table.index.to_series()))
    return table.drop(columns="paired").join(labels).reset_index()


def panel_of(snapshot: Snapshot) -> pd.DataFrame:
    """The long table of a snapshot: every series, ended and short ones too.

    Args:
        snapshot: What the cycle knows.

    Returns:
        `unique_id`, `ds`, `y`, `available_at`; unique, sorted by series and period, gaps as absent rows.
    """
    return snapshot.rows[list(PANEL_COLUMNS)].sort_values([ID, TIME], ignore_index=True)
