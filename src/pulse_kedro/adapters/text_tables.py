"""Tables in delimited text, read as they stand: every cell stays text, each repeated text is kept once.

A file is streamed block by block, so that a large one costs little more than its distinct cells. Which cells are dates
and numbers is not decided here: `007` stays `007`, and `NA` may be a country.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

import pandas as pd

from pulse_kedro.domain.errors import InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.csv import InvalidRow

BLOCK_BYTES = 16 * 2**20
HEAD_BYTES = 2**20
"""What is looked at before a file is read: its header, and how often its cells repeat; ours."""
MOSTLY_DISTINCT = 0.5
"""Share of distinct cells from which a column is kept as plain text; ours."""
UTF8 = ("utf-8", "utf8", "utf-8-sig")


class MalformedText(InvalidInput):
    """A line of a text table has another number of cells than its header."""

    def __init__(self, file: str, line: int | None, cells: int, names: Sequence[str], text: str) -> None:
        """Keep the file, the line (header included, `None` where unknown), its cells, the columns, and its text."""
        super().__init__(file, line, cells, tuple(names), text)
        self.file, self.line, self.cells, self.names, self.text = file, line, cells, tuple(names), text

    def __str__(self) -> str:
        """Show the line and what the header says."""
        where = "a line" if self.line is None else f"line {self.line}"
        return (
            f"Reading {self.file} failed: got {self.cells} cells in {where} ({self.text[:80]!r}), expected "
            f"{len(self.names)} as in the header ({', '.join(self.names[:12])}). Put cells that hold the delimiter in "
            "double quotes, or correct the line; is the delimiter the right one?"
        )


class UnreadableText(InvalidInput):
    """The bytes of a file are no text in the declared encoding."""

    def __init__(self, file: str, encoding: str, problem: str) -> None:
        """Keep the file, the encoding, and what the decoder said."""
        super().__init__(file, encoding, problem)
        self.file, self.encoding, self.problem = file, encoding, problem

    def __str__(self) -> str:
        """Say how to name another encoding."""
        return (
            f"Reading {self.file} failed: got bytes that are no {self.encoding} ({self.problem}), expected text. Set "
            "`encoding` in its catalog entry, for example cp1252 or utf-16, or save the file as UTF-8."
        )


class UnusableHeader(InvalidInput):
    """The first line of a text table cannot name its columns."""

    def __init__(self, file: str, names: Sequence[str], problem: str) -> None:
        """Keep the file, what stands in the first line, and what is wrong with it."""
        super().__init__(file, tuple(names), problem)
        self.file, self.names, self.problem = file, tuple(names), problem

    def __str__(self) -> str:
        """Show the line."""
        shown = ", ".join(map(repr, self.names[:12])) or "nothing"
        return (
            f"Reading {self.file} failed: got {shown} in the first line, {self.problem}, expected one name for each "
            "column. Correct the first line, or write one."
        )


def read_text_table(file: IO[bytes], name: str, *, delimiter: str, encoding: str) -> pd.DataFrame:
    """A whole text table.

    Args:
        file: Open at its beginning; it can seek.
        name: What the file is called in messages.
        delimiter: One character.
        encoding: Name of the encoding; a byte order mark is skipped.

    Returns:
        One text column per column of the file: categories where cells repeat, else Arrow strings. Empty cells are empty
        text. No row is left out but blank lines.

    Raises:
        UnusableHeader: The first line is empty or repeats a name.
        UnreadableText: The bytes are not in the encoding.
        MalformedText: A line has another number of cells than the header.
    """
    import pyarrow as pa

    head = read_head(file, name, encoding=encoding)
    lines = list(csv.reader(head.splitlines(), delimiter=delimiter))
    names = lines[0] if lines else []
    _require_names(name, names)
    table = _stream(file, name, names, types=_column_types(lines, names), delimiter=delimiter, encoding=encoding)
    frame: pd.DataFrame = table.to_pandas(types_mapper={pa.string(): pd.StringDtype("pyarrow")}.get)
    return frame


def read_head(file: IO[bytes], name: str, *, encoding: str) -> str:
    """The first lines of a text file, whole lines only; the file stands at its beginning afterwards.

    Args:
        file: Open at its beginning; it can seek.
        name: What the file is called in messages.
        encoding: Name of the encoding.

    Raises:
        UnreadableText: The bytes are not in the encoding.
    """
    block = file.read(HEAD_BYTES)
    file.seek(0)
    complete = len(block) < HEAD_BYTES
    decoder = "utf-8-sig" if encoding.lower() in UTF8 else encoding
    try:
        text = block.decode(decoder) if complete else block.decode(decoder, errors="ignore")
    except (UnicodeError, LookupError) as error:
        raise UnreadableText(name, encoding, str(error)) from error
    return text if complete else text[: text.rfind("\n") + 1]


def _require_names(file: str, names: Sequence[str]) -> None:
    if not any(name.strip() for name in names):
        raise UnusableHeader(file, names, "which is empty")
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise UnusableHeader(file, names, f"where {repeated[0]!r} stands more than once")


def _column_types(lines: Sequence[Sequence[str]], names: Sequence[str]) -> "dict[str, pa.DataType]":
    """Text columns, those whose cells repeat in the first lines as a dictionary."""
    import pyarrow as pa

    types = {}
    for place, name in enumerate(names):
        cells = [line[place] for line in lines[1:] if len(line) > place]
        distinct = len(set(cells)) > MOSTLY_DISTINCT * len(cells)
        types[name] = pa.string() if distinct else pa.dictionary(pa.int32(), pa.string())
    return types


def _stream(
    file: IO[bytes],
    name: str,
    names: Sequence[str],
    *,
    types: "dict[str, pa.DataType]",
    delimiter: str,
    encoding: str,
) -> "pa.Table":
    import pyarrow as pa
    from pyarrow import csv as arrow

    bad: list[InvalidRow] = []
    known = "utf8" if encoding.lower() in UTF8 else encoding

    def refuse(row: "InvalidRow") -> str:
        bad.append(row)
        return "error"

    try:
        reader = arrow.open_csv(
            file,
            # One thread, so that a bad line can be named by its number.
            arrow.ReadOptions(use_threads=False, block_size=BLOCK_BYTES, encoding=known),
            arrow.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse),
            arrow.ConvertOptions(column_types=types, strings_can_be_null=False, check_utf8=True),
        )
        return pa.Table.from_batches(list(reader), reader.schema).unify_dictionaries()
    except (pa.ArrowInvalid, UnicodeError) as error:
        if bad:
            raise MalformedText(name, bad[0].number, bad[0].actual_columns, names, bad[0].text) from error
        raise UnreadableText(name, encoding, str(error)) from error
