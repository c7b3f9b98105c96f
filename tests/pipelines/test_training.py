"""The training room with the real runner: bootstrap, exact update, revision, challenger, and data that misbehave."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from miniature import scale_of, waves
from pulse_kedro.datasets.registry_dataset import LostChampion
from pulse_kedro.domain.backtesting import HistoryTooShort
from pulse_kedro.domain.data_management.schemas import BacktestContract, FoldsContract
from pulse_kedro.domain.panel import QUANTILE_COLUMNS, Array, content_hash
from pulse_kedro.domain.training.succession import Trial
from pulse_kedro.domain.training.triggers import FrequencyChanged
from pulse_kedro.forecasting.bundle import Bundle
from pulse_kedro.forecasting.choice import Choice
from pulse_kedro.forecasting.ridge import Ridge
from pulse_kedro.forecasting.sizing import ReplayTooLarge
from pulse_kedro.pipelines.training import create_pipeline
from pulse_kedro.pipelines.training.nodes import with_predecessor
from training_room import BACKTEST, RECIPE, Made, month, other_recipe, serving, train
from training_world import GAP, KNOWN, MODELS


def assert_equal_states(expected: Bundle, got: Bundle) -> None:
    assert expected.ids == got.ids
    for name, member in expected.members.items():
        other = got.members[name]
        np.testing.assert_array_equal(member.arrays()["tail"], other.arrays()["tail"])
        if isinstance(member, Ridge):
            assert member.facts()["n"] == other.facts()["n"]
            for part in ("xx", "xy", "yy"):
                values = member.arrays()[part]
                tolerance = 1e-10 * np.abs(values).max()
                np.testing.assert_allclose(values, other.arrays()[part], rtol=0, atol=tolerance)


def test_the_room_reads_a_panel_and_the_champion_and_makes_bundles_and_their_backtest() -> None:
    room = create_pipeline()

    assert {
        "period",
        "snapshot",
        "panel",
        "series",
        "features",
        "feature_set",
        "champion",
        "history",
        "code_version",
        "params:recipe",
        "params:backtest",
        "params:compute",
        "params:promotion",
        "params:retrain",
        "params:quality",
        "params:cleaning",
        "workshop",
    } == room.inputs()
    made = {"candidates", "backtest", "open_windows", "cutoff_losses", "regret", "failures", "step_errors"}
    assert made == room.outputs()
    assert all(node.name.startswith("training.") for node in room.nodes)


def test_the_first_cycle_makes_a_sound_challenger(first: Made) -> None:
    bundle = first["candidates"]["challenger"]

    assert ["challenger"] == list(first["candidates"])
    assert [] == bundle.problems()
    assert ("bootstrap", None, RECIPE) == (first["training_plan"].action, bundle.parent, bundle.recipe)
    assert (month(KNOWN), content_hash(first["panel"])) == (bundle.known_until, bundle.panel_digest)
    assert first["snapshot"].id == bundle.snapshot == first["cycle"].snapshot
    assert 36 == bundle.calibration_cutoffs


def test_frames_keep_what_they_promise_to_other_rooms(first: Made, second: Made) -> None:
    for made in (first, second):
        assert made["folds"] is FoldsContract().validate(made["folds"])
        assert made["backtest"] is BacktestContract().validate(made["backtest"])


def test_the_backtest_has_every_model_at_every_evaluated_cutoff(first: Made) -> None:
    backtest, folds = first["backtest"], first["folds"]
    evaluated = folds.loc[folds["purpose"] == "evaluation", "cutoff"]

    assert set(evaluated) == set(backtest["cutoff"])
    # Eight of the evaluated cutoffs wait for the month without a value, which is never scored.
    assert dict.fromkeys(MODELS, 24 * 12 * 6 - 8) == backtest["model"].value_counts().to_dict()
    assert {RECIPE.digest[:12]} == set(backtest["recipe"])


def test_a_row_of_the_backtest_is_a_forecast_made_at_its_cutoff(first: Made, world: Array) -> None:
    backtest = first["backtest"]
    naive = backtest[backtest["model"] == "naive"]
    position = {month(number): number - 1 for number in range(1, 181)}
    column = naive["unique_id"].astype(str).str[1:].astype(int)

    np.testing.assert_array_equal(world[naive["ds"].map(position), column], naive["y"])
    known = pd.DataFrame(world).ffill().to_numpy()
    np.testing.assert_array_equal(known[naive["cutoff"].map(position), column], naive["y_hat"])
    assert (naive["ds"].map(position) - naive["cutoff"].map(position)).tolist() == naive["step"].tolist()


def test_errors_are_scaled_by_what_was_known_at_the_cutoff_also_in_a_gap(first: Made, world: Array) -> None:
    backtest = first["backtest"]
    row = backtest["cutoff"].map({month(number): number - 1 for number in range(1, 181)})
    column = backtest["unique_id"].astype(str).str[1:].astype(int)

    assert GAP in set(row[column == 3])
    np.testing.assert_allclose(scale_of(world)[row, column], backtest["scale"])


def test_only_the_combination_has_quantiles_and_they_rise(first: Made) -> None:
    combined = first["backtest"]["model"] == "combination"
    quantiles = first["backtest"][list(QUANTILE_COLUMNS)]

    assert quantiles[~combined].isna().all(axis=None)
    assert (np.diff(quantiles[combined], axis=1) >= 0).all()


def test_a_loss_is_the_mean_scaled_error_of_the_combination(first: Made) -> None:
    backtest, losses = first["backtest"], first["cutoff_losses"].set_index("cutoff")["loss"]
    combined = backtest[backtest["model"] == "combination"]
    errors = (combined["y"] - combined["y_hat"]).abs() / combined["scale"]
    by_series = errors.groupby([combined["cutoff"], combined["unique_id"].astype(str)]).mean()

    expected = by_series.groupby("cutoff").mean()

    np.testing.assert_allclose(expected, losses[expected.index])


def test_losses_begin_after_the_burn_in_and_end_with_the_last_resolved_cutoff(first: Made) -> None:
    folds, losses = first["folds"], first["cutoff_losses"]
    expected = folds.loc[folds["purpose"].isin(["calibration", "evaluation"]), "cutoff"]

    assert expected.tolist() == losses["cutoff"].tolist()
    assert {6} == set(losses["n_series"])


def test_regret_is_the_summed_loss_beside_that_of_the_others(first: Made) -> None:
    regret, losses = first["regret"], first["cutoff_losses"]
    behind = regret["loss"].cumsum() - regret["median_loss"].cumsum()

    assert losses["cutoff"].tolist() == regret["cutoff"].tolist()
    np.testing.assert_allclose(losses["loss"], regret["loss"])
    np.testing.assert_allclose(behind, regret["regret_to_median"])
    assert set(regret["best_member"]) <= {member.name for member in first["recipe"].members}


def test_the_best_member_is_the_one_with_the_smallest_summed_error(first: Made) -> None:
    regret, backtest = first["regret"], first["backtest"]
    assert (regret["regret_to_best"].diff().dropna() - (regret["loss"] - regret["best_loss"]).iloc[1:]).max() < 1
    rows = backtest[backtest["model"].astype(str) == regret["best_member"].iloc[-1]]
    last = rows[rows["cutoff"] == regret["cutoff"].iloc[-1]]
    by_series = ((last["y"] - last["y_hat"]).abs() / last["scale"]).groupby(last["unique_id"].astype(str)).mean()

    assert by_series.mean() == pytest.approx(regret["best_loss"].iloc[-1])


def test_the_same_cycle_gives_the_same_bundle(first: Made, world: Array) -> None:
    again = train(world, known=KNOWN)

    assert (first["cycle"], serving(first).digest) == (again["cycle"], serving(again).digest)


def test_an_update_equals_one_pass_over_everything(second: Made, world: Array) -> None:
    third = train(world, known=KNOWN + 5, parent=second)

    champion, fresh = third["candidates"]["champion"], serving(train(world, known=KNOWN + 5))
    assert_equal_states(fresh, champion)
    size = np.nanmax(np.abs(world), axis=0)
    assert (np.abs(fresh.points() - champion.points()) <= 1e-8 * size).all()
    assert [] == champion.problems()


def test_an_update_is_the_next_revision_of_the_champion(first: Made, second: Made) -> None:
    champion = second["candidates"]["champion"]

    assert ["champion"] == list(second["candidates"])
    assert ("update", "1 new period with 6 observations") == (
        second["training_plan"].action,
        second["training_plan"].cause,
    )
    assert (serving(first).digest, RECIPE) == (champion.parent, champion.recipe)
    assert month(KNOWN + 1) == champion.known_until


def test_a_revised_value_is_learned_anew_and_the_plan_says_why(first: Made, world: Array) -> None:
    revised = world.copy()
    revised[100, 2] *= 1.01

    made = train(revised, known=KNOWN + 1, parent=first)

    champion = made["candidates"]["champion"]
    assert ["recompute"] == [job.mode for job in made["training_plan"].jobs]
    assert "revision: values up to 2014-12-01 changed" in made["training_plan"].cause
    assert_equal_states(serving(train(revised, known=KNOWN + 1)), champion)
    assert (serving(first).digest, []) == (champion.parent, champion.problems())


def test_a_month_in_which_nobody_reports_passes(first: Made, world: Array) -> None:
    silent = world.copy()
    silent[KNOWN] = np.nan

    made = train(silent, known=KNOWN + 1, parent=first)

    champion = made["candidates"]["champion"]
    assert "nothing" == made["training_plan"].action
    assert (month(KNOWN + 1), []) == (champion.known_until, champion.problems())
    assert 6 * 12 == len(champion.forecast())


def test_another_recipe_makes_a_challenger_beside_the_champion(first: Made, world: Array) -> None:
    made = train(world, known=KNOWN + 1, parent=first, recipe=other_recipe())

    champion, challenger = made["candidates"]["champion"], made["candidates"]["challenger"]
    digests = {RECIPE.digest[:12], other_recipe().digest[:12]}
    assert (RECIPE, other_recipe()) == (champion.recipe, challenger.recipe)
    assert (serving(first).digest, None) == (champion.parent, challenger.parent)
    assert digests == set(made["backtest"]["recipe"]) == set(made["cutoff_losses"]["recipe"])
    assert made["backtest"] is BacktestContract().validate(made["backtest"])
    assert [[], []] == [champion.problems(), challenger.problems()]


def test_a_former_champion_is_kept_up_to_date_beside_its_successor(first: Made, world: Array) -> None:
    contested = train(world, known=KNOWN + 1, parent=first, recipe=other_recipe())
    made = train(world, known=KNOWN + 2, parent=contested, recipe=other_recipe(), promoted=True)
    former, alone = contested["candidates"]["champion"], train(world, known=KNOWN + 2, parent=first)

    champion, predecessor = made["candidates"]["champion"], made["candidates"]["predecessor"]
    assert (other_recipe(), RECIPE, former.digest) == (champion.recipe, predecessor.recipe, predecessor.parent)
    assert_equal_states(serving(alone), predecessor)
    assert "while its successor is on probation (1 new period" in made["training_plan"].cause
    assert {RECIPE.digest[:12], other_recipe().digest[:12]} == set(made["step_errors"]["recipe"])

    back = train(world, known=KNOWN + 2, parent=contested, promoted=True)  # conf/ asks for the former recipe again
    assert {"champion", "challenger"} == set(back["candidates"])


def test_a_probation_ends_where_the_former_bundle_cannot_be_read(first: Made, caplog: pytest.LogCaptureFixture) -> None:
    problem = LostChampion("c1", "2018-12-01", "a bundle of another hash")

    def lost() -> Bundle:
        raise problem

    trial = Trial(since=month(KNOWN), recipe="b", predecessor="a", basis="d" * 64)

    plan = with_predecessor(first["training_plan"], trial, {trial.basis: lost}, first["panel"])

    assert first["training_plan"] == plan
    assert f"the probation ends: bundle {'d' * 12} of the former champion cannot be read" in caplog.text


@pytest.mark.parametrize("horizon", [6, 18])
def test_a_recipe_of_another_horizon_is_backtested_on_the_same_cutoffs(first: Made, world: Array, horizon: int) -> None:
    made = train(world, known=KNOWN + 1, parent=first, recipe=replace(RECIPE, horizon=horizon))

    steps = made["backtest"].groupby("recipe", observed=True)["step"].max()
    cutoffs = made["backtest"].groupby("recipe", observed=True)["cutoff"].agg(["min", "max"])
    assert {12, horizon} == set(steps)
    assert 1 == len(cutoffs.drop_duplicates())
    assert [[], []] == [bundle.problems() for bundle in made["candidates"].values()]


def test_a_series_that_appears_gets_forecasts_when_it_is_long_enough(world: Array) -> None:
    y = world.copy()
    y[: KNOWN + 1, 5] = np.nan
    before = train(y, known=KNOWN)
    short = train(y, known=KNOWN + 2, parent=before)
    long = train(y, known=180, parent=short)
    longer = train(np.vstack([y, y[-12:] * 1.02]), known=186, parent=long)

    assert "s5" not in serving(before).ids
    for made, served in ((short, False), (longer, True)):
        forecast = serving(made).forecast()
        assert "update" == made["training_plan"].action
        assert served == ("s5" in set(forecast["unique_id"]))
        assert np.isfinite(forecast.select_dtypes("number")).all(axis=None)
        assert [] == serving(made).problems()


def test_a_young_series_is_forecast_also_when_the_leaders_need_a_longer_past(world: Array) -> None:
    y = world.copy()
    y[: KNOWN - 14, 5] = np.nan

    bundle = serving(train(y, known=KNOWN))
    leader = Choice(name="best member", rule="median", weights=np.eye(len(RECIPE.members))[-1])

    assert np.isnan(bundle.members["level_ridge_24"].forecast()[:, 5]).all()
    assert np.isfinite(replace(bundle, choice=leader).points()).all()
    assert [] == bundle.problems()


@pytest.fixture(scope="module")
def strange() -> Made:
    """Six ordinary series and one of each kind that makes trouble."""
    y = np.concatenate([waves(0, periods=KNOWN, series=6), np.full((KNOWN, 5), np.nan)], axis=1)
    y[-3:, 6] = [1.0, 2.0, 3.0]
    y[:, 7] = 42.0
    y[:, 8] = waves(1, periods=KNOWN, series=1)[:, 0]
    y[120:132, 8] = np.nan
    y[:140, 9] = waves(2, periods=140, series=1)[:, 0]
    y[:, 10] = np.linspace(10, 20, KNOWN)
    return train(y, known=KNOWN)


def test_every_living_series_is_forecast_and_no_other(strange: Made) -> None:
    forecast = serving(strange).forecast()

    assert {"s6": "short", "s9": "ended"} == (
        strange["series"].set_index("unique_id")["status"].loc[lambda status: status != "alive"].to_dict()
    )
    assert {f"s{number}" for number in (0, 1, 2, 3, 4, 5, 7, 8, 10)} == set(forecast["unique_id"])
    assert {12} == set(forecast.groupby("unique_id").size())
    assert np.isfinite(forecast.select_dtypes("number")).all(axis=None)
    assert [] == serving(strange).problems()


def test_a_constant_series_is_continued_without_doubt(strange: Made) -> None:
    forecast = serving(strange).forecast().set_index("unique_id").loc["s7", ["y_hat", *QUANTILE_COLUMNS]]

    np.testing.assert_allclose(forecast, 42.0)


def test_a_straight_line_is_continued_upwards(strange: Made) -> None:
    forecast = serving(strange).forecast().set_index("unique_id").loc["s10", "y_hat"]

    assert (forecast > 19.9).all()
    assert forecast.iloc[-1] > 20


def test_strange_series_do_not_disturb_the_tables(strange: Made) -> None:
    assert strange["backtest"] is BacktestContract().validate(strange["backtest"])
    assert np.isfinite(strange["cutoff_losses"]["loss"]).all()


def test_a_panel_of_constants_is_continued() -> None:
    y = np.tile([1.0, 20.0, 300.0], (KNOWN, 1))

    made = train(y, known=KNOWN)

    forecast = serving(made).forecast()
    np.testing.assert_array_equal(np.repeat([1.0, 20.0, 300.0], 12), forecast["y_hat"])
    np.testing.assert_array_equal(forecast["y_hat"], forecast["q975"])
    assert [] == serving(made).problems()
    assert made["backtest"] is BacktestContract().validate(made["backtest"])


def test_a_history_without_room_for_a_backtest_is_refused() -> None:
    with pytest.raises(HistoryTooShort, match="got 51 periods, expected at least 52"):
        train(waves(0, periods=51, series=2), known=51)


def test_a_backtest_that_takes_too_much_memory_is_refused_before_anything_is_learned(
    world: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[str] = []
    monkeypatch.setattr(Ridge, "update", lambda self, *_: learned.append(self.name))
    with pytest.raises(ReplayTooLarge, match=r"expected at most 0\.001 GB"):
        train(world, known=KNOWN, backtest=replace(BACKTEST, max_gigabytes=0.001))
    assert learned == []


def test_the_shortest_history_still_gives_finite_forecasts() -> None:
    made = train(waves(0, periods=52, series=2), known=52)

    assert [] == serving(made).problems()
    assert {"burn_in": 0, "calibration": 3, "evaluation": 1, "open": 12} == (
        pd.Series(0, ["burn_in"]).add(made["folds"]["purpose"].value_counts(), fill_value=0).astype(int).to_dict()
    )


def test_interval_of_the_backtest_table_never_loses_its_edge() -> None:
    from pulse_kedro.pipelines.training.tables import _outwards

    exact = np.array([0.1, 1e9 + 0.1, -0.3])

    lower, upper = (_outwards(exact, upwards=upwards) for upwards in (False, True))

    assert (lower.astype(float) <= exact).all()
    assert (exact <= upper.astype(float)).all()


def test_a_champion_is_not_updated_with_data_of_another_frequency(first: Made, world: Array) -> None:
    weekly = replace(serving(first), frequency="weekly")

    with pytest.raises(FrequencyChanged, match=r"got data of frequency 'monthly', expected 'weekly'.*source.frequency"):
        train(world, known=KNOWN + 1, parent=first | {"candidates": {"challenger": weekly}})
