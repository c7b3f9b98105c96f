"""The order of the reporting room."""

from kedro.pipeline import Node, Pipeline

from pulse_kedro.pipelines.reporting.nodes import (
    draw_backtest_against_baselines,
    draw_bias,
    draw_calibration,
    draw_drift,
    draw_errors,
    draw_forecast_fans,
    draw_interval_coverage,
    draw_quality,
    draw_recipe_comparison,
    draw_regimes,
    draw_skill_by_horizon,
    draw_trust,
    extract_curves,
    select_series,
    summarise_cycle,
    write_report,
)

DECIDED = ["promotion_decision", "params:reporting"]
CHOSEN = ("series", "panel", "forecasts", "scores", "promotion_decision", "period")
FANNED = ("report_series", "panel", "forecasts", "ledger", "period")
SUMMED_UP = (
    "cycle_record",
    "promotion_decision",
    "quality_report",
    "quality_findings",
    "feature_set",
    "panel",
    "series",
    "report_series",
    "forecasts",
    "scores",
    "live_scores",
    "bias_table",
    "error_analysis",
    "calibration",
    "curves",
    "ledger",
    "drift_report",
    "trust",
    "rulebook",
    "rule_evaluations",
    "period",
)
SUSPECTED = ("snapshot", "quality_findings", "series", "period")
SCORED = ["scores", "curves", *DECIDED]
PICTURES = (
    "forecast_fans",
    "backtest_against_baselines",
    "skill_by_horizon",
    "interval_coverage",
    "bias_by_slice",
    "recipe_comparison",
    "data_quality",
    "regime_axes",
    "drift_figure",
    "error_slices",
    "calibration_plot",
    "trust_figure",
)


def create_pipeline(**_: object) -> Pipeline:
    """Choose series -> draw -> sum up what was committed -> write one page."""
    return Pipeline(
        [
            Node(select_series, _named(CHOSEN, "reporting"), "report_series", name="select_series"),
            Node(draw_forecast_fans, _named(FANNED, "source", "reporting"), "forecast_fans", name="draw_forecast_fans"),
            Node(extract_curves, ["backtest", "report_series", *DECIDED], "curves", name="extract_curves"),
            Node(
                draw_backtest_against_baselines,
                SCORED,
                "backtest_against_baselines",
                name="draw_backtest_against_baselines",
            ),
            Node(draw_skill_by_horizon, ["scores", *DECIDED], "skill_by_horizon", name="draw_skill_by_horizon"),
            Node(draw_interval_coverage, "curves", "interval_coverage", name="draw_interval_coverage"),
            Node(draw_bias, "bias_table", "bias_by_slice", name="draw_bias"),
            Node(draw_errors, "error_analysis", "error_slices", name="draw_errors"),
            Node(draw_calibration, "calibration", "calibration_plot", name="draw_calibration"),
            Node(
                draw_recipe_comparison,
                ["cutoff_losses", "promotion_decision"],
                "recipe_comparison",
                name="draw_recipe_comparison",
            ),
            Node(draw_trust, ["trust", "promotion_decision"], "trust_figure", name="draw_trust"),
            Node(draw_quality, list(SUSPECTED), "data_quality", name="draw_quality"),
            Node(
                draw_regimes,
                ["regimes", "recessions", "params:source", "params:regimes"],
                "regime_axes",
                name="draw_regimes",
            ),
            Node(
                draw_drift,
                ["drift_report", "step_errors", "promotion_decision", "period", "params:drift"],
                "drift_figure",
                name="draw_drift",
            ),
            Node(summarise_cycle, _named(SUMMED_UP, "source", "reporting"), "cycle_summary", name="summarise_cycle"),
            Node(write_report, _named(("cycle_summary", *PICTURES)), "cycle_report", name="write_report"),
        ],
        namespace="reporting",
        prefix_datasets_with_namespace=False,
    )


def _named(datasets: tuple[str, ...], *parameters: str) -> dict[str, str]:
    """Inputs by keyword: datasets under their own name, parameters under the name of their group."""
    return {name: name for name in datasets} | {name: f"params:{name}" for name in parameters}
