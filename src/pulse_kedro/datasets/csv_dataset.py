"""A text table as it stands: every cell is text until the declaration of the source says otherwise."""

import csv
from contextlib import AbstractContextManager
from itertools import islice
from typing import IO, Any, Never, NoReturn

import pandas as pd
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import TablePreview

from pulse_kedro.adapters.text_tables import read_head, read_text_table


class CsvDataset(AbstractDataset[Never, pd.DataFrame]):
    """A delimited text file, anywhere fsspec can read. Load only.

    Other readers guess types and lose what they guess wrong (`007` becomes 7, `NA` becomes nothing); this one guesses
    nothing, streams the file and keeps each repeated cell once.
    """

    def __init__(
        self,
        *,
        filepath: str,
        delimiter: str = ",",
        encoding: str = "utf-8",
        credentials: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Keep where the file is; nothing is opened.

        Args:
            filepath: Path or URL; `.gz`, `.bz2`, `.xz` and `.zip` are unpacked.
            delimiter: Sign between cells, one character.
            encoding: Encoding of the text; a byte order mark is skipped.
            credentials: Options of the file system.
            metadata: Anything; Kedro ignores it.
        """
        self._filepath = filepath
        self._delimiter = delimiter
        self._encoding = encoding
        self._credentials = credentials or {}
        self.metadata = metadata

    def load(self) -> pd.DataFrame:
        """Every row of the file, each cell as text."""
        with self._open() as file:
            return read_text_table(file, self._filepath, delimiter=self._delimiter, encoding=self._encoding)

    def save(self, _: Never) -> NoReturn:
        """Refuse: a source is read, not written."""
        message = f"Saving {self._filepath} failed: it is a source. Remove the output from the node."
        raise DatasetError(message)

    def preview(self, nrows: int = 5) -> TablePreview:
        """The first rows, for kedro-viz."""
        with self._open() as file:
            lines = read_head(file, self._filepath, encoding=self._encoding).splitlines()
        header, *rows = islice(csv.reader(lines, delimiter=self._delimiter), nrows + 1)
        return TablePreview({"index": list(range(len(rows))), "columns": header, "data": rows})

    def _open(self) -> AbstractContextManager[IO[bytes]]:
        """The file, unpacked."""
        import fsspec  # type: ignore[import-untyped]  # ships none

        opened: AbstractContextManager[IO[bytes]] = fsspec.open(
            self._filepath, "rb", compression="infer", **self._credentials
        )
        return opened

    def _exists(self) -> bool:
        import fsspec

        filesystem, path = fsspec.core.url_to_fs(self._filepath, **self._credentials)
        return bool(filesystem.exists(path))

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "delimiter": self._delimiter, "encoding": self._encoding}
