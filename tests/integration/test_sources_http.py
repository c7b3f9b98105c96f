"""The HTTP source against a server that misbehaves in every way that services are known for."""

import asyncio
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError

from http_worlds import CANARY, ROWS, fetch, source
from misbehaving_server import Misbehaving, Reply, serving
from pulse_kedro.adapters.sources.http_pages import HttpOptions
from pulse_kedro.domain.data_management.fetching import (
    SourceDenied,
    SourceFailed,
    SourceNotFound,
    SourceTimedOut,
    SourceTooLarge,
    SourceUnreadable,
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Misbehaving]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as room:
        yield room


def pages(query: dict[str, str], _: int) -> Reply:
    begin = 3 * (int(query["page"]) - 1)
    return Reply({"data": ROWS[begin : begin + 3], "meta": {"total": len(ROWS)}})


PAGED = {"kind": "page", "parameter": "page"}


def test_one_body_is_a_table(server: Misbehaving) -> None:
    server.answers["/rows"] = Reply(ROWS)

    fetched = fetch(source(server))

    assert ROWS == fetched.table.to_dict("records")
    assert fetched.fetched_at.utcoffset() == timedelta(0)
    assert {"location": f"{server.url}/rows", "pages": 1, "rows": 7} == dict(fetched.facts)


def test_numbered_pages_are_read_until_an_empty_one(server: Misbehaving) -> None:
    server.answers["/rows"] = pages

    fetched = fetch(source(server, records="data", paging={**PAGED, "size_parameter": "per_page", "size": 1000}))

    assert ROWS == fetched.table.to_dict("records")
    assert ["1", "2", "3", "4"] == [asked.query["page"] for asked in server.asked]
    assert {"1000"} == {asked.query["per_page"] for asked in server.asked}


def test_a_total_spares_the_empty_page(server: Misbehaving) -> None:
    server.answers["/rows"] = pages

    fetched = fetch(source(server, records="data", paging={**PAGED, "total": "meta.total"}))

    assert ROWS == fetched.table.to_dict("records")
    assert 3 == len(server.asked)


def test_offsets_count_the_rows_that_came(server: Misbehaving) -> None:
    server.answers["/rows"] = lambda query, _: Reply(ROWS[int(query["skip"]) :][:2])

    fetched = fetch(source(server, paging={"kind": "offset", "parameter": "skip"}))

    assert ROWS == fetched.table.to_dict("records")
    assert ["0", "2", "4", "6", "7"] == [asked.query["skip"] for asked in server.asked]


def test_a_cursor_is_sent_back_until_there_is_none(server: Misbehaving) -> None:
    def answer(query: dict[str, str], _: int) -> Reply:
        begin = int(query.get("after", "0"))
        following = {"next": str(begin + 3)} if begin + 3 < len(ROWS) else {}
        return Reply({"data": ROWS[begin : begin + 3], "meta": following})

    server.answers["/rows"] = answer

    fetched = fetch(
        source(server, records="data", paging={"kind": "cursor", "parameter": "after", "field": "meta.next"})
    )

    assert ROWS == fetched.table.to_dict("records")


@pytest.mark.parametrize("header", [True, False])
def test_links_are_followed_on_the_same_host_with_the_credentials(server: Misbehaving, *, header: bool) -> None:
    def answer(query: dict[str, str], _: int) -> Reply:
        begin = int(query.get("from", "0"))
        link = f"/rows?from={begin + 4}" if begin + 4 < len(ROWS) else None
        if header:
            return Reply(ROWS[begin : begin + 4], headers={"link": f'<{link}>; rel="next"'} if link else {})
        return Reply({"data": ROWS[begin : begin + 4], "next": link})

    server.answers["/rows"] = answer
    paging = {"kind": "next_link"} if header else {"kind": "next_link", "field": "next"}
    place = {} if header else {"records": "data"}

    found = source(server, paging=paging, credentials={"parameter": "key", "value": CANARY}, **place)

    assert ROWS == fetch(found).table.to_dict("records")
    assert [CANARY, CANARY] == [asked.query["key"] for asked in server.asked]


def test_the_request_fills_the_parameters_and_leaves_out_what_is_open(server: Misbehaving) -> None:
    server.answers["/rows"] = Reply(ROWS)
    query = {"from": "{start}", "to": "{end}", "known": "{as_of}", "names": "{variables}", "all": True}

    fetch(
        source(server, query=query),
        start=pd.Timestamp("2019-02-01"),
        as_of=pd.Timestamp("2019-05-01T12:00", tz="UTC"),
        variables=("a", "b"),
    )

    expected = {"from": "2019-02-01", "known": "2019-05-01T12:00:00Z", "names": "a,b", "all": "true"}
    assert expected == server.asked[0].query


@pytest.mark.parametrize(
    ("credentials", "header", "value"),
    [
        ({"token": CANARY}, "authorization", f"Bearer {CANARY}"),
        ({"user": "me", "password": "you"}, "authorization", "Basic bWU6eW91"),
        ({"header": "x-api-key", "value": CANARY}, "x-api-key", CANARY),
    ],
)
def test_credentials_go_where_the_service_wants_them(
    server: Misbehaving, credentials: dict[str, str], header: str, value: str
) -> None:
    server.answers["/rows"] = Reply(ROWS)

    fetch(source(server, credentials=credentials))

    assert value == {name.lower(): text for name, text in server.asked[0].headers.items()}[header]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_failure_that_passes_is_waited_out(server: Misbehaving, status: int) -> None:
    server.answers["/rows"] = lambda _, number: Reply(ROWS) if number == 3 else Reply(b"busy", status=status)

    assert ROWS == fetch(source(server)).table.to_dict("records")
    assert 3 == len(server.asked)


def test_a_failure_that_stays_is_told_with_what_the_service_said(server: Misbehaving) -> None:
    server.answers["/rows"] = Reply(b"database down", status=500)

    with pytest.raises(
        SourceFailed, match=r"'iris' failed: got HTTP 500 from .*/rows \(database down\), expected HTTP 200"
    ):
        fetch(source(server))
    assert 3 == len(server.asked)


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_the_server_says_how_long_to_wait(server: Misbehaving, form: str) -> None:
    wait = "0" if form == "seconds" else format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    server.answers["/rows"] = lambda _, number: (
        Reply(ROWS) if number == 2 else Reply(status=429, headers={"retry-after": wait})
    )

    found = source(server, limits={"backoff_s": 60, "max_wait_s": 60})  # without the header it would wait for long

    assert ROWS == fetch(found).table.to_dict("records")


def test_a_server_that_wants_us_to_wait_for_an_hour_is_given_up(server: Misbehaving) -> None:
    server.answers["/rows"] = Reply(status=429, headers={"retry-after": "3600"})

    with pytest.raises(SourceFailed, match="It asks to wait 3600 s"):
        fetch(source(server))
    assert 1 == len(server.asked)


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [(401, SourceDenied, "Check the credentials"), (403, SourceDenied, "credentials"), (404, SourceNotFound, "url")],
)
def test_a_refusal_is_not_tried_again(server: Misbehaving, status: int, kind: type[SourceFailed], told: str) -> None:
    server.answers["/rows"] = Reply(b"no", status=status)

    with pytest.raises(kind, match=told):
        fetch(source(server))
    assert 1 == len(server.asked)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(b"{'shop': 1}"), "got text that begins with"),
        (Reply(b"<html><body>Please log in", headers={"content-type": "text/html"}), "got HTML that begins with"),
        (Reply(b""), "got text that begins with ''"),
        (Reply('[{"shop": "Käse"}]'.encode("latin-1")), "got bytes that are no utf-8"),
        (Reply(b"[]", headers={"content-type": "application/json; charset=klingon"}), "no klingon"),
        (Reply({"data": []}), "got dict, expected a list of objects"),
        (Reply([1, 2]), "got a list with int, expected a list of objects"),
        (Reply(b"[" * 100_000), "got text that begins with"),
    ],
    ids=["json", "html", "empty", "charset", "unknown charset", "object", "numbers", "deep"],
)
def test_an_answer_that_is_no_table_is_told_and_nothing_is_made_up(
    server: Misbehaving, reply: Reply, told: str
) -> None:
    server.answers["/rows"] = reply

    with pytest.raises(SourceUnreadable, match=told):
        fetch(source(server))


def test_the_declared_charset_counts(server: Misbehaving) -> None:
    headers = {"content-type": "application/json; charset=ISO-8859-1"}
    server.answers["/rows"] = Reply('[{"shop": "Käse"}]'.encode("latin-1"), headers=headers)

    assert ["Käse"] == fetch(source(server)).table["shop"].tolist()


def test_a_missing_place_names_the_keys_that_are_there(server: Misbehaving) -> None:
    server.answers["/rows"] = Reply({"dota": []})

    with pytest.raises(SourceUnreadable, match=r"got the keys dota, expected 'data'\. .*Did you mean 'dota'"):
        fetch(source(server, records="data"))


def test_missing_fields_are_missing_and_nested_ones_are_spelled_out(server: Misbehaving) -> None:
    server.answers["/rows"] = Reply([{"shop": {"id": "a"}, "tags": [1]}, {"sales": 2}])

    table = fetch(source(server)).table

    assert ["shop.id", "tags", "sales"] == list(table.columns)
    assert [["a", "[1]"], [True, True]] == [table.iloc[0, :2].tolist(), table.iloc[1, :2].isna().tolist()]


def test_a_torn_body_is_fetched_again(server: Misbehaving) -> None:
    server.answers["/rows"] = lambda _, number: Reply(ROWS) if number == 2 else Reply(ROWS, announced=10_000)

    assert ROWS == fetch(source(server)).table.to_dict("records")


def test_a_server_that_does_not_answer_is_a_time_out(server: Misbehaving) -> None:
    server.answers["/rows"] = Reply(ROWS, pause_s=0.3)

    with pytest.raises(SourceTimedOut, match="ReadTimeout from"):
        fetch(source(server, limits={"read_timeout_s": 0.05, "attempts": 2}))


def test_all_pages_together_have_a_time(server: Misbehaving) -> None:
    server.answers["/rows"] = lambda query, _: Reply([{"page": query["page"]}], pause_s=0.05)

    with pytest.raises(SourceTimedOut, match=r"no end after 0\.2 s"):
        fetch(source(server, paging=PAGED, limits={"total_timeout_s": 0.2}))


def test_nobody_there_is_a_failure(server: Misbehaving) -> None:
    server.answers["/rows"] = Reply(ROWS)
    found = source(server, url="http://127.0.0.1:9/rows", limits={"attempts": 1})

    with pytest.raises(SourceFailed, match="ConnectError"):
        fetch(found)


def test_endless_pages_are_refused_not_cut_off(server: Misbehaving) -> None:
    server.answers["/rows"] = lambda query, _: Reply([{"page": query["page"]}])

    with pytest.raises(SourceTooLarge, match="got more than 5 pages"):
        fetch(source(server, paging=PAGED, limits={"max_pages": 5}))


def test_a_page_that_comes_twice_is_told(server: Misbehaving) -> None:
    server.answers["/rows"] = Reply(ROWS)

    with pytest.raises(SourceUnreadable, match="got page 2 with the rows of an earlier one"):
        fetch(source(server, paging=PAGED))


def test_rows_that_were_announced_and_did_not_come_are_told(server: Misbehaving) -> None:
    server.answers["/rows"] = lambda query, _: Reply({"data": ROWS if query["page"] == "1" else [], "n": 9})

    with pytest.raises(SourceUnreadable, match="got 7 rows in all, expected the 9"):
        fetch(source(server, records="data", paging={**PAGED, "total": "n"}))


@pytest.mark.parametrize("packed", [True, False])
def test_a_huge_body_is_refused_before_it_is_read(server: Misbehaving, *, packed: bool) -> None:
    body = b"[" + b" " * 3_000_000 + b"]"
    headers = {"content-encoding": "gzip"} if packed else {}
    server.answers["/rows"] = Reply(gzip.compress(body) if packed else body, headers=headers)

    with pytest.raises(SourceTooLarge, match="got more than 100000 bytes"):
        fetch(source(server, limits={"max_bytes": 100_000}))


def test_a_redirect_on_the_same_host_is_followed(server: Misbehaving) -> None:
    server.answers |= {"/rows": Reply(status=302, headers={"location": "/new"}), "/new": Reply(ROWS)}

    assert ROWS == fetch(source(server)).table.to_dict("records")


@pytest.mark.parametrize("way", ["redirect", "link"])
def test_credentials_are_not_carried_to_another_host(server: Misbehaving, way: str) -> None:
    with serving() as other:
        other.answers["/rows"] = Reply(ROWS)
        there = f"{other.url}/rows"
        redirect = Reply(status=302, headers={"location": there})
        server.answers["/rows"] = (
            redirect if way == "redirect" else Reply(ROWS, headers={"link": f'<{there}>; rel="next"'})
        )

        with pytest.raises(SourceUnreadable, match=f"got a way to {there}, expected to stay on"):
            fetch(source(server, credentials={"token": CANARY}, paging={"kind": "next_link"}))
        assert [] == other.asked


def test_a_redirect_to_itself_ends(server: Misbehaving) -> None:
    server.answers["/rows"] = Reply(status=302, headers={"location": "/rows"})

    with pytest.raises(SourceUnreadable, match="more than 3 redirects"):
        fetch(source(server))


BACK_OFF = 30.0
"""More seconds than the wait before another try, which a pace of a request per minute exceeds."""


def test_the_pace_is_kept(server: Misbehaving, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    pause = asyncio.sleep

    async def note(seconds: float) -> None:
        waited.append(seconds)
        await pause(0)

    server.answers["/rows"] = pages
    found = source(server, records="data", paging=PAGED, limits={"requests_per_minute": 1})
    monkeypatch.setattr("pulse_kedro.adapters.sources.http_client.asyncio.sleep", note)

    fetch(found)

    # Four pages: the first at once, each other a minute after the one before. On a busy machine one may be tried again.
    paced = [seconds for seconds in waited if seconds <= 0 or seconds > BACK_OFF]
    assert 0 == paced[0]
    assert 4 <= len(paced)
    assert all(index * 60 - BACK_OFF < seconds for index, seconds in enumerate(paced))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"url": "ftp://example.org/rows"}, "begins with http"),
        ({"url": "https://me:you@example.org/rows"}, "without user, password"),
        ({"query": {"from": "{begin}"}}, "is none of"),
        ({"paging": {"kind": "cursor", "parameter": "after"}}, "needs field"),
        ({"paging": {"kind": "page", "parameter": "page", "size_parameter": "n"}}, "needs size"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        TypeAdapter(HttpOptions).validate_python({"url": "https://example.org/rows", **options})
