"""Changes that are told apart from noise: in errors, outcomes, forecasts and features, calibrated on dependent data."""

from pulse_kedro.domain.metrics.drift.watching import CLIPPED, QUIET, Alarms, Watch, begin, find_drift, rescaled

__all__ = ["CLIPPED", "QUIET", "Alarms", "Watch", "begin", "find_drift", "rescaled"]
