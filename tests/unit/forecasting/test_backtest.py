"""History replayed: every forecast is the one that would have been made then."""

import numpy as np
import pandas as pd
import pytest

from miniature import FAMILY, a_matrix, a_recipe, scale_of, waves
from pulse_kedro.domain.panel import Matrix
from pulse_kedro.forecasting.backtest import Replay, fit_members, replay, update_members
from pulse_kedro.forecasting.members import create_member
from pulse_kedro.forecasting.recipe import MemberOptions
from pulse_kedro.forecasting.ridge import Ridge
from pulse_kedro.forecasting.windows import CLIPS

RECIPE = a_recipe(FAMILY, horizon=3, season_length=4)


@pytest.fixture
def matrix() -> Matrix:
    """Forty months of three series, some months missing, the last series starting late."""
    y = waves(0, periods=40, series=3)
    y[[5, 17], [0, 1]] = np.nan
    y[:25, 2] = np.nan
    return a_matrix(y)


@pytest.fixture
def replayed(matrix: Matrix) -> Replay:
    """Every month from the twentieth on."""
    return replay(RECIPE, matrix, scale_of(matrix.y, 4), matrix.times[19:])


def test_a_replayed_forecast_is_that_of_a_fit_on_what_was_known(matrix: Matrix, replayed: Replay) -> None:
    for k, cutoff in enumerate(replayed.cutoffs):
        members = fit_members(RECIPE, matrix.until(cutoff))

        for row, name in enumerate(replayed.members):
            np.testing.assert_allclose(members[name].forecast(), replayed.points[row, k], rtol=1e-8)


def test_actuals_are_the_periods_after_the_cutoff_and_nan_where_nobody_knows(matrix: Matrix, replayed: Replay) -> None:
    np.testing.assert_array_equal(matrix.y[20:23], replayed.actual[0])
    np.testing.assert_array_equal(matrix.y[39:], replayed.actual[-2][:1])
    assert np.isnan(replayed.actual[-2][1:]).all()
    assert np.isnan(replayed.actual[-1]).all()


def test_a_cutoff_is_resolved_when_its_whole_horizon_is_past(replayed: Replay) -> None:
    assert [True] * 18 + [False] * 3 == replayed.resolved.tolist()


def test_scale_is_what_was_known_at_the_cutoff_and_nan_where_it_says_nothing(matrix: Matrix) -> None:
    scale = scale_of(matrix.y, 4)
    scale[:, 0] = 0.0

    known = replay(RECIPE, matrix, scale, matrix.times[[19, 30]]).scale

    assert np.isnan(known[:, 0]).all()
    assert [scale[19, 1], scale[30, 1]] == known[:, 1].tolist()
    assert np.isnan(known[0, 2])


def test_axes_are_labelled(matrix: Matrix, replayed: Replay) -> None:
    assert (len(FAMILY), 21, 3, 3) == replayed.points.shape
    assert tuple(options.name for options in FAMILY) == replayed.members
    assert matrix.ids == replayed.ids
    pd.testing.assert_index_equal(matrix.times[19:], replayed.cutoffs)


def test_new_periods_bring_new_series_and_the_others_keep_their_history() -> None:
    whole = waves(0, periods=40, series=3)
    whole[:30, 1] = np.nan
    old, new = a_matrix(whole[:30, [0, 2]], ids=["a", "c"]), a_matrix(whole[30:], ids=["a", "b", "c"])

    updated = update_members(fit_members(RECIPE, old), old.ids, new)

    expected = fit_members(RECIPE, a_matrix(whole, ids=["a", "b", "c"]))
    for name, member in expected.items():
        np.testing.assert_allclose(member.forecast(), updated[name].forecast(), rtol=1e-8)


def test_every_batch_leaves_its_digest(matrix: Matrix) -> None:
    first = Matrix(y=matrix.y[:30], times=matrix.times[:30], ids=matrix.ids)
    second = Matrix(y=matrix.y[30:], times=matrix.times[30:], ids=matrix.ids)

    members = update_members(fit_members(RECIPE, first), first.ids, second)

    batches = members["drift_ridge_3"].facts()["batches"]
    assert isinstance(batches, list)
    assert 2 == len(set(batches))


@pytest.mark.parametrize(
    ("expected", "kind"),
    [
        (("seasonal", False), "seasonal_ridge"),
        (("seasonal", True), "drift_ridge"),
        (("level", True), "level_ridge"),
    ],
)
def test_the_kind_of_a_ridge_decides_what_its_windows_hold(expected: tuple[str, bool], kind: str) -> None:
    member = create_member(MemberOptions(kind=kind, look_back=5), RECIPE, series=2)  # type: ignore[arg-type]

    assert isinstance(member, Ridge)
    assert expected == (member.schema.variant, member.schema.intercept)
    assert (5, 3, 4) == (member.schema.look_back, member.schema.horizon, member.schema.season_length)
    assert CLIPS[member.schema.variant] == member.schema.clip
