"""`kill -9` at any moment of a cycle: what was committed is whole, and the next run completes as if undisturbed."""

import shutil
import signal
from pathlib import Path

import pytest

from cycles import Place
from pulse_kedro.datasets.registry_dataset import LostChampion

pytestmark = pytest.mark.slow

NEXT = "2019-01-01"
DRIVER = """
import os, signal, sys
from pathlib import Path

from kedro.framework.hooks import hook_impl
from kedro.framework.startup import bootstrap_project
from sqlalchemy import Engine, event

import pulse_kedro.settings
from cycles import PROJECT, Place

MOMENT, NAME = {moment!r}, {name!r}

def die(moment, name):
    if moment == MOMENT and NAME in name:
        os.kill(os.getpid(), signal.SIGKILL)

class Death:
    @hook_impl(trylast=True)
    def before_node_run(self, node):
        die("node", node.name)

    @hook_impl(trylast=True)
    def before_dataset_saved(self, dataset_name):
        die("save", dataset_name)

    @hook_impl(trylast=True)
    def after_dataset_saved(self, dataset_name):
        die("saved", dataset_name)

sys.addaudithook(lambda kind, words: kind == "os.rename" and die("rename", str(words[1])))
event.listen(Engine, "before_cursor_execute", lambda c, cursor, statement, *_: die("statement", statement))
pulse_kedro.settings.HOOKS = (*pulse_kedro.settings.HOOKS, Death())
Place(Path({root!r})).run({as_of!r})
"""


def run_and_die(place: Place, moment: str, name: str) -> int:
    return place.start_python(DRIVER.format(moment=moment, name=name, root=str(place.root), as_of=NEXT)).returncode


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ("rename", "02_intermediate/snapshots/"),
        ("node", "training.replay_history"),
        ("rename", "06_models/bundles/"),
        ("node", "recovery.close_cycle"),
        ("statement", "UPDATE champion"),
    ],
)
def test_killed_before_its_commit_a_cycle_never_was(served: Place, after_three: Place, moment: str, name: str) -> None:
    before, status, page = truths(served), served.status(), report(served)

    assert -signal.SIGKILL == run_and_die(served, moment, name)

    assert (before, status, page) == (truths(served), served.status(), report(served))
    assert_the_next_run_completes(served, after_three)


@pytest.mark.parametrize(("moment", "name"), [("saved", "cycle_record"), ("rename", "08_reporting/cycle_report.html")])
def test_killed_after_its_commit_a_cycle_stands_and_the_next_run_repairs_its_report(
    served: Place, after_three: Place, moment: str, name: str
) -> None:
    old = report(served)

    assert -signal.SIGKILL == run_and_die(served, moment, name)

    assert NEXT == served.status()["as_of"]
    assert {"issued": 192, "resolved": 8, "pending": 184} == served.status()["ledger"]
    assert old == report(served)
    assert_the_next_run_completes(served, after_three)


def test_a_lost_bundle_is_brought_back_by_the_run_that_the_error_names(served: Place, after_three: Place) -> None:
    shutil.rmtree(served.root / "06_models")

    with pytest.raises(LostChampion, match="`kedro run --params as_of=2018-12-01`, which makes its bundle anew"):
        served.run(NEXT)
    served.run("2018-12-01")
    served.run(NEXT)

    assert after_three.left_by(served.status()["cycle"]["key"]) == served.left_by(served.status()["cycle"]["key"])
    assert ["DONE", "FAILED", "DONE", "DONE"] == served.attempts()


def assert_the_next_run_completes(place: Place, undisturbed: Place) -> None:
    """And what it leaves is what a run leaves that nobody disturbed."""
    place.run(NEXT)

    key = place.status()["cycle"]["key"]
    assert ["DONE", "INTERRUPTED", "DONE"] == place.attempts()
    assert [] == place.ask("select * from faults")
    assert {"issued": 192, "resolved": 8, "pending": 184} == place.status()["ledger"]
    assert "January 2019" in report(place)
    assert undisturbed.left_by(key) == place.left_by(key)


def truths(place: Place) -> dict[str, list[tuple[object, ...]]]:
    """Without the snapshot that was taken before the kill: it is named by its content and harms nobody."""
    return {name: rows for name, rows in place.tables().items() if name not in ("snapshots", "parts", "lineage")}


def report(place: Place) -> str:
    return Path(place.root / "08_reporting" / "cycle_report.html").read_text(encoding="utf-8")
