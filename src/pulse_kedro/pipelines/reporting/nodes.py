"""From the results of a cycle to pictures, sentences and one page. Nothing is decided here."""

from collections.abc import Mapping

import pandas as pd

from pulse_kedro.domain.cycle import Period
from pulse_kedro.domain.data_management.regimes import RegimeOptions
from pulse_kedro.domain.data_management.snapshots import Snapshot
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.history import CommittedCycle
from pulse_kedro.domain.ledger import Ledger, as_served
from pulse_kedro.domain.metrics.drift.options import DriftOptions
from pulse_kedro.domain.panel import ID, frequency
from pulse_kedro.pipelines.reporting.curves import trace_curves
from pulse_kedro.pipelines.reporting.options import ReportingOptions
from pulse_kedro.pipelines.reporting.page import render
from pulse_kedro.pipelines.reporting.pictures.calibration import draw_promises
from pulse_kedro.pipelines.reporting.pictures.canvas import Figure, to_figure
from pulse_kedro.pipelines.reporting.pictures.charts import draw_backtest, draw_coverage, draw_skill
from pulse_kedro.pipelines.reporting.pictures.comparison import draw_comparison
from pulse_kedro.pipelines.reporting.pictures.drift import draw_drift_panels
from pulse_kedro.pipelines.reporting.pictures.errors import draw_error_slices
from pulse_kedro.pipelines.reporting.pictures.fans import Story, draw_fans, earlier_forecasts, past_values
from pulse_kedro.pipelines.reporting.pictures.lean import draw_bias_panels
from pulse_kedro.pipelines.reporting.pictures.regimes import draw_regime_axes
from pulse_kedro.pipelines.reporting.pictures.suspicions import draw_suspicions
from pulse_kedro.pipelines.reporting.pictures.trust import draw_trust_panels
from pulse_kedro.pipelines.reporting.scores import horizon_scores, panel_scores, series_scores, short
from pulse_kedro.pipelines.reporting.selection import choose_aggregate, rank, report_table
from pulse_kedro.pipelines.reporting.wording import COMBINATION
from pulse_kedro.pipelines.reporting.words.quality import worst_cards
from pulse_kedro.pipelines.reporting.words.sources import Sources, gather
from pulse_kedro.pipelines.reporting.words.summary import summarise


def select_series(
    *,
    series: pd.DataFrame,
    panel: pd.DataFrame,
    forecasts: pd.DataFrame,
    scores: pd.DataFrame,
    promotion_decision: Mapping[str, object],
    period: Period,
    reporting: ReportingOptions,
) -> pd.DataFrame:
    """The aggregate and examples at even distances from the best to the worst backtest error."""
    issued = sorted(set(map(str, forecasts[ID])))
    season = frequency(period.frequency).season_length
    aggregate = choose_aggregate(panel, issued, reporting.aggregate, season)
    mase = series_scores(scores, short(promotion_decision["recipe"]), COMBINATION)
    ranked = rank(mase, [name for name in issued if name != aggregate])
    return report_table(series, aggregate, ranked, mase, reporting.examples)


def draw_forecast_fans(
    *,
    report_series: pd.DataFrame,
    panel: pd.DataFrame,
    forecasts: pd.DataFrame,
    ledger: Ledger,
    period: Period,
    source: SourceOptions,
    reporting: ReportingOptions,
) -> Figure:
    """Past, forecast with its intervals, and an earlier forecast beside what came true; one panel per shown series."""
    earlier = earlier_forecasts(ledger, period, frequency(period.frequency))
    ids, issued = [str(name) for name in report_series[ID]], as_served(forecasts)
    stories = [
        Story(
            past=past_values(panel, name, period, reporting.history_seasons),
            future=issued[issued[ID] == name].sort_values("step"),
            earlier=earlier[earlier[ID] == name].sort_values("step"),
        )
        for name in ids
    ]
    return to_figure(draw_fans(list(report_series["title"]), stories, source.unit, period.frequency))


def extract_curves(
    backtest: pd.DataFrame,
    report_series: pd.DataFrame,
    promotion_decision: Mapping[str, object],
    reporting: ReportingOptions,
) -> pd.DataFrame:
    """The few numbers of the large backtest table that are drawn."""
    recipe = short(promotion_decision["recipe"])
    return trace_curves(backtest, recipe, reporting.baselines, list(report_series[ID]))


def draw_backtest_against_baselines(
    scores: pd.DataFrame, curves: pd.DataFrame, promotion_decision: Mapping[str, object], reporting: ReportingOptions
) -> Figure:
    """Mean error of each model, and of combination and baselines at each past cutoff."""
    values = panel_scores(scores, short(promotion_decision["recipe"]))
    mase = pd.Series({name: metrics.get("mase", float("nan")) for name, metrics in values.items()}, dtype=float)
    return to_figure(draw_backtest(mase, curves, reporting.baselines))


def draw_skill_by_horizon(
    scores: pd.DataFrame, promotion_decision: Mapping[str, object], reporting: ReportingOptions
) -> Figure:
    """Share of the reference's error that each model avoids, by steps ahead."""
    mase = horizon_scores(scores, short(promotion_decision["recipe"]))
    return to_figure(draw_skill(mase, reporting.reference, reporting.baselines))


def draw_interval_coverage(curves: pd.DataFrame) -> Figure:
    """Share of outcomes inside the intervals against what was promised, overall and by steps ahead."""
    return to_figure(draw_coverage(curves))


def draw_bias(bias_table: pd.DataFrame) -> Figure:
    """Mean residual by month, steps ahead and group of series, with its uncertainty."""
    return to_figure(draw_bias_panels(bias_table))


def draw_errors(error_analysis: pd.DataFrame) -> Figure:
    """Mean error by steps ahead, year and regime, with its uncertainty."""
    return to_figure(draw_error_slices(error_analysis))


def draw_calibration(calibration: pd.DataFrame) -> Figure:
    """Promised against observed shares, the PIT histogram, and coverage over time."""
    return to_figure(draw_promises(calibration))


def draw_regimes(
    regimes: pd.DataFrame, recessions: pd.DataFrame, source: SourceOptions, options: RegimeOptions
) -> Figure:
    """Probability of contraction and of turbulence over time; recessions are shaded for one source only."""
    shaded = recessions if source.name == options.shade_source else recessions.iloc[:0]
    return to_figure(draw_regime_axes(regimes, shaded, enter=options.enter, leave=options.leave))


def draw_drift(
    drift_report: pd.DataFrame,
    step_errors: pd.DataFrame,
    promotion_decision: Mapping[str, object],
    period: Period,
    drift: DriftOptions,
) -> Figure:
    """How near each scope is to an alarm, and the errors of what serves with the window that was watched."""
    errors = step_errors[step_errors["recipe"].astype(str) == short(promotion_decision["recipe"])]
    window = drift.window_steps(frequency(period.frequency).season_length)
    return to_figure(draw_drift_panels(drift_report, errors, window=window))


def draw_recipe_comparison(cutoff_losses: pd.DataFrame, promotion_decision: Mapping[str, object]) -> Figure:
    """Loss that the challenger's recipe avoided, at each past cutoff and in all; empty when one recipe was alone."""
    gate = promotion_decision.get("gate")
    if not isinstance(gate, Mapping):
        return to_figure(draw_comparison(cutoff_losses, "", "", stride=1))
    sides = (short(gate[side]) for side in ("champion", "challenger"))
    return to_figure(draw_comparison(cutoff_losses, *sides, stride=-(-int(gate["horizon"]) // int(gate["step"]))))


def draw_trust(trust: pd.DataFrame, promotion_decision: Mapping[str, object]) -> Figure:
    """Trust of every recipe that served, and of the serving one by group and regime, with intervals."""
    return to_figure(draw_trust_panels(trust, short(promotion_decision["recipe"])))


def draw_quality(snapshot: Snapshot, quality_findings: pd.DataFrame, series: pd.DataFrame, period: Period) -> Figure:
    """Findings about the data by kind over time, and the series with the most of them, each finding marked."""
    titles = [(card.unique_id, card.title) for card in worst_cards(quality_findings, series)]
    return to_figure(draw_suspicions(snapshot.rows, quality_findings, titles, period.frequency))


def summarise_cycle(
    *,
    cycle_record: CommittedCycle,
    promotion_decision: Mapping[str, object],
    quality_report: Mapping[str, object],
    quality_findings: pd.DataFrame,
    feature_set: Mapping[str, object],
    panel: pd.DataFrame,
    series: pd.DataFrame,
    report_series: pd.DataFrame,
    forecasts: pd.DataFrame,
    scores: pd.DataFrame,
    live_scores: pd.DataFrame,
    bias_table: pd.DataFrame,
    error_analysis: pd.DataFrame,
    calibration: pd.DataFrame,
    curves: pd.DataFrame,
    ledger: Ledger,
    drift_report: pd.DataFrame,
    trust: pd.DataFrame,
    rulebook: Mapping[str, object],
    rule_evaluations: pd.DataFrame,
    period: Period,
    source: SourceOptions,
    reporting: ReportingOptions,
) -> dict[str, object]:
    """Everything the report says, as sentences and tables; reads the committed cycle, so it runs after the commit."""
    sources = Sources(
        panel=panel,
        series=series,
        chosen=report_series,
        forecasts=as_served(forecasts),
        scores=scores,
        live_scores=live_scores,
        bias=bias_table,
        errors=error_analysis,
        calibration=calibration,
        curves=curves,
        ledger=ledger,
        findings=quality_findings,
        drift=drift_report,
        trust=trust,
        rulebook=rulebook,
        tried=rule_evaluations,
    )
    facts = gather(
        sources,
        cycle=cycle_record,
        decision=promotion_decision,
        quality=quality_report,
        features=feature_set,
        period=period,
        source=source,
        options=reporting,
    )
    return summarise(facts, sources)


def write_report(
    *,
    cycle_summary: Mapping[str, object],
    forecast_fans: Figure,
    backtest_against_baselines: Figure,
    skill_by_horizon: Figure,
    interval_coverage: Figure,
    bias_by_slice: Figure,
    recipe_comparison: Figure,
    data_quality: Figure,
    regime_axes: Figure,
    drift_figure: Figure,
    error_slices: Figure,
    calibration_plot: Figure,
    trust_figure: Figure,
) -> str:
    """One self-contained HTML page: pictures, sentences, tables, and all that is needed to show them."""
    figures = {
        "fan": forecast_fans,
        "backtest": backtest_against_baselines,
        "skill": skill_by_horizon,
        "coverage": interval_coverage,
        "bias": bias_by_slice,
        "comparison": recipe_comparison,
        "quality": data_quality,
        "regimes": regime_axes,
        "drift": drift_figure,
        "errors": error_slices,
        "calibration": calibration_plot,
        "trust": trust_figure,
    }
    return render(cycle_summary, figures)
