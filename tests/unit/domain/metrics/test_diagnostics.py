"""Diagnostics: uncertainty in the right unit, convergence that can be revoked, limits that stay near their anchor."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pulse_kedro.domain.metrics.diagnostics import (
    FREEDOM,
    UnusableLimit,
    anchored_limit,
    converge,
    spread_of_draws,
    spread_of_quantiles,
)
from pulse_kedro.domain.panel import QUANTILE_LEVELS

DRAWS = np.random.default_rng(0).normal(100.0, 1.0, size=(2000, 50))
QUANTILES = list(np.quantile(DRAWS, QUANTILE_LEVELS, axis=0))


def test_uncertainty_of_a_normal_forecast_is_its_spread_and_not_its_level_k21() -> None:
    assert 1.0 == pytest.approx(float(spread_of_draws(DRAWS).mean()), abs=0.02)
    assert 1.0 == pytest.approx(float(spread_of_quantiles(QUANTILES, QUANTILE_LEVELS).mean()), abs=0.02)


@given(st.floats(-1e3, 1e3), st.floats(0.01, 100))
def test_uncertainty_ignores_the_level_and_scales_with_the_unit(shift: float, factor: float) -> None:
    before = spread_of_quantiles(QUANTILES, QUANTILE_LEVELS)

    after = spread_of_quantiles([shift + factor * column for column in QUANTILES], QUANTILE_LEVELS)

    np.testing.assert_allclose(factor * before, after, rtol=1e-6, atol=1e-9)


def test_a_point_forecast_has_no_uncertainty() -> None:
    assert 0.0 == pytest.approx(spread_of_quantiles([np.ones(1)] * len(QUANTILE_LEVELS), QUANTILE_LEVELS)[0])


def test_a_step_upwards_is_not_converged_k20() -> None:
    assert "rising" == converge(np.array([1.0] * 5 + [2.0] * 5)).status


def test_convergence_is_revoked_when_the_loss_rises_and_can_come_again_k20() -> None:
    losses = np.array([1.0] * 12 + [2.0] * 5 + [2.0] * 12)

    assert ("converged", 10, 0) == (converge(losses[:12]).status, converge(losses[:12]).since, 0)
    assert "rising" == converge(losses[:14]).status
    again = converge(losses)
    assert ("converged", 1) == (again.status, again.revoked)
    assert again.since is not None
    assert again.since > 17


@pytest.mark.parametrize(
    ("losses", "status"),
    [
        ([1.0] * 9, "learning"),
        (list(np.linspace(2, 1, 10)), "improving"),
        ([1.0] * 9 + [float("nan")], "diverged"),
        ([0.0] * 10, "converged"),
        ([0.0] * 5 + [1.0] * 5, "rising"),
        (list(np.linspace(1.001, 1.0, 10)), "converged"),
    ],
)
def test_where_a_loss_stands(losses: list[float], status: str) -> None:
    assert status == converge(np.array(losses)).status


@given(arrays(float, 24, elements=st.floats(0.1, 10)), st.floats(0.01, 100))
def test_the_unit_of_a_loss_changes_nothing(losses: np.ndarray, factor: float) -> None:
    one, other = converge(losses), converge(factor * losses)

    assert one.change == pytest.approx(other.change, rel=1e-6, abs=1e-9)


@given(st.floats(0.1, 10), arrays(float, 7, elements=st.floats(-100, 100)))
def test_a_limit_stays_near_its_anchor(reference: float, recent: np.ndarray) -> None:
    limit = anchored_limit(reference, recent)

    assert (1 - FREEDOM) * reference - 1e-9 <= limit <= (1 + FREEDOM) * reference + 1e-9


def test_slow_decay_is_seen_in_the_end() -> None:
    """A limit that only followed the last 20 values, the largest of them, would rise with them for ever."""
    errors = np.repeat(np.linspace(1.0, 3.0, 40), 20)

    seen = [errors[at] > anchored_limit(1.1, errors[at - 20 : at], level=1.0) for at in range(20, 800, 20)]

    assert 1.2 * 1.1 == pytest.approx(anchored_limit(1.1, errors[-20:]))
    assert all(seen[10:])


def test_a_reference_must_be_positive() -> None:
    with pytest.raises(UnusableLimit, match=r"got the reference 0\.0, expected a positive number"):
        anchored_limit(0.0, np.ones(3))
