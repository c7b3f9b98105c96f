"""Weights from products of errors, against SciPy and scikit-learn on the errors themselves."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import nnls
from sklearn.linear_model import Lasso

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.backtest import Replay
from pulse_kedro.forecasting.candidates import LASSO, NNLS, Stack, candidates, names_of, stack_of
from pulse_kedro.forecasting.evidence import products
from pulse_kedro.forecasting.stacking import (
    lasso_coefficients,
    lasso_weights,
    least_squares_weights,
    shrink_to_equal,
)

SEEDS = st.integers(0, 10_000)


def some_errors(seed: int, members: int = 5, rows: int = 200) -> Array:
    """Errors `(rows, members)` that share a part and differ in size and direction."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(rows, 1))
    return np.asarray(
        shared + rng.normal(size=(rows, members)) * rng.uniform(0.2, 2, members) + rng.normal(size=members)
    )


def a_replay(points: Array, actual: Array) -> Replay:
    cutoffs, _, series = actual.shape
    return Replay(
        members=tuple(f"m{row}" for row in range(len(points))),
        ids=tuple(f"s{column}" for column in range(series)),
        cutoffs=pd.date_range("2001-01-01", periods=cutoffs, freq="MS"),
        points=points,
        actual=actual,
        scale=np.ones((cutoffs, series)),
        resolved=np.ones(cutoffs, dtype=bool),
    )


@given(seed=SEEDS)
def test_least_squares_are_those_of_scipy_on_all_rows(seed: int) -> None:
    errors = some_errors(seed)
    unit = np.sqrt((errors**2).sum() / errors.shape[1])
    expected, _ = nnls(np.vstack([errors / unit, np.ones(errors.shape[1])]), np.append(np.zeros(len(errors)), 1.0))

    weights = least_squares_weights(errors.T @ errors)

    np.testing.assert_allclose(expected / expected.sum(), weights, atol=1e-9)


@given(seed=SEEDS)
def test_no_other_point_of_the_simplex_has_a_smaller_squared_error(seed: int) -> None:
    errors = some_errors(seed)
    weights = least_squares_weights(errors.T @ errors)
    others = np.random.default_rng(seed).dirichlet(np.ones(5), size=300)

    assert ((errors @ weights) ** 2).mean() <= ((errors @ others.T) ** 2).mean(axis=0).min() + 1e-9


def test_two_unrelated_members_are_weighted_by_their_precision() -> None:
    # Bates & Granger (1969): variances 1 and 3 give weights 3/4 and 1/4.
    np.testing.assert_allclose([0.75, 0.25], least_squares_weights(np.diag([1.0, 3.0])))


def test_shrinking_is_a_weighted_mean_with_equal_weights() -> None:
    weights = np.array([1.0, 0.0])

    assert [1.0, 0.0] == shrink_to_equal(weights, 10, pooling=0).tolist()
    assert [0.75, 0.25] == shrink_to_equal(weights, 24, pooling=24).tolist()


@given(seed=SEEDS, penalty=st.sampled_from([0.01, 0.1, 1.0]))
def test_the_lasso_is_that_of_scikit_learn_on_all_rows(seed: int, penalty: float) -> None:
    errors = some_errors(seed)
    mean = errors.mean(axis=1)
    inputs = errors - mean[:, None]
    alpha = penalty * (inputs**2).mean()
    oracle = Lasso(alpha=alpha, fit_intercept=False, positive=True, tol=1e-12, max_iter=100_000).fit(inputs, -mean)

    coefficients = lasso_coefficients(errors.T @ errors, len(errors), penalty)

    np.testing.assert_allclose(inputs @ oracle.coef_, inputs @ coefficients, atol=1e-5)


@given(seed=SEEDS)
def test_stacked_weights_are_shares(seed: int) -> None:
    errors = some_errors(seed)
    gram = errors.T @ errors

    for weights in (least_squares_weights(gram), lasso_weights(gram, len(errors))):
        assert (weights >= 0).all()
        assert 1.0 == pytest.approx(weights.sum())


def test_members_that_agree_share_the_weight() -> None:
    gram = np.ones((4, 4))

    assert [0.25] * 4 == lasso_weights(gram, 10).tolist()
    assert [0.25] * 4 == lasso_weights(np.zeros((4, 4)), 0).tolist()
    assert [0.25] * 4 == least_squares_weights(np.zeros((4, 4))).tolist()


def test_each_block_of_steps_has_weights_of_its_own() -> None:
    near, far = np.diag([1.0, 100.0]), np.diag([100.0, 1.0])
    stack = Stack(
        errors=np.stack([near, far, far]), rows=np.full(3, 50.0), present=np.ones(2), cutoffs=10**6, horizon=3
    )

    (choice,) = candidates(np.ones(2), ["nnls"], stack)

    assert NNLS == choice.name
    assert (2, 3) == choice.weights.shape
    np.testing.assert_allclose([0.99, 0.01, 0.01], choice.weights[0], atol=1e-3)


def test_a_member_that_never_forecast_gets_no_stacking_weight() -> None:
    rng = np.random.default_rng(0)
    points, actual = rng.normal(size=(4, 20, 3, 5)), rng.normal(size=(20, 3, 5))
    with_silent = np.concatenate([points, np.full((1, 20, 3, 5), np.nan)])

    told = candidates(np.ones(4), ["nnls", "lasso"], stack_of(products(a_replay(points, actual)), 20))
    asked = candidates(np.ones(5), ["nnls", "lasso"], stack_of(products(a_replay(with_silent, actual)), 20))

    assert [NNLS, LASSO] == [choice.name for choice in asked]
    for one, other in zip(told, asked, strict=True):
        assert (other.weights[4] == 0).all()
        np.testing.assert_allclose(one.weights, other.weights[:4], atol=1e-9)


def test_products_are_sums_of_the_errors_that_are_known() -> None:
    rng = np.random.default_rng(0)
    points, actual = rng.normal(size=(3, 2, 6, 4)), rng.normal(size=(2, 6, 4))
    actual[1, :3] = np.nan

    sums = products(a_replay(points, actual), block=3)

    errors = (points - actual)[:, 1, 3:].reshape(3, -1)
    np.testing.assert_allclose(errors @ errors.T, sums.errors[1].sum(axis=0))
    assert [[8, 8, 8], [0, 4, 8]] == sums.rows.tolist()
    assert [12] * 3 == sums.present[1].tolist()


@pytest.mark.parametrize("members", [1, 3, 4, 6])
def test_names_are_those_of_the_candidates(members: int) -> None:
    kinds = ("best", "nnls", "powers", "median", "leaders", "lasso", "trimmed_mean")
    stack = Stack(errors=np.eye(members)[None], rows=np.ones(1), present=np.ones(members), cutoffs=5, horizon=1)

    assert names_of(kinds, members) == [choice.name for choice in candidates(np.ones(members), kinds, stack)]
