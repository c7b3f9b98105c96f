"""Covariates: what an origin may read, and a ridge that reads it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniature import walks
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.covariates import (
    Covariate,
    CovariatesMissing,
    calendar_covariate,
    future_columns,
    past_columns,
    remove_effects,
    require_future,
    static_columns,
)
from pulse_kedro.forecasting.ridge import MissingCovariates, empty_ridge
from pulse_kedro.forecasting.windows import WindowSchema

SCHEMA = WindowSchema(
    variant="level", look_back=2, horizon=2, season_length=1, intercept=True, clip=8.0, centre="last", extras=2
)


def observed(values: Array, lag: int = 0) -> Covariate:
    """A column that is known `lag` periods after its period."""
    known = np.repeat(np.arange(len(values))[:, None] + lag, values.shape[1], axis=1)
    return Covariate(name="x", values=values, known_from=known)


@given(seed=st.integers(0, 100), lag=st.integers(0, 3), origin=st.integers(0, 19))
def test_an_origin_reads_nothing_that_was_known_later(seed: int, lag: int, origin: int) -> None:
    values = walks(seed, periods=25, series=2)
    changed = values.copy()
    changed[max(0, origin - lag + 1) :] += 1000.0
    origins = np.array([origin])

    for columns in (lambda c: past_columns(c, origins, 4), lambda c: future_columns(c, origins, 3)):
        np.testing.assert_array_equal(columns(observed(values, lag)), columns(observed(changed, lag)))


def test_a_calendar_is_known_over_the_horizon_and_an_observation_is_not() -> None:
    calendar = calendar_covariate("holiday", np.arange(10.0), series=2)

    assert [[[5.0, 6.0, 7.0]] * 2] == future_columns(calendar, np.array([4]), 3).tolist()
    assert np.isnan(future_columns(observed(np.ones((10, 2))), np.array([4]), 3)).all()


def test_past_columns_are_centred_and_scaled_and_a_flat_one_is_zero() -> None:
    values = np.stack([np.arange(6.0), np.full(6, 7.0)], axis=1)

    columns = past_columns(observed(values), np.array([5]), 3)

    np.testing.assert_allclose([-1.224745, 0.0, 1.224745], columns[0, 0], atol=1e-6)
    assert [0.0, 0.0, 0.0] == columns[0, 1].tolist()


def test_a_release_lag_hides_the_newest_values() -> None:
    columns = past_columns(observed(walks(0, periods=9, series=1), lag=1), np.array([8]), 3)

    assert np.isnan(columns).any()


def test_a_covariate_without_a_future_is_named() -> None:
    with pytest.raises(CovariatesMissing, match="got no value of 'x' for step 1 that was known at the origin"):
        require_future(observed(np.ones((10, 2))), 5, 3)
    require_future(calendar_covariate("holiday", np.arange(10.0), series=2), 5, 3)


def test_a_ridge_learns_what_a_plan_does_to_the_next_value() -> None:
    rng = np.random.default_rng(0)
    plan = rng.normal(size=203)
    noise = rng.normal(scale=0.01, size=200)
    y = (50 + 3 * plan[:200] + noise)[:, None]
    future = future_columns(calendar_covariate("plan", plan, series=1), np.arange(200), 2)
    extras = future - plan[:200, None, None]
    schema = replace(SCHEMA, scale="none", clip=None)

    state = empty_ridge("r", schema, series=1).update(y[:150], "", extras[:150])
    cut = empty_ridge("r", schema, series=1).update(y[:70], "", extras[:70]).update(y[70:150], "", extras[70:150])

    assert abs(state.forecast()[0, 0] - (50 + 3 * plan[150])) < 0.1
    np.testing.assert_allclose(state.sums.xx, cut.sums.xx, rtol=1e-10)


def test_a_ridge_with_covariates_refuses_a_batch_without_them() -> None:
    with pytest.raises(MissingCovariates, match="got 0 covariate columns, expected 2"):
        empty_ridge("r", SCHEMA, series=1).update(np.ones((5, 1)), "")


def test_a_series_whose_covariates_are_unknown_abstains() -> None:
    y, extras = walks(0, periods=60, series=2), np.random.default_rng(1).normal(size=(60, 2, 2))
    extras[-1, 1] = np.nan

    points = empty_ridge("r", SCHEMA, series=2).update(y, "", extras).forecast()

    assert [True, False] == np.isfinite(points).all(axis=0).tolist()


def test_static_columns_are_the_same_at_every_origin() -> None:
    assert (3, 2, 4) == static_columns(np.ones((2, 4)), np.arange(3)).shape


def test_additive_effects_are_taken_out_and_given_back() -> None:
    rng = np.random.default_rng(0)
    drivers = np.stack([np.ones(110), rng.normal(size=110)], axis=1)
    y = drivers[:100] @ np.array([5.0, 2.0])
    y[3] = np.nan

    rest, ahead = remove_effects(y, drivers)

    np.testing.assert_allclose(np.zeros(99), rest[~np.isnan(rest)], atol=1e-10)
    np.testing.assert_allclose(drivers[100:] @ np.array([5.0, 2.0]), ahead)
