"""The FRED source against a local server that keeps vintages and answers in the shape of the real one."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from misbehaving_server import Misbehaving, Reply, serving
from pulse_kedro.adapters.sources.fred import FRED, FredOptions, FredSource
from pulse_kedro.adapters.sources.settings import Given
from pulse_kedro.domain.data_management.fetching import Fetched, Request, SourceFailed, SourceUnreadable

KEY = "0123456789abcdef0123456789abcdef"
VINTAGES = {  # real GDP as in the documentation of FRED, shortened: value of each quarter by the days on which it stood
    ("2012-07-01", "2012-10-26", "2012-11-28"): "13616.2",
    ("2012-07-01", "2012-11-29", "2012-12-19"): "13652.5",
    ("2012-07-01", "2012-12-20", "9999-12-31"): "13665.4",
    ("2012-10-01", "2013-01-30", "2013-02-27"): "13647.6",
    ("2012-10-01", "2013-02-28", "9999-12-31"): ".",
}


def fred(query: dict[str, str], _: int) -> Reply:
    """One page of output type 1, the real-time periods cut to the one that was asked for, as FRED does."""
    if query.get("api_key") != KEY:
        message = f"Bad Request.  The value for variable api_key ({query.get('api_key')}) is not registered."
        return Reply({"error_code": 400, "error_message": message}, status=400)
    if query["series_id"] != "GDPC1":
        return Reply({"error_code": 400, "error_message": "Bad Request.  The series does not exist."}, status=400)
    first, last = query["realtime_start"], query["realtime_end"]
    rows = [
        {"realtime_start": max(start, first), "realtime_end": min(end, last), "date": day, "value": value}
        for (day, start, end), value in VINTAGES.items()
        if start <= last and end >= first
        if query.get("observation_start", "") <= day <= query.get("observation_end", "9999")
    ]
    offset, limit = int(query["offset"]), int(query["limit"])
    facts = {"realtime_start": first, "realtime_end": last, "count": len(rows), "offset": offset, "limit": limit}
    return Reply({**facts, "observations": rows[offset : offset + limit]})


@pytest.fixture(scope="module")
def server() -> Iterator[Misbehaving]:
    with serving() as room:
        room.answers["/fred"] = fred
        yield room


def source(server: Misbehaving, path: str = "/fred", key: str = KEY, **options: Any) -> FredSource:  # noqa: ANN401
    quick = {"backoff_s": 0.001, "requests_per_minute": 1e6, **options.pop("limits", {})}
    values = {"limits": quick, "series": ["GDPC1"], "url": f"{server.url}{path}", **options}
    return FredSource("gdp", TypeAdapter(FredOptions).validate_python(values), Given(credentials={"api_key": key}))


def fetch(found: FredSource, **asked: Any) -> Fetched:  # noqa: ANN401
    return asyncio.run(found.fetch(Request(**asked)))


def test_every_vintage_comes_with_the_moment_at_which_it_was_known(server: Misbehaving) -> None:
    table = fetch(source(server)).table

    assert ["13616.2", "13652.5", "13665.4", "13647.6", None] == table["y"].tolist()
    assert ["GDPC1"] * 5 == table["unique_id"].tolist()
    # The end of 26 October 2012 in St. Louis, which is five hours behind UTC then, and six in winter.
    expected = [pd.Timestamp("2012-10-27T05:00", tz="UTC"), pd.Timestamp("2012-11-30T06:00", tz="UTC")]
    assert expected == table["available_at"].tolist()[:2]


def test_pages_are_followed_by_their_count(server: Misbehaving) -> None:
    begun = len(server.asked)

    fetched = fetch(source(server, page_rows=2))

    assert 5 == len(fetched.table)
    assert ["0", "2", "4"] == [asked.query["offset"] for asked in server.asked[begun:]]
    assert fetch(source(server)).table.equals(fetched.table)


def test_the_past_is_seen_as_it_was_with_its_true_moments(server: Misbehaving) -> None:
    as_of = pd.Timestamp("2012-12-01T00:00", tz="UTC")

    table = fetch(source(server), as_of=as_of).table

    assert ["13616.2", "13652.5"] == table["y"].tolist()
    assert "1776-07-04" == server.asked[-1].query["realtime_start"]  # else FRED would cut the moments to the one asked
    assert "2012-11-29" == server.asked[-1].query["realtime_end"]  # 30 November has not ended there


def last_moment(day: str) -> pd.Timestamp:
    """End of a day in St. Louis."""
    return (pd.Timestamp(day) + pd.Timedelta(days=1)).tz_localize("America/Chicago")


@settings(max_examples=10)
@given(moment=st.datetimes(pd.Timestamp("2012-10-01").to_pydatetime(), pd.Timestamp("2013-03-10").to_pydatetime()))
def test_nothing_comes_that_was_not_known(server: Misbehaving, moment: Any) -> None:  # noqa: ANN401
    as_of = pd.Timestamp(moment, tz="UTC")
    table = fetch(source(server), as_of=as_of).table

    assert (table["available_at"] <= as_of).all()
    assert sum(last_moment(start) <= as_of for _, start, _ in VINTAGES) == len(table)


def test_periods_and_series_are_asked_for(server: Misbehaving) -> None:
    table = fetch(
        source(server, series=["GDPC1", "UNRATE"]), start=pd.Timestamp("2012-10-01"), variables=("GDPC1",)
    ).table

    assert {"2012-10-01"} == set(table["ds"])
    assert "observation_end" not in server.asked[-1].query


def test_a_series_without_a_vintage_leaves_the_others(server: Misbehaving) -> None:
    facts = {"count": 0, "observations": []}
    server.answers["/two"] = lambda query, _: Reply(facts) if query["series_id"] == "NEW" else fred(query, 1)

    table = fetch(source(server, "/two", series=["NEW", "GDPC1"])).table

    assert {"GDPC1"} == set(table["unique_id"])
    assert "datetime64[ns, UTC]" == str(table["available_at"].dtype)
    assert list(table.columns) == list(fetch(source(server, "/two", series=["NEW"])).table.columns)


@pytest.mark.parametrize("output_type", [2, 3])
def test_vintages_side_by_side_become_rows(server: Misbehaving, output_type: int) -> None:
    rows = [
        {"date": "2012-07-01", "GDPC1_20121026": "13616.2", "GDPC1_20121129": "13652.5"},
        {"date": "2012-10-01", "GDPC1_20121129": "."},
    ]
    server.answers["/wide"] = Reply({"count": 2, "observations": rows})

    table = fetch(source(server, "/wide", output_type=output_type)).table

    expected = ["13616.2", "13652.5", None] if output_type == 3 else ["13616.2", "13652.5"]
    assert expected == table["y"].tolist()
    assert ["2012-10-26", "2012-11-29"] == table["realtime_start"].tolist()[:2]


def test_first_releases_are_asked_for(server: Misbehaving) -> None:
    fetch(source(server, output_type=4))

    assert "4" == server.asked[-1].query["output_type"]


def test_what_fred_says_is_told_without_the_key(server: Misbehaving, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "f" * 32

    with pytest.raises(
        SourceUnreadable, match=r"HTTP 400 .*The value for variable api_key \(\*\*\*\) is not"
    ) as raised:
        fetch(source(server, key=wrong))

    assert wrong not in str(raised.value) + caplog.text
    with pytest.raises(SourceUnreadable, match="The series does not exist"):
        fetch(source(server, series=["GDP"]))


@pytest.mark.parametrize("status", [429, 500])
def test_a_limit_or_an_outage_is_waited_out(server: Misbehaving, status: int) -> None:
    body = {"error_code": status, "error_message": "Too Many Requests.  Exceeded Rate Limit"}
    server.answers[f"/busy{status}"] = lambda query, number: (
        fred(query, 1) if number > 2 else Reply(body, status=status)
    )

    assert 5 == len(fetch(source(server, f"/busy{status}")).table)


def test_a_limit_that_stays_is_told(server: Misbehaving) -> None:
    body = {"error_code": 429, "error_message": "Too Many Requests.  Exceeded Rate Limit"}
    server.answers["/shut"] = Reply(body, status=429)

    with pytest.raises(SourceFailed, match=r"HTTP 429 .*Exceeded Rate Limit"):
        fetch(source(server, "/shut", limits={"attempts": 2}))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"observations": []}, "expected 'count'"),
        ({"count": 1, "observations": [{"date": "2012-07-01"}]}, "an observation without 'value'"),
        ({"count": "3", "observations": []}, "got '3', expected a whole number at 'count'"),
        ({"count": 0}, "expected 'observations'"),
    ],
)
def test_another_shape_is_told(server: Misbehaving, body: object, told: str) -> None:
    server.answers["/shape"] = Reply(body)

    with pytest.raises(SourceUnreadable, match=told):
        fetch(source(server, "/shape"))


def test_a_key_is_needed() -> None:
    options = TypeAdapter(FredOptions).validate_python({"series": ["GDPC1"]})

    with pytest.raises(ValidationError, match="api_key"):
        FredSource("gdp", options, Given())
    assert "https://api.stlouisfed.org/fred/series/observations GDPC1" == FRED.location(options)


def test_the_pace_of_fred_is_kept_whatever_else_is_limited(
    server: Misbehaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    pause = asyncio.sleep

    async def note(seconds: float) -> None:
        waited.append(seconds)
        await pause(0)

    monkeypatch.setattr("pulse_kedro.adapters.sources.http_client.asyncio.sleep", note)

    fetch(source(server, page_rows=2, limits={"requests_per_minute": None, "attempts": 2}))

    assert [0, 1, 1] == [seconds > 0 for seconds in waited]
