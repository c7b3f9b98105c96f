"""`doctor` on real data roots: sound ones, and one broken in each way that happens. It leaves no trace."""

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kedro.framework.project import settings
from kedro.framework.startup import bootstrap_project

from cycles import PROJECT, Place
from pulse_kedro.adapters.lock import DataRootLock
from pulse_kedro.adapters.stores import journal
from pulse_kedro.adapters.stores.engine import open_for_writing
from pulse_kedro.domain.recovery.faults import classify
from records import NOW, flip_a_bit

pytestmark = pytest.mark.slow


@pytest.fixture
def at(project: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The command line standing in the repository, without tracking."""
    monkeypatch.delenv("PULSE_DATABASE_URL", raising=False)
    monkeypatch.chdir(project)
    bootstrap_project(project)
    settings.set("DISABLE_HOOKS_FOR_PLUGINS", ("kedro_mlflow",))
    return monkeypatch


@pytest.fixture
def place(served: Place, at: pytest.MonkeyPatch) -> Place:
    at.setenv("PULSE_DATA_ROOT", str(served.root))
    return served


def doctor(*words: str) -> Result:
    from pulse_kedro.cli import cli

    return CliRunner().invoke(cli, ["pulse", "doctor", *words])


def findings() -> tuple[int, dict[str, dict[str, str]]]:
    """Exit code, and the findings by name."""
    result = doctor("--json")
    answer = json.loads(result.stdout)
    assert answer["ok"] == (result.exit_code == 0)
    assert len(answer["checks"]) == sum(answer["counts"].values())
    return result.exit_code, {check["name"]: check for check in answer["checks"]}


def failed(found: dict[str, dict[str, str]]) -> list[str]:
    assert all(check["next_step"] for check in found.values() if check["level"] != "ok")
    return [name for name, check in found.items() if check["level"] == "failure"]


def files(root: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in root.rglob("*") if path.is_file()}


def test_where_all_is_well_it_says_so_and_leaves_no_trace(place: Place) -> None:
    before = files(place.root)

    code, found = findings()

    assert 0 == code
    assert {"ok"} == {check["level"] for check in found.values()}, found
    names = "python packages telemetry configuration catalog parameters source disk database cycles champion tracking"
    names += " invariants orphans undelivered"
    assert set(names.split()) <= set(found)
    assert before == files(place.root)
    said = doctor().stdout
    assert said.endswith("nothing failed, no warnings.\n")
    assert len(found) + 2 == len(said.splitlines())


def test_before_the_first_run_nothing_fails_and_nothing_is_made(
    served: Place, at: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fresh = Path(tmp_path, "fresh")
    (fresh / "01_raw").mkdir(parents=True)
    (fresh / "01_raw" / served.source.name).write_bytes(served.source.read_bytes())
    at.setenv("PULSE_DATA_ROOT", str(fresh))

    code, found = findings()

    assert [0, []] == [code, failed(found)]
    assert ["01_raw"] == [path.name for path in fresh.iterdir()]
    assert "make run" in found["database"]["next_step"]


def test_a_missing_source_names_the_file_and_the_entry(place: Place) -> None:
    place.source.unlink()

    code, found = findings()

    assert [1, ["source"]] == [code, failed(found)]
    assert place.source.name in found["source"]["found"]
    assert "Mend `observations` in the catalog" in found["source"]["next_step"]


def test_a_source_without_a_declared_column_names_it(place: Place) -> None:
    import pandas as pd

    place.offer(pd.read_parquet(place.source).rename(columns={"y": "value"}))

    code, found = findings()

    assert [1, ["source"]] == [code, failed(found)]
    assert "lacks the columns y; it has unique_id, ds, value, title" in found["source"]["found"]


def test_a_database_that_is_gone_while_its_bundles_are_there_fails(place: Place) -> None:
    (place.root / "pulse.db").unlink()

    code, found = findings()

    assert [1, ["database"]] == [code, failed(found)]
    assert "not there, though 1 bundles are in" in found["database"]["found"]
    assert "champion were not looked at" not in found["database"]["found"]
    assert "champion" not in found
    assert not (place.root / "pulse.db").exists()


@pytest.mark.parametrize("how", ["text", "pages", "newer"])
def test_a_database_that_cannot_be_trusted_fails_with_the_way_back(place: Place, how: str) -> None:
    file = place.root / "pulse.db"
    if how == "text":
        file.write_text("no database, but long enough to be mistaken for one " * 99, encoding="utf-8")
    elif how == "pages":
        content = bytearray(file.read_bytes())
        content[4096 * 3 :] = b"\xff" * (len(content) - 4096 * 3)
        file.write_bytes(content)
    else:
        with sqlite3.connect(file) as connection:
            connection.execute("update alembic_version set version_num = '9999'")

    code, found = findings()

    assert [1, ["database"]] == [code, failed(found)]
    way = "install the version" if how == "newer" else "restore it from a backup"
    assert way in found["database"]["found"] + found["database"]["next_step"].replace("Restore", "restore")


def test_a_row_that_refers_to_nothing_is_found(place: Place) -> None:
    with sqlite3.connect(place.root / "pulse.db") as connection:
        connection.execute("update champion set previous_cycle = 'c0'")

    code, found = findings()

    assert [1, ["database"]] == [code, failed(found)]
    assert "1 rows refer to rows that are gone, the first in table champion" in found["database"]["found"]


@pytest.mark.parametrize("how", ["flipped", "gone"])
def test_a_damaged_champion_names_the_run_that_makes_it_anew(place: Place, how: str) -> None:
    (folder,) = (place.root / "06_models" / "bundles").iterdir()
    arrays = folder / "serving.safetensors"
    if how == "flipped":
        flip_a_bit(arrays)
    else:
        arrays.unlink()

    code, found = findings()

    assert [1, ["invariants", "champion"]] == [code, failed(found)]
    assert found["invariants"]["found"].startswith("I2: ")
    assert "serving.safetensors" in found["champion"]["found"]
    assert "`kedro run --params as_of=2018-12-01`" in found["champion"]["next_step"]


def test_what_doctor_advises_for_a_lost_champion_works(place: Place) -> None:
    (folder,) = (place.root / "06_models" / "bundles").iterdir()
    (folder / "serving.safetensors").unlink()

    place.run("2018-12-01")

    assert 0 == findings()[0]


def test_a_data_root_that_is_a_file_fails_with_the_way_out(at: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder", encoding="utf-8")
    at.setenv("PULSE_DATA_ROOT", str(tmp_path / "data"))

    code, found = findings()

    assert [1, ["source", "data root"]] == [code, failed(found)]
    assert "cannot be written: Not a directory" in found["data root"]["found"]


def test_a_held_data_root_is_a_warning_that_names_the_process(place: Place) -> None:
    lock = DataRootLock(place.root)

    code, found = findings()

    lock.release()
    assert [0, "warning"] == [code, found["run lock"]["level"]]
    assert f"held by process {os.getpid()}" in found["run lock"]["found"]


def test_a_report_of_another_cycle_is_a_warning(place: Place) -> None:
    summary = place.root / "08_reporting" / "cycle_summary.json"
    (key,) = place.ask("select key from cycles")[0]
    summary.write_text(summary.read_text(encoding="utf-8").replace(key, "c0"), encoding="utf-8")

    code, found = findings()

    assert [0, "warning"] == [code, found["report"]["level"]]
    assert "of cycle c0, which was never committed" in found["report"]["found"]
    assert "as_of=2018-12-01" in found["report"]["next_step"]


def test_open_faults_and_a_failed_run_are_warnings_with_their_next_steps(place: Place) -> None:
    engine = open_for_writing(f"sqlite:///{place.root}/pulse.db")
    number = journal.begin(engine, run="x", command="kedro run --params key=canary", now=NOW)
    for place_of_failure in ("a", "b", "c", "d"):
        error = FileNotFoundError(2, "No such file, password=canary", place_of_failure)
        journal.record(engine, classify(error, node=f"room.{place_of_failure}"), attempt=number, now=NOW)
    journal.finish(engine, number, "FAILED", now=NOW)

    result = doctor("--json")

    checks = [(check["name"], check) for check in json.loads(result.stdout)["checks"]]
    told = [check for name, check in checks if name == "fault"]
    assert [0, 3] == [result.exit_code, len(told)]
    assert {"warning"} == {check["level"] for check in told}
    assert all("Restore the file" in check["next_step"] for check in told)
    assert "1 older ones are open" in dict(checks)["faults"]["found"]
    assert dict(checks)["last run"]["found"].startswith("failed: kedro run")
    assert "password=canary" not in result.stdout


def test_a_killed_run_and_what_it_left_are_warnings(place: Place) -> None:
    code = (
        "import os, signal, sys; from datetime import UTC, datetime; from pulse_kedro.adapters.stores import journal;"
        "from pulse_kedro.adapters.stores.engine import open_for_writing;"
        "journal.begin(open_for_writing(sys.argv[1]), run='x', command='kedro run', now=datetime.now(UTC));"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    url = f"sqlite:///{place.root}/pulse.db"
    killed = subprocess.run([sys.executable, "-c", code, url], check=False)  # noqa: S603  # our own words
    half = place.root / "06_models" / "bundles" / ".draft-half"
    half.mkdir()

    ended, found = findings()

    assert -signal.SIGKILL == killed.returncode
    assert [0, "warning", "warning"] == [ended, found["last run"]["level"], found["leftovers"]["level"]]
    assert found["last run"]["found"].startswith("was killed: kedro run")
    assert half.is_dir()


def test_a_damaged_yaml_file_ends_the_visit_with_the_name_of_the_file(at: pytest.MonkeyPatch, tmp_path: Path) -> None:
    conf = tmp_path / "conf"
    for name, text in {"base/globals.yml": "data_root: [", "base/catalog.yml": "x: {}", "local/.gitkeep": ""}.items():
        (conf / name).parent.mkdir(parents=True, exist_ok=True)
        (conf / name).write_text(text, encoding="utf-8")
    at.chdir(tmp_path)

    code, found = findings()

    assert [1, ["configuration"]] == [code, failed(found)]
    assert "globals.yml" in found["configuration"]["found"]
    assert "source" not in found


def test_a_wrong_environment_is_wrong_usage_when_typed_and_a_finding_when_inherited(at: pytest.MonkeyPatch) -> None:
    assert 2 == doctor("--env", "locla").exit_code
    at.setenv("KEDRO_ENV", "locla")

    code, found = findings()

    assert [1, ["configuration"]] == [code, failed(found)]
    assert "Did you mean 'local'?" in found["configuration"]["found"]


def test_a_server_that_does_not_answer_hides_its_password(place: Place, at: pytest.MonkeyPatch) -> None:
    assert place.root.is_dir()
    at.setenv("PULSE_DATABASE_URL", "postgresql+psycopg://pulse:canary@127.0.0.1:9/pulse")

    result = doctor("--json")

    assert 1 == result.exit_code
    assert "postgresql+psycopg://pulse:***@127.0.0.1:9/pulse" in result.stdout
    assert "canary" not in result.output


STATES = """
import sqlite3
from pathlib import Path

import mlflow

from pulse_kedro.adapters.checks.results import check_tracking
from pulse_kedro.adapters.registry import registered_versions
from pulse_kedro.adapters.stores.engine import open_for_reading
from pulse_kedro.adapters.stores.past import read_past
from pulse_kedro.adapters.tracking import Champion, project_champion

root = Path({root!r})
uri = f"sqlite:///{{root}}/mlflow.db"
past = read_past(open_for_reading(f"sqlite:///{{root}}/pulse.db"))
(head,) = past.cycles
found = [check_tracking(past, uri)]
assert not (root / "mlflow.db").exists()
assert {{}} == registered_versions(uri)
mlflow.set_tracking_uri(uri)
known = {{"cycle": head.key, "recipe": head.recipe, "revision": head.revision, "reason": ""}}
project_champion(None, Champion(bundle=head.bundle, folder=Path("/nowhere"), **known))
assert {{head.bundle: "1"}} == registered_versions(uri)
found.append(check_tracking(past, uri))
with sqlite3.connect(root / "mlflow.db") as connection:
    connection.execute("delete from registered_model_aliases")
found.append(check_tracking(past, uri))
found.append(check_tracking(past, "http://127.0.0.1:9"))
print(*(f"{{one.level}}: {{one.found}}" for one in found), sep="\\n")
"""


def test_the_alias_of_mlflow_is_compared_with_the_head(served: Place) -> None:
    done = served.start_python(STATES.format(root=str(served.root)))

    assert 0 == done.returncode, done.stderr
    absent, right, lost, silent = done.stdout.strip().splitlines()[-4:]
    assert absent.startswith("warning: ")
    assert absent.endswith("not there, though cycles were committed")
    assert right.startswith("ok: ")
    assert "warning: " in lost
    assert "points at nothing" in lost
    assert silent.startswith("failure: http://127.0.0.1:9: ")


def test_with_tracking_on_a_lost_alias_is_told_and_nothing_is_moved(served: Place) -> None:
    assert 0 == served.start_python(STATES.format(root=str(served.root))).returncode
    before = files(served.root)
    own = {"PULSE_DATA_ROOT": str(served.root), "PULSE_TRACKING": "on", "DO_NOT_TRACK": "1"}
    command = [sys.executable, "-m", "pulse_kedro", "pulse", "doctor", "--json"]

    done = subprocess.run(command, cwd=PROJECT, env=os.environ | own, capture_output=True, text=True, check=False)  # noqa: S603 ours

    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert [0, "warning"] == [done.returncode, checks["tracking"]["level"]]
    assert "sets it right" in checks["tracking"]["next_step"]
    assert before == files(served.root)
