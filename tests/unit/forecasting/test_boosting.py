"""Boosted trees on the residuals of the always-on members: what they read, what they gain, what they must not know."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load, save

from expert_worlds import HORIZON, SEASON, a_world
from miniature import a_recipe
from pulse_kedro.forecasting.boosting import Boosted
from pulse_kedro.forecasting.boosting_rows import design, lags_of, scales_of, windows_at
from pulse_kedro.forecasting.experts import PanelDiffers
from pulse_kedro.forecasting.extras import MissingExtra
from pulse_kedro.forecasting.members import create_member, restore_member
from pulse_kedro.forecasting.recipe import MemberOptions, RecipeOptions

TREES = MemberOptions(kind="lightgbm")
NAIVE = MemberOptions(kind="naive")
RIDGE = MemberOptions(kind="seasonal_ridge", look_back=3)


def a_forest(*base: MemberOptions, series: int = 2) -> Boosted:
    recipe = a_recipe((*base, TREES), horizon=HORIZON, season_length=SEASON)
    member = create_member(TREES, recipe, series=series)
    assert isinstance(member, Boosted)
    return member


@pytest.fixture
def lightgbm() -> None:
    pytest.importorskip("lightgbm", reason="the extra `lightgbm` is not installed")


def test_scale_is_the_mean_change_of_the_last_three_seasons() -> None:
    y = np.arange(40.0)[:, None] ** 2

    windows = windows_at(y, [40], 2)

    changes = [t**2 - (t - 2) ** 2 for t in range(34, 40)]
    assert np.mean(changes) == pytest.approx(scales_of(windows, 2)[0, 0])
    assert np.isnan(scales_of(windows_at(np.ones((40, 1)), [40], 2), 2)).all()


def test_a_row_holds_lags_rolling_statistics_base_step_and_phase() -> None:
    y = np.random.default_rng(0).normal(size=(30, 1))
    windows, base = windows_at(y, [29, 30], 2), np.full((2, 3, 1), 5.0)

    rows = design(windows, base, [29, 30], [1, 3], 2)

    scale, centre = scales_of(windows, 2)[1, 0], y[28:30, 0].mean()
    row = rows[1, 1, 0]
    assert ([1, 2, 4, 14], 4 + 3 + 3 + 3) == (lags_of(2), len(row))
    np.testing.assert_allclose((y[[29, 28, 26, 16], 0] - centre) / scale, row[:4])
    np.testing.assert_allclose((y[28:30, 0].mean() - centre) / scale, row[4], atol=1e-12)
    np.testing.assert_allclose((y[26:30, 0].mean() - centre) / scale, row[6])
    np.testing.assert_allclose(np.abs(y[26:30, 0] - centre).mean() / scale, row[9])
    np.testing.assert_allclose([(5 - centre) / scale, 3, (30 + 2) % 2], row[10:])


@pytest.mark.usefixtures("lightgbm")
def test_trees_learn_the_season_that_the_base_misses() -> None:
    rng, t = np.random.default_rng(1), np.arange(160)
    y = np.stack([50 + 8 * (t % 4 == 1) + rng.normal(size=160) for _ in range(3)], axis=1)
    member = a_forest(NAIVE, series=3).learn(y, 120)

    stops = list(range(120, 157))

    actual = np.stack([y[stop : stop + HORIZON] for stop in stops])
    naive = np.stack([np.repeat(y[stop - 1][None], HORIZON, axis=0) for stop in stops])
    assert np.abs(member.recall(y, stops) - actual).mean() < 0.5 * np.abs(naive - actual).mean()


@pytest.mark.usefixtures("lightgbm")
def test_nothing_after_a_stop_changes_what_is_recalled_there() -> None:
    world = a_world(periods=90, known=70)
    other = replace(world, y=np.concatenate([world.y[:75], 100 + world.y[75:]]))

    here = a_forest(NAIVE, RIDGE).learn(world.y, 70).recall(world.y, [60, 70, 75])
    there = a_forest(NAIVE, RIDGE).learn(other.y, 70).recall(other.y, [60, 70, 75, 90])

    assert [True, False, False] == np.isnan(here).all(axis=(1, 2)).tolist()
    np.testing.assert_array_equal(here, there[:3])


@pytest.mark.usefixtures("lightgbm")
def test_a_stored_forest_goes_on_and_forecasts_what_it_recalls() -> None:
    world = a_world(periods=90, known=70, gaps=0.05)
    member = a_forest(NAIVE, RIDGE).learn(world.y, 70).update(world.y[:80], "")
    facts, arrays = json.dumps(member.facts(), allow_nan=False), save(dict(member.arrays()))

    stored = restore_member(json.loads(facts), load(arrays))

    recalled = member.recall(world.y, [80, 90])
    np.testing.assert_array_equal(member.forecast(), stored.forecast())
    np.testing.assert_allclose(recalled[0], stored.forecast(), rtol=1e-8)
    np.testing.assert_allclose(recalled[1], stored.update(world.y[80:], "").forecast(), rtol=1e-8)


@pytest.mark.usefixtures("lightgbm")
def test_series_come_and_go_and_the_trees_are_shared() -> None:
    world = a_world(periods=90, known=70, series=3)
    member = a_forest(NAIVE, series=3).learn(world.y, 70).update(world.y, "")

    moved = member.align([2, -1, 0])

    np.testing.assert_array_equal(member.forecast()[:, [2, 0]], moved.forecast()[:, [0, 2]])
    assert np.isnan(moved.forecast()[:, 1]).all()
    assert member.generations == moved.generations


@pytest.mark.usefixtures("lightgbm")
def test_too_few_rows_teach_nothing_and_the_member_abstains() -> None:
    world = a_world(periods=20)

    assert np.isnan(a_forest(NAIVE).learn(world.y, 6).recall(world.y, [20])).all()


def test_a_panel_that_is_not_its_own_is_refused() -> None:
    with pytest.raises(PanelDiffers, match="Learning lightgbm from 30 periods failed"):
        a_forest(NAIVE).learn(np.ones((10, 2)), 30)


def test_trees_without_their_package_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)

    with pytest.raises(MissingExtra, match=r"no package 'lightgbm', .* `pip install 'pulse_kedro\[lightgbm\]'`"):
        a_forest(NAIVE).learn(a_world(periods=90).y, 70)


def test_trees_need_something_to_correct() -> None:
    with pytest.raises(ValueError, match="corrects baselines and ridges, and the recipe has none"):
        a_recipe((TREES,), horizon=HORIZON, season_length=SEASON)


def test_the_base_is_what_every_period_teaches() -> None:
    recipe: RecipeOptions = a_recipe((NAIVE, MemberOptions(kind="mfles"), RIDGE, TREES), horizon=2, season_length=4)

    assert (NAIVE, RIDGE) == recipe.always_on
    assert ["naive", "seasonal_ridge_3"] == list(create_member(TREES, recipe, series=1).base)  # type: ignore[attr-defined]
