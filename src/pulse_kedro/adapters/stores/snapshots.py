"""The rows each cycle knew: immutable Parquet objects per content, named by the catalogue with their checksums."""

from datetime import datetime
from pathlib import Path
from typing import ClassVar

import pandas as pd
from sqlalchemy import Engine

from pulse_kedro.adapters.stores import catalogue, edges, objects
from pulse_kedro.adapters.stores.blobs import Blobs, FileBlobs
from pulse_kedro.adapters.stores.files import DamagedFile
from pulse_kedro.domain.data_management.snapshots import Snapshot
from pulse_kedro.domain.errors import PulseError
from pulse_kedro.domain.panel import ID


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


def keep(engine: Engine, place: Blobs | Path, snapshot: Snapshot, *, now: datetime) -> None:
    """Write a snapshot unless its content is there already; a damaged object is written anew.

    Args:
        engine: Opened for writing.
        place: Where objects lie; a path is a folder of files.
        snapshot: Its id is the hash of its rows, its parents are what lineage names above it.
        now: Moment of keeping, aware.
    """
    blobs = FileBlobs(place) if isinstance(place, Path) else place
    if not _is_whole(engine, blobs, snapshot.id):
        written = objects.put(blobs, snapshot.id, snapshot.rows)
        series = int(snapshot.rows[ID].nunique())
        with catalogue.cataloguing(engine) as connection:
            if not objects.are_there(blobs, written):  # deleted since, with a doomed snapshot of this content
                objects.put(blobs, snapshot.id, snapshot.rows)
            catalogue.enter(connection, snapshot.id, written, source=snapshot.source, series=series, now=now)
    parents = [f"snapshot:{parent}" for parent in snapshot.parents] or [f"source:{snapshot.source}"]
    with catalogue.cataloguing(engine) as connection:
        edges.add(connection, [(parent, f"snapshot:{snapshot.id}") for parent in parents])


def read(engine: Engine, place: Blobs | Path, snapshot: str) -> pd.DataFrame:
    """Rows of a snapshot as they were kept, after their checksums have been verified.

    Args:
        engine: Any engine on the stores.
        place: Where objects lie; a path is a folder of files.
        snapshot: The id.

    Raises:
        UnknownSnapshot: It was never kept.
        DamagedFile: An object is not what was written.
        FileNotFoundError: An object is gone.
    """
    blobs = FileBlobs(place) if isinstance(place, Path) else place
    with engine.connect() as connection:
        known = catalogue.parts_of(connection, snapshot)
    if not known:
        raise UnknownSnapshot(snapshot)
    return objects.to_frame([objects.load(blobs, part) for part in known])


def _is_whole(engine: Engine, blobs: Blobs, snapshot: str) -> bool:
    """Whether each object of a snapshot is there and what was written."""
    with engine.connect() as connection:
        known = catalogue.parts_of(connection, snapshot)
    try:
        for part in known:
            objects.load(blobs, part)
    except (DamagedFile, FileNotFoundError):
        return False
    return bool(known)
