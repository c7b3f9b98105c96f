"""Cells of any type become text, numbers and period starts, or missing."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.data_management.parsing import parse_numbers, parse_periods, parse_text
from pulse_kedro.domain.panel import frequency

JANUARY = pd.Timestamp("2019-01-01")


def period_of(cell: object, freq: str = "monthly", date_format: str | None = None) -> object:
    return parse_periods(pd.Series([cell], dtype=object), frequency(freq), date_format).iloc[0]


@pytest.mark.parametrize(
    "cell",
    [
        "2019-01-01",
        " 2019-01-31 ",
        "2019-01",
        "20190115",
        20190115,
        "2019-01-31T23:59:59",
        "2019-01-01T00:00:00+02:00",
        "2019-01-31 22:00:00.5-0500",
        "2019-01-01T00:00Z",
        dt.date(2019, 1, 15),
        dt.datetime(2019, 1, 15, 8),  # noqa: DTZ001 sources without time zone are the common case
        pd.Timestamp("2019-01-15", tz="Asia/Tokyo"),
    ],
    ids=str,
)
def test_any_spelling_of_a_day_leads_to_the_start_of_its_period(cell: object) -> None:
    assert JANUARY == period_of(cell)


@pytest.mark.parametrize("cell", ["01/02/2019", "soon", "", None, "2019-13-01", "9999-12-31", "1066-10-14", 1546300800])
def test_date_that_cannot_be_read_is_missing_and_not_guessed(cell: object) -> None:
    assert pd.isna(period_of(cell))


def test_declared_format_reads_what_has_two_meanings() -> None:
    assert pd.Timestamp("2019-02-01") == period_of("01/02/2019", date_format="%d/%m/%Y")


@pytest.mark.parametrize(
    ("freq", "expected"),
    [
        ("hourly", "2019-05-16 13:00"),
        ("daily", "2019-05-16"),
        ("weekly", "2019-05-13"),
        ("monthly", "2019-05-01"),
        ("quarterly", "2019-04-01"),
    ],
)
def test_period_starts_where_its_frequency_says(freq: str, expected: str) -> None:
    assert pd.Timestamp(expected) == period_of("2019-05-16T13:45", freq)


def test_hours_are_counted_in_utc_so_that_no_hour_comes_twice() -> None:
    assert pd.Timestamp("2019-10-27 00:00") == period_of("2019-10-27T02:00+02:00", "hourly")
    assert pd.Timestamp("2019-10-27 01:00") == period_of("2019-10-27T02:00+01:00", "hourly")


def test_an_hour_without_an_offset_does_not_take_that_of_its_neighbour() -> None:
    cells = pd.Series(["2019-01-01T02:00+02:00", "2019-01-01T01:00", None, "2019-01-01T02:00Z", "2019-01-01"])

    periods = parse_periods(cells, frequency("hourly"), None)

    midnight = pd.Timestamp("2019-01-01")
    expected = [midnight, midnight + pd.Timedelta(hours=1), pd.NaT, midnight + pd.Timedelta(hours=2), midnight]
    assert expected == periods.tolist()


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(pd.to_datetime(["2019-01-31"])),
        pd.Series(pd.to_datetime(["2019-01-31"])).dt.as_unit("s"),
        pd.Series(pd.to_datetime(["2019-01-01"])).dt.tz_localize("Europe/Berlin"),
        pd.Series(pd.period_range("2019-01", periods=1, freq="M")),
        pd.Series(["2019-01"], dtype="category"),
        pd.Series([20190101.0]),
    ],
    ids=lambda column: str(column.dtype),
)
def test_date_columns_of_every_type_are_read(column: pd.Series) -> None:
    periods = parse_periods(column, frequency("monthly"), None)

    assert [JANUARY] == periods.tolist()
    assert "datetime64[ns]" == str(periods.dtype)


def test_date_beyond_nanoseconds_is_missing() -> None:
    column = pd.Series(np.array(["9999-12-31", "2019-01-01"], dtype="datetime64[s]"))

    assert [pd.NaT, JANUARY] == parse_periods(column, frequency("monthly"), None).tolist()


@pytest.mark.parametrize(
    ("cell", "expected"),
    [(1, 1.0), ("2.5", 2.5), (" 1e3 ", 1000.0), (Decimal("1.25"), 1.25), (np.inf, np.inf), (0.1 + 0.2, 0.1 + 0.2)],
)
def test_numbers_are_read_exactly(cell: object, expected: float) -> None:
    assert [expected] == parse_numbers(pd.Series([cell], dtype=object)).tolist()


@pytest.mark.parametrize("cell", ["n/a", "1,234.5", "1_000", "", None, pd.NA, "True", "12 pieces"])
def test_what_is_no_number_is_missing(cell: object) -> None:
    assert np.isnan(parse_numbers(pd.Series([cell], dtype=object))).all()


def test_dates_are_no_numbers() -> None:
    assert np.isnan(parse_numbers(pd.Series(pd.to_datetime(["2019-01-01"])))).all()


def test_nullable_integers_are_numbers() -> None:
    assert [1.0, True] == [*(numbers := parse_numbers(pd.Series([1, None], dtype="Int64")))[:1], np.isnan(numbers[1])]


def test_minus_zero_is_zero_so_that_equal_values_have_equal_bits() -> None:
    assert not np.signbit(parse_numbers(pd.Series([-0.0]))).any()


def test_whole_number_reads_the_same_beside_a_missing_cell() -> None:
    assert ["7", pd.NA] == parse_text(pd.Series([7.0, None])).tolist()
    assert ["7", "8"] == parse_text(pd.Series([7, 8])).tolist()
    assert ["7.0", "7.5"] == parse_text(pd.Series([7.0, 7.5])).tolist()
