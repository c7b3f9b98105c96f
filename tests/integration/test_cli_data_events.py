"""`data events` as a person and a program use it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kedro.framework.project import configure_project

from pulse_kedro.adapters.stores.engine import open_for_writing
from pulse_kedro.adapters.stores.events import append
from pulse_kedro.cli import cli
from pulse_kedro.cli.data_events import KINDS
from pulse_kedro.domain.data_management import events as domain
from pulse_kedro.domain.data_management.events import Event

NOW = datetime(2020, 1, 1, tzinfo=UTC)
SLUMP = {"axis": "growth", "old": "expansion", "new": "contraction"}
HAPPENED = (
    Event(kind="regime_changed", at=datetime(2008, 12, 1, tzinfo=UTC), source="regimes", payload=SLUMP),
    Event(
        kind="change_point", at=datetime(2008, 8, 1, tzinfo=UTC), source="regimes", payload={"size": -0.4, "delay": 5}
    ),
    Event(kind="news", at=datetime(2009, 1, 5, tzinfo=UTC), source="wire", payload={"title": "FedEx shares lower"}),
)


@pytest.fixture
def ask(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(project)
    monkeypatch.setenv("PULSE_DATA_ROOT", str(tmp_path))
    monkeypatch.delenv("PULSE_DATABASE_URL", raising=False)
    configure_project("pulse_kedro")
    return lambda *words: CliRunner().invoke(cli, ["pulse", "data", "events", *words, "--env", "base"])


def test_before_the_first_event_it_says_what_to_do(ask: Callable[..., Result]) -> None:
    done = ask("--json")

    assert (3, {"total": 0, "events": []}) == (done.exit_code, json.loads(done.stdout))
    assert "kedro run" in ask().output


def test_events_are_listed_the_newest_first_and_filtered(ask: Callable[..., Result], tmp_path: Path) -> None:
    append(open_for_writing(f"sqlite:///{tmp_path}/pulse.db"), HAPPENED, now=NOW)

    done, told = ask(), json.loads(ask("--json", "--until", "2009-01-01", "-n", "1").stdout)

    assert 0 == done.exit_code
    lines = done.stdout.splitlines()
    assert ["2009-01-05", "2008-12-01", "2008-08-01"] == [line[:10] for line in lines[1:]]
    assert "growth: expansion -> contraction" in lines[2]
    assert "level by -0.40, seen after 5 periods" in lines[3]
    assert (2, [HAPPENED[0].id]) == (told["total"], [event["id"] for event in told["events"]])
    assert 1 == json.loads(ask("--json", "--kind", "news").stdout)["total"]
    assert 3 == ask("--kind", "indicator").exit_code
    assert 2 == ask("--kind", "gossip").exit_code


def test_the_command_knows_every_kind() -> None:
    assert domain.KINDS == KINDS
