"""What MLflow shows of a cycle: on a real SQLite store, and through a real server."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from cycles import PROJECT, Place, small_source

pytestmark = pytest.mark.slow

FIGURES = {"backtest_against_baselines", "forecast_fans", "recipe_comparison", "skill_by_horizon"}
FROM_OUTSIDE = {"PULSE_TRACKING", "PULSE_DATABASE_URL", "PULSE_RUN_NAME", "MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID"}
PNG = b"\x89PNG"
PATIENCE = 180
"""Seconds: a server takes half a minute to start on a quiet machine."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """One tracked cycle."""
    place = Place(tmp_path_factory.mktemp("tracked")).offer(small_source())
    own = {"PULSE_DATA_ROOT": str(place.root), "DO_NOT_TRACK": "1", "COLUMNS": "400"}
    kept = {name: value for name, value in os.environ.items() if name not in FROM_OUTSIDE}
    command = [sys.executable, "-m", "pulse_kedro", "run", "--params", "as_of=2018-12-01"]
    done = subprocess.run(command, cwd=PROJECT, env=kept | own, capture_output=True, text=True, check=False)  # noqa: S603
    assert 0 == done.returncode, done.stdout
    assert "WARNING" not in done.stdout
    return place


def test_a_cycle_has_its_page(place: Place) -> None:
    """One test, so that the cycle runs once however the tests are shared out."""
    run = newest_run(place)

    assert_recipe_and_digests_are_those_of_the_champion(place, run)
    assert_scores_are_those_of_status(place, run)
    assert_the_note_leads_to_the_report(place, run)
    assert_the_champion_can_be_asked(place)
    with server(place) as address:
        assert_the_server_shows_report_and_figures(address, run)


def newest_run(place: Place) -> dict[str, Any]:
    code = f"""
import json
from mlflow import MlflowClient
client = MlflowClient("sqlite:///{place.root}/mlflow.db")
experiment = client.get_experiment_by_name("pulse")
(run,) = client.search_runs([experiment.experiment_id])
found = [item.path for folder in ("report", "figures") for item in client.list_artifacts(run.info.run_id, folder)]
told = {{name: dict(getattr(run.data, name)) for name in ("params", "tags", "metrics")}}
told |= {{"id": run.info.run_id, "status": run.info.status, "artifacts": found}}
print(json.dumps(told | {{"experiment": experiment.experiment_id, "home": experiment.artifact_location}}))
"""
    done = place.start_python(code)
    assert 0 == done.returncode, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def assert_recipe_and_digests_are_those_of_the_champion(place: Place, run: dict[str, Any]) -> None:
    bundle, status = place.champion(), place.status()
    members = {name: value for name, value in run["params"].items() if name.startswith("serving.recipe.members.")}

    assert "FINISHED" == run["status"]
    assert (str(bundle.recipe.horizon), bundle.frequency) == (
        run["params"]["serving.recipe.horizon"],
        run["params"]["serving.frequency"],
    )
    assert [member.name for member in bundle.recipe.members] == [members[name] for name in sorted(members)]
    assert {
        "pulse.cycle": status["cycle"]["key"],
        "pulse.bundle": bundle.digest,
        "pulse.recipe": bundle.recipe.digest,
        "pulse.snapshot": bundle.snapshot,
        "pulse.as_of": "2018-12-01",
        "pulse.verdict": "BOOTSTRAP",
    }.items() <= run["tags"].items()
    assert re.fullmatch(r"[\w.]+\+[0-9a-f]{8}", run["tags"]["pulse.code"])


def assert_the_champion_can_be_asked(place: Place) -> None:
    code = f"""
import mlflow, pandas as pd
mlflow.set_tracking_uri("sqlite:///{place.root}/mlflow.db")
print(mlflow.pyfunc.load_model("models:/pulse@champion").predict(pd.DataFrame()).to_json(double_precision=15))
"""
    done = place.start_python(code)
    assert 0 == done.returncode, done.stderr
    told, expected = json.loads(done.stdout.splitlines()[-1]), place.champion().forecast()
    assert list(expected.columns) == list(told)
    assert expected["q100"].tolist() == pytest.approx(list(told["q100"].values()))


def assert_scores_are_those_of_status(place: Place, run: dict[str, Any]) -> None:
    assert run["metrics"] == pytest.approx(place.status()["scores"])


def assert_the_note_leads_to_the_report(place: Place, run: dict[str, Any]) -> None:
    home = f"#/experiments/{run['experiment']}/runs/{run['id']}/artifacts"

    assert f"[Report of this cycle]({home}/report/cycle_report.html)" in run["tags"]["mlflow.note.content"]
    assert str(place.root / "08_reporting" / "cycle_report.html") == run["tags"]["pulse.report"]
    assert f"file://{place.root}/mlflow" == run["home"]
    assert {"report/cycle_report.html", *(f"figures/{name}.png" for name in FIGURES)} <= set(run["artifacts"])


def assert_the_server_shows_report_and_figures(address: str, run: dict[str, Any]) -> None:
    for name in FIGURES:
        assert PNG == fetch(f"{address}/get-artifact", path=f"figures/{name}.png", run_uuid=run["id"])[:4]
    assert b"Plotly" in fetch(f"{address}/get-artifact", path="report/cycle_report.html", run_uuid=run["id"])
    told = json.loads(fetch(f"{address}/api/2.0/mlflow/runs/get", run_id=run["id"]))
    assert "FINISHED" == told["run"]["info"]["status"]


def fetch(address: str, **query: str) -> bytes:
    with urlopen(f"{address}?{urlencode(query)}", timeout=30) as answer:  # noqa: S310  # our own server
        return bytes(answer.read())


@contextmanager
def server(place: Place) -> Iterator[str]:
    """A server on the tracking store of a place, the way the documentation of this project starts one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1", "--port", port]
    store = ["--backend-store-uri", f"sqlite:///{place.root}/mlflow.db"]
    quiet = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "DO_NOT_TRACK": "1"}
    with (
        Path(place.root, "server.log").open("w", encoding="utf-8") as log,
        subprocess.Popen([*command, *store], env=quiet, stdout=log, stderr=log, process_group=0) as child,  # noqa: S603
    ):
        try:
            wait_for(address, child)
            yield address
        finally:
            os.killpg(child.pid, 15)


def wait_for(address: str, child: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and child.poll() is None:
        try:
            fetch(f"{address}/health")
        except (URLError, OSError):
            time.sleep(0.5)
        else:
            return
    pytest.fail("the MLflow server gave no answer")
