"""Several sources at once: whatever one of them does, the others answer."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from pulse_kedro.adapters.sources.fan_out import fetch_all
from pulse_kedro.adapters.sources.threads import Stop, in_thread
from pulse_kedro.domain.data_management.fetching import (
    Fetched,
    Request,
    SourceFailed,
    SourceMisbehaved,
    SourceTimedOut,
    SourceUnreadable,
)

MAY = pd.Timestamp("2019-05-01", tz="UTC")


def given(table: pd.DataFrame | None = None) -> Fetched:
    rows = pd.DataFrame({"y": [1.0]}) if table is None else table
    return Fetched(table=rows, source="?", fetched_at=datetime(2019, 6, 1, tzinfo=UTC))


class _Good:
    async def fetch(self, request: Request) -> Fetched:
        assert isinstance(request, Request)
        return given()


class _Hanging:
    async def fetch(self, request: Request) -> Fetched:
        await asyncio.sleep(3600)
        return await _Good().fetch(request)


class _Blocking:
    async def fetch(self, request: Request) -> Fetched:
        time.sleep(30)  # noqa: ASYNC251  # what it must survive
        return await _Good().fetch(request)


class _Raising:
    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def fetch(self, request: Request) -> Fetched:
        del request
        raise self._error


class _Answering:
    def __init__(self, answer: Any) -> None:  # noqa: ANN401
        self._answer = answer

    async def fetch(self, request: Request) -> Any:  # noqa: ANN401
        del request
        return self._answer


class _NotAsynchronous:
    def __init__(self) -> None:
        self.called = False

    def fetch(self, request: Request) -> Fetched:
        del request
        self.called = True
        return given()


def ask(sources: Mapping[str, Any], **settings: Any) -> Mapping[str, Fetched | SourceFailed]:  # noqa: ANN401
    request = settings.pop("request", Request())
    return asyncio.run(fetch_all(sources, request, **{"timeout": 30, **settings}))


@pytest.mark.parametrize("bad", [_Hanging(), _Blocking()], ids=["hanging", "blocking"])
def test_one_that_never_answers_costs_the_others_nothing(bad: Any) -> None:  # noqa: ANN401
    outcomes = ask({"bad": bad, **{f"good{number}": _Good() for number in range(5)}}, workers=2, timeout=4)

    assert ["bad", *(f"good{number}" for number in range(5))] == list(outcomes)
    assert [f"good{number}" for number in range(5)] == [
        n for n, found in outcomes.items() if isinstance(found, Fetched)
    ]
    assert isinstance(outcomes["bad"], SourceTimedOut)
    assert "Fetching source 'bad' failed: got no answer after 4 s, expected one." in str(outcomes["bad"])


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("password=canary went wrong"),
        SystemExit(3),
        KeyboardInterrupt(),
        StopIteration(),
        asyncio.CancelledError(),
        ExceptionGroup("two", [ValueError("one"), OSError("other")]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_one_raises_is_its_own_failure(error: BaseException) -> None:
    outcomes = ask({"bad": _Raising(error), "good": _Good()})

    failure = outcomes["bad"]
    assert isinstance(failure, SourceFailed)
    assert "canary" not in str(failure)
    assert isinstance(outcomes["good"], Fetched)


def test_a_failure_of_a_source_stays_what_it_is() -> None:
    error = SourceUnreadable("x", "HTML", "JSON", "Look.")

    assert error is ask({"x": _Raising(error)})["x"]


def test_a_fetch_that_is_not_asynchronous_is_not_even_called() -> None:
    source = _NotAsynchronous()

    failure = ask({"old": source})["old"]

    assert isinstance(failure, SourceMisbehaved)
    assert "_NotAsynchronous.fetch, which is not asynchronous" in str(failure)
    assert not source.called


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, "NoneType from `fetch`"),
        (pd.DataFrame(), "DataFrame from `fetch`"),
        (given([{"y": 1}]), "list as table"),  # type: ignore[arg-type]
        (Fetched(table=pd.DataFrame(), source="", fetched_at=datetime(2019, 1, 1)), "without time zone"),  # noqa: DTZ001
        (_Good().fetch, "method from `fetch`"),
    ],
    ids=["nothing", "frame", "list", "naive", "method"],
)
def test_an_answer_of_the_wrong_kind_is_a_failure(answer: Any, told: str) -> None:  # noqa: ANN401
    failure = ask({"odd": _Answering(answer)})["odd"]

    assert isinstance(failure, SourceMisbehaved)
    assert told in str(failure)


def test_a_coroutine_is_data_that_was_awaited_not_stored() -> None:
    found = ask({"good": _Good()})["good"]

    assert isinstance(found, Fetched)
    assert [1.0] == found.table["y"].tolist()
    assert "good" == found.source


def test_not_more_than_the_workers_ask_at_once() -> None:
    now, most = 0, 0

    class _Counting:
        async def fetch(self, request: Request) -> Fetched:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.01)
            now -= 1
            return await _Good().fetch(request)

    outcomes = ask({str(number): _Counting() for number in range(9)}, workers=3)

    assert all(isinstance(found, Fetched) for found in outcomes.values())
    assert most <= 3


def test_progress_is_told_and_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    def note(name: str, outcome: Fetched | SourceFailed) -> None:
        told.append(f"{name} {type(outcome).__name__}")
        raise RuntimeError

    outcomes = ask({"good": _Good(), "bad": _Raising(ValueError("x"))}, progress=note)

    assert {"good Fetched", "bad SourceUnreadable", "bad SourceFailed"} >= set(told)
    assert (2, 2) == (len(told), len(outcomes))
    assert "told nobody about source good" in caplog.text


def test_each_source_may_get_a_request_of_its_own() -> None:
    class _Echo:
        async def fetch(self, request: Request) -> Fetched:
            return given(pd.DataFrame({"start": [request.start]}))

    starts = {"a": pd.Timestamp("2019-01-01"), "b": pd.Timestamp("2020-01-01")}
    outcomes = ask(
        dict.fromkeys(starts, _Echo()), request={name: Request(start=start) for name, start in starts.items()}
    )

    assert starts == {name: found.table["start"][0] for name, found in outcomes.items() if isinstance(found, Fetched)}


def test_what_became_known_later_is_left_out_even_of_a_source_that_gives_it() -> None:
    moments = [MAY, MAY + pd.Timedelta("1ns"), pd.NaT]
    table = pd.DataFrame({"y": [1.0, 2.0, 3.0], "available_at": pd.DatetimeIndex(moments)})

    found = ask({"x": _Answering(given(table))}, request=Request(as_of=MAY))["x"]

    assert isinstance(found, Fetched)
    assert [1.0] == found.table["y"].tolist()
    assert {"later": 1, "undated": 1} == dict(found.facts)


def test_a_past_moment_needs_a_moment_of_knowledge() -> None:
    failure = ask({"x": _Good()}, request=Request(as_of=MAY))["x"]

    assert isinstance(failure, SourceUnreadable)
    assert "neither a column 'available_at'" in str(failure)


def test_blocking_work_is_told_to_stop() -> None:
    stopped: list[Stop] = []

    async def give_up() -> None:
        async with asyncio.timeout(0.05):
            await in_thread(lambda stop: stopped.append(stop) or stop.wait(20))

    with pytest.raises(TimeoutError):
        asyncio.run(give_up())

    assert stopped[0].is_set()


CTRL_C = """
import asyncio, os, time
from pulse_kedro.adapters.sources.fan_out import fetch_all
from pulse_kedro.domain.data_management.fetching import Request

class Hanging:
    async def fetch(self, request):
        os.write(1, b"asked\\n")
        await asyncio.sleep(3600)

class Blocking:
    async def fetch(self, request):
        os.write(1, b"asked\\n")
        time.sleep(3600)

try:
    asyncio.run(fetch_all({"a": Hanging(), "b": Blocking()}, Request(), timeout=3600))
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def test_ctrl_c_ends_everything_at_once_and_quietly() -> None:
    with subprocess.Popen(  # noqa: S603  # our own command
        [sys.executable, "-c", CTRL_C], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        asked = [process.stdout.readline(), process.stdout.readline()]
        process.send_signal(signal.SIGINT)
        told, complaints = process.communicate(timeout=30)

    assert (["asked\n", "asked\n"], "") == (asked, complaints)
    assert ("stopped\n", 0) == (told, process.returncode)
