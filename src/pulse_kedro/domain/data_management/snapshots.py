"""What a cycle knows, frozen: the rows published by its period, named by their content."""

from dataclasses import dataclass, field

import pandas as pd

from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.panel import AVAILABLE_AT, TIME, content_hash

_ID_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Rows known at one period of one source. Two snapshots are equal when their content, period and source are.

    `id` is `s` and the first 16 hexadecimal digits of the content hash of `rows`, whatever their order.
    """

    id: str
    rows: pd.DataFrame = field(compare=False, repr=False)
    as_of: pd.Timestamp
    source: str


def take(rows: pd.DataFrame, as_of: pd.Timestamp, options: SourceOptions) -> Snapshot:
    """Snapshot of what is known at a period.

    Args:
        rows: Usable rows of the source (`unique_id`, `ds`, `y`, `available_at`, static columns).
        as_of: Start of the newest known period; its values are published `release_lag_days` after its end.
        options: What the source declares.

    Returns:
        The rows up to that period that are published when its own values are. Later rows change neither rows nor id.
    """
    published = options.release(pd.Series([as_of])).iloc[0]
    known = rows.loc[rows[TIME].le(as_of) & rows[AVAILABLE_AT].le(published)].reset_index(drop=True)
    digest = content_hash(known, columns=list(known.columns))
    return Snapshot(id="s" + digest[:_ID_DIGITS], rows=known, as_of=as_of, source=options.name)
