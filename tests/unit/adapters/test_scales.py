"""Axes of still pictures: ticks are round, few and within the axis, whatever the data."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.adapters.scales import LONGEST, TICKS, lay_axis

NUMBERS = st.floats(-1e9, 1e9).map(lambda number: round(number, 3))
DATES = st.dates(date(1900, 1, 1), date(2100, 1, 1))


@given(st.lists(NUMBERS, min_size=1, max_size=5))
def test_every_number_and_tick_lies_on_the_axis(values: list[float]) -> None:
    axis = lay_axis({}, values, (), (100.0, 300.0))

    places = [place for place, _ in axis.ticks()]

    assert all(100.0 <= place <= 300.0 for place in places)
    assert sorted(places) == places
    assert 1 <= len(places) <= TICKS + 1
    assert axis.low <= min(values)
    assert max(values) <= axis.high


@given(DATES, st.integers(1, 50_000))
def test_dates_have_a_few_ticks_each_its_own(first: date, days: int) -> None:
    axis = lay_axis({"type": "date"}, [first.isoformat(), (first + timedelta(days)).isoformat()], (), (0.0, 900.0))

    ticks = axis.ticks()

    assert all(0.0 <= place <= 900.0 for place, _ in ticks)
    assert len(ticks) == len({word for _, word in ticks})
    assert len(ticks) <= 2 * TICKS


@pytest.mark.parametrize(("span", "expected"), [(3, "2019-01-03"), (300, "2019-03"), (3000, "2020")])
def test_dates_are_as_fine_as_they_have_to_be(span: int, expected: str) -> None:
    first = date(2019, 1, 1)
    axis = lay_axis({"type": "date"}, [first.isoformat(), (first + timedelta(span)).isoformat()], (), (0.0, 900.0))

    assert expected in [word for _, word in axis.ticks()]


def test_names_that_do_not_fit_are_left_out_and_long_ones_cut() -> None:
    names = [f"a rather long name of series {number}" for number in range(40)]

    lying, standing = (lay_axis({"type": "category"}, names, (), pixels).ticks() for pixels in ((0, 300), (900, 0)))

    assert [3.75, 123.75, 243.75] == [place for place, _ in lying]
    assert 40 == len(standing)
    assert {LONGEST} >= {len(word) for _, word in standing}


def test_given_ticks_and_formats_are_kept() -> None:
    axis = lay_axis({"range": [0, 1], "tickvals": [0, 0.4, 1], "tickformat": ".0%"}, [0.2], (), (0.0, 100.0))

    assert [(0.0, "0%"), (40.0, "40%"), (100.0, "100%")] == axis.ticks()
