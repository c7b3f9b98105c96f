"""A tracking server goes away in the middle of a run: the cycle commits, and the next run mends what is missing."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from cut_line import MENDED, MOMENTS
from pulse_kedro.adapters.stores.metric_queue import DEAD_LETTERS
from tiny_project import make

pytestmark = pytest.mark.slow

PATIENT = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "60"}
"""A server that is there may be slow on a busy machine; what is set outside holds."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int, int]]:
    """A real MLflow server: its folder, its port, and the process group that it leads."""
    folder = tmp_path_factory.mktemp("server")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = f"server --host 127.0.0.1 --port {port} --workers 1 --backend-store-uri sqlite:///{folder}/mlflow.db"
    command = [sys.executable, "-m", "mlflow", *words.split(), "--artifacts-destination", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True)  # noqa: S603  # our own command
    try:
        wait_for(port, process)
        yield folder, port, process.pid
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/health", timeout=60):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the server ended with {process.returncode}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("lost"))


@pytest.fixture(scope="module")
def said(folder: Path, server: tuple[Path, int, int]) -> dict[str, dict[str, Any]]:
    """What each run raised and warned of."""
    _, port, group = server
    done = subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "-m", "cut_line", str(folder), str(port), str(group)],
        cwd=folder,
        env=os.environ | PATIENT | {"PYTHONPATH": str(Path(__file__).parents[1]), "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    answer: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return answer


def ask(file: Path, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(file) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("moment", [*MOMENTS, "killed"])
def test_the_cycle_commits_and_one_warning_says_what_is_missing(
    said: dict[str, dict[str, Any]], folder: Path, moment: str
) -> None:
    told = said[moment]

    assert None is told["raised"]
    assert [("DONE",)] == ask(folder / moment / "pulse.db", "select status from attempts order by id limit 1")
    assert [(1,)] == ask(folder / moment / "pulse.db", "select count(*) from cycles")
    (warning,) = told["warnings"]
    assert warning.startswith(f"MLflow at {told['uri']} stopped answering (")
    assert "its results are the same. The next run or `kedro pulse doctor --repair` points the alias" in warning


@pytest.mark.parametrize("moment", [*MOMENTS, "killed"])
def test_a_silent_server_is_asked_no_more_than_twice_again(said: dict[str, dict[str, Any]], moment: str) -> None:
    assert said[moment]["repeated"] <= 2  # the call that failed, and the one by which MLflow forgets its run


@pytest.mark.parametrize("moment", [*(one for one in MOMENTS[1:] if one != MENDED), "killed"])
def test_scores_wait_where_a_run_was_open(said: dict[str, dict[str, Any]], folder: Path, moment: str) -> None:
    waiting = [json.loads(line) for line in (folder / moment / DEAD_LETTERS).read_text("utf-8").splitlines()]

    assert said[moment]["repeated"] >= 1
    assert {("champion.mase", 0.5), ("seasonal_naive.mase", 1.0)} == {(one["name"], one["value"]) for one in waiting}


def test_the_next_run_mends_the_alias_writes_what_waited_and_closes_the_run(
    said: dict[str, dict[str, Any]], folder: Path, server: tuple[Path, int, int]
) -> None:
    file, root = server[0] / "mlflow.db", folder / MENDED
    scored = "select status from runs r where exists (select * from metrics m where m.run_uuid = r.run_uuid)"

    assert {"raised": None, "warnings": [], "repeated": 0} | {"uri": said["whole"]["uri"]} == said["whole"]
    assert [("FINISHED",)] * 2 == ask(file, scored)  # the one that was cut off, and the whole one
    assert not (root / DEAD_LETTERS).exists()
    ((key,),) = ask(root / "pulse.db", "select cycle from champion")
    alias = "select version from registered_model_aliases where alias = 'champion'"
    assert [(f"bundle of {key}",)] == ask(
        file,
        f"select value from model_version_tags where key = 'pulse.bundle' and version = ({alias})",  # noqa: S608  # our own words
    )
