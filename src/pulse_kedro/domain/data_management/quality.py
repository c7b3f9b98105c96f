"""How good the data of one cycle are: counts, gaps and oddities, as one JSON document."""

import numpy as np
import pandas as pd

from pulse_kedro.domain.data_management.revisions import newest
from pulse_kedro.domain.data_management.series import ALIVE, ENDED, SHORT, describe_series
from pulse_kedro.domain.data_management.snapshots import Snapshot
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.data_management.steps import positions, spell
from pulse_kedro.domain.panel import ID, TARGET, TIME, Frequency

_LONGEST = 50
_EXAMPLES = 3


def assess(
    rows: pd.DataFrame, quarantine: pd.DataFrame, snapshot: Snapshot, options: SourceOptions
) -> dict[str, object]:
    """Quality report of a cycle's data.

    Args:
        rows: Usable rows of the source.
        quarantine: The other rows of the source.
        snapshot: The part of the rows that the cycle knows.
        options: What the source declares.

    Returns:
        JSON: where the data come from, rows of the whole source by fate, series of the snapshot by status, their gaps.
        `rows.in` is always `rows.kept + rows.quarantined`.
    """
    gaps = find_gaps(snapshot.rows, options.step)
    missing, known = int(gaps["length"].sum()), len(snapshot.rows)
    return {
        "source": options.name,
        "snapshot": snapshot.id,
        "as_of": spell(snapshot.as_of),
        "unit": options.unit,
        "frequency": options.frequency,
        "first_period": spell(snapshot.rows[TIME].min()),
        "last_period": spell(snapshot.rows[TIME].max()),
        "rows": _count_rows(rows, quarantine, snapshot),
        "series": _name_series(rows, quarantine, snapshot, options),
        "gaps": {"count": len(gaps), "periods": missing, "longest": _list_gaps(gaps)},
        "missing_share": missing / (missing + known),
    }


def find_gaps(rows: pd.DataFrame, freq: Frequency) -> pd.DataFrame:
    """Periods without a value between the first and the last value of a series.

    Args:
        rows: Unique (`unique_id`, `ds`), sorted.
        freq: Length of a period.

    Returns:
        `unique_id`, `from` and `to` (first and last missing period), `length` in periods; one row per gap.
    """
    at = positions(rows[TIME], freq)
    series = rows[ID].to_numpy()
    ends = np.flatnonzero((np.diff(at) > 1) & (series[1:] == series[:-1]))
    first, last = rows[TIME].iloc[ends], rows[TIME].iloc[ends + 1]
    return pd.DataFrame(
        {
            ID: series[ends],
            "from": [freq.shift(when, 1) for when in first],
            "to": [freq.shift(when, -1) for when in last],
            "length": np.diff(at)[ends] - 1,
        }
    )


def _count_rows(rows: pd.DataFrame, quarantine: pd.DataFrame, snapshot: Snapshot) -> dict[str, object]:
    """Rows of the whole source by what became of them."""
    values = len(newest(rows))
    rules = quarantine.groupby("rule", sort=True)
    return {
        "in": len(rows) + len(quarantine),
        "kept": len(rows),
        "quarantined": len(quarantine),
        "by_rule": {str(rule): len(group) for rule, group in rules},
        "examples": {
            str(rule): [f"row {row}: {reason}" for row, reason in group[["row", "reason"]].head(_EXAMPLES).to_numpy()]
            for rule, group in rules
        },
        "known": len(snapshot.rows),
        "after_as_of": values - len(snapshot.rows),
        "revisions": len(rows) - values,
    }


def _name_series(
    rows: pd.DataFrame, quarantine: pd.DataFrame, snapshot: Snapshot, options: SourceOptions
) -> dict[str, object]:
    """How many series there are, and the names of those that a person should look at."""
    series = describe_series(snapshot, options)
    values = snapshot.rows.groupby(ID, sort=True)[TARGET]
    constant = values.nunique().eq(1) & values.size().gt(1)
    return {
        "total": len(series),
        ALIVE: int(series["status"].eq(ALIVE).sum()),
        ENDED: series.loc[series["status"].eq(ENDED), ID].tolist(),
        SHORT: series.loc[series["status"].eq(SHORT), ID].tolist(),
        "constant": constant.index[constant].tolist(),
        "lost": sorted(set(quarantine["series"].dropna()) - set(rows[ID])),
    }


def _list_gaps(gaps: pd.DataFrame) -> list[dict[str, object]]:
    """The longest gaps, longest first; all of them where there are few."""
    longest = gaps.sort_values(["length", ID, "from"], ascending=[False, True, True]).head(_LONGEST)
    return [
        {ID: str(row[ID]), "from": spell(row["from"]), "to": spell(row["to"]), "length": int(row["length"])}
        for row in longest.to_dict(orient="records")
    ]
