"""Small sources, their declaration, and a past without cycles, for the tests of the data room."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pulse_kedro.domain.data_management.rows import split
from pulse_kedro.domain.data_management.snapshots import Snapshot, take
from pulse_kedro.domain.data_management.source import SourceOptions

DECLARATION: Mapping[str, object] = {
    "name": "shops",
    "columns": {"unique_id": "shop", "ds": "month", "y": "sales"},
    "static": ["title"],
    "date_format": None,
    "decimal": ".",
    "thousands": None,
    "frequency": "monthly",
    "unit": "pieces",
    "release_lag_days": 10,
    "stale_after": 3,
    "max_quarantined": 0.9,
}


class Past:
    """A history that knows nothing but the keys it was made with."""

    def __init__(self, *keys: str) -> None:
        """Keep the keys, the newest first."""
        self.keys = keys

    def stand_in(self, parent: str | None) -> None:
        """Nobody chose anything."""

    def ancestors(self, as_of: pd.Timestamp) -> tuple[str, ...]:
        """The keys, whatever the period."""
        assert as_of.tz is None
        return self.keys


def declare(**changes: object) -> SourceOptions:
    return SourceOptions(**{**DECLARATION, **changes})  # type: ignore[arg-type]


def monthly(shop: str, values: Sequence[object], *, start: str = "2017-01-01", title: str = "A shop") -> pd.DataFrame:
    months = pd.date_range(start, periods=len(values), freq="MS").as_unit("ns")
    return pd.DataFrame({"shop": shop, "month": months, "sales": list(values), "title": title})


def two_years(shop: str, *, start: str = "2017-01-01") -> pd.DataFrame:
    return monthly(shop, np.arange(24.0) ** 2, start=start)


def snapshot_of(table: pd.DataFrame, *, as_of: str | None = None, **changes: object) -> Snapshot:
    options = declare(**changes)
    rows, _ = split(table, options)
    return take(rows, rows["ds"].max() if as_of is None else pd.Timestamp(as_of), options)
