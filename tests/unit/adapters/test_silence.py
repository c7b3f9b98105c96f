"""Which answers of a tracking server count as one, and which failures of MLflow mean that there was none."""

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pulse_kedro.adapters.silence import limit_patience, root_cause, went_silent, why_silent


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


@pytest.mark.parametrize(
    ("status", "how"), [(400, "said"), (401, "said"), (404, "said"), (429, "silent"), (500, "silent"), (503, "silent")]
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of MLflow 3 and what it uses
def test_a_call_tells_that_the_server_is_silent_by_what_came_after_its_tries(
    address: str, status: int, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    assert (how == "silent") == went_silent(failure(f"{address}/{status}/"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_call_to_a_closed_port_or_a_server_that_says_nothing_was_not_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")

    refused = failure("http://127.0.0.1:9")
    assert went_silent(refused)
    assert "[Errno 111] Connection refused" == root_cause(refused)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as mute:  # listens, and never serves
        assert went_silent(failure(f"http://127.0.0.1:{mute.server_address[1]}/200"))


def failure(uri: str) -> Exception:
    """What MLflow raises when it is to name an experiment."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException) as raised:
        MlflowClient(tracking_uri=uri).get_experiment("1")
    return raised.value


def test_what_fails_here_is_no_silence() -> None:
    assert not went_silent(FileNotFoundError(2, "No such file or directory", "figure.json"))


def test_what_was_set_outside_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "")  # so that it is restored
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES")

    limit_patience()

    assert ("60", "1") == (os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"], os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"])
