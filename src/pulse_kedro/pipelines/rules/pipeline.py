"""The order of the rules room."""

from kedro.pipeline import Node, Pipeline

from pulse_kedro.pipelines.rules.flow import draw_rulebook
from pulse_kedro.pipelines.rules.learning import learn_rules
from pulse_kedro.pipelines.rules.nodes import tabulate_bias, weigh_overlays

LEARNED = ("backtest", "open_windows", "panel", "series", "promotion_decision", "history", "rulebooks", "period")
WEIGHED = ("backtest", "overlays", "promotion_decision", "rulebook", "rule_shifts", "period")


def create_pipeline(**_: object) -> Pipeline:
    """Measure the bias of what serves, learn rules from it, and let overlays earn a correction beside them."""
    return Pipeline(
        [
            Node(
                tabulate_bias,
                ["backtest", "series", "promotion_decision", "period"],
                "bias_table",
                name="tabulate_bias",
            ),
            Node(
                learn_rules,
                {name: name for name in LEARNED} | {"rules": "params:rules"},
                ["rulebook", "rule_evaluations", "rule_shifts"],
                name="learn_rules",
                preview_fn=draw_rulebook,
            ),
            Node(
                weigh_overlays,
                {name: name for name in WEIGHED} | {"options": "params:overlays"},
                ["overlay_ablation", "overlay_correction"],
                name="weigh_overlays",
            ),
        ],
        namespace="rules",
        prefix_datasets_with_namespace=False,
    )
