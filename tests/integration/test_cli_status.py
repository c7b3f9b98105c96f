"""The commands on a real database: before any run, after some cycles, after a failure."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kedro.framework.startup import bootstrap_project
from sqlalchemy import Engine

from pulse_kedro.adapters.stores import cycles, journal
from pulse_kedro.adapters.stores.engine import open_for_writing
from pulse_kedro.domain.recovery.faults import classify
from pulse_kedro.domain.rules.rulebook import Rulebook
from records import NOW, a_cycle, a_record, outcomes
from rule_samples import LATER, MONDAYS, in_force, on_trial


@pytest.fixture
def data(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Data root of its own, with the command line standing in the repository."""
    (tmp_path / "01_raw").mkdir()
    shutil.copy(project / "data" / "01_raw" / "us_employment.parquet", tmp_path / "01_raw")
    monkeypatch.setenv("PULSE_DATA_ROOT", str(tmp_path))
    monkeypatch.delenv("PULSE_DATABASE_URL", raising=False)
    monkeypatch.chdir(project)
    bootstrap_project(project)
    return tmp_path


@pytest.fixture
def engine(data: Path) -> Engine:
    return open_for_writing(f"sqlite:///{data}/pulse.db")


def commit(engine: Engine, *periods: str) -> list[str]:
    keys: list[str] = []
    for as_of in periods:
        cycle = a_cycle(as_of, keys[::-1])
        number = journal.begin(engine, run=as_of, command=f"kedro run --params as_of={as_of}", now=NOW)
        journal.name_cycle(engine, number, cycle.key)
        later = NOW + timedelta(hours=len(keys))
        cycles.commit(engine, a_record(cycle, known=outcomes(cycle) if keys else None), now=later)
        journal.finish(engine, number, "DONE", now=NOW)
        keys.append(cycle.key)
    return keys


def pulse(*words: str) -> Result:
    from pulse_kedro.cli import cli

    return CliRunner().invoke(cli, ["pulse", *words])


def answer(*words: str) -> dict[str, object]:
    return dict(json.loads(pulse(*words, "--json").stdout))


@pytest.mark.parametrize("command", ["status", "why", "next", "rules"])
def test_before_the_first_cycle_there_is_nothing_to_do_and_nothing_is_made(data: Path, command: str) -> None:
    for words in ([command], [command, "--json"]):
        result = pulse(*words)

        assert 3 == result.exit_code, result.output
    assert ["01_raw"] == sorted(path.name for path in data.iterdir())
    assert answer(command)["as_of"] is None
    assert "make run" in pulse(command).output


def with_rules(engine: Engine, book: Rulebook) -> None:
    """One cycle that made this rulebook."""
    record = replace(a_record(a_cycle("2018-12-01")), rulebook=book.record())
    cycles.commit(engine, record, now=NOW)


def test_rules_in_force_are_shown_with_what_their_trial_found(engine: Engine) -> None:
    book = in_force(MONDAYS)
    with_rules(engine, book)

    found, text = answer("rules"), pulse("rules").output

    assert ["IF weekday IN {1} THEN forecast += 0.5 scale"] == found["rules"] == found["earned"]["rules"]
    assert (book.hash, "r1", 1, None, 1.25) == tuple(
        found[name] for name in ("hash", "recipe", "active", "trial", "missing_gain")
    )
    assert (20, 0.05, True) == tuple(found["earned"]["looks"][0][name] for name in ("windows", "relative", "passed"))
    assert "In force: 1" in text
    assert "5.0 %" in text
    assert {"active": 1, "on_trial": 0, "words": found["rules"], "reason": book.reason} == answer("status")["rules"]
    assert f"1 active: {book.reason}" in pulse("status").output
    assert f"Rules that shift them: 1 active: {book.reason}" in pulse("why").output


def test_rules_on_trial_are_shown_as_not_applied(engine: Engine) -> None:
    with_rules(engine, on_trial(LATER, MONDAYS))

    found, text = answer("rules"), pulse("rules").output

    assert (0, [], 2, []) == (found["active"], found["rules"], len(found["trial"]["rules"]), found["trial"]["looks"])
    assert "On trial, not applied: 2" in text
    assert answer("why")["rules"] == answer("status")["rules"]


@pytest.mark.usefixtures("data")
def test_status_before_the_first_cycle_has_every_key() -> None:
    found = answer("status")

    assert {"key": None, "status": None, "seconds": None, "committed_at": None} == found["cycle"]
    assert {"issued": 0, "resolved": 0, "pending": 0} == found["ledger"]
    assert {"digest", "version", "recipe", "revision", "since", "reason", "chosen"} == set(found["champion"])
    assert [{}, 0] == [found["scores"], found["rules"]["active"]]


def test_status_says_where_things_stand(engine: Engine) -> None:
    _, key = commit(engine, "2018-12-01", "2019-01-01")

    found = answer("status")

    assert ["2019-01-01", key, "COMMITTED"] == [found["as_of"], found["cycle"]["key"], found["cycle"]["status"]]
    assert {"issued": 48, "resolved": 2, "pending": 46} == found["ledger"]
    assert {"champion.mase": 0.5, "seasonal_naive.mase": 1.0} == found["scores"]
    assert [f"bundle of {key}", 2, "r1", 2, "2018-12-01", "new data"] == [
        found["champion"][name] for name in ("digest", "version", "recipe", "revision", "since", "reason")
    ]
    assert ["DONE", "kedro run --params as_of=2019-01-01"] == [found["attempt"][name] for name in ("status", "command")]
    assert 0 == pulse("status").exit_code


def test_status_shows_an_open_fault(engine: Engine) -> None:
    commit(engine, "2018-12-01")
    number = journal.begin(engine, run="x", command="kedro run", now=NOW)
    fault = classify(FileNotFoundError(2, "No such file", "us.csv"), node="data_management.split_rows")
    journal.record(engine, fault, attempt=number, now=NOW)
    journal.finish(engine, number, "FAILED", now=NOW)

    found = answer("status")

    assert [1, "storage.not_found"] == [found["faults"]["open"], found["faults"]["newest"]["code"]]
    assert "FAILED" == found["attempt"]["status"]
    assert "storage.not_found in data_management.split_rows" in pulse("status").output


def test_why_tells_the_decision_that_chose_the_recipe(engine: Engine) -> None:
    first, newest = commit(engine, "2018-12-01", "2019-01-01")

    found = answer("why")

    assert [first, "2018-12-01"] == [found["chosen"]["cycle"], found["chosen"]["as_of"]]
    assert [newest, "REVISION"] == [found["cycle"], found["decision"]["verdict"]]
    assert "Why this recipe: revision as of 2018-12-01" in pulse("why").output
    assert "What would change it" in pulse("why").output


def test_why_explains_any_decision_of_the_past(engine: Engine) -> None:
    first, newest = commit(engine, "2018-12-01", "2019-01-01")

    by_name = {name: answer("why", name) for name in ("2018-12-01", "v1", first[:7], f"bundle of {first}")}

    assert {first} == {found["cycle"] for found in by_name.values()}
    assert {"issued": 24, "resolved": 0, "pending": 24} == by_name["v1"]["ledger"]
    assert ["main", "head"] == [by_name["v1"]["place"], answer("why")["place"]]
    assert set(answer("why")) == set(by_name["v1"])
    assert ["bootstrap", "revision"] == [one["kind"] for one in by_name["v1"]["transitions"]]
    assert [first, newest] == [one["by_cycle"] for one in by_name["v1"]["transitions"]]
    unknown = pulse("why", "2018-12-02", "--json")
    assert (2, "") == (unknown.exit_code, unknown.stdout)
    assert f"Nearest: {first} (as of 2018-12-01)" in unknown.stderr


@pytest.mark.parametrize(("newest", "following"), [("2018-12-01", "2019-01-01"), ("2019-09-01", None)])
def test_next_is_the_period_after_the_newest_cycle(engine: Engine, newest: str, following: str | None) -> None:
    commit(engine, newest)

    result = pulse("next")

    assert (0, following) == (result.exit_code, result.stdout.strip()) if following else 3 == result.exit_code
    assert {"as_of": following, "after": newest} == answer("next")


@pytest.mark.usefixtures("data")
def test_an_unknown_environment_is_wrong_usage_and_names_those_there_are() -> None:
    result = pulse("status", "--env", "locla")

    assert 2 == result.exit_code
    assert "got 'locla', expected one of base" in result.output
    assert "Did you mean 'local'?" in result.output


@pytest.mark.usefixtures("data")
def test_an_unknown_command_is_wrong_usage() -> None:
    assert 2 == pulse("statsu").exit_code


def test_a_damaged_database_is_one_sentence_and_exit_code_one(data: Path) -> None:
    (data / "pulse.db").write_text("no database, but long enough to be mistaken for one " * 9, encoding="utf-8")

    result = pulse("status")

    assert 1 == result.exit_code
    assert "Error: file is not a database" in result.output.replace("(sqlite3.DatabaseError) ", "")
    assert "Traceback" not in result.output


def test_the_second_door_answers_quickly_and_purely_from_any_folder(engine: Engine, project: Path) -> None:
    commit(engine, "2018-12-01")
    code = """
import sys
sys.argv = ["pulse_kedro", "pulse", "status", "--json"]
from pulse_kedro.__main__ import main
try:
    main()
finally:
    print(sorted({"pandas", "mlflow", "alembic", "pyarrow", "torch"} & set(sys.modules)), file=sys.stderr)
"""

    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=project / "src")  # noqa: S603 our own

    assert "2018-12-01" == json.loads(done.stdout)["as_of"]
    assert "[]" == done.stderr.strip().splitlines()[-1]
    # 1.5 s where Kedro and SQLAlchemy are imported in 0.4 s; a slower machine gets as much more time.
    slowness = max(1.0, seconds_of("import kedro.framework.project, sqlalchemy", project) / 0.4)
    assert 1.5 * slowness > seconds_of(code, project)


def seconds_of(code: str, project: Path) -> float:
    """Processor time of a program; the best of three, because other work on the machine makes some starts slower."""
    used = []
    for _ in range(3):
        before = os.times().children_user
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=project / "src")  # noqa: S603 our own
        used.append(os.times().children_user - before)
    return min(used)


def test_a_reader_that_leaves_the_pipe_gets_no_complaint(engine: Engine) -> None:
    commit(engine, "2018-12-01")
    command = [sys.executable, "-m", "pulse_kedro", "pulse", "status"]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as told:  # noqa: S603 our own
        assert told.stdout is not None
        assert told.stderr is not None
        told.stdout.close()
        assert "Broken pipe" not in told.stderr.read()
