"""The order of the inference room."""

from kedro.pipeline import Node, Pipeline

from pulse_kedro.pipelines.inference.nodes import issue_forecasts

NEEDED = ("serving_bundle", "cycle", "rule_shifts", "overlay_correction", "features")


def create_pipeline(**_: object) -> Pipeline:
    """Issue what is next."""
    return Pipeline(
        [Node(issue_forecasts, {name: name for name in NEEDED}, "forecasts", name="issue_forecasts")],
        namespace="inference",
        prefix_datasets_with_namespace=False,
    )
