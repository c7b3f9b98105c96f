"""Delimited text as it stands: every cell is text until the declaration of the source says otherwise."""

from functools import partial
from typing import IO

import pandas as pd
from pydantic import Field
from pydantic.dataclasses import dataclass

from pulse_kedro.adapters.sources.places import fetch_file, shown
from pulse_kedro.adapters.sources.settings import STRICT, Given, Kind
from pulse_kedro.adapters.text_tables import read_text_table
from pulse_kedro.domain.data_management.fetching import Fetched, Request


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class CsvOptions:
    """A delimited text file, anywhere fsspec can read."""

    path: str = Field(min_length=1)
    """Path, counted from the project, or URL; `.gz`, `.bz2`, `.xz` and `.zip` are unpacked."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    """Sign between cells."""
    encoding: str = "utf-8"
    """Encoding of the text; a byte order mark is skipped."""
    timeout_s: float = Field(default=60, gt=0)
    """Seconds that S3 may take to connect, and to send the next byte; ours."""


class CsvSource:
    """Reads the whole file each time."""

    def __init__(self, name: str, options: CsvOptions, given: Given) -> None:
        """Keep where the file is; nothing is opened."""
        self._name, self._options, self._given = name, options, given

    async def fetch(self, request: Request) -> Fetched:
        """Every row of the file; periods and series are narrowed by `ask`."""
        del request
        options = self._options
        read = partial(_read, delimiter=options.delimiter, encoding=options.encoding)
        return await fetch_file(self._name, options.path, self._given, options.timeout_s, read)


def _read(file: IO[bytes], name: str, *, delimiter: str, encoding: str) -> pd.DataFrame:
    return read_text_table(file, name, delimiter=delimiter, encoding=encoding)


CSV = Kind(options=CsvOptions, build=CsvSource, location=lambda options: shown(options.path))
