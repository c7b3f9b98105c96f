"""From any table to what a cycle knows: good rows, a period, an immutable snapshot, the panel and its features."""

from pulse_kedro.pipelines.data_management.pipeline import create_pipeline

__all__ = ["create_pipeline"]
