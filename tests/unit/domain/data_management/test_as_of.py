"""Where a cycle stands, and which `as_of` is refused."""

import pickle

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.data_management.as_of import (
    AsOfTooEarly,
    FutureAsOf,
    SeriesTooShort,
    UnreadableAsOf,
    parse_as_of,
    resolve,
)
from pulse_kedro.domain.data_management.rows import split
from source_samples import Past, declare, monthly, two_years


@pytest.fixture
def rows() -> pd.DataFrame:
    return split(pd.concat([two_years("a"), monthly("b", np.arange(3.0))]), declare())[0]


def test_cycle_without_as_of_stands_at_the_newest_period(rows: pd.DataFrame) -> None:
    period = resolve(rows, None, declare(), Past())

    assert pd.Timestamp("2018-12-01") == period.as_of
    assert pd.Timestamp("2019-01-01") == period.first_target
    assert ("monthly", ()) == (period.frequency, period.ancestors)


@pytest.mark.parametrize("text", ["2018-06-01", "2018-06-30", "2018-06", "2018-06-15T12:00"])
def test_date_inside_a_period_names_the_period(rows: pd.DataFrame, text: str) -> None:
    assert pd.Timestamp("2018-06-01") == resolve(rows, text, declare(), Past()).as_of


def test_period_knows_the_cycles_it_builds_on(rows: pd.DataFrame) -> None:
    assert ("c2", "c1") == resolve(rows, None, declare(), Past("c2", "c1")).ancestors


@pytest.mark.parametrize("text", ["soon", "2018", "2018-13-01", "06/2018", "18-06-01", "", "2018-06-31", "201806"])
def test_text_that_spells_no_period_is_refused(rows: pd.DataFrame, text: str) -> None:
    with pytest.raises(UnreadableAsOf, match="expected a monthly period as YYYY-MM-DD") as caught:
        resolve(rows, text, declare(), Past())

    assert f"got {text!r}" in str(caught.value)
    assert "--params as_of=YYYY-MM-DD" in str(caught.value)


def test_number_that_a_parser_made_of_a_year_is_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(UnreadableAsOf, match="got '2018'"):
        resolve(rows, 2018, declare(), Past())


@pytest.mark.parametrize(
    ("frequency", "coarse", "exact", "expected"),
    [
        ("hourly", "2018-06-05", "2018-06-05T13", "2018-06-05 13:00"),
        ("daily", "2018-06", "2018-06-05", "2018-06-05"),
        ("weekly", "2018-06", "2018-06-05", "2018-06-04"),
        ("quarterly", "2018", "2018-06-05", "2018-04-01"),
    ],
)
def test_text_must_name_one_period_of_the_frequency(frequency: str, coarse: str, exact: str, expected: str) -> None:
    assert pd.Timestamp(expected) == parse_as_of(exact, declare(frequency=frequency))
    with pytest.raises(UnreadableAsOf):
        parse_as_of(coarse, declare(frequency=frequency))


def test_future_is_refused_with_the_newest_period(rows: pd.DataFrame) -> None:
    with pytest.raises(FutureAsOf, match="got as_of=2030-01-01, expected at most 2018-12-01") as caught:
        resolve(rows, "2030-01-15", declare(), Past())

    assert "Leave as_of out" in str(caught.value)


def test_later_day_of_the_newest_period_is_not_the_future(rows: pd.DataFrame) -> None:
    assert pd.Timestamp("2018-12-01") == resolve(rows, "2018-12-31", declare(), Past()).as_of


def test_first_usable_period_has_one_season_and_one_observation(rows: pd.DataFrame) -> None:
    assert pd.Timestamp("2018-01-01") == resolve(rows, "2018-01-01", declare(), Past()).as_of
    with pytest.raises(AsOfTooEarly, match=r"got as_of=2017-12-01, expected at least 2018-01-01.*13 observations"):
        resolve(rows, "2017-12-01", declare(), Past())


def test_source_of_three_points_is_refused() -> None:
    rows, _ = split(monthly("b", np.arange(3.0)), declare())

    with pytest.raises(SeriesTooShort, match=r"got at most 3 observations per series .* expected at least 13"):
        resolve(rows, None, declare(), Past())


@pytest.mark.parametrize(
    "error",
    [
        UnreadableAsOf("soon", "monthly", "YYYY-MM-DD"),
        FutureAsOf(pd.Timestamp("2030-01-01"), pd.Timestamp("2018-12-01"), "shops"),
        AsOfTooEarly(pd.Timestamp("2017-01-01"), pd.Timestamp("2018-01-01"), 13, "shops"),
        SeriesTooShort(3, 13, "shops"),
    ],
)
def test_error_returns_from_a_worker(error: Exception) -> None:
    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301 our own bytes
