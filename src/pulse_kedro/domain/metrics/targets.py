"""What each metric should be: it is better the nearer it lies to its best value, so nobody asks which way is up.

Without pandas, for commands that answer quickly; `registry` knows the rest about each metric, and a test compares.
"""

from typing import Literal

from pulse_kedro.domain.errors import InvalidInput, nearest

BEST = {
    "mae": 0.0,
    "rmse": 0.0,
    "median_ae": 0.0,
    "p90_ae": 0.0,
    "mbe": 0.0,
    "mase": 0.0,
    "rmsse": 0.0,
    "smape": 0.0,
    "mape": 0.0,
    "wape": 0.0,
    "r2": 1.0,
    "theil_u2": 0.0,
    "directional_accuracy": 1.0,
    "skill": 1.0,
    "pinball": 0.0,
    "crps": 0.0,
    "crps_sample": 0.0,
    "wis": 0.0,
    "msis": 0.0,
    "pit": 0.0,
    "coverage_80": 0.8,
    "coverage_95": 0.95,
}
"""The best value of every metric, in its unit."""
TARGETS = {name: BEST[name] for name in ("mase", "rmsse", "smape", "theil_u2", "wis", "coverage_80", "coverage_95")}
"""The same of every metric of `scores`: losses are best at 0, a coverage at its level."""


class UnknownMetric(InvalidInput):
    """A metric was asked for that the registry does not hold."""

    def __init__(self, name: str) -> None:
        """Keep the name that was asked for."""
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        """Say what is known and what is nearest."""
        known = list(BEST)
        return (
            f"Looking up a metric failed: got {self.name!r}, expected one of {', '.join(known)}."
            f"{nearest(self.name, known)}"
        )


def distance(metric: str, value: float) -> float:
    """How far a value lies from the best one, in the unit of the metric.

    Args:
        metric: A key of `BEST`.
        value: The score.

    Raises:
        UnknownMetric: With the nearest name.

    Example:
        >>> round(distance("coverage_80", 0.83), 2), distance("mase", 0.5), distance("r2", 0.75)
        (0.03, 0.5, 0.25)
    """
    if metric not in BEST:
        raise UnknownMetric(metric)
    return abs(value - BEST[metric])


def better(metric: str, a: float | None, b: float | None) -> Literal["a", "b"] | None:
    """Which of two values lies nearer to the best one.

    Args:
        metric: A key of `BEST`.
        a: One value; `None` where there is none.
        b: The other.

    Returns:
        `None` when they are equally near, or one is missing. Nothing is said about chance.

    Raises:
        UnknownMetric: With the nearest name.

    Example:
        >>> better("mase", 0.4, 0.5), better("coverage_95", 0.99, 0.94), better("mase", None, 0.5)
        ('a', 'b', None)
    """
    if metric not in BEST:
        raise UnknownMetric(metric)
    if a is None or b is None or distance(metric, a) == distance(metric, b):
        return None
    return "a" if distance(metric, a) < distance(metric, b) else "b"
