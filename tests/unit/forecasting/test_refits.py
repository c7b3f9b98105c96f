"""Refits for other losses, against statsmodels, and weights against hand-worked numbers."""

import numpy as np
import pytest
import statsmodels.api as sm

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.refits import huber_weights, quantile_weights, refit_huber, refit_quantile

TINY = 1e-12


def noisy(seed: int, n: int = 400) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    design = np.concatenate([rng.normal(size=(n, 2)), np.ones((n, 1))], axis=1)
    targets = design @ np.array([[1.0], [-2.0], [0.5]]) + rng.standard_t(2.5, size=(n, 1))
    return design, targets


@pytest.mark.parametrize("seed", range(3))
def test_huber_weights_converge_to_those_of_statsmodels(seed: int) -> None:
    design, targets = noisy(seed)

    ours = refit_huber(design, targets, TINY, intercept=True, steps=60)

    fitted = sm.RLM(targets[:, 0], design, M=sm.robust.norms.HuberT(1.345)).fit(scale_est="mad")
    np.testing.assert_allclose(fitted.params, ours[:, 0], atol=0.02)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_quantile_weights_converge_to_those_of_statsmodels(level: float) -> None:
    design, targets = noisy(7, 1000)

    ours = refit_quantile(design, targets, level, TINY, intercept=True, steps=200)

    fitted = sm.QuantReg(targets[:, 0], design).fit(q=level)
    np.testing.assert_allclose(fitted.params, ours[:, 0], atol=0.02)
    assert (targets < design @ ours).mean() == pytest.approx(level, abs=0.01)


def test_three_steps_make_a_broken_window_harmless() -> None:
    design, targets = noisy(3)
    clean = refit_huber(design, targets, TINY, intercept=True)
    broken = targets.copy()
    broken[0] = 1e4

    np.testing.assert_allclose(clean, refit_huber(design, broken, TINY, intercept=True, steps=20), atol=0.05)


def test_weights_of_windows_by_hand() -> None:
    residuals = np.array([[0.6745], [-0.6745], [0.6745], [6.745]])

    np.testing.assert_allclose([1, 1, 1, 1.345 / 6.745], huber_weights(residuals), rtol=1e-12)
    np.testing.assert_allclose([0.9 / 2, 0.1 / 4], quantile_weights(np.array([2.0, -4.0]), 0.9))


def test_one_weight_per_window_whatever_the_horizon() -> None:
    assert (5,) == huber_weights(np.random.default_rng(0).normal(size=(5, 3))).shape
    assert np.isfinite(huber_weights(np.zeros((4, 2)))).all()
