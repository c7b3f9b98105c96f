"""What settings beyond the defaults add to the training room: groups, drift, quantiles of members, features."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.data_management.schemas import BacktestContract
from pulse_kedro.domain.panel import QUANTILE_COLUMNS, Array
from pulse_kedro.forecasting.bundle_files import load_bundle, save_bundle
from pulse_kedro.forecasting.choice import ByGroup
from pulse_kedro.forecasting.grouping import UnknownGroups
from training_room import BACKTEST, RECIPE, Made, month, other_recipe, serving, train
from training_world import KNOWN, MODELS


def test_groups_and_found_drift_reach_the_bundle_that_serves(world: Array, tmp_path: Path) -> None:
    combination = replace(RECIPE.combination, groups="region", candidates=("median", "best"))
    intervals = replace(RECIPE.intervals, groups="phase", drift_reset=True)
    recipe = replace(RECIPE, combination=combination, intervals=intervals)

    made = train(world, known=KNOWN, recipe=recipe, regions={f"s{place}": "ab"[place % 2] for place in range(6)})

    bundle = serving(made)
    loaded = load_bundle(tmp_path / save_bundle(bundle, tmp_path / bundle.digest))
    assert isinstance(loaded.choice, ByGroup)
    assert [0, 1, 0, 1, 0, 1] == loaded.choice.of.tolist()
    assert [] == loaded.problems()
    pd.testing.assert_frame_equal(bundle.forecast(), loaded.forecast())
    widths = loaded.spread[..., -1] - loaded.spread[..., 0]
    assert (np.diff(widths, axis=0) >= -1e-9).all()


def test_groups_by_a_column_that_the_source_lacks_are_refused(world: Array) -> None:
    recipe = replace(RECIPE, intervals=replace(RECIPE.intervals, groups="regoin"))

    with pytest.raises(UnknownGroups, match=r"recipe\.intervals\.groups: regoin.*Did you mean 'region'\?"):
        train(world, known=KNOWN, recipe=recipe, regions={"s0": "a"})


def test_members_have_quantiles_of_their_own_errors_where_the_settings_ask(first: Made, world: Array) -> None:
    made = train(world, known=KNOWN, backtest=replace(BACKTEST, member_quantiles=True))

    rows, plain = made["backtest"], first["backtest"]
    assert rows is BacktestContract().validate(rows)
    together = plain["model"].eq("combination")
    assert plain.loc[~together, list(QUANTILE_COLUMNS)].isna().all(axis=None)
    pd.testing.assert_frame_equal(plain[together], rows[together])
    pd.testing.assert_frame_equal(plain.iloc[:, :11], rows.iloc[:, :11])
    assert set(MODELS) == set(rows.loc[rows["q500"].notna(), "model"])
    inside = rows["y"].between(rows["q100"], rows["q900"]).groupby(rows["model"], observed=True).mean()
    assert inside.between(0.6, 0.95).all(), "about 80 %"


def test_quantiles_of_members_know_no_outcome_that_came_later(world: Array) -> None:
    y = world.copy()
    y[160:KNOWN] *= 5
    asked = replace(BACKTEST, member_quantiles=True)

    told, untold = (train(values, known=KNOWN, backtest=asked)["backtest"] for values in (world, y))

    early = told["cutoff"] < month(160)
    before = told["cutoff"].le(month(147)).to_numpy()
    assert early.sum() > before.sum() > 0
    key = ["model", "unique_id", "cutoff", "step"]
    one, other = (rows.set_index(key).loc[before, list(QUANTILE_COLUMNS)] for rows in (told, untold))
    pd.testing.assert_frame_equal(one, other)


def test_every_forecast_says_what_made_it_from_which_data(first: Made, second: Made, world: Array) -> None:
    one, other = first["backtest"], second["backtest"]
    challenger = train(world, known=KNOWN + 1, parent=first, recipe=other_recipe())["backtest"]

    assert {first["cycle"].snapshot} == set(one["snapshot"])
    digests = dict(zip(one["model"], one["model_digest"], strict=True))
    assert len(MODELS) == len(set(digests.values()))
    assert digests == dict(zip(other["model"], other["model_digest"], strict=True)), "settings did not change"
    theirs = challenger[challenger["recipe"] == other_recipe().digest[:12]]
    changed = dict(zip(theirs["model"], theirs["model_digest"], strict=True))
    assert {"combination"} == {name for name in changed if changed[name] != digests[name]}


def test_a_forecast_that_a_member_did_not_make_is_a_row_with_its_reason(world: Array) -> None:
    y = world.copy()
    y[: KNOWN - 40, 5] = np.nan

    made = train(y, known=KNOWN)

    rows, failures = made["backtest"], made["failures"]
    assert failures["reason"].str.contains("too few values").all()
    young = failures[failures["unique_id"].eq("s5") & failures["model"].eq("level_ridge_24")]
    assert len(young)
    served = rows[rows["unique_id"].eq("s5") & rows["model"].eq("level_ridge_24")]
    assert not set(young["cutoff"]) & set(served["cutoff"])
    cutoffs = rows.loc[rows["unique_id"].eq("s5") & rows["model"].eq("combination"), "cutoff"]
    assert set(cutoffs) <= set(young["cutoff"]) | set(served["cutoff"])


def test_configured_feature_steps_travel_in_the_bundle_and_change_no_forecast(world: Array, first: Made) -> None:
    steps: list[dict[str, object]] = [{"type": "scale"}, {"type": "lags", "columns": ["y_scaled"], "lags": [1]}]

    made = train(world, known=KNOWN, feature_steps=steps)

    plain, rich = first["candidates"]["challenger"], made["candidates"]["challenger"]
    assert plain.features is None
    assert ("y_scaled", "y_flat", "y_scaled_lag1") == rich.features.names
    np.testing.assert_array_equal(plain.points(), rich.points())
    assert plain.recipe_digest == rich.recipe_digest
