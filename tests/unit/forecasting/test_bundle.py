"""The unit that is served: what it forecasts, and what makes it unfit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bundles import a_bundle
from pulse_kedro.domain.panel import QUANTILE_COLUMNS
from pulse_kedro.forecasting.baselines import Baseline, empty_baseline
from pulse_kedro.forecasting.bundle import Bundle
from pulse_kedro.forecasting.combination import Choice


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """Three series of sixty months, the second one not served."""
    return a_bundle()


def test_a_sound_bundle_has_no_problems(bundle: Bundle) -> None:
    assert [] == bundle.problems()


def test_forecasts_have_one_row_per_served_series_and_step(bundle: Bundle) -> None:
    forecast = bundle.forecast()

    assert ["unique_id", "cutoff", "ds", "step", "y_hat", *QUANTILE_COLUMNS] == forecast.columns.tolist()
    assert ["s0"] * 12 + ["s2"] * 12 == forecast["unique_id"].tolist()
    assert 2 * list(range(1, 13)) == forecast["step"].tolist()
    assert {bundle.known_until} == set(forecast["cutoff"])
    assert pd.date_range("2006-01-01", periods=12, freq="MS").tolist() == forecast["ds"].tolist()[:12]


def test_quantiles_are_the_point_plus_the_spread(bundle: Bundle) -> None:
    forecast, points = bundle.forecast(), bundle.points()

    assert points[:, 2].tolist() == forecast["y_hat"].tolist()[12:]
    assert (points[4, 2] + bundle.spread[4, 2]).tolist() == forecast.loc[16, list(QUANTILE_COLUMNS)].tolist()


def test_a_bundle_that_cannot_forecast_a_served_series_says_which(bundle: Bundle) -> None:
    naive = bundle.members["naive"]
    assert isinstance(naive, Baseline)
    silent = replace(naive, tail=np.where([True, False, False], np.nan, naive.tail))
    choice = Choice(name="best member", rule="median", weights=np.array([1.0]))

    unfit = replace(bundle, members={"naive": silent}, choice=choice)

    assert "no finite forecast for s0 (1 series)" in unfit.problems()


def test_a_series_that_is_not_served_may_lack_a_forecast(bundle: Bundle) -> None:
    spread = bundle.spread.copy()
    spread[:, 1] = np.nan

    assert [] == replace(bundle, spread=spread).problems()


@pytest.mark.parametrize(
    ("expected", "value"), [("an interval is not finite", np.nan), ("quantiles cross", -1e6)], ids=["nan", "crossing"]
)
def test_a_damaged_interval_is_found(bundle: Bundle, expected: str, value: float) -> None:
    spread = bundle.spread.copy()
    spread[3, 0, 7] = value

    assert [expected] == replace(bundle, spread=spread).problems()


@pytest.mark.parametrize(("expected", "factor"), [([], 1 + 1e-6), (["forecasts differ"], 1 + 1e-4)])
def test_forecasts_are_compared_with_those_made_at_training(bundle: Bundle, expected: list[str], factor: float) -> None:
    problems = replace(bundle, golden=bundle.golden * factor).problems()

    assert expected == [problem[: len("forecasts differ")] for problem in problems]


def test_a_forecast_of_zero_is_compared_by_the_size_of_its_series(bundle: Bundle) -> None:
    seasons = np.repeat(np.arange(12.0)[:, None], 3, axis=1)
    member = empty_baseline("seasonal_naive", horizon=12, season_length=12, series=3).update(seasons, "")
    choice = Choice(name="best member", rule="median", weights=np.ones(1))

    rounded = replace(bundle, members={member.name: member}, choice=choice, golden=seasons + 1e-12)

    assert 0.0 == rounded.points()[0, 0]
    assert [] == rounded.problems()


def test_a_golden_forecast_that_is_missing_is_a_problem(bundle: Bundle) -> None:
    golden = bundle.golden.copy()
    golden[0, 0] = np.nan

    assert ["forecasts differ from those stored at training"] == replace(bundle, golden=golden).problems()
