"""A paper portfolio: what forecasts of returns would have earned if they were traded, costs included.

This is a test of forecasts, not advice: it knows no taxes, no limits of liquidity and no risk but that of the sample.
"""

from dataclasses import dataclass

import numpy as np

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import Array

DRAWS, SEED = 999, 20181201
"""Resamples and their seed; ours."""
FEWEST = 2
"""Periods from which a mean has an interval."""
MOST = 3.0
"""Largest position of a sizing by volatility, in units of capital; ours, so that a quiet stretch does not explode."""


class UnpairedReturns(InvalidInput):
    """Forecasts and returns do not belong together, or there are too few."""

    def __init__(self, forecasts: int, returns: int) -> None:
        """Keep how many there are of each."""
        super().__init__(forecasts, returns)
        self.forecasts, self.returns = forecasts, returns

    def __str__(self) -> str:
        """Name both numbers."""
        return (
            f"Trading on paper failed: got {self.forecasts} forecasts and {self.returns} returns, expected as many of "
            "each, at least two, all of them numbers. Leave out periods in which one of them is missing."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """What was earned per period, in shares of the capital: `mean = gross - costs`, with the interval of the mean.

    `drawdown` is the deepest fall of the summed result from an earlier height, `turnover` the mean position that was
    bought or sold per period, `positions` has shape `(periods,)`.
    """

    positions: Array
    mean: float
    low: float
    high: float
    gross: float
    costs: float
    drawdown: float
    turnover: float


def by_sign(forecasts: Array) -> Array:
    """All of the capital on the side of each forecast.

    Args:
        forecasts: Forecast returns, made before the period; shape `(periods,)`, no unit.

    Returns:
        +1, -1, or 0 for a forecast of 0.

    Example:
        >>> by_sign(np.array([0.2, -0.1, 0.0])).tolist()
        [1.0, -1.0, 0.0]
    """
    side: Array = np.sign(forecasts)
    return side


def by_volatility(forecasts: Array, volatility: Array, *, target: float) -> Array:
    """The side of each forecast, sized for an equal risk in every period.

    Args:
        forecasts: Forecast returns, made before the period; shape `(periods,)`, no unit.
        volatility: Standard deviation of a return as it was known before each period, positive; same shape.
        target: Wanted standard deviation per period; no unit.

    Returns:
        Positions, at most `MOST` on either side.

    Source:
        Volatility targeting as in Moskowitz, Ooi & Pedersen (2012): sign times target over expected volatility.
    """
    sized: Array = np.sign(forecasts) * np.minimum(target / volatility, MOST)
    return sized


def trade(
    positions: Array, returns: Array, *, cost: float, block: int, interval: float = 0.9, draws: int = DRAWS
) -> Portfolio:
    """Result of holding positions over the periods they were taken for.

    Args:
        positions: Decided before each period; shape `(periods,)`, in units of capital.
        returns: What the period returned; same shape, no unit.
        cost: Share of what is bought or sold that trading costs.
        block: Consecutive periods that are drawn together, at least the length over which results hang together.
        interval: Probability between the bounds.
        draws: Number of resamples.

    Raises:
        UnpairedReturns: The lengths differ, fewer than two periods, or a value is not a number.

    Source:
        Circular block bootstrap of Politis & Romano (1992) on the result per period. Without skill the gross result is
        0 in expectation, so that the interval holds minus the costs (domain reference M9).

    Example:
        >>> done = trade(np.array([1.0, 1.0, -1.0]), np.array([0.02, -0.01, -0.01]), cost=0.001, block=1)
        >>> round(done.gross, 4), round(done.costs, 4), round(done.drawdown, 4), round(done.turnover, 4)
        (0.0067, 0.001, 0.01, 1.0)
    """
    if len(positions) != len(returns) or len(returns) < FEWEST or not np.isfinite(positions * returns).all():
        raise UnpairedReturns(len(positions), len(returns))
    bought = np.abs(np.diff(positions, prepend=0.0))
    gross, costs = positions * returns, cost * bought
    result = gross - costs
    wealth = np.concatenate([[0.0], np.cumsum(result)])
    low, high = np.quantile(_means(result, block=block, draws=draws), [(1 - interval) / 2, (1 + interval) / 2])
    return Portfolio(
        positions=positions,
        mean=float(result.mean()),
        low=float(low),
        high=float(high),
        gross=float(gross.mean()),
        costs=float(costs.mean()),
        drawdown=float((np.maximum.accumulate(wealth) - wealth).max()),
        turnover=float(bought.mean()),
    )


def _means(values: Array, *, block: int, draws: int) -> Array:
    n, length = len(values), max(1, min(block, len(values)))
    starts = np.random.default_rng(SEED).integers(n, size=(draws, -(-n // length)))
    places = ((starts[:, :, None] + np.arange(length)) % n).reshape(draws, -1)[:, :n]
    means: Array = values[places].mean(axis=1)
    return means
