"""`data snapshots` as a person and a program use them, on stores made by hand."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kedro.framework.project import configure_project

from pulse_kedro.adapters.lock import DataRootLock
from pulse_kedro.adapters.stores import cycles, edges, snapshots
from pulse_kedro.adapters.stores.blobs import FileBlobs
from pulse_kedro.adapters.stores.engine import open_for_writing, writing
from pulse_kedro.adapters.stores.vintages import VintageStore
from pulse_kedro.cli import cli
from records import NOW, a_cycle, a_record, a_snapshot
from vintage_samples import rows_of

Ask = Callable[..., Result]


@pytest.fixture
def ask(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.chdir(project)
    monkeypatch.setenv("PULSE_DATA_ROOT", str(tmp_path))
    monkeypatch.delenv("PULSE_DATABASE_URL", raising=False)
    monkeypatch.delenv("PULSE_SNAPSHOTS", raising=False)
    configure_project("pulse_kedro")
    return lambda *words: CliRunner().invoke(cli, ["pulse", "data", *words, "--env", "base"])


def told(done: Result) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """Two stored snapshots, two of cycles, one committed cycle."""
    engine, blobs = (
        open_for_writing(f"sqlite:///{tmp_path}/pulse.db"),
        FileBlobs(tmp_path / "02_intermediate/snapshots"),
    )
    store = VintageStore(engine, blobs)
    store.append("shop", rows_of([("a", "2019-01-01", "2019-02-05", 1.0)]), now=NOW, contract="shop/1")
    store.append("shop", rows_of([("a", "2019-01-01", "2019-03-05", 2.0)]), now=NOW - timedelta(days=1))
    snapshots.keep(engine, blobs, a_snapshot(0.5), now=NOW)
    snapshots.keep(engine, blobs, a_snapshot(), now=NOW)
    cycle = a_cycle("2018-12-01")
    cycles.commit(engine, a_record(cycle), now=NOW)
    edges_of = [("snapshot:s0.1", f"cycle:{cycle.key}")]
    with writing(engine) as connection:
        edges.add(connection, edges_of)
    return tmp_path


def test_before_anything_was_stored_there_is_nothing_to_tell(ask: Ask) -> None:
    done = ask("snapshots")
    assert (3, True) == (done.exit_code, "Nothing has been stored yet" in done.output)
    assert {"total": 0, "bytes": 0, "snapshots": []} == told(ask("snapshots", "--json"))


@pytest.mark.usefixtures("filled")
def test_snapshots_are_listed_newest_first_and_filtered(ask: Ask) -> None:
    answer = told(ask("snapshots", "--json"))

    assert ["cycle", "cycle", "stored", "stored"] == [row["kind"] for row in answer["snapshots"]]
    assert [False, False, True, False] == [row["clock_went_back"] for row in answer["snapshots"]]
    assert "shop/1" == answer["snapshots"][-1]["contract"]
    assert answer["bytes"] == sum(row["bytes"] for row in answer["snapshots"])
    for words in (["--source", "shop"], ["--kind", "cycle", "-n", "1"]):
        assert 2 == told(ask("snapshots", "--json", *words))["total"]
    text = ask("snapshots", "--kind", "stored").output
    assert "clock went back" in text
    assert "2 snapshots" in text
    assert "No snapshot fits" in ask("snapshots", "--source", "shopp").output


@pytest.mark.usefixtures("filled")
def test_a_pin_is_set_and_taken_away(ask: Ask) -> None:
    assert [True] == [row["pinned"] for row in told(ask("snapshots", "--pin", "s0.1", "--json"))["snapshots"][:1]]
    assert "pinned" in ask("snapshots").output
    assert [False] == [row["pinned"] for row in told(ask("snapshots", "--unpin", "s0.1", "--json"))["snapshots"][:1]]
    done = ask("snapshots", "--pin", "s0.2")
    assert 1 == done.exit_code
    assert "got 's0.2', expected a snapshot, cycle, bundle, recipe, rulebook or source. Did you mean" in done.output


def test_a_clean_up_is_announced_and_done(ask: Ask, filled: Path) -> None:
    engine, blobs = open_for_writing(f"sqlite:///{filled}/pulse.db"), FileBlobs(filled / "02_intermediate/snapshots")
    for y in range(1, 6):  # kept long ago by the clock of this machine, so all may go but five, and what is cited
        snapshots.keep(engine, blobs, a_snapshot(y + 0.5), now=NOW)

    said = ask("snapshots", "--clean", "--dry-run")
    there = {blob.name for blob in blobs.list()}
    done = told(ask("snapshots", "--clean", "--json"))

    assert "Would delete: 1." in said.output
    assert "us_employment, 0.00 MB: older than 30 days" in said.output
    assert (["s0.5"], False) == ([one["id"] for one in done["deleted"]], done["dry_run"])
    assert [("s0.1", "cited by the champion")] == [(one["id"], one["reason"]) for one in done["spared"]]
    assert there - {"s0.5.parquet"} == {blob.name for blob in blobs.list()}
    assert "Deleted: nothing." in ask("snapshots", "--clean").output
    assert 2 == ask("snapshots", "--dry-run").exit_code


def test_a_clean_up_waits_for_the_run_that_is_at_work(ask: Ask, filled: Path) -> None:
    lock = DataRootLock(filled)
    try:
        done = ask("snapshots", "--clean")
    finally:
        lock.release()

    assert 1 == done.exit_code
    assert "expected no other run there" in done.output
