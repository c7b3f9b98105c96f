"""`promote`, `rollback` and `doctor` on versions that no whole cycle made: what a person types and reads."""

import json
import shutil
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kedro.framework.startup import bootstrap_project
from sqlalchemy import Engine

from databases import fresh_database
from pulse_kedro import bootstrap
from pulse_kedro.adapters import takeover
from pulse_kedro.adapters.stores import engine as stores
from pulse_kedro.adapters.stores import leases
from pulse_kedro.adapters.stores.engine import open_for_writing, writing
from pulse_kedro.adapters.stores.past import read_past
from transition_worlds import MONTHS, commit

CLOSED = "http://127.0.0.1:9"


@pytest.fixture
def at(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The command line standing in the repository, its data root elsewhere, MLflow off."""
    monkeypatch.delenv("PULSE_DATABASE_URL", raising=False)
    monkeypatch.setenv("PULSE_DATA_ROOT", str(tmp_path))
    monkeypatch.chdir(project)
    bootstrap_project(project)
    monkeypatch.setattr(bootstrap, "is_tracked", lambda: False)
    return monkeypatch


@pytest.fixture
def engine(at: pytest.MonkeyPatch, tmp_path: Path) -> Engine:
    """Two versions with files; their content is no model, so nobody asks it to forecast."""
    engine = open_for_writing(fresh_database(tmp_path))
    for as_of in MONTHS:
        commit(engine, as_of, tmp_path / "06_models" / "bundles")
    at.setattr(bootstrap, "bundle_check", lambda _: lambda digest: {"ok": True, "digest": digest})
    return engine


def pulse(*words: str) -> Result:
    from pulse_kedro.cli import cli

    return CliRunner().invoke(cli, ["pulse", *words])


def test_a_rollback_says_who_serves_now_and_keeps_who_wanted_it(engine: Engine) -> None:
    before = read_past(engine)

    done = pulse("rollback", "--reason", " typed in wrong ", "--json")

    told, past = json.loads(done.stdout), read_past(engine)
    assert 0 == done.exit_code, done.output
    assert (before.previous_bundle, before.bundle) == (told["serving"]["bundle"], told["from"]["bundle"])
    assert (told["serving"]["bundle"], None, 3) == (past.bundle, told["previous"], told["epoch"])
    assert ("rollback", "typed in wrong", None) == (told["kind"], told["reason"], told["tracked"])
    assert "@" in past.transitions[-1].actor

    again = pulse("rollback", "--reason", "further")

    assert 1 == again.exit_code
    assert again.output.startswith("Error: Rolling back failed: got none, expected a version before bundle ")
    assert past == read_past(engine)


def test_a_promotion_is_read_back_by_people(engine: Engine) -> None:
    done = pulse("promote", MONTHS[0], "--reason", "before the strike")

    assert 0 == done.exit_code, done.output
    assert "serves now" in done.stdout
    assert ": before the strike" in done.stdout
    assert read_past(engine).transitions[0].to_bundle == read_past(engine).bundle
    assert "serves already" in pulse("promote", MONTHS[0], "--reason", "again").output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["promote", "nobody", "--reason", "x"], 2, "nobody"),
        (["promote", "challenger", "--reason", "x"], 2, "challenger"),
        (["promote", "champion"], 2, "--reason"),
        (["rollback", "--reason", "  "], 2, "--reason needs words"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage_and_changes_nothing(
    engine: Engine, words: list[str], code: int, said: str
) -> None:
    before = read_past(engine)

    done = pulse(*words)

    assert code == done.exit_code
    assert said in done.output
    assert before == read_past(engine)


@pytest.mark.parametrize("command", ["promote", "rollback"])
def test_before_the_first_cycle_nobody_can_be_put_in_charge(
    at: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    at.setenv("PULSE_DATA_ROOT", str(tmp_path))
    done = pulse(command, *(["champion"] if command == "promote" else []), "--reason", "x")

    assert 3 == done.exit_code
    assert "make run" in done.output
    assert not (tmp_path / "pulse.db").exists()


def test_a_version_of_another_horizon_needs_force(engine: Engine, tmp_path: Path) -> None:
    past = read_past(engine)
    for bundle, horizon in ((past.bundle, 12), (past.previous_bundle, 6)):
        manifest = tmp_path / "06_models" / "bundles" / str(bundle) / "manifest.json"
        facts = json.loads(manifest.read_text(encoding="utf-8")) | {"recipe": {"horizon": horizon}}
        manifest.write_text(json.dumps(facts), encoding="utf-8")

    refused = pulse("promote", MONTHS[0], "--reason", "x")
    assert (1, True) == (refused.exit_code, "got horizon 6 instead of 12, expected what the champion" in refused.output)
    assert past == read_past(engine)

    forced = pulse("promote", MONTHS[0], "--reason", "x", "--force")
    assert (0, past.previous_bundle) == (forced.exit_code, read_past(engine).bundle), forced.output


def test_while_a_run_is_at_work_the_command_says_whose(engine: Engine) -> None:
    before = read_past(engine)
    heart = leases.Heart(engine, renewal=60)

    done = pulse("rollback", "--reason", "now")
    heart.release()

    assert (1, True) == (done.exit_code, "Taking the lease on the champion failed: got process" in done.output)
    assert before == read_past(engine)


def test_a_database_that_another_process_locks_is_waited_for_then_told(engine: Engine, at: pytest.MonkeyPatch) -> None:
    before = read_past(engine)
    at.setattr(stores, "BUSY_SECONDS", 0.2)
    with engine.connect() as other:
        other.exec_driver_sql("ROLLBACK")
        other.exec_driver_sql("BEGIN IMMEDIATE")

        done = pulse("rollback", "--reason", "now")

        other.exec_driver_sql("ROLLBACK")
        other.exec_driver_sql("BEGIN")

    assert (1, True) == (done.exit_code, "(OperationalError, network.timeout, severity 2.) Wait until" in done.output)
    assert before == read_past(engine)


def test_a_database_that_is_free_again_in_time_is_written(engine: Engine, at: pytest.MonkeyPatch) -> None:
    locked, wanted = threading.Event(), threading.Event()
    at.setattr(takeover, "failpoint", lambda _: wanted.set())  # first passed just before the transaction

    def hold() -> None:
        with writing(engine):
            locked.set()
            wanted.wait(30)
            threading.Event().wait(0.3)  # the command waits for the lock meanwhile

    other = threading.Thread(target=hold)
    other.start()
    locked.wait(30)

    done = pulse("rollback", "--reason", "now")
    other.join()

    assert 0 == done.exit_code, done.output
    assert 3 == read_past(engine).epoch


@pytest.mark.slow
def test_a_version_whose_files_are_gone_is_refused_with_the_next_step(
    engine: Engine, at: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    at.undo()
    at.setenv("PULSE_DATA_ROOT", str(tmp_path))
    at.setattr(bootstrap, "is_tracked", lambda: False)
    before = read_past(engine)
    shutil.rmtree(tmp_path / "06_models" / "bundles" / str(before.previous_bundle))

    done = pulse("rollback", "--reason", "back")

    assert 1 == done.exit_code
    assert f"Error: Verifying bundle {str(before.previous_bundle)[:12]} failed: got " in done.output
    assert "What served still serves. Run its cycle again, `kedro run --params as_of=2018-12-01`" in done.output
    assert before == read_past(engine)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # MLflow 3 warns when it is imported
def test_with_mlflow_down_the_version_is_promoted_and_the_person_told(engine: Engine, at: pytest.MonkeyPatch) -> None:
    at.setattr(bootstrap, "is_tracked", lambda: True)
    at.setenv("MLFLOW_TRACKING_URI", CLOSED)

    done = pulse("promote", MONTHS[0], "--reason", "now")

    assert 0 == done.exit_code, done.output
    assert "was not told; the next run or `kedro pulse doctor --repair` does it" in done.stdout
    assert read_past(engine).transitions[0].to_bundle == read_past(engine).bundle
