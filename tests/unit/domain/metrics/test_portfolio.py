"""The paper portfolio: no skill earns minus the costs, foresight earns, and a fall is measured from the height."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pulse_kedro.domain.metrics.portfolio import MOST, UnpairedReturns, by_sign, by_volatility, trade

RETURNS = arrays(float, 20, elements=st.floats(-0.1, 0.1))
SIDES = arrays(float, 20, elements=st.sampled_from([-1.0, 0.0, 1.0]))


def test_without_skill_the_interval_holds_minus_the_costs() -> None:
    rng, held = np.random.default_rng(0), 0
    for _ in range(200):
        positions = by_sign(rng.normal(size=250))
        done = trade(positions, rng.normal(0, 0.01, size=250), cost=0.001, block=5, draws=199)
        held += done.low <= -done.costs <= done.high

    assert held / 200 >= 0.8  # nominal 90 %, four standard errors below it are 81


def test_foresight_earns_more_than_it_costs() -> None:
    returns = np.random.default_rng(1).normal(0, 0.01, size=250)

    assert trade(np.sign(returns), returns, cost=0.001, block=5).low > 0


@given(SIDES, RETURNS, st.floats(0, 0.01))
def test_what_is_earned_is_gross_minus_costs(positions: np.ndarray, returns: np.ndarray, cost: float) -> None:
    done = trade(positions, returns, cost=cost, block=3, draws=99)

    assert done.mean == pytest.approx(done.gross - done.costs, abs=1e-12)
    assert done.costs == pytest.approx(cost * done.turnover, abs=1e-12)
    assert 0 <= done.drawdown
    assert done.low <= done.high


@given(SIDES, RETURNS)
def test_without_costs_the_other_side_earns_the_opposite(positions: np.ndarray, returns: np.ndarray) -> None:
    one, other = (trade(sign * positions, returns, cost=0.0, block=3, draws=99) for sign in (1, -1))

    assert one.mean == pytest.approx(-other.mean, abs=1e-12)


def test_the_deepest_fall_is_measured_from_the_height_before_it() -> None:
    returns = np.array([0.05, -0.02, -0.02, 0.1, -0.01])

    assert 0.04 == pytest.approx(trade(np.ones(5), returns, cost=0.0, block=1).drawdown)


def test_a_position_by_volatility_is_smaller_in_turbulent_times_and_bounded() -> None:
    volatility = np.array([0.01, 0.02, 1e-9])

    found = by_volatility(np.array([1.0, -1.0, 1.0]), volatility, target=0.01)

    assert [1.0, -0.5, MOST] == found.tolist()


@pytest.mark.parametrize(
    ("positions", "returns"), [([1.0], [0.1]), ([1.0, 1.0], [0.1]), ([1.0, float("nan")], [0.1, 0.1])]
)
def test_what_does_not_belong_together_is_refused(positions: list[float], returns: list[float]) -> None:
    with pytest.raises(UnpairedReturns, match="expected as many of each"):
        trade(np.array(positions), np.array(returns), cost=0.0, block=1)
