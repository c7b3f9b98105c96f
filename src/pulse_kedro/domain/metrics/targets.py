"""What each score should be: it is better the nearer it lies to its target, so nobody asks which way is up."""

from typing import Literal

TARGETS = {
    "mase": 0.0,
    "rmsse": 0.0,
    "smape": 0.0,
    "theil_u2": 0.0,
    "wis": 0.0,
    "coverage_80": 0.8,
    "coverage_95": 0.95,
}
"""The best value of every metric of `scores`, in its unit: losses are best at 0, a coverage at its level."""


def distance(metric: str, value: float) -> float:
    """How far a score lies from its target, in the unit of the metric.

    Args:
        metric: A key of `TARGETS`.
        value: The score.

    Example:
        >>> round(distance("coverage_80", 0.83), 2), distance("mase", 0.5)
        (0.03, 0.5)
    """
    return abs(value - TARGETS[metric])


def better(metric: str, a: float | None, b: float | None) -> Literal["a", "b"] | None:
    """Which of two scores lies nearer to the target.

    Args:
        metric: A key of `TARGETS`.
        a: One score; `None` where there is none.
        b: The other.

    Returns:
        `None` when they are equally near, or one is missing. Nothing is said about chance.

    Example:
        >>> better("mase", 0.4, 0.5), better("coverage_95", 0.99, 0.94), better("mase", None, 0.5)
        ('a', 'b', None)
    """
    if a is None or b is None or distance(metric, a) == distance(metric, b):
        return None
    return "a" if distance(metric, a) < distance(metric, b) else "b"
