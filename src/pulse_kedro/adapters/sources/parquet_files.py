"""Parquet, with the types that the file declares."""

from typing import IO

import pandas as pd
from pydantic import Field
from pydantic.dataclasses import dataclass

from pulse_kedro.adapters.sources.places import fetch_file, shown
from pulse_kedro.adapters.sources.settings import STRICT, Given, Kind
from pulse_kedro.domain.data_management.fetching import Fetched, Request


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class ParquetOptions:
    """A Parquet file, anywhere fsspec can read."""

    path: str = Field(min_length=1)
    """Path, counted from the project, or URL."""
    columns: tuple[str, ...] | None = None
    """Columns to read; `null` reads all of them."""
    timeout_s: float = Field(default=60, gt=0)
    """Seconds that S3 may take to connect, and to send the next byte; ours."""


class ParquetSource:
    """Reads the whole file each time."""

    def __init__(self, name: str, options: ParquetOptions, given: Given) -> None:
        """Keep where the file is; nothing is opened."""
        self._name, self._options, self._given = name, options, given

    async def fetch(self, request: Request) -> Fetched:
        """Every row of the file; periods and series are narrowed by `ask`."""
        del request
        columns = self._options.columns

        def read(file: IO[bytes], _: str) -> pd.DataFrame:
            return pd.read_parquet(file, columns=None if columns is None else list(columns))

        return await fetch_file(self._name, self._options.path, self._given, self._options.timeout_s, read)


PARQUET = Kind(options=ParquetOptions, build=ParquetSource, location=lambda options: shown(options.path))
