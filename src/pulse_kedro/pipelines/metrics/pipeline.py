"""The order of the metrics room."""

from kedro.pipeline import Node, Pipeline

from pulse_kedro.pipelines.metrics.analysis import analyse_errors, check_calibration
from pulse_kedro.pipelines.metrics.flow import draw_decision
from pulse_kedro.pipelines.metrics.nodes import (
    choose_serving_bundle,
    decide,
    resolve_outcomes,
    score_backtest,
    score_outcomes,
)

WEIGHED = (
    "training_plan",
    "candidates",
    "bundle_check",
    "cutoff_losses",
    "scores",
    "live_scores",
    "history",
    "backtest",
    "period",
)


def create_pipeline(**_: object) -> Pipeline:
    """Resolve what came true -> score the replayed and the issued -> decide -> hand over the bundle -> see errors."""
    return Pipeline(
        [
            Node(score_backtest, ["backtest", "panel", "period"], "scores", name="score_backtest"),
            Node(
                resolve_outcomes,
                ["ledger", "panel", "period", "snapshot", "cleaning_log"],
                "outcomes",
                name="resolve_outcomes",
            ),
            Node(score_outcomes, ["ledger", "outcomes", "features", "period"], "live_scores", name="score_outcomes"),
            Node(
                decide,
                {name: name for name in WEIGHED} | {"promotion": "params:promotion"},
                "promotion_decision",
                name="decide",
                preview_fn=draw_decision,
            ),
            Node(
                choose_serving_bundle,
                ["promotion_decision", "candidates"],
                "serving_bundle",
                name="choose_serving_bundle",
            ),
            Node(
                analyse_errors,
                ["backtest", "regimes", "promotion_decision", "period"],
                "error_analysis",
                name="analyse_errors",
            ),
            Node(check_calibration, ["backtest", "promotion_decision"], "calibration", name="check_calibration"),
        ],
        namespace="metrics",
        prefix_datasets_with_namespace=False,
    )
