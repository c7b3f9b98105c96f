"""Score the backtest and what was really issued, then decide with evidence which bundle serves."""

from pulse_kedro.pipelines.metrics.pipeline import create_pipeline

__all__ = ["create_pipeline"]
