"""Forecasts that anybody can check by hand."""

import numpy as np
import pytest

from pulse_kedro.forecasting.baselines import BaselineKind, empty_baseline

QUARTERS = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0], [3.0, 15.0]])


@pytest.mark.parametrize(
    ("expected", "kind"),
    [
        ([3.0, 3.0, 3.0, 3.0, 3.0, 3.0], "naive"),
        ([2.0, 3.0, 4.0, 3.0, 2.0, 3.0], "seasonal_naive"),
        ([4.0, 5.0, 6.0, 5.0, 6.0, 7.0], "seasonal_drift"),
    ],
)
def test_each_kind_continues_a_series_by_its_rule(expected: list[float], kind: BaselineKind) -> None:
    member = empty_baseline(kind, horizon=6, season_length=4, series=2).update(QUARTERS, "")

    assert expected == member.forecast()[:, 0].tolist()


@pytest.mark.parametrize(("kind", "needed"), [("naive", 1), ("seasonal_naive", 4), ("seasonal_drift", 5)])
def test_a_member_abstains_until_it_has_what_its_rule_reads(kind: BaselineKind, needed: int) -> None:
    member = empty_baseline(kind, horizon=6, season_length=4, series=2)

    for known in range(6):
        forecast = member.update(QUARTERS[:known], "").forecast()

        assert (6, 2) == forecast.shape
        assert (known >= needed) == np.isfinite(forecast).all()
        assert (known < needed) == np.isnan(forecast).all()


def test_a_gap_at_the_end_is_bridged_by_the_last_season() -> None:
    gap = np.vstack([QUARTERS, [[np.nan, 25.0]]])
    member = empty_baseline("seasonal_naive", horizon=4, season_length=4, series=2).update(gap, "")

    np.testing.assert_array_equal([[3, 30], [4, 40], [3, 15], [2, 25]], member.forecast())


def test_the_state_is_two_seasons_and_one_observation_long() -> None:
    member = empty_baseline("naive", horizon=1, season_length=4, series=1).update(np.arange(50.0)[:, None], "")

    assert np.arange(41.0, 50.0).tolist() == member.arrays()["tail"].ravel().tolist()
