"""Statistical experts by example: equal to statsforecast called directly; what fails is served and recorded."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from expert_worlds import CASES, FAMILY, HORIZON, SEASON, a_world, an_expert
from miniature import a_matrix, a_recipe, scale_of
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.backtest import replay
from pulse_kedro.forecasting.expert_models import (
    FOURIER_PAIRS,
    MODELS,
    Fitted,
    Sizes,
    fit_series,
    forward_series,
    fourier_terms,
)
from pulse_kedro.forecasting.experts import LONGEST, USUAL_LONGEST, PanelDiffers
from pulse_kedro.forecasting.members import create_member, learned_members, place
from pulse_kedro.forecasting.recipe import MemberOptions
from pulse_kedro.forecasting.spread import ComputeOptions

every_expert = pytest.mark.parametrize("options", CASES)
SEASONAL_ARIMA = pytest.param(MemberOptions(kind="auto_arima"), marks=pytest.mark.slow, id="seasonal auto_arima")


def peer(options: MemberOptions) -> Any:  # noqa: ANN401  # statsforecast has no type for a model
    """The model that an expert should equal, made by hand."""
    from statsforecast import models

    season = options.periods[0] if options.periods else SEASON

    return {
        "auto_ets": lambda: models.AutoETS(season_length=season),
        "auto_theta": lambda: models.DynamicOptimizedTheta(season_length=season),
        "auto_ces": lambda: models.AutoCES(season_length=season),
        "mfles": lambda: models.MFLES(season_length=season),
        "auto_arima": lambda: models.AutoARIMA(season_length=season, approximation=False),
    }[options.kind]()


def long_table(y: Array) -> pd.DataFrame:
    times = pd.date_range("2001-01-01", periods=len(y), freq="MS")
    return pd.concat(
        [pd.DataFrame({"unique_id": f"s{column}", "ds": times, "y": y[:, column]}) for column in range(y.shape[1])]
    )


@pytest.mark.parametrize("options", [*(case for case in CASES if case.id != "auto_arima"), SEASONAL_ARIMA])
def test_an_expert_equals_statsforecast_called_directly(options: MemberOptions) -> None:
    from statsforecast import StatsForecast

    world = a_world()
    table = long_table(world.y[: world.known])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # statsforecast warns of models that its own search tries and rejects
        direct = StatsForecast(models=[peer(options)], freq="MS").forecast(df=table, h=HORIZON)

    points = world.learned(options).forecast()

    expected = direct.iloc[:, -1].to_numpy().reshape(2, HORIZON).T
    np.testing.assert_allclose(expected, points, rtol=1e-9)


@pytest.mark.parametrize(
    "options", [*(case for case in CASES if case.id not in ("mfles", "auto_arima")), SEASONAL_ARIMA]
)
def test_moving_on_equals_the_forward_of_statsforecast(options: MemberOptions) -> None:
    world = a_world()
    expected = np.full((HORIZON, 2), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # statsforecast warns of models that its own search tries and rejects
        for column in range(2):
            model = peer(options).fit(world.y[: world.known, column])
            expected[:, column] = model.forward(world.y[:, column], HORIZON)["mean"]

    points = world.learned(options).update(world.y[world.known :], "").forecast()

    np.testing.assert_array_equal(expected, points)


def test_mfles_moves_its_level_by_the_smoothed_deviations_from_its_path() -> None:
    y = a_world().y[:, 0]
    sizes = Sizes(horizon=2, periods=(SEASON,))
    fitted = fit_series("mfles", y[:32], sizes)
    path = forward_series("mfles", fitted, y[:32], replace(sizes, horizon=4))

    moved = forward_series("mfles", fitted, y[:34], sizes)

    first, second = np.log(y[32:34]) - np.log(path[:2])
    shift = np.mean([a * second + a * (1 - a) * first for a in np.arange(0.05, 1.0, 0.05)])
    np.testing.assert_allclose(path[2:] * np.exp(shift), moved, rtol=1e-12)


def test_mfles_leaves_its_level_at_a_value_without_logarithm() -> None:
    y = a_world().y[:, 0]
    sizes = Sizes(horizon=2, periods=(SEASON,))
    fitted = fit_series("mfles", y[:32], sizes)

    moved = forward_series("mfles", fitted, np.append(y[:32], -1.0), sizes)

    np.testing.assert_allclose(forward_series("mfles", fitted, y[:32], replace(sizes, horizon=3))[1:], moved)


def test_fourier_terms_are_sines_and_cosines_of_the_step() -> None:
    terms = fourier_terms(3, 5, [52, 168])

    assert (2, 4 * FOURIER_PAIRS) == terms.shape
    assert np.sin(2 * np.pi * 3 * 2 / 52) == pytest.approx(terms[0, 1])
    assert np.cos(2 * np.pi * 4 / 168) == pytest.approx(terms[1, 3 * FOURIER_PAIRS])


def test_long_seasons_go_into_arima_as_waves_and_into_mfles_as_they_are() -> None:
    rng, t = np.random.default_rng(0), np.arange(260)
    y = 50 + 5 * np.sin(2 * np.pi * t / 52) + rng.normal(size=260)
    sizes = Sizes(horizon=13, periods=(52,))

    arima, mfles = fit_series("auto_arima", y[:208], sizes), fit_series("mfles", y[:208], sizes)

    assert ([52], 1) == (arima.facts["waves"], arima.facts["arma"][4])
    assert 52 == len(mfles.vector) - 4
    for kind, fitted in (("auto_arima", arima), ("mfles", mfles)):
        error = np.abs(forward_series(kind, fitted, y[:247], sizes) - y[247:]).mean()
        assert error < np.abs(y[195:208] - y[247:]).mean() * 1.5 < 5


def test_parameters_come_from_the_newest_periods_only() -> None:
    y = np.random.default_rng(0).normal(size=(USUAL_LONGEST + 30, 1)).cumsum(axis=0) + 500
    theta, arima = (an_expert(MemberOptions(kind=kind), 1) for kind in ("auto_theta", "auto_arima"))  # type: ignore[arg-type]

    moved = theta.learn(y, USUAL_LONGEST + 10).update(y, "")

    assert (10, USUAL_LONGEST + 20) == (moved.generations[0].start, len(moved.tail))
    assert 30 == arima.learn(y[:530], LONGEST["auto_arima"] + 30).generations[0].start


SPECIAL = {
    "constant": np.full(32, 7.0),
    "zero": np.zeros(32),
    "short": np.append(np.full(30, np.nan), [3.0, 5.0]),
    "empty": np.full(32, np.nan),
    "ended": np.append(a_world(3, series=1).y[:20, 0], np.full(12, np.nan)),
    "late": np.append(np.full(8, np.nan), a_world(4, series=1).y[:24, 0]),
    "gappy": np.where(np.arange(32) % 5, a_world(5, series=1).y[:32, 0], np.nan),
}


@every_expert
def test_unusual_series_are_forecast_or_served_by_the_season_before(options: MemberOptions) -> None:
    y = np.stack(list(SPECIAL.values()), axis=1)

    expert = an_expert(options, len(SPECIAL)).learn(y, 32).update(y, "")

    points, failed = expert.forecast(), {list(SPECIAL)[row.column]: row.reason for row in expert.failures()}
    open_ended = {name for name, finite in zip(SPECIAL, np.isfinite(points).all(axis=0), strict=True) if not finite}
    assert {"empty"} <= open_ended <= {"empty", "short"}  # two values are no season
    assert {"constant", "zero", "short", "empty"} >= set(failed)
    assert {"constant": "ValueError: the history is constant", "empty": "no observation"}.items() <= failed.items()
    np.testing.assert_array_equal([7.0] * HORIZON, points[:, 0])
    np.testing.assert_array_equal([0.0] * HORIZON, points[:, 1])


def forever(y: Array, sizes: Sizes) -> Fitted:  # noqa: ARG001  # it never looks at them
    while True:
        pass


def test_what_one_series_costs_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "auto_theta", (forever, MODELS["auto_theta"][1]))  # type: ignore[arg-type]
    world, expert = a_world(), replace(an_expert(FAMILY[1], 2), series_seconds=0.01)

    learned = expert.learn(world.y, world.known).update(world.y, "")

    assert ["not learned within 0.01 seconds"] * 2 == [row.reason for row in learned.failures()]
    np.testing.assert_array_equal(world.y[-SEASON:][:HORIZON], learned.forecast())


def test_what_all_series_cost_is_bounded() -> None:
    world = a_world()

    expert = replace(an_expert(FAMILY[1], 2), seconds=-1.0).learn(world.y, world.known)

    assert ["the time for all series was over"] * 2 == [row.reason for row in expert.failures()]


def test_parameters_that_do_not_fit_new_data_are_a_failure_of_that_forecast_only() -> None:
    world = a_world()
    expert = world.learned(FAMILY[0])
    broken = replace(expert.generations[0].fits[1], facts={"components": "XXXX", "m": 4, "n_params": 1})  # type: ignore[type-var]
    generation = replace(expert.generations[0], fits=(expert.generations[0].fits[0], broken))

    spoilt = replace(expert, generations=(generation,))

    np.testing.assert_array_equal(expert.forecast()[:, 0], spoilt.forecast()[:, 0])
    np.testing.assert_array_equal(world.y[:32][-SEASON:][:HORIZON, 1], spoilt.forecast()[:, 1])
    recalled, (failure,) = spoilt.recall_openly(world.y, [20, 33])
    np.testing.assert_array_equal(spoilt.recall(world.y, [20, 33]), recalled)
    assert ("auto_ets", 1, 32, 33) == (failure.member, failure.column, failure.trained_until, failure.stop)
    assert failure.reason.startswith("ValueError")


@pytest.mark.parametrize("panel", [np.ones((10, 2)), np.ones((40, 3))], ids=["short", "other series"])
def test_a_panel_that_is_not_its_own_is_refused(panel: Array) -> None:
    with pytest.raises(
        PanelDiffers, match=r"expected at least 30 periods and 2 series\. Pass the panel from its first"
    ):
        an_expert(FAMILY[0], 2).learn(panel, 30)


def test_a_replay_recalls_what_was_learned_and_passes_over_the_rest() -> None:
    world = a_world()
    recipe = a_recipe((MemberOptions(kind="naive"), FAMILY[1]), horizon=HORIZON, season_length=SEASON)
    matrix = a_matrix(world.y)
    members = {options.name: create_member(options, recipe, series=2) for options in recipe.members}
    members["auto_theta"] = an_expert(FAMILY[1], 2).learn(world.y, world.known)

    replayed = replay(recipe, matrix, scale_of(world.y, SEASON), matrix.times[29:40], learned_members(members))

    stops = list(range(30, 41))
    np.testing.assert_array_equal(world.y[29:40], replayed.points[0, :, 0])
    np.testing.assert_array_equal(members["auto_theta"].recall(world.y, stops), replayed.points[1])  # type: ignore[attr-defined]


def test_only_members_with_a_model_per_series_are_placed() -> None:
    recipe = a_recipe((MemberOptions(kind="naive"), FAMILY[1]), horizon=HORIZON, season_length=SEASON)
    members = {options.name: create_member(options, recipe, series=2) for options in recipe.members}
    compute = ComputeOptions(engine="dask", partitions=2)

    placed = place(members, compute)

    assert members["naive"] is placed["naive"]
    assert compute == placed["auto_theta"].compute  # type: ignore[attr-defined]
    assert members == placed
