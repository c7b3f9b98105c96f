"""Weights of each series pulled towards common ones, and the dual solution of short series."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.forecasting.solving import shrink_towards, solve, solve_at, solve_dual
from pulse_kedro.forecasting.sums import Sums


@given(seed=st.integers(0, 1000), windows=st.integers(1, 30), features=st.integers(1, 12), penalty=st.floats(1e-3, 1e3))
def test_dual_and_primal_agree_for_the_same_penalty(seed: int, windows: int, features: int, penalty: float) -> None:
    rng = np.random.default_rng(seed)
    design, targets = rng.normal(size=(windows, features)), rng.normal(size=(windows, 2))
    primal = np.linalg.solve(design.T @ design + penalty * np.eye(features), design.T @ targets)

    np.testing.assert_allclose(primal, solve_dual(design, targets, penalty), atol=1e-7)


@given(seed=st.integers(0, 1000), strength=st.floats(1e-2, 1e4))
def test_pulled_weights_minimise_error_plus_distance(seed: int, strength: float) -> None:
    rng = np.random.default_rng(seed)
    design, targets, start = rng.normal(size=(2, 15, 4)), rng.normal(size=(2, 15, 3)), rng.normal(size=(4, 3))
    xx, xy = design.transpose(0, 2, 1) @ design, design.transpose(0, 2, 1) @ targets

    pulled = shrink_towards(start, xx, xy, strength)

    for series in range(2):
        rows = np.concatenate([design[series], np.sqrt(strength) * np.eye(4)])
        aims = np.concatenate([targets[series], np.sqrt(strength) * start])
        np.testing.assert_allclose(np.linalg.lstsq(rows, aims, rcond=None)[0], pulled[series], atol=1e-6)


def test_extreme_strengths_give_the_common_or_the_own_weights() -> None:
    rng = np.random.default_rng(0)
    design, targets, start = rng.normal(size=(40, 3)), rng.normal(size=(40, 2)), rng.normal(size=(3, 2))
    xx, xy = (design.T @ design)[None], (design.T @ targets)[None]

    assert shrink_towards(start, xx, xy, 1e15)[0] == pytest.approx(start, abs=1e-9)
    assert shrink_towards(start, xx, xy, 1e-12)[0] == pytest.approx(np.linalg.solve(xx[0], xy[0]), abs=1e-9)
    nothing = np.zeros((1, 3, 3)), np.zeros((1, 3, 2))
    np.testing.assert_array_equal(start, shrink_towards(start, *nothing, 5.0)[0])


@pytest.mark.parametrize("intercept", [True, False])
@given(seed=st.integers(0, 1000), penalty=st.sampled_from([1e-4, 0.01, 1.0]))
def test_one_penalty_alone_gives_what_the_decomposition_gives(seed: int, penalty: float, *, intercept: bool) -> None:
    rng = np.random.default_rng(seed)
    design, targets = rng.normal(size=(30, 4)), rng.normal(size=(30, 2))
    if intercept:
        design[:, -1] = 1.0
    sums = Sums(n=30, xx=design.T @ design, xy=design.T @ targets, yy=(targets**2).sum(axis=0))

    expected = solve(sums, intercept=intercept, penalties=np.array([penalty])).weights

    np.testing.assert_allclose(expected, solve_at(sums, penalty, intercept=intercept), atol=1e-9)
