"""The best values of the scores that every cycle keeps; what a metric means stands in `registry`."""

from pulse_kedro.domain.metrics.registry import METRICS, better, distance

__all__ = ["TARGETS", "better", "distance"]
KEPT = ("mase", "rmsse", "smape", "theil_u2", "wis", "coverage_80", "coverage_95")
TARGETS = {name: target for name in KEPT if isinstance(target := METRICS[name].target, float)}
"""The best value of every metric of `scores`, in its unit: losses are best at 0, a coverage at its level."""
