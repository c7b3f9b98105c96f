"""Text tables are read as they stand, whatever their delimiter and encoding; a broken one is refused with its line."""

import io
import pickle

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.adapters.text_tables import (
    HEAD_BYTES,
    MalformedText,
    UnreadableText,
    UnusableHeader,
    read_text_table,
)


def read(text: str | bytes, *, delimiter: str = ",", encoding: str = "utf-8") -> pd.DataFrame:
    raw = text if isinstance(text, bytes) else text.encode(encoding)
    return read_text_table(io.BytesIO(raw), "sales.csv", delimiter=delimiter, encoding=encoding)


def test_every_cell_stays_the_text_it_was() -> None:
    table = read("code,country,value\n007,NA,1.50\n007,null,\n008,NA, 2\n")

    assert ["007", "007", "008"] == table["code"].astype(str).tolist()
    assert ["NA", "null", "NA"] == table["country"].astype(str).tolist()
    assert ["1.50", "", " 2"] == table["value"].astype(str).tolist()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_of_any_encoding_reads_the_same_and_its_mark_is_skipped(encoding: str) -> None:
    table = read("größe,wert\nklein,1\ngroß,2\n", encoding=encoding)

    assert ["größe", "wert"] == list(table)
    assert ["klein", "groß"] == table["größe"].astype(str).tolist()


def test_mark_is_skipped_also_where_plain_utf8_was_declared() -> None:
    assert ["a", "b"] == list(read("\ufeffa,b\n1,2\n".encode(), encoding="utf-8"))


def test_cells_in_quotes_may_hold_delimiters_and_line_breaks() -> None:
    table = read('id;note\n1;"a; b"\n2;"two\nlines"\n', delimiter=";")

    assert ["a; b", "two\nlines"] == table["note"].astype(str).tolist()


def test_repeated_cells_are_kept_once_and_distinct_ones_as_they_are() -> None:
    table = read("id,value\n" + "".join(f"shop,{number}\n" for number in range(100)))

    assert isinstance(table["id"].dtype, pd.CategoricalDtype)
    assert "string" == table["value"].dtype


def test_blocks_of_a_long_file_make_one_table() -> None:
    rows = HEAD_BYTES // 4
    table = read("id,value\n" + "".join(f"s{number % 7},{number}\n" for number in range(rows)))

    assert rows == len(table)
    assert [f"s{number}" for number in range(7)] == sorted(table["id"].cat.categories)
    assert str(rows - 1) == table["value"].iloc[-1]


def test_line_with_too_many_cells_is_named_with_its_text() -> None:
    with pytest.raises(MalformedText, match=r"got 3 cells in line 3 \('2,3,4'\), expected 2 as in the header \(a, b\)"):
        read("a,b\n1,2\n2,3,4\n")


def test_line_with_too_few_cells_is_refused_too() -> None:
    with pytest.raises(MalformedText, match="got 1 cells in line 2"):
        read("a,b\n1\n")


@pytest.mark.parametrize(
    ("text", "problem"), [("", "which is empty"), ("\n1,2\n", "which is empty"), ("a,b,a\n1,2,3\n", "'a' stands more")]
)
def test_first_line_that_names_no_columns_is_refused(text: str, problem: str) -> None:
    with pytest.raises(UnusableHeader, match=problem):
        read(text)


def test_bytes_of_another_encoding_are_refused_with_the_way_out() -> None:
    with pytest.raises(UnreadableText, match=r"no utf-8 .* Set `encoding` in its catalog entry"):
        read("größe\n1\n".encode("cp1252"), encoding="utf-8")


@pytest.mark.parametrize(
    "error",
    [
        MalformedText("f", 3, 4, ("a",), "1,2"),
        UnreadableText("f", "utf-8", "bad byte"),
        UnusableHeader("f", ("a", "a"), "twice"),
    ],
)
def test_error_returns_from_a_worker(error: Exception) -> None:
    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301  (our own bytes)


CELL = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=20), st.sampled_from(",;\t|"))
def test_what_was_written_is_what_is_read(rows: list[tuple[str, str]], delimiter: str) -> None:
    written = pd.DataFrame(rows, columns=["left", "right"])

    table = read(written.to_csv(sep=delimiter, index=False, quoting=1), delimiter=delimiter)

    assert rows == list(zip(table["left"].astype(str), table["right"].astype(str), strict=True))
