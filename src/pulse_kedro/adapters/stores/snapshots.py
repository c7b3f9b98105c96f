"""The rows each cycle knew: one immutable Parquet file per content, one row with its checksum."""

from datetime import datetime
from pathlib import Path
from typing import ClassVar

import pandas as pd
from sqlalchemy import Connection, Engine, RowMapping, select, update

from pulse_kedro.adapters.stores import edges
from pulse_kedro.adapters.stores.engine import add_missing, writing
from pulse_kedro.adapters.stores.files import checksum, verify, write_file
from pulse_kedro.adapters.stores.tables import snapshots
from pulse_kedro.domain.data_management.snapshots import Snapshot
from pulse_kedro.domain.errors import PulseError


class UnknownSnapshot(PulseError):
    """A snapshot was asked for that was never kept."""

    code: ClassVar[str] = "storage.not_found"

    def __init__(self, snapshot: str) -> None:
        """Keep the id that was asked for."""
        super().__init__(snapshot)
        self.snapshot = snapshot

    def __str__(self) -> str:
        """Say how a snapshot comes to be."""
        return (
            f"Reading a snapshot failed: got {self.snapshot!r}, expected the id of one that was kept. "
            "`kedro run --pipelines data_management` takes one."
        )


def keep(engine: Engine, folder: Path, snapshot: Snapshot, *, now: datetime) -> None:
    """Write a snapshot unless its content is there already; a damaged file is written anew.

    Args:
        engine: Opened for writing.
        folder: Where the Parquet files live.
        snapshot: Its id is the hash of its rows.
        now: Moment of keeping, aware.
    """
    path = _path(folder, snapshot.id)
    known = _row(engine, snapshot.id)
    if known is None or not path.exists() or checksum(path) != known["checksum"]:
        write_file(path, lambda draft: snapshot.rows.to_parquet(draft, index=False))
        with writing(engine) as connection:
            _insert(connection, snapshot, digest=checksum(path), now=now)


def read(engine: Engine, folder: Path, snapshot: str) -> pd.DataFrame:
    """Rows of a snapshot as they were kept, after their checksum has been verified.

    Args:
        engine: Any engine on the stores.
        folder: Where the Parquet files live.
        snapshot: The id.

    Raises:
        UnknownSnapshot: It was never kept.
        DamagedFile: The file is not what was written.
        FileNotFoundError: The file is gone.
    """
    known = _row(engine, snapshot)
    if known is None:
        raise UnknownSnapshot(snapshot)
    path = _path(folder, snapshot)
    verify(path, known["checksum"])
    return pd.read_parquet(path)


def _path(folder: Path, snapshot: str) -> Path:
    return folder / f"{snapshot}.parquet"


def _row(engine: Engine, snapshot: str) -> RowMapping | None:
    with engine.connect() as connection:
        return connection.execute(select(snapshots).where(snapshots.c.id == snapshot)).mappings().one_or_none()


def _insert(connection: Connection, snapshot: Snapshot, *, digest: str, now: datetime) -> None:
    facts = {
        "id": snapshot.id,
        "source": snapshot.source,
        "rows": len(snapshot.rows),
        "series": int(snapshot.rows["unique_id"].nunique()),
        "checksum": digest,
        "kept_at": now,
    }
    add_missing(connection, snapshots, [facts])
    connection.execute(update(snapshots).where(snapshots.c.id == snapshot.id).values(checksum=digest))
    edges.add(connection, [(f"source:{snapshot.source}", f"snapshot:{snapshot.id}")])
