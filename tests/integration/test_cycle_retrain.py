"""The run `retrain` of the real project: networks learn, the report and the ledger take them, a plain cycle serves."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from cycles import HORIZON, LIVING, Place, small_source
from pulse_kedro.forecasting.network_member import Network

pytestmark = pytest.mark.slow

QUICK = {
    "retrain": {
        "members": [{"kind": "cycle_linear", "seasons": 2}, {"kind": "nhits", "seasons": 2, "width": 16}],
        "trainer": {"epochs": 2, "accelerator": "cpu"},
    }
}
NAMES = {"cycle_linear_24", "nhits_24"}
CODE = """
import sys
from pathlib import Path
from cycles import Place
Place(Path({root!r})).run({as_of!r})
print("loaded:", *sorted({{"torch", "lightning", "plotly.graph_objects"}} & set(sys.modules)))
"""


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A first cycle that is a retraining."""
    place = Place(tmp_path_factory.mktemp("learned")).offer(small_source())
    place.run("2018-12-01", QUICK, pipeline_names=["retrain"])
    return place


def loaded_by(answer: subprocess.CompletedProcess[str]) -> list[str]:
    """What a run in a process of its own says that it loaded, wherever other output stands."""
    assert 0 == answer.returncode, answer.stdout[-2000:] + answer.stderr[-4000:]
    (line,) = (line for line in answer.stdout.splitlines() if line.startswith("loaded:"))
    return line.split()[1:]


def facts(place: Place) -> dict[str, list[dict[str, Any]]]:
    """What the champion's networks say of their generations."""
    members = place.champion().members
    return {name: member.facts()["generations"] for name, member in members.items() if isinstance(member, Network)}  # type: ignore[misc]


def test_a_retraining_is_a_whole_cycle(learned: Place) -> None:
    scores = learned.load("scores")

    assert NAMES == set(facts(learned))
    assert NAMES < set(scores["model"])
    assert HORIZON * len(LIVING) == len(learned.load("forecasts"))
    assert ["DONE"] == learned.attempts()
    assert "slow members included" in learned.load("promotion_decision")["plan"]["cause"]


def test_checkpoints_of_its_own_lessons_stay_so_that_a_repetition_is_quick(learned: Place) -> None:
    lessons = {one["lesson"] for generations in facts(learned).values() for one in generations}

    assert lessons == {path.name for path in (learned.root / "06_models" / "training").iterdir()}
    assert 4 == len(lessons)


def test_the_next_plain_cycle_serves_them_without_lightning(learned: Place, tmp_path: Path) -> None:
    place = learned.copy(tmp_path / "next")
    answer = place.start_python(CODE.format(root=str(place.root), as_of="2019-01-01"))

    assert ["torch"] == loaded_by(answer)
    assert facts(learned) == facts(place)
    assert [("REVISION", 2)] == place.ask(
        "select json_extract(decision, '$.verdict'), revision from cycles where date(as_of) = '2019-01-01'"
    )


def test_a_champion_without_networks_never_loads_torch(served: Place) -> None:
    answer = served.start_python(CODE.format(root=str(served.root), as_of="2019-01-01"))

    assert [] == loaded_by(answer)


def test_a_retraining_of_the_champions_recipe_is_its_next_revision(learned: Place, tmp_path: Path) -> None:
    place = learned.copy(tmp_path / "again")
    place.run("2019-01-01", QUICK, pipeline_names=["retrain"])

    (head, *_) = place.load("history").main_line
    assert [("champion", "retrain")] == [(job["role"], job["mode"]) for job in head.plan["jobs"]]
    for name, generations in facts(place).items():
        assert facts(learned)[name] == generations[:-1]
        assert "recursive" == generations[-1]["warm_start"]


def test_a_mistyped_setting_of_a_retraining_is_refused_with_the_nearest_name(learned: Place) -> None:
    answer = learned.start("run", "--pipelines", "retrain", "--params", "retrain.trainer.epoch=3")

    assert 2 == answer.returncode
    assert "retrain.trainer.epochs" in answer.stderr
