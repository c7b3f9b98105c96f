"""The order of the metrics room."""

from kedro.pipeline import Node, Pipeline

from pulse_kedro.pipelines.metrics.analysis import analyse_errors, check_calibration
from pulse_kedro.pipelines.metrics.drift import check_drift, choose_action, tell_drift
from pulse_kedro.pipelines.metrics.flow import draw_decision
from pulse_kedro.pipelines.metrics.nodes import (
    choose_serving_bundle,
    decide,
    resolve_outcomes,
    score_backtest,
    score_outcomes,
)
from pulse_kedro.pipelines.metrics.trust import update_trust

JUDGED = ("ledger", "outcomes", "history", "panel", "features", "regimes", "series", "period")
WEIGHED = (
    "training_plan",
    "candidates",
    "bundle_check",
    "cutoff_losses",
    "step_errors",
    "scores",
    "live_scores",
    "history",
    "backtest",
    "period",
)

ERRORS = ("step_errors", "panel", "promotion_decision", "history", "period")
LOOKED_AT = {name: name for name in (*ERRORS, "features", "regimes")} | {"drift": "params:drift"}
ANSWERED = {name: name for name in (*ERRORS, "drift_report")} | {"drift": "params:drift"}
TOLD = ["drift_report", "promotion_decision", "history", "snapshot", "period"]


def create_pipeline(**_: object) -> Pipeline:
    """Resolve what came true -> score -> decide -> hand over the bundle that serves -> see where it errs."""
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
                update_trust,
                {name: name for name in JUDGED} | {"trust": "params:trust", "metrics": "params:metrics"},
                "trust",
                name="update_trust",
            ),
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
            Node(check_drift, LOOKED_AT, "drift_report", name="check_drift"),
            Node(choose_action, ANSWERED, "drift_action", name="choose_action"),
            Node(tell_drift, TOLD, "drift_events", name="tell_drift"),
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
