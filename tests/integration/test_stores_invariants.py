"""Each invariant, broken by hand, is named; a data root that nobody touched breaks none."""

import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, text

from databases import fresh_database
from pulse_kedro.adapters.checks import database, results
from pulse_kedro.adapters.stores import invariants, journal
from pulse_kedro.adapters.stores.engine import open_for_writing, writing
from pulse_kedro.adapters.stores.metric_queue import DEAD_LETTERS
from pulse_kedro.adapters.stores.past import read_past
from pulse_kedro.adapters.stores.tables import ingests
from records import NOW, flip_a_bit
from transition_worlds import MONTHS, back, commit, write_bundle


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three versions, of which the second serves: one was rolled back. Copy it."""
    root = tmp_path_factory.mktemp("kept")
    engine = open_for_writing(fresh_database(root))
    for as_of in (*MONTHS, "2019-02-01"):
        commit(engine, as_of, root)
    back(engine)
    return root


@pytest.fixture
def engine(kept: Path, tmp_path: Path) -> Engine:
    """The database of a copy; its bundles lie beside it."""
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    return open_for_writing(f"sqlite:///{tmp_path}/pulse.db")


def broken(engine: Engine, tmp_path: Path) -> list[str]:
    return [one.partition(":")[0] for one in invariants.broken(engine, tmp_path)]


def test_what_nobody_touched_breaks_none(engine: Engine, tmp_path: Path) -> None:
    assert [] == broken(engine, tmp_path)
    assert () == invariants.orphans(engine, tmp_path, now=2e10)
    assert ["ok"] == [one.level for one in database.check_control(())]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("DELETE FROM champion", ["I1"]),
        ("INSERT INTO champion (slot, epoch) VALUES ('second', 0)", ["I1"]),
        ("UPDATE champion SET cycle = NULL", ["I1"]),
        ("UPDATE champion SET epoch = 3", ["I3"]),
        ("UPDATE leases SET token = 0", ["I3"]),
        ("DROP TRIGGER transitions_no_delete", ["I7"]),
        ("DROP TRIGGER outcomes_no_update", ["I7"]),
        ("UPDATE champion SET previous_bundle = NULL, bundle = (SELECT from_bundle FROM transitions WHERE epoch = 4)",
         ["I10"]),
    ],
)  # fmt: skip
def test_a_row_that_was_changed_by_hand_is_named(
    engine: Engine, tmp_path: Path, statement: str, found: list[str]
) -> None:
    with writing(engine) as connection:
        connection.execute(text(statement))

    assert found == broken(engine, tmp_path)
    assert ["failure"] == [one.level for one in database.check_control(invariants.broken(engine, tmp_path))]


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM transitions WHERE epoch = 2", "UPDATE transitions SET from_bundle = 'another' WHERE epoch = 3"],
)
def test_a_gap_in_the_log_is_found(engine: Engine, tmp_path: Path, statement: str) -> None:
    with writing(engine) as connection:
        for verb in ("delete", "update"):
            connection.execute(text(f"DROP TRIGGER transitions_no_{verb}"))
        connection.execute(text(statement))

    assert "I7: nothing refuses to update or delete rows of transitions" in invariants.broken(engine, tmp_path)
    assert "I7: transition 3 does not begin where the one before it ended; one was lost or changed" in (
        invariants.broken(engine, tmp_path)
    )


SWAP_REASONS = """
UPDATE transitions SET actor = CASE epoch WHEN 2 THEN 'the third' ELSE 'the second' END WHERE epoch IN (2, 3)
"""
HIDE_THE_SECOND = """
UPDATE transitions SET from_bundle = (SELECT from_bundle FROM transitions WHERE epoch = 2),
from_recipe = (SELECT from_recipe FROM transitions WHERE epoch = 2) WHERE epoch = 3
"""


@pytest.mark.parametrize(
    ("statements", "epochs"),
    [
        (["UPDATE transitions SET reason = 'another' WHERE epoch = 1"], [1]),
        (["UPDATE transitions SET actor = 'nobody' WHERE epoch = 4"], [4]),
        (["UPDATE transitions SET gate = '{\"p\": 0.04}' WHERE epoch = 2"], [2]),
        (["UPDATE transitions SET at = '2020-01-01 00:00:00.000000' WHERE epoch = 3"], [3]),
        ([SWAP_REASONS], [2, 3]),
        ([HIDE_THE_SECOND, "DELETE FROM transitions WHERE epoch = 2"], [3]),
    ],
    ids=["reason", "actor of the last one", "gate", "moment", "two exchanged", "one taken out, its traces removed"],
)
def test_what_was_changed_in_the_log_is_found_though_it_still_fits(
    engine: Engine, tmp_path: Path, statements: list[str], epochs: list[int]
) -> None:
    with writing(engine) as connection:
        triggers = ["transitions_no_update", "transitions_no_delete"]
        query = text("SELECT name, sql FROM sqlite_master WHERE name IN (:first, :second)")
        made = dict(connection.execute(query, dict(zip(("first", "second"), triggers, strict=True))).all())  # type: ignore[arg-type]
        for name in triggers:
            connection.execute(text(f"DROP TRIGGER {name}"))
        for statement in (*statements, *made.values()):  # whoever changes the log hides that, too
            connection.execute(text(statement))

    words = "has another hash than it and the one before it give; one was lost or changed"
    assert tuple(f"I7: transition {epoch} {words}" for epoch in epochs) == invariants.broken(engine, tmp_path)


@pytest.mark.parametrize(("which", "invariant"), [("bundle", "I2"), ("previous_bundle", "I4")])
def test_a_damaged_bundle_is_named_by_its_part(engine: Engine, tmp_path: Path, which: str, invariant: str) -> None:
    flip_a_bit(tmp_path / getattr(read_past(engine), which) / "state")

    assert [invariant] == broken(engine, tmp_path)
    assert "state has another hash" in invariants.broken(engine, tmp_path)[0]


def test_a_bundle_without_files_is_named(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / str(read_past(engine).bundle)
    folder.rename(tmp_path / "away")

    assert ["I2"] == broken(engine, tmp_path)
    assert "FileNotFoundError" in invariants.broken(engine, tmp_path)[0]


def test_runs_that_nobody_works_on_are_named_until_the_next_one_starts(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as elsewhere:  # two hosts that went down, without the lease
        elsewhere.setattr(journal.socket, "gethostname", lambda: "elsewhere")
        for _ in range(2):
            journal.begin(engine, run="r", command="kedro run", now=NOW)

    assert ["I5"] == broken(engine, tmp_path)  # the first counts as a run that was just killed

    journal.begin(engine, run="r", command="kedro run", now=NOW)
    assert [] == broken(engine, tmp_path)


def test_an_ingest_that_lost_a_row_is_named(engine: Engine, tmp_path: Path) -> None:
    counts = {"rows_in": 4, "stored": 2, "revisions": 0, "duplicates": 1, "quarantined": 0}
    row = {"source": "shop", "status": "stored", "facts": {}, "started": NOW, "ended": NOW, **counts}
    with writing(engine) as connection:
        connection.execute(insert(ingests), row)

    assert ("I6: ingest 1 of shop does not account for each row once",) == invariants.broken(engine, tmp_path)


def test_a_bundle_that_no_cycle_made_is_an_orphan_once_it_is_old(engine: Engine, tmp_path: Path) -> None:
    left = write_bundle(tmp_path, "killed before its commit")
    folders = (path for path in tmp_path.iterdir() if path.is_dir())
    for folder in folders:
        os.utime(folder, (0, 0))

    assert (left,) == invariants.orphans(engine, tmp_path)
    os.utime(tmp_path / left, (1000, 1000))
    assert () == invariants.orphans(engine, tmp_path, now=1000 + invariants.GRACE)
    assert () == invariants.orphans(engine, tmp_path / "nowhere")
    told = database.check_orphans((left,), tmp_path)
    assert ("warning", True) == (told.level, left[:12] in told.found)


def test_what_waits_for_mlflow_is_told_with_the_way_to_deliver_it(tmp_path: Path) -> None:
    file = tmp_path / DEAD_LETTERS
    assert "ok" == results.check_undelivered(file).level
    line = '{"run": "r", "name": "champion.mase", "step": 1, "value": 0.5, "at": 1}\n'
    file.write_text(line * 2, encoding="utf-8")  # the same key twice is one score

    told = results.check_undelivered(file)

    assert ("warning", "1 scores wait for MLflow in dead_metrics.jsonl") == (told.level, told.found)
    assert "kedro pulse metrics replay" in told.next_step
