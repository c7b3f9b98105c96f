"""Every row is kept or set aside with its reason; a hopeless source is refused."""

import pickle

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.data_management.quarantine import TooManyBadRows
from pulse_kedro.domain.data_management.rows import EmptySource, MissingColumn, split
from source_samples import declare, monthly, two_years


def with_cell(column: str, value: object, *, row: int = 3) -> pd.DataFrame:
    table = two_years("a").astype({column: object})
    table.loc[row, column] = value
    return table


def test_good_rows_become_the_declared_columns() -> None:
    rows, quarantine = split(two_years("a").assign(color="red"), declare())

    assert ["unique_id", "ds", "y", "available_at", "title"] == list(rows)
    assert ["object", "datetime64[ns]", "float64", "datetime64[ns, UTC]", "object"] == rows.dtypes.astype(str).tolist()
    assert (24, 0) == (len(rows), len(quarantine))


def test_value_is_available_its_release_lag_after_the_end_of_its_period() -> None:
    rows, _ = split(two_years("a"), declare(release_lag_days=10))

    assert pd.Timestamp("2017-02-11", tz="UTC") == rows["available_at"].iloc[0]


def test_source_is_not_changed() -> None:
    table = with_cell("sales", "many")
    before = table.copy()

    split(table, declare())

    pd.testing.assert_frame_equal(before, table)


def test_rows_out_of_order_are_sorted() -> None:
    table = pd.concat([two_years("b"), two_years("a")]).sample(frac=1.0, random_state=0)

    rows, quarantine = split(table, declare())

    expected, _ = split(pd.concat([two_years("a"), two_years("b")]), declare())
    pd.testing.assert_frame_equal(expected, rows)
    assert quarantine.empty


@pytest.mark.parametrize(
    ("column", "value", "rule", "reason"),
    [
        ("sales", "many", "text_value", "column 'sales' holds 'many', expected a number"),
        ("sales", "1,5", "text_value", "column 'sales' holds '1,5', expected a number"),
        ("sales", np.nan, "missing_value", "column 'sales' is empty"),
        ("sales", "  ", "missing_value", "column 'sales' is empty"),
        ("sales", np.inf, "infinite_value", "column 'sales' holds 'inf', expected a finite number"),
        ("sales", -np.inf, "infinite_value", "column 'sales' holds '-inf', expected a finite number"),
        ("shop", None, "missing_id", "column 'shop' is empty"),
        ("month", None, "missing_date", "column 'month' is empty"),
        ("month", "03/04/2017", "unreadable_date", "column 'month' holds '03/04/2017', expected a date between 1700"),
        ("month", "9999-12-31", "unreadable_date", "column 'month' holds '9999-12-31', expected a date between 1700"),
    ],
)
def test_bad_cell_sends_its_row_to_quarantine(column: str, value: object, rule: str, reason: str) -> None:
    rows, quarantine = split(with_cell(column, value), declare())

    assert (23, 1) == (len(rows), len(quarantine))
    assert (4, rule) == tuple(quarantine.loc[0, ["row", "rule"]])
    assert quarantine.loc[0, "reason"].startswith(reason)


def test_quarantined_row_keeps_every_cell_of_the_source_as_text() -> None:
    table = with_cell("sales", "many").assign(rule="internal", price=1.5)

    _, quarantine = split(table, declare())

    front = ["row", "series", "rule", "reason"]
    assert [*front, "shop", "month", "sales", "title", "source.rule", "price"] == list(quarantine)
    assert ["a", "2017-04-01", "many", "A shop", "internal", "1.5"] == quarantine.iloc[0, 4:].tolist()


def test_quarantine_survives_a_file(tmp_path: object) -> None:
    _, some = split(with_cell("sales", "many"), declare())
    _, none = split(two_years("a"), declare())

    for quarantine in (some, none):
        quarantine.to_parquet(f"{tmp_path}/quarantine.parquet")
        read = pd.read_parquet(f"{tmp_path}/quarantine.parquet")
        pd.testing.assert_frame_equal(quarantine, read)


def test_identical_duplicates_leave_one_row() -> None:
    table = pd.concat([two_years("a"), two_years("a").iloc[[5, 5]]])

    rows, quarantine = split(table, declare())

    assert (24, ["duplicate", "duplicate"]) == (len(rows), quarantine["rule"].tolist())
    assert "series 'a', period 2017-06-01: the same value stands in another row" in quarantine.loc[0, "reason"]


def test_conflicting_values_leave_no_row() -> None:
    table = pd.concat([two_years("a"), monthly("a", [7.0]).assign(month=pd.Timestamp("2017-06-20"))])

    rows, quarantine = split(table, declare())

    assert (23, ["conflict", "conflict"]) == (len(rows), quarantine["rule"].tolist())
    assert [6, 25] == quarantine["row"].tolist()
    assert {"series 'a', period 2017-06-01: 2 different values (7.0, 25.0), so none is kept"} == set(
        quarantine["reason"]
    )


def test_bad_cell_does_not_conflict_with_a_good_one() -> None:
    table = pd.concat([two_years("a").astype({"sales": object}), monthly("a", ["many"], start="2017-06-01")])

    rows, quarantine = split(table, declare())

    assert (24, ["text_value"]) == (len(rows), quarantine["rule"].tolist())


def test_kept_duplicate_does_not_depend_on_order() -> None:
    table = pd.concat([two_years("a"), two_years("a").assign(title="Another name")], ignore_index=True)

    forward, _ = split(table, declare())
    backward, _ = split(table.iloc[::-1], declare())

    pd.testing.assert_frame_equal(forward, backward)


def test_numeric_ids_read_the_same_with_and_without_a_missing_one() -> None:
    whole, _ = split(two_years("a").assign(shop=7), declare())
    table = two_years("a").assign(shop=7.0)
    table.loc[0, "shop"] = np.nan

    rows, quarantine = split(table, declare())

    assert {"7"} == set(whole["unique_id"]) == set(rows["unique_id"])
    assert ["missing_id"] == quarantine["rule"].tolist()


def test_renamed_column_is_refused_with_the_nearest_name_and_the_setting() -> None:
    with pytest.raises(MissingColumn, match=r"got columns shop, month, Sales, title") as caught:
        split(two_years("a").rename(columns={"sales": "Sales"}), declare())

    message = str(caught.value)
    assert "expected 'sales' too. Did you mean 'Sales'?" in message
    assert "set source.columns.y in conf/base/parameters_data_management.yml" in message


def test_every_missing_column_is_named() -> None:
    with pytest.raises(MissingColumn, match="expected 'month', 'title' too"):
        split(two_years("a").drop(columns=["month", "title"]), declare())


def test_wide_table_shows_some_columns_only() -> None:
    table = pd.DataFrame(np.zeros((1, 500))).rename(columns=lambda name: f"V{name}")

    with pytest.raises(MissingColumn, match=r"V0, V1.*V11, …, expected"):
        split(table, declare())


@pytest.mark.parametrize("table", [pd.DataFrame(), two_years("a").iloc[:0]])
def test_empty_source_is_refused(table: pd.DataFrame) -> None:
    with pytest.raises(EmptySource, match="source 'shops' failed: got a table without rows"):
        split(table, declare())


def test_source_without_a_good_row_is_refused_with_the_commonest_reason() -> None:
    table = two_years("a").assign(sales="many")
    table.loc[0, "sales"] = None

    with pytest.raises(TooManyBadRows) as caught:
        split(table, declare(max_quarantined=1))

    message = str(caught.value)
    assert "got 24 of 24 rows that cannot be used (text_value 23, missing_value 1), expected some that can" in message
    assert "Most common: row 2, column 'sales' holds 'many', expected a number." in message


def test_daily_table_declared_monthly_is_refused() -> None:
    days = pd.date_range("2017-01-01", periods=90, freq="D")
    table = pd.DataFrame({"shop": "a", "month": days, "sales": np.arange(90.0), "title": ""})

    with pytest.raises(TooManyBadRows, match=r"conflict 90.*31 different values \(0.0, 1.0, 2.0, …\)"):
        split(table, declare())


@pytest.mark.parametrize(("limit", "refused"), [(0.04, True), (1 / 24, False), (0.0, True)])
def test_share_of_bad_rows_is_limited(limit: float, refused: bool) -> None:  # noqa: FBT001
    table = with_cell("sales", "many")

    if refused:
        with pytest.raises(TooManyBadRows, match=r"max_quarantined"):
            split(table, declare(max_quarantined=limit))
    else:
        assert 1 == len(split(table, declare(max_quarantined=limit))[1])


@pytest.mark.parametrize(
    "error",
    [
        MissingColumn("shops", [("source.columns.y", "sales")], ("Sales",)),
        EmptySource("shops"),
        TooManyBadRows("shops", 3, 0.3, {"text_value": 2}, "row 1"),
    ],
)
def test_error_returns_from_a_worker(error: Exception) -> None:
    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301 our own bytes


def test_file_given_twice_is_sorted_in_little_time() -> None:
    table = pd.concat([monthly(f"s{number}", np.arange(600.0), start="1969-01-01") for number in range(20)] * 2)

    rows, quarantine = split(table, declare())

    assert (12_000, 12_000) == (len(rows), len(quarantine))
