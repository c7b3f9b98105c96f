"""`kedro pulse data sources`: every source listed, each asked, and one that fails hides none of the others."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from kedro.framework.project import configure_project

from misbehaving_server import Misbehaving, Reply, serving
from pulse_kedro.adapters.sources.last_ingest import last_ingests
from pulse_kedro.cli import cli
from source_samples import DECLARATION

CANARY = "canary-secret-42"
SHOPS = "shop,month,sales,title\na,2019-01-01,1,A\na,2019-03-01,2,A\n"
Ask = Callable[..., Result]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Misbehaving]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as room:
        yield room


@pytest.fixture
def ask(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The command with a configuration of its own."""
    configure_project("pulse_kedro")
    monkeypatch.chdir(project)
    monkeypatch.setenv("PULSE_DATA_ROOT", str(tmp_path / "data"))
    monkeypatch.delenv("PULSE_DATABASE_URL", raising=False)

    def run(entries: dict[str, Any], *words: str, credentials: dict[str, Any] | None = None) -> Result:
        shutil.copytree(project / "conf" / "base", tmp_path / "conf" / "base", dirs_exist_ok=True)
        files = {"base/sources.yml": yaml.safe_dump(entries), "local/.gitkeep": ""}
        if credentials:
            files["local/credentials.yml"] = yaml.safe_dump(credentials)
        for name, text in files.items():
            path = tmp_path / "conf" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (tmp_path / "shops.csv").write_text(SHOPS)
        return CliRunner().invoke(cli, ["pulse", "data", "sources", "--conf-source", str(tmp_path / "conf"), *words])

    return run


def shops(folder: Path) -> dict[str, Any]:
    declared = {key: value for key, value in DECLARATION.items() if key != "name"}
    return {"type": "csv", "path": str(folder / "shops.csv"), "table": declared, "contract": "shops_v1"}


def test_sources_are_listed_without_being_asked(ask: Ask, tmp_path: Path, server: Misbehaving) -> None:
    iris = {"type": "http", "url": f"{server.url}/rows", "credentials": "iris"}

    done = ask({"shops": shops(tmp_path), "iris": iris}, "--json", credentials={"iris": {"token": CANARY}})

    answer = json.loads(done.stdout)
    assert (0, 0, []) == (done.exit_code, answer["failed"], server.asked)
    listed = {row["name"]: (row["type"], row["contract"], row["declared"], row["check"]) for row in answer["sources"]}
    assert {"shops": ("csv", "shops_v1", True, None), "iris": ("http", None, False, None)} == listed
    assert CANARY not in done.output


def test_one_that_fails_is_told_beside_those_that_answer(ask: Ask, tmp_path: Path, server: Misbehaving) -> None:
    server.answers["/rows"] = Reply(f"<html>no {CANARY}".encode(), status=403)
    iris = {"type": "http", "url": f"{server.url}/rows", "credentials": "iris"}
    entries = {"iris": iris, "shops": shops(tmp_path)}

    done = ask(entries, "--check", "--json", credentials={"iris": {"token": CANARY}})

    answer = json.loads(done.stdout)
    checks = {row["name"]: row["check"] for row in answer["sources"]}
    assert (1, 1) == (done.exit_code, answer["failed"])
    assert ("ok", 2, "2019-03-01T00:00:00") == tuple(
        checks["shops"][key] for key in ("status", "rows", "newest_period")
    )
    assert ("failed", "storage.permission_denied") == (checks["iris"]["status"], checks["iris"]["code"])
    assert "Check the credentials that its entry names." == checks["iris"]["next_step"]
    assert CANARY not in done.output

    people = ask(entries, "--check", credentials={"iris": {"token": CANARY}})
    assert 1 == people.exit_code
    assert "ok      shops: 2 rows, newest period 2019-03-01, columns shop, month, sales, title" in people.output
    assert "FAILED  Fetching source 'iris' failed: got HTTP 403" in people.output
    assert "2 asked, 1 failed." in people.output


def test_a_slow_source_is_given_up(ask: Ask, server: Misbehaving) -> None:
    server.answers["/rows"] = Reply([], pause_s=2)

    done = ask({"iris": {"type": "http", "url": f"{server.url}/rows"}}, "--check", "--timeout", "0.1")

    assert 1 == done.exit_code
    assert "got no answer after 0.1 s" in done.output


def test_some_can_be_chosen_by_name(ask: Ask, tmp_path: Path) -> None:
    entries = {"shops": shops(tmp_path), "banks": shops(tmp_path)}

    assert ["banks"] == [row["name"] for row in json.loads(ask(entries, "banks", "--json").stdout)["sources"]]
    wrong = ask(entries, "bank")
    assert 1 == wrong.exit_code
    assert "Did you mean 'banks'?" in wrong.output


def test_without_a_source_there_is_nothing_to_do(ask: Ask) -> None:
    done = ask({"_templates": {"type": "csv"}})

    assert 3 == done.exit_code
    assert "write one into conf/local/sources.yml" in done.output


def test_a_wrong_entry_is_one_sentence(ask: Ask) -> None:
    done = ask({"shops": {"type": "cvs", "path": "x"}})

    assert 1 == done.exit_code
    assert "Error: Reading shops.type in conf/base/sources.yml failed: got 'cvs'" in done.output
    assert "Did you mean 'csv'?" in done.output


def test_the_last_ingest_is_told(ask: Ask, tmp_path: Path) -> None:
    entries = {"shops": {**shops(tmp_path), "contract": None}, "banks": shops(tmp_path)}
    assert "never" in ask(entries).output
    words = ["pulse", "data", "ingest", "shops", "--conf-source", str(tmp_path / "conf")]

    for _ in range(2):  # the second one finds nothing new
        done = CliRunner().invoke(cli, words)
        assert 0 == done.exit_code, done.output

    listed = {row["name"]: row["last_ingest"] for row in json.loads(ask(entries, "--json").stdout)["sources"]}
    assert listed["banks"] is None
    assert (2, 0) == (listed["shops"]["rows_in"], listed["shops"]["stored"])
    assert datetime.now(UTC) - datetime.fromisoformat(listed["shops"]["at"]) < timedelta(hours=1)
    assert {} == last_ingests(None)
    assert f", {listed['shops']['status']}" in ask(entries).output


def test_the_bundled_source_answers_without_a_network(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    monkeypatch.delenv("PULSE_DATA_ROOT", raising=False)

    done = CliRunner().invoke(cli, ["pulse", "data", "sources", "us_employment", "--check", "--json"])

    (row,) = json.loads(done.stdout)["sources"]
    assert ("ok", "2019-09-01T00:00:00") == (row["check"]["status"], row["check"]["newest_period"])
