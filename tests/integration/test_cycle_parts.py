"""Runs of a part of the cycle, as users of Kedro expect them."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from kedro.framework.hooks import hook_impl
from kedro.io import DatasetError

from cycles import Place, small_source
from pulse_kedro.adapters.attempts import AnotherRun
from pulse_kedro.adapters.lock import DataRootLock

pytestmark = pytest.mark.slow

NEXT = "2019-01-01"
DECIDING = ("metrics", "rules", "inference", "recovery", "reporting")


def test_one_room_runs_alone_and_commits_nothing(served: Place) -> None:
    place = Place(served.root / "new").offer(small_source())

    place.run("2018-12-01", pipeline_names=["data_management"])

    assert place.load("panel")["ds"].max() == place.load("period").as_of
    assert ["DONE"] == place.attempts()
    assert None is place.status()["as_of"]


@pytest.mark.parametrize(
    "part",
    [
        {"from_nodes": ["metrics.score_backtest"]},
        {"pipeline_names": [*DECIDING]},
        {"tags": ["recovery", "reporting"]},
        {"node_names": ["recovery.close_cycle"]},
        {"to_outputs": ["features"]},
    ],
)
def test_a_part_of_a_committed_cycle_runs_again_and_changes_nothing(
    served: Place, part: Mapping[str, list[str]]
) -> None:
    before, files, status = served.tables(), served.kept(), served.status()

    served.run("2018-12-01", **part)

    assert (before, files, status) == (served.tables(), served.kept(), served.status())
    assert ["DONE", "DONE"] == served.attempts()


@pytest.mark.parametrize("words", [("--pipelines", "reporting"), ("--tags", "reporting")])
def test_the_report_is_made_anew_from_what_is_there(served: Place, words: tuple[str, str]) -> None:
    page = served.root / "08_reporting" / "cycle_report.html"
    before = page.read_text(encoding="utf-8")
    page.unlink()

    done = served.start("run", *words)

    assert 0 == done.returncode, done.stderr
    assert before == page.read_text(encoding="utf-8")


def test_a_cycle_may_be_run_in_two_parts(served: Place, after_three: Place) -> None:
    served.run(NEXT, pipeline_names=["data_management", "training"])
    assert "2018-12-01" == served.status()["as_of"]

    served.run(pipeline_names=list(DECIDING))

    key = served.status()["cycle"]["key"]
    assert after_three.left_by(key) == served.left_by(key)
    assert NEXT == served.status()["as_of"]


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("inference.issue_forecasts", "forecasts made with what was known at 2018-12-01"),
        ("recovery.close_cycle", "forecasts of cycle c"),
    ],
)
def test_what_an_earlier_cycle_left_on_disk_is_never_committed_as_the_next_one(
    served: Place, first: str, words: str
) -> None:
    """A run that starts too late in the cycle finds parts of the cycle before."""
    before = served.status()
    served.run(NEXT, pipeline_names=["data_management", "training"])

    with pytest.raises(
        DatasetError, match=f"got {words}(.|\n)*Run the whole cycle instead: `kedro run --params as_of={NEXT}`"
    ):
        served.run(from_nodes=[first])

    assert before == served.status()
    assert [(1,)] == served.ask("select count(*) from cycles")
    assert [("data.schema_mismatch", "PartsOfAnotherCycle")] == served.ask("select code, error from faults")


def test_a_second_run_in_the_same_data_root_is_refused_at_once(served: Place) -> None:
    before, first = served.tables(without=()), DataRootLock(served.root)

    second = served.start("run", "--params", f"as_of={NEXT}")

    assert 1 == second.returncode
    assert second.stderr.startswith("RunInProgress: Starting a run failed: got process ")
    assert 1 == len(second.stderr.strip().splitlines())
    assert before == served.tables(without=())
    first.release()


def test_where_no_lock_helps_a_disturbed_run_notices_and_commits_nothing(served: Place, after_three: Place) -> None:
    before = served.status()

    class OtherRun:
        """On another host, say; it writes the cycle of another run where this one has just written its own."""

        @hook_impl
        def after_dataset_saved(self, dataset_name: str) -> None:
            if dataset_name == "cycle":
                name = Path("05_model_input", "cycle.json")
                shutil.copy(after_three.root / name, served.root / name)

    with pytest.raises(AnotherRun, match="Another run works in the same data root"):
        served.run(NEXT, watched_by=OtherRun())

    assert before == served.status()
    assert ["DONE", "FAILED"] == served.attempts()
