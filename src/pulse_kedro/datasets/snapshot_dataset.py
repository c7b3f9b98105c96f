"""The rows of the current cycle: a small pointer file, and the immutable snapshot it points to."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview

from pulse_kedro.datasets.previews import preview_values
from pulse_kedro.domain.data_management.snapshots import Snapshot

if TYPE_CHECKING:
    from pulse_kedro.adapters.stores.blobs import Blobs


class SnapshotDataset(AbstractDataset[Snapshot, Snapshot]):
    """A snapshot, kept once per content among all snapshots; its checksums are verified on each load."""

    def __init__(
        self,
        *,
        filepath: str,
        url: str,
        snapshots: str | None = None,
        options: Mapping[str, Any] | None = None,
        credentials: Mapping[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Keep where things are; nothing is opened.

        Args:
            filepath: Pointer file (JSON), or a URL of one on S3.
            url: SQLAlchemy URL of the database; a SQLite path must be absolute.
            snapshots: Folder of snapshots or `s3://bucket/prefix`; `None` is the folder `snapshots` beside the pointer.
            options: Of S3, see `S3Options`: endpoint, region, encryption, tries and waits.
            credentials: Keys of S3; where there are none, the environment or the role of the machine says.
            metadata: Anything; Kedro ignores it.
        """
        self._folder, _, self._name = str(filepath).replace("\\", "/").rpartition("/")
        self._url = url
        self._snapshots = snapshots or f"{self._folder or '.'}/snapshots"
        self._options = {**(options or {}), **(credentials or {})}
        self.metadata = metadata

    @property
    def url(self) -> str:
        """URL of the database with the catalogue."""
        return self._url

    def open_snapshots(self) -> "Blobs":
        """The place of all snapshots; nothing is created."""
        from pulse_kedro.adapters.stores.blobs import open_blobs

        return open_blobs(self._snapshots, self._options)

    def save(self, data: Snapshot) -> None:
        """Keep the snapshot and let the pointer name it."""
        from pulse_kedro.adapters.stores import snapshots
        from pulse_kedro.adapters.stores.engine import open_for_writing

        snapshots.keep(open_for_writing(self._url), self.open_snapshots(), data, now=datetime.now(UTC))
        pointer = {"id": data.id, "as_of": data.as_of.isoformat(), "source": data.source}
        self._open_pointer().put(self._name, json.dumps(pointer, indent=1).encode())

    def load(self) -> Snapshot:
        """The snapshot that was saved last."""
        from pulse_kedro.adapters.stores import snapshots
        from pulse_kedro.adapters.stores.engine import open_for_reading

        pointer = json.loads(self._open_pointer().get(self._name))
        engine = open_for_reading(self._url)
        if engine is None:
            raise snapshots.UnknownSnapshot(pointer["id"])
        rows = snapshots.read(engine, self.open_snapshots(), pointer["id"])
        return Snapshot(id=pointer["id"], rows=rows, as_of=pd.Timestamp(pointer["as_of"]), source=pointer["source"])

    def preview(self) -> JSONPreview:
        """Which snapshot this is, for kedro-viz; its rows are those of the panel."""
        return preview_values(json.loads(self._open_pointer().get(self._name)) if self._exists() else None)

    def _open_pointer(self) -> "Blobs":
        from pulse_kedro.adapters.stores.blobs import open_blobs

        return open_blobs(self._folder or ".", self._options)

    def _exists(self) -> bool:
        return self._open_pointer().size(self._name) is not None

    def _describe(self) -> dict[str, Any]:
        return {"filepath": f"{self._folder}/{self._name}", "url": self._url, "snapshots": self._snapshots}
