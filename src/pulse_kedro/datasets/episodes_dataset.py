"""Dated episodes, such as recessions, in a small CSV file that may be absent."""

from pathlib import Path
from typing import Any, Never, NoReturn

import pandas as pd
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview

from pulse_kedro.datasets.previews import preview_rows

COLUMNS = ("peak", "trough")


class EpisodesDataset(AbstractDataset[Never, pd.DataFrame]):
    """First and last month of each episode; an absent file means that there are none. Load only.

    Example:
        >>> len(EpisodesDataset(filepath="/nowhere/us_recessions.csv").load())
        0
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep where the file is; nothing is opened.

        Args:
            filepath: CSV file with the columns `peak` and `trough`, months as YYYY-MM.
            metadata: Anything; Kedro ignores it.
        """
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> pd.DataFrame:
        """`peak` and `trough` as the first moments of their months, one row per episode.

        Raises:
            DatasetError: A column is missing, or a cell is no month.
        """
        text = pd.read_csv(self._filepath, dtype=str) if self._filepath.exists() else pd.DataFrame(columns=COLUMNS)
        try:
            return pd.DataFrame({name: pd.to_datetime(text[name], format="%Y-%m") for name in COLUMNS})
        except (KeyError, ValueError) as error:
            message = (
                f"Reading the episodes of {self._filepath} failed: got {error}, expected the columns peak and trough "
                "with months such as 2007-12. Correct the file."
            )
            raise DatasetError(message) from error

    def save(self, _: Never) -> NoReturn:
        """Refuse: the dates come from outside."""
        message = "Saving episodes failed: they come from outside. Edit the file instead."
        raise DatasetError(message)

    def preview(self) -> TablePreview:
        """The episodes, for kedro-viz."""
        return preview_rows(self.load())

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath.as_posix()}
