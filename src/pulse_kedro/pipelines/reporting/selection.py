"""Which series the report shows: the aggregate, and examples spread evenly from the best to the worst."""

import numpy as np
import pandas as pd

from pulse_kedro.domain.panel import ID, TARGET

REPORT_SERIES = (ID, "title", "role", "place", "ranked", "mase")


def choose_aggregate(panel: pd.DataFrame, alive: list[str], configured: str | None, season_length: int) -> str | None:
    """Series that sums up the others.

    Args:
        panel: Observations sorted by (unique_id, ds).
        alive: Ids that may be chosen.
        configured: The id that is wanted; taken when it is alive.
        season_length: Periods over which sizes are compared.

    Returns:
        `configured`, else the alive series with the largest mean over its last season, the first id on ties; `None`
        without an alive series.
    """
    if configured in alive or not alive:
        return configured if alive else None
    last = panel[panel[ID].isin(alive)].groupby(ID, sort=True, observed=True).tail(season_length)
    return str(last.groupby(ID, sort=True, observed=True)[TARGET].mean().idxmax())


def spread_evenly(ranked: list[str], count: int) -> list[int]:
    """Positions of `count` evenly spaced entries of a ranking, its first and last included.

    Args:
        ranked: Ids from the best to the worst.
        count: How many to take; all when there are fewer.

    Returns:
        Positions from 0, increasing.

    Example:
        >>> spread_evenly(list("abcdefghi"), 3), spread_evenly(list("ab"), 5)
        ([0, 4, 8], [0, 1])
    """
    if not ranked:
        return []
    places = np.linspace(0, len(ranked) - 1, min(count, len(ranked))).round()
    return [int(place) for place in np.unique(places)]


def rank(mase: pd.Series, candidates: list[str]) -> list[str]:
    """Candidates from the best to the worst backtest score; those without a score last, ties by id.

    Args:
        mase: Score by id; lower is better.
        candidates: Ids to rank.
    """
    values = mase.reindex(sorted(candidates)).sort_values(kind="mergesort", na_position="last")
    return [str(name) for name in values.index]


def report_table(
    series: pd.DataFrame, aggregate: str | None, ranked: list[str], mase: pd.Series, count: int
) -> pd.DataFrame:
    """The chosen series in the order of the report.

    Args:
        series: Columns unique_id and title.
        aggregate: Id that comes first.
        ranked: The other ids from the best to the worst.
        mase: Score by id.
        count: Examples to take.

    Returns:
        `REPORT_SERIES`: role `aggregate` or `example`; place 1 is the best of `ranked` candidates, 0 for the aggregate.
    """
    places = spread_evenly(ranked, count)
    ids = [*([aggregate] if aggregate else []), *(ranked[position] for position in places)]
    titles = {
        str(name): title.strip()
        for name, title in zip(series[ID], series["title"], strict=True)
        if isinstance(title, str)
    }
    return pd.DataFrame(
        {
            ID: ids,
            "title": [titles.get(name) or name for name in ids],
            "role": ["aggregate" if name == aggregate else "example" for name in ids],
            "place": [*([0] if aggregate else []), *(position + 1 for position in places)],
            "ranked": len(ranked),
            "mase": mase.reindex(ids).to_numpy(dtype=float),
        },
        columns=list(REPORT_SERIES),
    )
