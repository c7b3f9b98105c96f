"""Laws of fetched tables: nothing from the future, nothing lost without a count."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.domain.data_management.fetching import Request
from pulse_kedro.domain.data_management.narrowing import NoKnowledgeTime, known_since, narrow
from source_samples import declare

DAY = pd.Timedelta(days=1)
dates = st.datetimes(pd.Timestamp("2018-01-01").to_pydatetime(), pd.Timestamp("2020-12-31").to_pydatetime())
moments = dates.map(lambda when: pd.Timestamp(when, tz="UTC"))
cells = st.one_of(dates.map(lambda when: when.date().isoformat()), st.sampled_from(["", "soon", "31/01/2019"]))
rows = st.lists(st.tuples(st.sampled_from(["a", "b", "", None]), cells, moments | st.just(pd.NaT)), max_size=12)


def table_of(drawn: list[tuple[str | None, str, pd.Timestamp]], *, moment: bool) -> pd.DataFrame:
    table = pd.DataFrame(drawn, columns=["shop", "month", "available_at"], dtype=object)
    table["available_at"] = pd.DatetimeIndex(table["available_at"], tz="UTC") if len(table) else []
    table = table.assign(sales=1.0, title="x")
    return table if moment else table.drop(columns="available_at")


@given(drawn=rows, as_of=moments, moment=st.booleans())
def test_nothing_is_shown_that_was_not_known(
    drawn: list[tuple[str | None, str, pd.Timestamp]], as_of: pd.Timestamp, *, moment: bool
) -> None:
    table, options = table_of(drawn, moment=moment), declare()

    found = narrow("shops", table, Request(as_of=as_of), options)

    known = known_since(found.table, options)
    assert known is not None
    assert (known <= as_of).all()
    assert len(table) == len(found.table) + found.later + found.undated + found.outside
    before = known_since(table, options)
    assert before is not None
    assert before.le(as_of).sum() == len(found.table)


@given(drawn=rows, start=dates, length=st.integers(0, 400), name=st.sampled_from(["a", "b", "c"]))
def test_periods_and_series_outside_are_counted_and_doubtful_ones_stay(
    drawn: list[tuple[str | None, str, pd.Timestamp]], start: pd.Timestamp, length: int, name: str
) -> None:
    first = pd.Timestamp(start).normalize()
    request = Request(start=first, end=first + length * DAY, variables=(name,))
    table = table_of(drawn, moment=False)

    found = narrow("shops", table, request, declare())

    assert len(table) == len(found.table) + found.outside
    assert set(found.table["shop"].dropna()) <= {name, ""}
    doubtful = (table["month"].isin(["", "soon", "31/01/2019"]) & table["shop"].isin(["", None, name])).sum()
    assert doubtful == found.table["month"].isin(["", "soon", "31/01/2019"]).sum()
    again = narrow("shops", found.table, request, declare())
    assert again.table.equals(found.table)


@given(drawn=rows)
def test_an_open_request_changes_nothing(drawn: list[tuple[str | None, str, pd.Timestamp]]) -> None:
    table = table_of(drawn, moment=True)

    assert narrow("shops", table, Request(), declare()).table is table


def test_series_of_several_parts_and_columns_are_found_by_their_names() -> None:
    table = pd.DataFrame(
        {"country": ["NL", "NL", "DE"], "shop": ["a", "b", "a"], "month": "2019-01-01", "x": 1, "y": 2}
    )
    options = declare(columns={"unique_id": ["country", "shop"], "ds": "month", "y": ["x", "y"]}, static=[])

    found = narrow("shops", table, Request(variables=("NL/b/x",)), options)

    assert [["NL", "b"]] == found.table[["country", "shop"]].to_numpy().tolist()


def test_without_a_moment_of_knowledge_no_past_is_shown() -> None:
    table = table_of([("a", "2019-01-01", pd.NaT)], moment=False)

    with pytest.raises(NoKnowledgeTime, match="Asking source 'shops' for a past moment failed"):
        narrow("shops", table, Request(as_of=pd.Timestamp("2019-01-01", tz="UTC")), None)


def test_the_release_lag_counts_from_the_end_of_the_period() -> None:
    table = table_of([("a", "2019-01-15", pd.NaT)], moment=False)

    known = known_since(table, declare())

    assert known is not None
    assert [pd.Timestamp("2019-02-11", tz="UTC")] == known.tolist()
