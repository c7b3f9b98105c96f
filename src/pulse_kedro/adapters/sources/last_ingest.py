"""When each source was last ingested, as the vintage store recorded it."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Engine, func, select

from pulse_kedro.adapters.stores.columns import Utc
from pulse_kedro.adapters.stores.tables import vintages


def last_ingests(engine: Engine | None) -> Mapping[str, datetime]:
    """Newest moment at which something new of a source was kept, in UTC, by name of the source.

    Args:
        engine: Opened for reading; `None` where nothing was ever run.

    Returns:
        Nothing for a source that was never ingested.
    """
    if engine is None:
        return {}
    newest = select(vintages.c.source, func.max(vintages.c.kept_at, type_=Utc)).group_by(vintages.c.source)
    with engine.connect() as connection:
        return {str(source): moment for source, moment in connection.execute(newest)}
