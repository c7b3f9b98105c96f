"""What each of the cycle's own scores should be; `better` and `distance` are those of the registry."""

from pulse_kedro.domain.metrics.registry import METRICS, better, distance

__all__ = ["TARGETS", "better", "distance"]

_OWN = ("mase", "rmsse", "smape", "theil_u2", "wis", "coverage_80", "coverage_95")
TARGETS = {name: METRICS[name].best for name in _OWN}
"""The best value of every metric of `scores`, in its unit: losses are best at 0, a coverage at its level."""
