"""When each source was last ingested, as the vintage store recorded it."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Engine, Text, column, func, inspect, select, table

from pulse_kedro.adapters.stores.columns import Utc

VINTAGES = "vintages"
"""Table with a row for each time that something new of a source was kept."""


def last_ingests(engine: Engine | None) -> Mapping[str, datetime]:
    """Newest moment at which something of a source was kept, in UTC, by name of the source.

    Args:
        engine: Opened for reading; `None` where nothing was ever run.

    Returns:
        Nothing for a source that was never ingested.
    """
    if engine is None or not inspect(engine).has_table(VINTAGES):
        return {}
    vintages = table(VINTAGES, column("source", Text), column("kept_at", Utc))
    newest = select(vintages.c.source, func.max(vintages.c.kept_at, type_=Utc)).group_by(vintages.c.source)
    with engine.connect() as connection:
        return {str(source): moment for source, moment in connection.execute(newest)}
