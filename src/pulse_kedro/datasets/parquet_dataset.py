"""Parquet tables with missing moments, which kedro-viz cannot show as they are."""

import pandas as pd
from kedro_datasets._typing import TablePreview
from kedro_datasets.pandas import ParquetDataset as PandasParquetDataset

from pulse_kedro.datasets.previews import ROWS, preview_rows


class ParquetDataset(PandasParquetDataset):  # type: ignore[misc]  # kedro-datasets loads its classes lazily, as Any
    """A Parquet file as pandas reads it; its preview shows the last rows, where what is new stands, moments as text."""

    def preview(self, nrows: int = ROWS) -> TablePreview:
        """The last rows; none where there is no file yet.

        Args:
            nrows: How many at most.
        """
        return preview_rows(self.load().tail(nrows) if self.exists() else pd.DataFrame())
