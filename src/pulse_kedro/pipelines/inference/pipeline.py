"""The order of the inference room."""

from kedro.pipeline import Node, Pipeline

from pulse_kedro.pipelines.inference.nodes import issue_forecasts, resolve_outcomes


def create_pipeline(**_: object) -> Pipeline:
    """Resolve what is known, issue what is next."""
    return Pipeline(
        [
            Node(
                resolve_outcomes,
                ["ledger", "panel", "period", "snapshot"],
                "outcomes",
                name="resolve_outcomes",
            ),
            Node(
                issue_forecasts,
                ["serving_bundle", "cycle", "rulebook"],
                "forecasts",
                name="issue_forecasts",
            ),
        ],
        namespace="inference",
        prefix_datasets_with_namespace=False,
    )
