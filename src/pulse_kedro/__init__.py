"""Recursive training of time-series forecasts: one `kedro run` per cycle, each building on the last."""

__version__ = "0.1.0"
