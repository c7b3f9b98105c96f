"""Opens a table that nobody has described yet: is it text or Parquet, in which encoding, with which delimiter?"""

import codecs
import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pandas as pd

from pulse_kedro.adapters.text_tables import read_head, read_text_table
from pulse_kedro.domain.errors import InvalidInput

DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "cp1252")
"""Tried in this order where no byte order mark tells; cp1252 is what office programs of Western Europe write."""
MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
PARQUET, ZIPPED_OFFICE = b"PAR1", (".xlsx", ".xlsm", ".ods")
LINES = 200
"""Lines by which the delimiter is told; ours."""


class UnknownKind(InvalidInput):
    """A file is no table that is read here."""

    def __init__(self, path: str, found: str) -> None:
        """Keep the path and what was found."""
        super().__init__(path, found)
        self.path, self.found = path, found

    def __str__(self) -> str:
        """Say what is read."""
        return (
            f"Opening {self.path} failed: got {self.found}, expected a table as delimited text (.csv, .tsv, .txt, also "
            "compressed) or Parquet. Save it as one of these."
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenedTable:
    """A table and how its file is read; `delimiter` and `encoding` are `None` for Parquet."""

    path: Path
    table: pd.DataFrame
    delimiter: str | None
    encoding: str | None


def open_table(path: Path, *, delimiter: str | None = None, encoding: str | None = None) -> OpenedTable:
    """A table of unknown kind, as it stands.

    Args:
        path: The file.
        delimiter: Sign between cells; `None` finds it.
        encoding: Encoding of the text; `None` finds it.

    Raises:
        UnknownKind: It is no text and no Parquet file, or there is no file.
        MalformedText: A line has another number of cells than the header.
        UnreadableText: The bytes are not in the declared encoding.
        UnusableHeader: The first line cannot name the columns.
    """
    if not path.is_file():
        raise UnknownKind(str(path), "a folder" if path.is_dir() else "no such file")
    if path.suffix.lower() in ZIPPED_OFFICE:
        raise UnknownKind(str(path), "a workbook of an office program")
    with path.open("rb") as start:
        magic = start.read(len(PARQUET))
    if magic == PARQUET:
        return OpenedTable(path=path, table=pd.read_parquet(path), delimiter=None, encoding=None)
    import fsspec  # type: ignore[import-untyped]  # ships none

    with fsspec.open(str(path), "rb", compression="infer") as file:
        chosen = encoding or _find_encoding(file)
        sign = delimiter or _find_delimiter(read_head(file, str(path), encoding=chosen))
        table = read_text_table(file, str(path), delimiter=sign, encoding=chosen)
    return OpenedTable(path=path, table=table, delimiter=sign, encoding=chosen)


def _find_encoding(file: IO[bytes]) -> str:
    """The first encoding that reads the whole file, told by its mark or by trying block by block."""
    mark = file.read(2)
    file.seek(0)
    if mark in MARKS:
        return MARKS[mark]
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := file.read(1 << 24):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return ENCODINGS[-1]
    finally:
        file.seek(0)
    return ENCODINGS[0]


def _find_delimiter(head: str) -> str:
    """The sign that cuts the first lines into the same number of cells, the most of them."""
    lines = head.splitlines()[:LINES]

    def quality(sign: str) -> tuple[float, int]:
        sizes = [len(cells) for cells in csv.reader(lines, delimiter=sign) if cells]
        if not sizes or sizes[0] == 1:
            return 0.0, 0
        return Counter(sizes)[sizes[0]] / len(sizes), sizes[0]

    return max(DELIMITERS, key=quality)
