"""No secret of an HTTP source gets into a message or a log, however the server repeats it."""

import logging
from collections.abc import Iterator

import pytest

from http_worlds import CANARY, fetch, source
from misbehaving_server import Misbehaving, Reply, serving
from pulse_kedro.domain.data_management.fetching import SourceFailed, SourceUnreadable


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Misbehaving]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as room:
        yield room


@pytest.mark.parametrize("status", [400, 401, 500])
def test_no_secret_is_in_a_message_or_a_log(server: Misbehaving, caplog: pytest.LogCaptureFixture, status: int) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers["/rows"] = Reply(f"bad key {CANARY}".encode(), status=status)

    with pytest.raises(SourceFailed) as raised:
        fetch(source(server, credentials={"parameter": "k", "value": CANARY}))

    assert CANARY == server.asked[0].query["k"]
    assert CANARY not in str(raised.value) + repr(raised.value) + caplog.text
    assert "bad key ***" in str(raised.value)


@pytest.mark.parametrize("place", range(20, 330, 10))
def test_not_even_half_a_secret_is_shown(server: Misbehaving, place: int) -> None:
    for status in (200, 400):
        server.answers["/rows"] = Reply(f"{'x' * place}{CANARY}".encode(), status=status)

        with pytest.raises(SourceUnreadable) as raised:
            fetch(source(server, credentials={"token": CANARY}))
        assert "canary" not in str(raised.value)


def test_a_secret_is_hidden_as_json_spells_it(server: Misbehaving) -> None:
    secret = 'canary "with" ä'  # noqa: S105  # not one of anybody
    server.answers["/rows"] = Reply({"key": secret}, status=400)

    with pytest.raises(SourceUnreadable) as raised:
        fetch(source(server, credentials={"parameter": "key", "value": secret}))
    assert "canary" not in str(raised.value)
