"""Boosted trees that read features: a planted driver helps, a placebo does not, and nothing else changes."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from safetensors.numpy import load, save

from bundles import a_bundle
from expert_worlds import HORIZON, SEASON, a_world
from feature_samples import steps
from miniature import a_recipe
from pulse_kedro.domain.data_management.features.definition import UnknownColumn, UnknownStep
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.boosting import Boosted
from pulse_kedro.forecasting.boosting_features import StepNeedsDates
from pulse_kedro.forecasting.bundle_files import load_bundle, save_bundle, seal
from pulse_kedro.forecasting.members import create_member, restore_member
from pulse_kedro.forecasting.recipe import MemberOptions, RecipeOptions, recipe_from_dict

NAIVE, PLAIN = MemberOptions(kind="naive"), MemberOptions(kind="lightgbm")
NEIGHBOURS = steps(
    {"type": "graph", "enabled": True, "neighbours": 1, "correlation": 0.0},
    {"type": "indicators", "columns": ["y_neighbours"], "of": ["slope"], "window": 2},
)
"""The newest change of the series that moved most alike; somebody is chosen even where nobody moved alike."""
CHAIN = steps(
    {"type": "impute"},
    {"type": "scale", "columns": ["y_filled"]},
    {"type": "rolling", "columns": ["y_filled_scaled"], "windows": [9], "statistics": ["mean", "sd"]},
    {"type": "graph", "enabled": True, "columns": ["y_filled_scaled"], "neighbours": 2, "correlation": 0.0},
)
lightgbm = pytest.importorskip("lightgbm", reason="the extra `lightgbm` is not installed")


def a_forest(given: tuple[object, ...] | None, *, series: int, season: int = SEASON) -> Boosted:
    options = MemberOptions(kind="lightgbm", features=given)  # type: ignore[arg-type]
    recipe = a_recipe((NAIVE, options), horizon=HORIZON, season_length=season)
    member = create_member(options, recipe, series=series)
    assert isinstance(member, Boosted)
    return member


def leaders_and_followers(*, planted: bool) -> Array:
    """Eight leaders whose persistent changes eight others repeat one period later, or changes of nobody."""
    rng, moves = np.random.default_rng(5), np.zeros((260, 8))
    for row in range(1, 260):
        moves[row] = 0.7 * moves[row - 1] + rng.normal(size=8)
    led = np.concatenate([np.zeros((1, 8)), moves[:-1]]) + 0.3 * rng.normal(size=moves.shape)
    followers = led if planted else led[::-1]
    return np.asarray(100 + np.concatenate([moves, followers], axis=1).cumsum(axis=0))


def error_of_followers(given: tuple[object, ...] | None, y: Array) -> float:
    """Mean absolute error one step ahead, after 200 periods were learned from."""
    stops = list(range(200, 240))
    points = a_forest(given, series=16).learn(y, 200).recall(y, stops)[:, 0, 8:]
    return float(np.abs(points - y[stops, 8:]).mean())


@pytest.mark.slow
def test_a_planted_driver_helps_and_a_placebo_does_not() -> None:
    real, placebo = leaders_and_followers(planted=True), leaders_and_followers(planted=False)

    gain = error_of_followers(NEIGHBOURS, real) / error_of_followers(None, real)
    luck = error_of_followers(NEIGHBOURS, placebo) / error_of_followers(None, placebo)

    assert gain < 0.7
    assert 0.9 < luck < 1.1


def test_nothing_after_a_stop_changes_what_is_recalled_there() -> None:
    y = a_world(periods=90, known=70, series=3, gaps=0.05).y
    other = np.concatenate([y[:75], 100 + y[75:]])

    here = a_forest(CHAIN, series=3).learn(y, 70).recall(y, [60, 70, 75])
    there = a_forest(CHAIN, series=3).learn(other, 70).recall(other, [60, 70, 75, 90])

    assert [True, False, False] == np.isnan(here).all(axis=(1, 2)).tolist()
    np.testing.assert_array_equal(here, there[:3])


def test_a_stored_forest_forecasts_what_it_recalls() -> None:
    y = a_world(periods=90, known=70, series=3, gaps=0.05).y
    member = a_forest(CHAIN, series=3).learn(y, 60).learn(y, 70).update(y[:80], "")
    facts, arrays = json.dumps(member.facts(), allow_nan=False), save(dict(member.arrays()))

    stored = restore_member(json.loads(facts), load(arrays))

    assert "lightgbm_features" == member.name == stored.name
    np.testing.assert_array_equal(member.forecast(), stored.forecast())
    np.testing.assert_allclose(member.recall(y, [80])[0], stored.forecast(), rtol=1e-8)
    np.testing.assert_allclose(member.recall(y, [90])[0], stored.update(y[80:], "").forecast(), rtol=1e-8)


def test_series_keep_what_was_learned_for_them_when_columns_move() -> None:
    y = a_world(periods=90, known=70, series=4).y
    member = a_forest(CHAIN, series=4).learn(y, 70).update(y, "")

    moved = member.align([2, 3, -1, 0, 1])
    back = moved.align([3, 4, 0, 1]).align([0, 1, 2, 3])

    np.testing.assert_array_equal(member.forecast()[:, [2, 3, 0, 1]], moved.forecast()[:, [0, 1, 3, 4]])
    np.testing.assert_array_equal(member.forecast(), back.forecast())
    assert "4" == moved.names[2]
    later = moved.align([0, 1]).learn(y[:, :2], 80).align([0, 1, -1])
    assert later.names[2] not in {"0", "1", "2", "3"}  # nobody inherits what was learned for somebody else


def test_a_member_without_features_is_what_it_was() -> None:
    assert {"kind": "lightgbm", "look_back": None} == PLAIN.as_dict()
    assert PLAIN.as_dict() == MemberOptions(kind="lightgbm", features=steps({"type": "graph"})).as_dict()
    assert "lightgbm" == MemberOptions(kind="lightgbm", features=steps({"type": "graph"})).name


def test_steps_are_part_of_the_recipe_and_its_digest() -> None:
    recipe: RecipeOptions = a_recipe(
        (NAIVE, PLAIN, MemberOptions(kind="lightgbm", features=CHAIN)), horizon=2, season_length=4
    )

    again = recipe_from_dict(json.loads(json.dumps(recipe.as_dict())))

    assert ["naive", "lightgbm", "lightgbm_features"] == [member.name for member in again.members]
    assert (CHAIN, recipe.digest) == (again.members[2].features, again.digest)
    assert recipe.digest != a_recipe((NAIVE, PLAIN), horizon=2, season_length=4).digest


def test_steps_that_need_dates_or_columns_that_are_not_there_are_refused() -> None:
    with pytest.raises(StepNeedsDates, match=r"type 'calendar' for member 'lightgbm', .* gets no dates"):
        MemberOptions(kind="lightgbm", features=steps({"type": "calendar", "fields": ["month"]}))
    with pytest.raises(UnknownColumn, match="got column 'z'"):
        MemberOptions(kind="lightgbm", features=steps({"type": "lags", "columns": ["z"], "lags": [1]}))
    with pytest.raises(UnknownStep, match="Did you mean 'lags'"):
        MemberOptions(kind="lightgbm", features=({"type": "lag", "lags": [1]},))  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="member 'naive' takes no features"):
        MemberOptions(kind="naive", features=CHAIN)
    error = StepNeedsDates("lightgbm", "calendar")
    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301  # our own bytes


def test_it_travels_in_a_bundle_under_its_own_name(tmp_path: Path) -> None:
    y = a_world(periods=90, known=70, series=3).y
    member = a_forest(CHAIN, series=3).learn(y, 70).update(y, "")
    bundle = seal(replace(a_bundle(), members={member.name: member}))

    save_bundle(bundle, tmp_path / bundle.digest)

    stored = load_bundle(tmp_path / bundle.digest)
    assert ["lightgbm_features"] == list(stored.members)
    np.testing.assert_array_equal(member.forecast(), stored.members["lightgbm_features"].forecast())
    assert bundle.digest == seal(stored).digest
