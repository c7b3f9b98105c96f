"""The order of the recovery room."""

from kedro.pipeline import Node, Pipeline

from pulse_kedro.pipelines.recovery.nodes import close_cycle, summarise_evidence

COUNTED = (
    "scores",
    "live_scores",
    "outcomes",
    "forecasts",
    "quality_report",
    "serving_bundle",
    "regimes",
    "overlay_ablation",
    "drift_action",
    "period",
)
DECIDED = ("cycle", "history", "training_plan", "promotion_decision", "serving_bundle", "rulebook")
MADE = ("evidence", "series", "scores", "live_scores", "cutoff_losses", "trust", "forecasts", "outcomes")
SEEDED = {"promotion": "params:promotion", "trust_options": "params:trust"}


def create_pipeline(**_: object) -> Pipeline:
    """Collect the evidence, then close the cycle."""
    return Pipeline(
        [
            Node(summarise_evidence, {name: name for name in COUNTED}, "evidence", name="summarise_evidence"),
            Node(close_cycle, {name: name for name in (*DECIDED, *MADE)} | SEEDED, "cycle_record", name="close_cycle"),
        ],
        namespace="recovery",
        prefix_datasets_with_namespace=False,
    )
