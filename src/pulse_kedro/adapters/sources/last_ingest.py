"""When each source was last ingested, and how that went."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select

from pulse_kedro.adapters.stores.tables import ingests


@dataclass(frozen=True, slots=True, kw_only=True)
class LastIngest:
    """The newest ingest of a source: its end in UTC, its status, and how many rows came and were new."""

    ended: datetime
    status: str
    rows_in: int
    stored: int


def last_ingests(engine: Engine | None) -> Mapping[str, LastIngest]:
    """Newest ingest by name of the source; nothing for a source that was never ingested.

    Args:
        engine: Opened for reading; `None` where nothing was ever run.
    """
    if engine is None:
        return {}
    newest = select(func.max(ingests.c.id)).group_by(ingests.c.source)
    columns = (ingests.c.source, ingests.c.ended, ingests.c.status, ingests.c.rows_in, ingests.c.stored)
    with engine.connect() as connection:
        found = connection.execute(select(*columns).where(ingests.c.id.in_(newest))).all()
    return {
        source: LastIngest(ended=ended, status=status, rows_in=rows_in, stored=stored)
        for source, ended, status, rows_in, stored in found
    }
