"""Survive: the whole result of a cycle becomes one record, committed in one transaction or not at all."""

from pulse_kedro.pipelines.recovery.pipeline import create_pipeline

__all__ = ["create_pipeline"]
