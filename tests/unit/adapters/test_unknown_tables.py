"""A file that nobody described is opened by what it holds, or refused with what would be read."""

import gzip
import pickle
from pathlib import Path

import pandas as pd
import pytest

from pulse_kedro.adapters.unknown_tables import UnknownKind, open_table

ROWS = pd.DataFrame({"shop": ["Köln", "Köln"], "day": ["2024-01-01", "2024-01-02"], "sales": [1.5, 2.5]})


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_told_by_the_lines(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "sales.txt"
    ROWS.to_csv(path, sep=delimiter, decimal="," if delimiter == ";" else ".", index=False)

    opened = open_table(path)

    assert (delimiter, ["shop", "day", "sales"], 2) == (opened.delimiter, list(opened.table), len(opened.table))


@pytest.mark.parametrize(
    ("written", "found"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("cp1252", "cp1252")]
)
def test_encoding_is_told_by_mark_or_trial(tmp_path: Path, written: str, found: str) -> None:
    path = tmp_path / "sales.csv"
    ROWS.to_csv(path, encoding=written, index=False)

    opened = open_table(path)

    assert (found, "Köln") == (opened.encoding, str(opened.table["shop"].iloc[0]))


def test_parquet_is_told_by_its_first_bytes_and_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "sales.data"
    ROWS.to_parquet(path)

    opened = open_table(path)

    assert (None, "float64") == (opened.delimiter, str(opened.table["sales"].dtype))


def test_compressed_text_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv.gz"
    path.write_bytes(gzip.compress(ROWS.to_csv(index=False).encode()))

    assert 2 == len(open_table(path).table)


@pytest.mark.parametrize(
    ("name", "found"), [("missing.csv", "no such file"), (".", "a folder"), ("book.xlsx", "a workbook")]
)
def test_what_is_no_table_is_refused_with_what_is_read(tmp_path: Path, name: str, found: str) -> None:
    (tmp_path / "book.xlsx").write_bytes(b"PK")

    with pytest.raises(UnknownKind, match=f"got {found}.*delimited text .* or Parquet"):
        open_table(tmp_path / name)


def test_error_returns_from_a_worker() -> None:
    assert "x" == pickle.loads(pickle.dumps(UnknownKind("x", "y"))).path  # noqa: S301  (our own bytes)
