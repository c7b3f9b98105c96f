"""A retraining with the real runner: networks learn, are scored honestly, serve, and are left alone by plain cycles."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from miniature import waves
from network_samples import retrain_options
from pulse_kedro.adapters.training import FolderWorkshop
from pulse_kedro.domain.backtesting import CALIBRATION, CUTOFF
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.bundle_files import load_bundle, save_bundle
from pulse_kedro.forecasting.network_member import Network
from pulse_kedro.forecasting.recipe import MemberSettings
from pulse_kedro.pipelines.training import create_pipeline, create_retraining_pipeline
from training_room import RECIPE, Made, month, other_recipe, serving, train

pytestmark = pytest.mark.slow

KNOWN = 168
NAMES = ("cycle_linear_12", "nhits_12", "tsmixer_12")


@pytest.fixture(scope="module")
def world() -> Array:
    """Fifteen years of six monthly series, a few months missing."""
    y = waves(0, periods=180, series=6)
    y[[30, 90, 91], [0, 3, 3]] = np.nan
    return y


@pytest.fixture(scope="module")
def retraining(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, object]:
    folder = tmp_path_factory.mktemp("training")
    return {"params:retrain": retrain_options(), "workshop": FolderWorkshop(folder=folder)}


@pytest.fixture(scope="module")
def first(world: Array, retraining: Mapping[str, object]) -> Made:
    """A first cycle in which networks learn."""
    return train(world, known=KNOWN, retraining=retraining)


@pytest.fixture(scope="module")
def second(world: Array, first: Made) -> Made:
    """The plain cycle one month later."""
    return train(world, known=KNOWN + 1, parent=first)


def networks(made: Made) -> dict[str, Network]:
    found = {name: member for name, member in serving(made).members.items() if isinstance(member, Network)}
    assert set(NAMES) == set(found)
    return found


def test_a_retraining_reads_and_makes_what_a_cycle_does() -> None:
    plain, learning = create_pipeline(), create_retraining_pipeline()

    assert plain.inputs() == learning.inputs()
    assert plain.outputs() == learning.outputs()


def test_networks_learn_before_the_calibration_begins_and_from_all_data(first: Made) -> None:
    folds = first["folds"]
    begins = folds.loc[folds["purpose"] == CALIBRATION, CUTOFF].iloc[0]
    known = 12 * (begins.year - month(1).year) + begins.month

    for network in networks(first).values():
        assert [known, KNOWN] == [one.trained_until for one in network.generations]
        assert all(one.facts["best_loss"] <= one.facts["first_loss"] for one in network.generations)
        assert network.teach is None


def test_networks_have_rows_in_the_backtest_like_everybody(first: Made) -> None:
    rows = first["backtest"]["model"].value_counts()

    assert {rows["combination"]} == {rows[name] for name in NAMES}


def test_a_backtest_row_of_a_network_knows_nothing_of_what_came_later(
    world: Array, first: Made, retraining: Mapping[str, object]
) -> None:
    """The first generation is the one that a cycle with other future values would have learned."""
    other = world.copy()
    other[-60:] = np.nan_to_num(other[-60:]) * 3 + 7
    changed = train(other, known=KNOWN, retraining=retraining)

    for name, network in networks(first).items():
        one, two = network.generations[0], networks(changed)[name].generations[0]
        assert one.trained_until <= KNOWN - 60
        for weight, values in one.weights.items():
            np.testing.assert_array_equal(values, two.weights[weight])


def test_the_bundle_is_sound_stored_without_pickle_and_loaded(first: Made, tmp_path: Path) -> None:
    bundle = first["candidates"]["challenger"]
    save_bundle(bundle, tmp_path / bundle.digest)

    loaded = load_bundle(tmp_path / bundle.digest)

    assert [] == bundle.problems() == loaded.problems()
    np.testing.assert_array_equal(bundle.points(), loaded.points())
    assert {".safetensors", ".json"} == {path.suffix for path in (tmp_path / bundle.digest).iterdir()}


def test_a_plain_cycle_serves_the_networks_without_learning(first: Made, second: Made) -> None:
    bundle = second["candidates"]["champion"]

    assert ["champion"] == list(second["candidates"])
    assert ["update"] == [job.mode for job in second["training_plan"].jobs]
    assert [] == bundle.problems()
    for name, network in networks(second).items():
        before = networks(first)[name]
        assert before.generations == network.generations
        assert (KNOWN, KNOWN + 1) == (before.known, network.known)


def test_another_recipe_in_the_settings_is_compared_without_the_networks(world: Array, first: Made) -> None:
    made = train(world, known=KNOWN + 1, parent=first, recipe=other_recipe())

    assert ["update", "bootstrap"] == [job.mode for job in made["training_plan"].jobs]
    assert other_recipe() == made["candidates"]["challenger"].recipe


def test_the_champion_of_the_same_recipe_learns_once_more(
    world: Array, second: Made, retraining: Mapping[str, object]
) -> None:
    made = train(world, known=KNOWN + 2, parent=second, retraining=retraining)

    assert ["retrain"] == [job.mode for job in made["training_plan"].jobs]
    assert serving(second).recipe == serving(made).recipe
    for network in networks(made).values():
        assert KNOWN + 2 == network.generations[-1].trained_until
        assert 3 == len(network.generations)
        assert "recursive" == network.generations[-1].facts["warm_start"]


def test_networks_join_a_champion_without_them_as_a_challenger(world: Array, retraining: Mapping[str, object]) -> None:
    plain = train(world, known=KNOWN)
    made = train(world, known=KNOWN + 1, parent=plain, retraining=retraining)

    assert ["update", "retrain"] == [job.mode for job in made["training_plan"].jobs]
    assert RECIPE == made["candidates"]["champion"].recipe
    assert set(NAMES) < set(made["candidates"]["challenger"].members)


def test_a_revision_keeps_what_was_learned_and_reads_the_past_again(world: Array, first: Made) -> None:
    revised = world.copy()
    revised[KNOWN - 2, 0] += 5
    made = train(revised, known=KNOWN + 1, parent=first)

    assert ["recompute"] == [job.mode for job in made["training_plan"].jobs]
    for name, network in networks(made).items():
        assert networks(first)[name].generations == network.generations
        np.testing.assert_array_equal(revised[: KNOWN + 1][-len(network.tail) :], network.tail)


def test_the_same_settings_are_another_cycle_than_a_plain_one(
    world: Array, first: Made, retraining: Mapping[str, object]
) -> None:
    plain = train(world, known=KNOWN)
    options = retraining["params:retrain"]
    longer = replace(options, generations=3)  # type: ignore[type-var]
    again = train(world, known=KNOWN, retraining={**retraining, "params:retrain": longer})

    assert 3 == len({made["cycle"].key for made in (plain, first, again)})


def test_a_statistical_expert_learns_in_the_same_run(world: Array, tmp_path: Path) -> None:
    options = replace(retrain_options(), members=(MemberSettings(kind="auto_theta"),))
    given = {"params:retrain": options, "workshop": FolderWorkshop(folder=tmp_path)}

    made = train(world, known=KNOWN, retraining=given)
    after = train(world, known=KNOWN + 1, parent=made)

    rows = made["backtest"][made["backtest"]["model"] == "auto_theta"]
    assert np.isfinite(rows["y_hat"]).all()
    assert len(rows) == (made["backtest"]["model"] == "combination").sum()
    expert = serving(after).members["auto_theta"]
    generations = [fact["trained_until"] for fact in expert.facts()["generations"]]  # type: ignore[attr-defined]
    assert KNOWN == generations[-1]
    assert np.isfinite(expert.forecast()).all()


def test_a_plan_asks_for_a_lesson_when_members_have_waited_long_enough(world: Array, tmp_path: Path) -> None:
    options = replace(retrain_options(), members=(MemberSettings(kind="auto_theta"),), every=0.25)
    workshop = FolderWorkshop(folder=tmp_path)
    made = train(world, known=KNOWN, retraining={"params:retrain": options, "workshop": workshop})
    given = {"retrain": options, "workshop": workshop}

    plans, lessons, causes = [], [], []
    for known in (KNOWN + 1, KNOWN + 2, KNOWN + 3, KNOWN + 4):
        made = train(world, known=known, parent=made, **given)  # type: ignore[arg-type]
        plans.append(made["training_plan"].jobs[0].mode)
        causes.append(made["training_plan"].cause)
        generations = serving(made).members["auto_theta"].facts()["generations"]
        lessons.append(generations[-1]["trained_until"])  # type: ignore[index]

    assert ["update", "update", "retrain", "update"] == plans
    assert [KNOWN, KNOWN, KNOWN + 3, KNOWN + 3] == lessons
    assert "3 periods since their last lesson, 3 allowed" in causes[2]


def test_settings_of_a_retraining_are_part_of_a_cycle_only_where_its_plan_may_ask_for_one(world: Array) -> None:
    plain, other = (
        train(world, known=KNOWN, retrain=replace(retrain_options(), warm_start=w)) for w in ("none", "weights")
    )
    due, changed = (
        train(world, known=KNOWN, retrain=replace(retrain_options(), every=1, warm_start=w))
        for w in ("none", "weights")
    )

    assert plain["cycle"].key == other["cycle"].key
    assert len({plain["cycle"].key, due["cycle"].key, changed["cycle"].key}) == 3
