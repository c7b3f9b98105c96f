"""A source as the store has it: every value with the moment at which it was published."""

from typing import Any, Never, NoReturn

import pandas as pd
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import JSONPreview

from pulse_kedro.datasets.previews import preview_values
from pulse_kedro.domain.data_management.snapshots import SNAPSHOTS


class VintagesDataset(AbstractDataset[Never, pd.DataFrame]):
    """Every stored vintage of a source, for a cycle that shall know what was known when. Load only.

    The parameters of the cycle have to name its columns: `unique_id`, `ds`, `y` and `available_at`.
    """

    def __init__(
        self,
        *,
        source: str,
        url: str,
        location: str,
        options: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Keep what to read and where; nothing is opened.

        Args:
            source: Name of the source, as it was ingested.
            url: SQLAlchemy URL of the database; a SQLite path must be absolute.
            location: Where snapshots lie: a folder or `s3://bucket/prefix`.
            options: Of S3 only: see `S3Options`.
            metadata: Anything; Kedro ignores it.
        """
        self._source = source
        self._url = url
        self._location = location
        self._options = options
        self.metadata = metadata

    def load(self) -> pd.DataFrame:
        """Rows `unique_id`, `ds`, `y`, `available_at` (UTC) and static columns, all revisions.

        The ids of the snapshots that hold them stand in `attrs["snapshots"]`.
        """
        from pulse_kedro.adapters.stores.blobs import open_blobs
        from pulse_kedro.adapters.stores.engine import open_for_reading
        from pulse_kedro.adapters.stores.vintages import NothingStored, VintageStore

        engine = open_for_reading(self._url)
        if engine is None:
            raise NothingStored(self._source, ())
        store = VintageStore(engine, open_blobs(self._location, self._options))
        rows = store.vintages(self._source)
        rows.attrs[SNAPSHOTS] = store.snapshots_of(self._source)
        return rows

    def save(self, _: Never) -> NoReturn:
        """Refuse: rows are stored by ingesting them."""
        message = (
            f"Saving source {self._source!r} failed: rows are stored by `kedro pulse data ingest`. "
            "Remove the output from the node."
        )
        raise DatasetError(message)

    def preview(self) -> JSONPreview:
        """Which source this is, for kedro-viz."""
        return preview_values({"source": self._source})

    def _exists(self) -> bool:
        from pulse_kedro.adapters.stores.engine import open_for_reading

        return open_for_reading(self._url) is not None

    def _describe(self) -> dict[str, Any]:
        return {"source": self._source, "url": self._url, "location": self._location}
