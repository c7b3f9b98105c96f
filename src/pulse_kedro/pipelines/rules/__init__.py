"""Say where the serving recipe leans, and write down the rules in force: none, so far."""

from pulse_kedro.pipelines.rules.pipeline import create_pipeline

__all__ = ["create_pipeline"]
