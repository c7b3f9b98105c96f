"""The order of the data room."""

from kedro.pipeline import Node, Pipeline

from pulse_kedro.pipelines.data_management.nodes import (
    assess_quality,
    clean_panel,
    make_features,
    make_overlays,
    make_panel,
    resolve_cycle,
    sense_regimes,
    split_rows,
    take_snapshot,
)


def create_pipeline(**_: object) -> Pipeline:
    """Source -> rows -> period -> snapshot -> cleaned -> panel -> features, overlays, regimes; a quality report."""
    known = {name: name for name in ("rows", "quarantine", "snapshot", "cleaning_log")}
    declared = {name: f"params:{name}" for name in ("source", "quality")}
    asked = ["rows", "params:as_of", "params:known_at", "params:source", "history"]
    sensed = ["panel", "events", "params:source", "params:regimes"]
    return Pipeline(
        [
            Node(split_rows, ["observations", "params:source"], ["rows", "quarantine"], name="split_rows"),
            Node(resolve_cycle, asked, "period", name="resolve_cycle"),
            Node(take_snapshot, ["rows", "period", "params:source"], "snapshot", name="take_snapshot"),
            Node(
                clean_panel,
                ["snapshot", "params:source", "params:quality", "params:cleaning"],
                ["cleaned", "cleaning_log"],
                name="clean_panel",
            ),
            Node(make_panel, ["cleaned", "params:source"], ["panel", "series"], name="make_panel"),
            Node(assess_quality, known | declared, ["quality_report", "quality_findings"], name="assess_quality"),
            Node(
                make_features,
                ["panel", "snapshot", "params:source", "params:features"],
                ["features", "feature_set"],
                name="make_features",
            ),
            Node(make_overlays, ["panel", "params:source", "params:overlays"], "overlays", name="make_overlays"),
            Node(sense_regimes, sensed, ["regimes", "regime_events"], name="sense_regimes"),
        ],
        namespace="data_management",
        prefix_datasets_with_namespace=False,
    )
