"""Which answers of a tracking server count as one."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pulse_kedro.adapters.silence import why_silent


class Answer(BaseHTTPRequestHandler):
    """Answers with the status that the path begins with."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(int(self.path.split("/")[1]))
        self.end_headers()

    def log_message(self, *_: object) -> None:  # type: ignore[override]
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "why"),
    [(200, None), (401, None), (404, None), (429, "status 429"), (500, "status 500"), (503, "status 503")],
)
def test_a_server_that_answers_is_there_unless_it_says_that_it_cannot(
    address: str, status: int, why: str | None
) -> None:
    assert why == why_silent(f"{address}/{status}/")


def test_a_closed_port_and_a_server_that_says_nothing_are_silent() -> None:
    assert "refused" in str(why_silent("http://127.0.0.1:9"))
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as mute:  # listens, and never serves
        assert "timed out" in str(why_silent(f"http://127.0.0.1:{mute.server_address[1]}/200", seconds=0.2))


def test_what_is_no_server_is_not_asked() -> None:
    assert why_silent("sqlite:////nowhere/mlflow.db") is None
