"""Snapshots as objects: Parquet parts of bounded size, each with its checksum and the range of its keys.

A part is read and verified whole, so it is small: what a reader of one series does not need, it does not touch.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from pulse_kedro.adapters.stores.blobs import Blobs, read
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, TIME

if TYPE_CHECKING:
    import pyarrow as pa

PART_ROWS = 200_000
"""Rows of a part: about three megabytes, which are read, verified and parsed in some 20 ms; ours."""
GROUP_ROWS = 20_000
"""Rows of a row group: what is decompressed at least; ours."""
_COMPRESSION = "zstd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One object of a snapshot as the catalogue has it; bounds are `None` where they are not known."""

    part: int
    name: str
    rows: int
    bytes: int | None
    checksum: str
    first_id: str | None = None
    last_id: str | None = None
    first_ds: datetime | None = None
    last_ds: datetime | None = None
    first_available: datetime | None = None
    last_available: datetime | None = None

    @classmethod
    def of(cls, row: Mapping[str, object]) -> Self:
        """The part that a row of the catalogue describes; further columns are left out."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})  # type: ignore[arg-type]

    def facts(self) -> dict[str, object]:
        """The columns of its row."""
        return asdict(self)


def encode(snapshot: str, rows: pd.DataFrame) -> Iterator[tuple[Part, bytes]]:
    """The parts of a snapshot and their content, one after the other.

    Args:
        snapshot: Its id.
        rows: In the order in which they shall be read; text may be categorical and is stored as text.

    Yields:
        Part and content. The same rows give the same bytes.
    """
    starts = range(0, max(len(rows), 1), PART_ROWS)
    for number, start in enumerate(starts):
        piece = rows.iloc[start : start + PART_ROWS]
        content = _to_parquet(piece)
        name = f"{snapshot}.parquet" if len(starts) == 1 else f"{snapshot}.{number:05d}.parquet"
        facts: dict[str, Any] = {
            "rows": len(piece),
            "bytes": len(content),
            "checksum": hashlib.sha256(content).hexdigest(),
        }
        yield Part(part=number, name=name, **facts, **_ranges(piece)), content


def put(blobs: Blobs, snapshot: str, rows: pd.DataFrame) -> list[Part]:
    """Write a snapshot, one object after the other.

    Args:
        blobs: Where objects lie.
        snapshot: Its id.
        rows: Its rows.

    Returns:
        Its parts.
    """
    written = []
    for part, content in encode(snapshot, rows):
        blobs.put(part.name, content)
        written.append(part)
    return written


def are_there(blobs: Blobs, parts: Sequence[Part]) -> bool:
    """Whether each object of some parts is there with its size; the content is verified by whoever reads it."""
    sizes = ((part, blobs.size(part.name)) for part in parts)
    return bool(parts) and all(size is not None and part.bytes in {None, size} for part, size in sizes)


def whole(parts: Sequence[Part]) -> str:
    """The checksum of a snapshot: of its only part, or of the checksums of its parts."""
    if len(parts) == 1:
        return parts[0].checksum
    return hashlib.sha256("".join(part.checksum for part in parts).encode()).hexdigest()


def load(blobs: Blobs, part: Part) -> bytes:
    """Content of a part, verified.

    Raises:
        DamagedFile: It is not what was written.
        FileNotFoundError: It is gone.
    """
    return read(blobs, part.name, part.checksum)


def to_frame(contents: Sequence[bytes]) -> pd.DataFrame:
    """All rows of some parts, in their order and with the types they were kept with."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = [pq.read_table(pa.BufferReader(content)) for content in contents]
    frame: pd.DataFrame = (tables[0] if len(tables) == 1 else pa.concat_tables(tables)).to_pandas()
    return frame


def _to_parquet(rows: pd.DataFrame) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = _as_text(pa.Table.from_pandas(rows, preserve_index=False))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=GROUP_ROWS, compression=_COMPRESSION)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _as_text(table: "pa.Table") -> "pa.Table":
    """Categories as the text they stand for."""
    import pyarrow as pa

    coded = [at for at, column in enumerate(table.schema) if pa.types.is_dictionary(column.type)]
    for at in coded:
        table = table.set_column(at, table.schema.field(at).name, table.column(at).cast(pa.string()))
    return table.replace_schema_metadata(None) if coded else table


def _ranges(rows: pd.DataFrame) -> dict[str, Any]:
    if rows.empty or not {ID, TIME, AVAILABLE_AT} <= set(rows.columns):
        return {}
    series = rows[ID]
    if isinstance(series.dtype, pd.CategoricalDtype):
        codes = series.cat.codes
        first_id, last_id = series.cat.categories[codes.min()], series.cat.categories[codes.max()]
    else:
        first_id, last_id = min(series), max(series)
    return {
        "first_id": str(first_id),
        "last_id": str(last_id),
        "first_ds": rows[TIME].min().floor("us").to_pydatetime(),
        "last_ds": rows[TIME].max().ceil("us").to_pydatetime(),
        "first_available": rows[AVAILABLE_AT].min().floor("us").to_pydatetime(),
        "last_available": rows[AVAILABLE_AT].max().ceil("us").to_pydatetime(),
    }
