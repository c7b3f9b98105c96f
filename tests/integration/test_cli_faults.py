"""A whole `kedro run` that fails, is stopped, is killed, then works: what journal, MLflow and the person get."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tiny_project import kedro, make, sessions

ATTEMPTS = "select status, cycle is not null, command from attempts order by id"
pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make(tmp_path)


@pytest.fixture
def ask(folder: Path) -> Callable[[str, str], list[tuple[object, ...]]]:
    """Reader of one of the databases of the project; empty when it was never made."""

    def read(query: str, database: str = "pulse") -> list[tuple[object, ...]]:
        path = folder / "data" / f"{database}.db"
        if not path.exists():
            return []
        with sqlite3.connect(path) as connection:
            return connection.execute(query).fetchall()

    return read


def test_a_failing_node_leaves_a_fault_and_a_good_run_resolves_it(folder: Path, ask: Callable[..., list]) -> None:
    failed = kedro(folder, "run", "--params", "work.fail=file")

    assert 1 == failed.returncode
    assert "`training.work` failed with FileNotFoundError, storage.not_found, severity 3" in failed.stdout
    assert "Next: Restore the file that the message names" in failed.stdout
    assert [("FAILED", 1, "kedro run --params work.fail=file")] == ask(ATTEMPTS)
    facts = "code, node, error, json_extract(context, '$.doing'), json_extract(context, '$.inputs[1]'), resolved_at"
    assert [("storage.not_found", "training.work", "FileNotFoundError", "running", "params:work", None)] == ask(
        f"select {facts} from faults"  # noqa: S608  # our own words
    )

    done = kedro(folder, "run")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert ["FAILED", "DONE"] == [row[0] for row in ask(ATTEMPTS)]
    assert [(1,)] == ask("select resolved_by = (select cycle from champion) from faults")


def test_our_own_errors_end_with_one_line_and_hide_secrets(folder: Path, ask: Callable[..., list]) -> None:
    failed = kedro(folder, "run", "--params", "work.fail=value")

    assert 1 == failed.returncode
    assert "InvalidInput: the source has text in y, password=***\n" == failed.stderr
    assert "canary" not in failed.stdout + repr(ask("select * from faults"))


def test_a_dataset_that_cannot_be_saved_names_the_dataset(folder: Path, ask: Callable[..., list]) -> None:
    failed = kedro(folder, "run", "--params", "work.fail=save")

    assert 1 == failed.returncode
    assert [("training.work", "saving frame")] == ask("select node, json_extract(context, '$.doing') from faults")


@pytest.mark.parametrize(("how", "code"), [("interrupt", 1), ("kill", -9)])
def test_a_stopped_run_counts_as_interrupted_and_the_next_one_completes(
    folder: Path, ask: Callable[..., list], how: str, code: int
) -> None:
    stopped = kedro(folder, "run", "--params", f"work.fail={how}")
    done = kedro(folder, "run")

    assert (code, 0) == (stopped.returncode, done.returncode)
    assert ["INTERRUPTED", "DONE"] == [row[0] for row in ask(ATTEMPTS)]
    assert [] == ask("select * from faults")
    assert [(1,)] == ask("select count(*) from cycles")


def test_an_unknown_parameter_is_refused_before_anything_happens(folder: Path, ask: Callable[..., list]) -> None:
    refused = kedro(folder, "run", "--params", "as_off=2018-12-01", tracking="on")

    assert 2 == refused.returncode
    assert "Error: Reading `--params` failed: got 'as_off', expected keys of the parameters files" in refused.stderr
    assert "Did you mean 'as_of'?" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert [] == ask(ATTEMPTS)
    assert [] == ask("select * from runs", "mlflow")


def test_a_wrong_value_is_wrong_usage_too(folder: Path, ask: Callable[..., list]) -> None:
    refused = kedro(folder, "run", "--params", "work.depth=deep")

    assert 2 == refused.returncode
    assert "Input should be a valid integer" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert [] == ask(ATTEMPTS)


def test_tracking_follows_the_database_and_never_leads(folder: Path, ask: Callable[..., list]) -> None:
    runs = [kedro(folder, "run", "--params", "work.depth=7", tracking="on")]
    ask_tags = "select key, value from tags where run_uuid = (select run_uuid from runs order by start_time limit 1)"
    tags = dict(ask(ask_tags, "mlflow"))
    (key,) = ask("select cycle from champion")[0]

    assert 0 == runs[0].returncode, runs[0].stdout
    assert {"pulse.cycle": key, "pulse.parent": "none", "pulse.as_of": "2018-12-01", "pulse.verdict": "REVISION"} == {
        name: tags[name] for name in ("pulse.cycle", "pulse.parent", "pulse.as_of", "pulse.verdict")
    }
    assert "kedro run --params work.depth=7" == tags["pulse.command"]
    assert {("work.depth", "7"), ("work.fail", "")} <= set(ask("select key, value from params", "mlflow"))
    assert {("champion.mase", 0.5), ("seasonal_naive.mase", 1.0)} == set(
        ask("select key, value from metrics", "mlflow")
    )
    assert 1 == len(list(folder.glob("data/mlflow/*/artifacts/frames/frame.parquet")))

    alias = (
        "select t.value from registered_model_aliases a join model_version_tags t "
        "on t.name = a.name and t.version = a.version where a.alias = 'champion' and t.key = 'pulse.bundle'"
    )
    assert [(f"bundle of {key}",)] == ask(alias, "mlflow")
    with sqlite3.connect(folder / "data" / "mlflow.db") as connection:
        connection.execute("delete from registered_model_aliases")
    runs.append(kedro(folder, "run", tracking="on"))
    assert [(f"bundle of {key}",)] == ask(alias, "mlflow")
    assert [(1,)] == ask("select count(*) from model_versions", "mlflow")
    assert [("FINISHED",), ("FINISHED",)] == ask("select status from runs", "mlflow")


def test_a_tracking_server_that_is_down_changes_no_result(
    folder: Path, ask: Callable[..., list], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")

    done = kedro(folder, "run", tracking="on")

    assert 0 == done.returncode, done.stdout
    assert "MLflow at http://127.0.0.1:9 does not answer" in done.stdout
    assert "Retrying" not in done.stdout
    assert ["DONE"] == [row[0] for row in ask(ATTEMPTS)]
    assert [(1,)] == ask("select count(*) from cycles")


def test_a_tracked_failure_closes_its_run_and_says_why(folder: Path, ask: Callable[..., list]) -> None:
    kedro(folder, "run", "--params", "work.fail=file", tracking="on")
    kedro(folder, "run", "--params", "work.fail=interrupt", tracking="on")

    assert ["FAILED", "KILLED"] == [row[0] for row in ask("select status from runs order by start_time", "mlflow")]
    assert [("storage.not_found",)] == ask("select value from tags where key = 'pulse.fault'", "mlflow")


def test_two_runs_in_one_process_are_two_attempts_and_two_tracked_runs(folder: Path, ask: Callable[..., list]) -> None:
    done = sessions(folder, {"work": {"fail": "file"}}, {}, tracking="on")

    assert 0 == done.returncode, done.stderr
    assert "RuntimeError None" == done.stdout.strip().splitlines()[-1]
    assert [("FAILED",), ("FINISHED",)] == ask("select status from runs order by start_time", "mlflow")
    command = "session.run(runtime_params={'work': {'fail': 'file'}})"
    assert [("FAILED", 1, command), ("DONE", 1, "session.run()")] == ask(ATTEMPTS)


def test_tracking_off_leaves_no_trace_of_mlflow(folder: Path) -> None:
    done = kedro(folder, "run")

    assert 0 == done.returncode
    assert not (folder / "data" / "mlflow.db").exists()


def test_a_journal_that_cannot_be_opened_stops_the_run_before_its_first_node(folder: Path) -> None:
    failed = kedro(folder, "run", database=f"sqlite:///{folder}")

    assert 1 == failed.returncode
    assert "The run failed with OperationalError, storage.not_found" in failed.stdout
    assert not (folder / "data" / "frame.parquet").exists()


def test_a_relative_database_is_refused_in_one_line(folder: Path) -> None:
    failed = kedro(folder, "run", database="sqlite:///data/pulse.db")

    assert 1 == failed.returncode
    assert failed.stderr.startswith("RelativeDatabase: Opening the database failed: got 'sqlite:///data/pulse.db'")
    assert 1 == len(failed.stderr.splitlines())
