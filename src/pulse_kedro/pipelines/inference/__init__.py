"""Forecast: issue quantiles for the next steps, resolve earlier forecasts by what became known."""

from pulse_kedro.pipelines.inference.pipeline import create_pipeline

__all__ = ["create_pipeline"]
