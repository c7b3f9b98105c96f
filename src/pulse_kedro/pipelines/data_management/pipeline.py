"""The order of the data room."""

from kedro.pipeline import Node, Pipeline

from pulse_kedro.pipelines.data_management.nodes import (
    assess_quality,
    make_features,
    make_panel,
    resolve_cycle,
    sense_regimes,
    split_rows,
    take_snapshot,
)


def create_pipeline(**_: object) -> Pipeline:
    """Source -> rows -> period -> snapshot -> panel -> features and regimes, with a quality report beside them."""
    known = ["rows", "quarantine", "snapshot", "params:source"]
    sensed = ["panel", "events", "params:source", "params:regimes"]
    return Pipeline(
        [
            Node(split_rows, ["observations", "params:source"], ["rows", "quarantine"], name="split_rows"),
            Node(resolve_cycle, ["rows", "params:as_of", "params:source", "history"], "period", name="resolve_cycle"),
            Node(take_snapshot, ["rows", "period", "params:source"], "snapshot", name="take_snapshot"),
            Node(make_panel, ["snapshot", "params:source"], ["panel", "series"], name="make_panel"),
            Node(assess_quality, known, "quality_report", name="assess_quality"),
            Node(
                make_features,
                ["panel", "snapshot", "params:source", "params:features"],
                ["features", "feature_set"],
                name="make_features",
            ),
            Node(sense_regimes, sensed, ["regimes", "regime_events"], name="sense_regimes"),
        ],
        namespace="data_management",
        prefix_datasets_with_namespace=False,
    )
