"""Settings fit the size of a panel: the defaults where they do, less where history or memory is short."""

import pickle
from dataclasses import replace
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from pulse_kedro.domain.backtesting import BacktestOptions, plan_cutoffs
from pulse_kedro.domain.panel import FREQUENCIES, frequency
from pulse_kedro.forecasting.recipe import MemberSettings, RecipeSettings
from pulse_kedro.forecasting.sizing import Extent, Fit, Replayed, ReplayTooLarge, fit, require_memory, usable


@pytest.fixture(scope="module")
def settings(request: pytest.FixtureRequest) -> tuple[RecipeSettings, BacktestOptions]:
    """Recipe and backtest as they stand in the configuration."""
    project = request.config.rootpath
    values: dict[str, Any] = yaml.safe_load((project / "conf/base/parameters_training.yml").read_text(encoding="utf-8"))
    backtest = BacktestOptions(**values["backtest"])
    return TypeAdapter(RecipeSettings).validate_python(values["recipe"]), backtest


Settings = tuple[RecipeSettings, BacktestOptions]


def fitted(settings: Settings, name: str, **size: int) -> Fit:
    extent = Extent(**({"series": 10, "periods": 800, "median": 800} | size))
    return fit(extent, frequency(name), *settings)


@pytest.mark.parametrize("name", FREQUENCIES)
def test_defaults_stay_where_they_fit(settings: Settings, name: str) -> None:
    assert Fit(recipe={}, backtest={}, notes=()) == fitted(settings, name)


@pytest.mark.parametrize("name", FREQUENCIES)
@pytest.mark.parametrize("periods", [12, 20, 30, 60, 110])
def test_short_history_gets_a_backtest_that_can_be_planned(settings: Settings, name: str, periods: int) -> None:
    freq = frequency(name)
    found = fitted(settings, name, periods=periods, median=periods)
    horizon = found.recipe.get("horizon", freq.horizon)
    options = TypeAdapter(BacktestOptions).validate_python(
        {field: getattr(settings[1], field) for field in BacktestOptions.__slots__} | found.backtest
    )

    times = freq.grid(freq.shift(_start(), 0), freq.shift(_start(), periods - 1))
    folds = plan_cutoffs(times, freq, horizon=int(str(horizon)), options=options)

    assert (folds["purpose"] == "evaluation").any()


def _start() -> Any:  # noqa: ANN401  # a timestamp
    import pandas as pd

    return pd.Timestamp("2001-01-01")


def test_members_that_read_more_than_a_series_has_are_left_out_and_said_so(settings: Settings) -> None:
    found = fitted(settings, "weekly", periods=210, median=210)

    names = [(member["kind"], member.get("look_back")) for member in found.recipe["members"]]  # type: ignore[attr-defined]
    assert ("last_ridge", 104) in names
    assert ("last_ridge", 260) not in names
    assert {"naive", "seasonal_naive", "seasonal_drift"} <= {kind for kind, _ in names}
    assert any("left out" in note for note in found.notes)


def test_a_member_with_sums_of_each_series_is_left_out_where_there_are_very_many(settings: Settings) -> None:
    recipe = settings[0].resolve(frequency("weekly"))

    few, many = ({member.name for member in usable(recipe, 500, series)} for series in (1000, 100_000))

    assert {"local_ridge_26", "local_ridge_52", "local_ridge_104"} <= few
    assert few - many == {"local_ridge_26", "local_ridge_52", "local_ridge_104"}


def test_members_that_stay_keep_what_the_settings_say_of_them(settings: Settings) -> None:
    kept = [
        {"kind": "drift_ridge", "look_back": 12, "half_life": 1.5},
        {"kind": "mfles", "periods": (12, 36), "seconds": 60.0},
    ]
    members = TypeAdapter(tuple[MemberSettings, ...]).validate_python([*kept, {"kind": "level_ridge", "seasons": 9}])
    recipe = replace(settings[0], members=members)

    found = fitted((recipe, settings[1]), "monthly", periods=90, median=90)

    assert kept == found.recipe["members"]


def test_series_too_short_for_any_forecast_are_said_so(settings: Settings) -> None:
    assert any("a forecast takes 13" in note for note in fitted(settings, "monthly", periods=40, median=9).notes)


@pytest.mark.parametrize("series", [1000, 10_000, 100_000])
def test_many_series_get_fewer_cutoffs_that_fit_into_memory(settings: Settings, series: int) -> None:
    found = fitted(settings, "daily", series=series, periods=3000, median=3000)

    counts = {"burn_in": 36, "calibration": 120, "evaluation": 60} | found.backtest
    size = Replayed(
        cutoffs=sum(counts.values()) + 28, evaluated=counts["evaluation"], horizon=14, series=series, models=14
    )
    smallest = found.backtest == {"burn_in": 0, "calibration": 12, "evaluation": 6}
    assert smallest or size.gigabytes <= settings[1].max_gigabytes
    assert smallest == any("GB of memory, more than backtest.max_gigabytes" in note for note in found.notes)


def test_replay_that_does_not_fit_is_refused_before_it_begins_with_the_settings_that_change_it() -> None:
    size = Replayed(cutoffs=244, evaluated=60, horizon=14, series=10_000, models=14)

    with pytest.raises(ReplayTooLarge, match=r"about 62\.5 GB .*10,000 series.*at most 4 GB.*Lower backtest"):
        require_memory(size, allowed=4)
    require_memory(replace(size, series=500), allowed=4)


def test_error_returns_from_a_worker() -> None:
    error = ReplayTooLarge(9.0, 4.0, {"series": 3})

    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301  (our own bytes)
