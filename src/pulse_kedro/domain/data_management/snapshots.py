"""What a cycle knows, frozen: the rows published by its period, named by their content."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from pulse_kedro.domain.data_management.revisions import known_at
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.panel import AVAILABLE_AT, TIME, content_hash

SNAPSHOTS = "snapshots"
"""Key in the `attrs` of a table that was read from the store: ids of the snapshots it came from."""
_ID_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Rows known at one period of one source. Two snapshots are equal when their content, period and source are.

    `id` is `s` and the first 16 hexadecimal digits of the content hash of `rows`, whatever their order. `parents` are
    the ids of stored snapshots it was drawn from; empty where the rows came from the source itself.
    """

    id: str
    rows: pd.DataFrame = field(compare=False, repr=False)
    as_of: pd.Timestamp
    source: str
    parents: tuple[str, ...] = field(default=(), compare=False)


def take(
    rows: pd.DataFrame,
    as_of: pd.Timestamp,
    options: SourceOptions,
    moment: pd.Timestamp | None = None,
    *,
    parents: Sequence[str] = (),
) -> Snapshot:
    """Snapshot of what is known at a period.

    Args:
        rows: Usable rows of the source (`unique_id`, `ds`, `y`, `available_at`, static columns).
        as_of: Start of the newest known period.
        options: What the source declares.
        moment: Whose knowledge counts, aware; `None` takes the publication of `as_of`: `release_lag_days` after its
            end or, where the source says when its rows were published, with its first value if that came later.
        parents: Stored snapshots from which the rows were read, see `VintageStore.snapshots_of`.

    Returns:
        The rows up to that period that were published by then, of several revisions the newest. Later rows change
        neither rows nor id.
    """
    known = known_at(rows.loc[rows[TIME].le(as_of)], moment or _publication(rows, as_of, options))
    known = known.reset_index(drop=True)
    return Snapshot(id=snapshot_id(known), rows=known, as_of=as_of, source=options.name, parents=tuple(parents))


def _publication(rows: pd.DataFrame, as_of: pd.Timestamp, options: SourceOptions) -> pd.Timestamp:
    """Moment at which the values of a period were published."""
    declared: pd.Timestamp = options.release(pd.Series([as_of])).iloc[0]
    if options.columns.available_at is None:
        return declared
    first = rows.loc[rows[TIME].eq(as_of), AVAILABLE_AT].min()
    return declared if pd.isna(first) else max(declared, first)


def snapshot_id(rows: pd.DataFrame) -> str:
    """Name of a set of rows: `s` and the first 16 hexadecimal digits of their content hash.

    Args:
        rows: Any table of text, dates, moments and numbers; the order of its rows does not count.
    """
    return "s" + content_hash(rows, columns=list(rows.columns))[:_ID_DIGITS]
