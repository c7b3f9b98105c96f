"""One observation per value cell, whatever the shape of the table."""

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.data_management import observations
from pulse_kedro.domain.data_management.rows import split
from source_samples import declare, two_years

MONTHS = pd.date_range("2017-01-01", periods=24, freq="MS").as_unit("ns")


def wide(**changes: object) -> pd.DataFrame:
    return pd.DataFrame({"month": MONTHS, "north": np.arange(24.0), "south": np.arange(24.0) + 100}).assign(**changes)


def of_columns(unique_id: list[str], *y: str, static: tuple[str, ...] = ()) -> dict[str, object]:
    return {"columns": {"unique_id": unique_id, "ds": "month", "y": list(y)}, "static": static}


def test_value_columns_without_an_id_are_series() -> None:
    rows, quarantine = split(wide(), declare(**of_columns([], "north", "south")))

    assert {"north": 0.0, "south": 100.0} == rows.groupby("unique_id")["y"].first().to_dict()
    assert (48, 0) == (len(rows), len(quarantine))


def test_several_columns_name_a_series_together() -> None:
    table = two_years("a").assign(item=7)

    rows, _ = split(table, declare(**of_columns(["shop", "item"], "sales")))

    assert {"a/7"} == set(rows["unique_id"])


def test_several_values_of_one_series_are_told_apart_by_their_column_also_in_the_title() -> None:
    table = two_years("a").assign(price=2.0)

    rows, _ = split(table, declare(**of_columns(["shop"], "sales", "price", static=("title",))))

    assert {"a/sales": "A shop, sales", "a/price": "A shop, price"} == rows.groupby("unique_id")[
        "title"
    ].first().to_dict()


def test_empty_cells_of_a_wide_table_are_gaps_and_no_faults() -> None:
    table = wide()
    table.loc[:5, "south"] = np.nan

    rows, quarantine = split(table, declare(**of_columns([], "north", "south")))

    assert (24 + 18, 0) == (len(rows), len(quarantine))


def test_row_of_a_wide_table_without_any_value_is_set_aside_once() -> None:
    table = wide()
    table.loc[3, ["north", "south"]] = np.nan

    rows, quarantine = split(table, declare(**of_columns([], "north", "south")))

    assert (46, [(4, "missing_value")]) == (len(rows), list(zip(quarantine["row"], quarantine["rule"], strict=True)))


def test_reason_names_the_value_column_that_cannot_be_read() -> None:
    table = wide().astype({"south": object})
    table.loc[3, "south"] = "many"

    _, quarantine = split(table, declare(**of_columns([], "north", "south")))

    assert ["column 'south' holds 'many', expected a number"] == quarantine["reason"].tolist()
    assert ["south"] == quarantine["series"].tolist()


def test_missing_part_of_a_name_is_named() -> None:
    table = two_years("a").assign(item=["x"] * 23 + [None])

    _, quarantine = split(table, declare(**of_columns(["shop", "item"], "sales")))

    assert [("missing_id", "column 'item' is empty")] == list(
        zip(quarantine["rule"], quarantine["reason"], strict=True)
    )


@pytest.mark.parametrize("size", [1, 7, 24, 1000])
def test_reading_in_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    table = pd.concat([two_years("a"), two_years("b")], ignore_index=True).assign(
        item=[1.0] * 30 + [np.nan] + [2.0] * 17
    )
    options = declare(**of_columns(["shop", "item"], "sales"))
    expected = split(table, options)

    monkeypatch.setattr(observations, "BLOCK", size)
    found = split(table, options)

    for left, right in zip(expected, found, strict=True):
        pd.testing.assert_frame_equal(left, right)


def test_text_tables_read_like_typed_ones() -> None:
    typed = two_years("a")
    text = typed.astype({"month": str, "sales": str}).astype(
        {"shop": "category", "month": "category", "title": "category"}
    )
    arrow = text.astype({"sales": pd.StringDtype("pyarrow")})

    for table in (text, arrow):
        for left, right in zip(split(typed, declare()), split(table, declare()), strict=True):
            pd.testing.assert_frame_equal(left, right, check_dtype=left is not None)
