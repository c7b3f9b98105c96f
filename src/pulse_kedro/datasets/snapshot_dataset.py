"""The rows of the current cycle: a small pointer file, and the immutable snapshot it points to."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview

from pulse_kedro.datasets.previews import preview_file
from pulse_kedro.domain.data_management.snapshots import Snapshot


class SnapshotDataset(AbstractDataset[Snapshot, Snapshot]):
    """A snapshot, kept once per content in `snapshots/` beside the pointer; its checksum is verified on each load."""

    def __init__(self, *, filepath: str, url: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep where things are; nothing is opened.

        Args:
            filepath: Pointer file (JSON).
            url: SQLAlchemy URL of the database; a SQLite path must be absolute.
            metadata: Anything; Kedro ignores it.
        """
        self._filepath = Path(filepath)
        self._url = url
        self.metadata = metadata

    def save(self, data: Snapshot) -> None:
        """Keep the snapshot and let the pointer name it."""
        from pulse_kedro.adapters.stores import snapshots
        from pulse_kedro.adapters.stores.engine import open_for_writing
        from pulse_kedro.adapters.stores.files import write_file

        snapshots.keep(open_for_writing(self._url), self._folder, data, now=datetime.now(UTC))
        pointer = {"id": data.id, "as_of": data.as_of.isoformat(), "source": data.source}
        write_file(self._filepath, lambda draft: draft.write_text(json.dumps(pointer, indent=1), encoding="utf-8"))

    def load(self) -> Snapshot:
        """The snapshot that was saved last."""
        from pulse_kedro.adapters.stores import snapshots
        from pulse_kedro.adapters.stores.engine import open_for_reading

        pointer = json.loads(self._filepath.read_text(encoding="utf-8"))
        engine = open_for_reading(self._url)
        if engine is None:
            raise snapshots.UnknownSnapshot(pointer["id"])
        rows = snapshots.read(engine, self._folder, pointer["id"])
        return Snapshot(id=pointer["id"], rows=rows, as_of=pd.Timestamp(pointer["as_of"]), source=pointer["source"])

    def preview(self) -> JSONPreview:
        """Which snapshot this is, for kedro-viz; its rows are those of the panel."""
        return preview_file(self._filepath)

    @property
    def _folder(self) -> Path:
        return self._filepath.parent / "snapshots"

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath.as_posix(), "url": self._url}
