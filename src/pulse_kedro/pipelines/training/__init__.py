"""Train: plan, update the champion's state exactly, replay history, combine, calibrate, seal bundles."""

from pulse_kedro.pipelines.training.pipeline import create_pipeline, create_retraining_pipeline

__all__ = ["create_pipeline", "create_retraining_pipeline"]
