"""Forecast: issue quantiles for the next steps."""

from pulse_kedro.pipelines.inference.pipeline import create_pipeline

__all__ = ["create_pipeline"]
