"""The order of the rules room."""

from kedro.pipeline import Node, Pipeline

from pulse_kedro.pipelines.rules.flow import draw_rulebook
from pulse_kedro.pipelines.rules.nodes import tabulate_bias, weigh_overlays, write_rulebook


def create_pipeline(**_: object) -> Pipeline:
    """Measure the bias of what serves, let overlays earn a correction, and write its rulebook."""
    return Pipeline(
        [
            Node(
                tabulate_bias,
                ["backtest", "series", "promotion_decision", "period"],
                "bias_table",
                name="tabulate_bias",
            ),
            Node(
                weigh_overlays,
                ["backtest", "overlays", "promotion_decision", "period", "params:overlays"],
                ["overlay_ablation", "overlay_correction"],
                name="weigh_overlays",
            ),
            Node(write_rulebook, ["promotion_decision"], "rulebook", name="write_rulebook", preview_fn=draw_rulebook),
        ],
        namespace="rules",
        prefix_datasets_with_namespace=False,
    )
