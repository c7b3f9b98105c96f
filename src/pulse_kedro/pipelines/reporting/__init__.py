"""Tell people: pictures of forecasts and evidence, and one page that explains the cycle to somebody new."""

from pulse_kedro.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]
