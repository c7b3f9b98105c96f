"""Laws that every loss obeys, and laws of the table of scores."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pulse_kedro.domain.metrics.losses import (
    pinball,
    rmsse,
    scaled_absolute_error,
    symmetric_percentage_error,
    theil_u2,
    wis,
)
from pulse_kedro.domain.panel import QUANTILE_LEVELS

Loss = Callable[[np.ndarray, np.ndarray, float], np.ndarray]
# Every loss as a function of actual, forecast and the unit of both; a new loss joins the laws here.
LOSSES: dict[str, Loss] = {
    "mase": lambda y, f, unit: scaled_absolute_error(y, f, 2.0 * unit),
    "rmsse": lambda y, f, unit: np.array([rmsse(y, f, 3.0 * unit**2)]),
    "smape": lambda y, f, _: symmetric_percentage_error(y, f),
    "theil_u2": lambda y, f, unit: np.array([theil_u2(y, f, np.full(y.shape, 200.0 * unit))]),
    "wis": lambda y, f, unit: wis(y, [f + unit * (level - 0.5) for level in QUANTILE_LEVELS], QUANTILE_LEVELS) / unit,
    "pinball": lambda y, f, unit: pinball(y, f, 0.8) / unit,
}
NO_INTERVAL = sorted(set(LOSSES) - {"wis"})  # a spread-out forecast has a loss even when its median is right
values = arrays(float, 6, elements=st.floats(1, 100))


@pytest.mark.parametrize("name", sorted(LOSSES))
@given(actual=values, predicted=values)
def test_loss_is_never_negative(name: str, actual: np.ndarray, predicted: np.ndarray) -> None:
    assert (LOSSES[name](actual, predicted, 1.0) >= 0).all()


@pytest.mark.parametrize("name", NO_INTERVAL)
@given(actual=values)
def test_perfect_forecast_has_no_loss(name: str, actual: np.ndarray) -> None:
    assert (LOSSES[name](actual, actual.copy(), 1.0) == 0).all()


@pytest.mark.parametrize("name", sorted(LOSSES))
@given(actual=values, predicted=values, unit=st.floats(1e-3, 1e3))
def test_loss_does_not_depend_on_the_unit(name: str, actual: np.ndarray, predicted: np.ndarray, unit: float) -> None:
    expected = LOSSES[name](actual, predicted, 1.0)

    np.testing.assert_allclose(LOSSES[name](unit * actual, unit * predicted, unit), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", sorted(LOSSES))
@given(actual=values, step=st.floats(0.1, 50), factor=st.floats(1.1, 5))
def test_loss_grows_with_the_distance(name: str, actual: np.ndarray, step: float, factor: float) -> None:
    near, far = (LOSSES[name](actual, actual + size, 1.0) for size in (step, factor * step))

    assert (far >= near - 1e-12).all()


@given(actual=values, predicted=values)
def test_wis_of_a_point_mass_is_the_absolute_error(actual: np.ndarray, predicted: np.ndarray) -> None:
    """K15."""
    point_mass = [predicted] * len(QUANTILE_LEVELS)

    np.testing.assert_allclose(np.abs(actual - predicted), wis(actual, point_mass, QUANTILE_LEVELS), atol=1e-12)
