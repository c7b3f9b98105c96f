"""The last word of a cycle. What the record does not hold is not part of the cycle."""

from collections.abc import Mapping

import pandas as pd

from pulse_kedro.domain.cycle import Cycle, Period
from pulse_kedro.domain.data_management.regimes import vector_at
from pulse_kedro.domain.history import SCORE_COLUMNS, CycleRecord, History
from pulse_kedro.domain.metrics.trust import TrustOptions, to_scores
from pulse_kedro.domain.panel import ID
from pulse_kedro.domain.training.promotion import PromotionOptions
from pulse_kedro.domain.training.triggers import TrainingPlan
from pulse_kedro.forecasting.bundle import Bundle


def summarise_evidence(
    *,
    scores: pd.DataFrame,
    live_scores: pd.DataFrame,
    outcomes: pd.DataFrame,
    forecasts: pd.DataFrame,
    quality_report: Mapping[str, object],
    serving_bundle: Bundle,
    regimes: pd.DataFrame,
    drift_action: Mapping[str, object],
    overlay_ablation: Mapping[str, object],
    period: Period,
) -> dict[str, object]:
    """Counts and choices of a cycle that are shown beside its decision."""
    return {
        "forecasts": len(forecasts),
        "series_forecast": int(forecasts[ID].nunique()),
        "outcomes": len(outcomes),
        "scores": len(scores),
        "live_scores": len(live_scores),
        "quality": dict(quality_report),
        "regime": vector_at(regimes, period.as_of).to_dict(),
        "drift": dict(drift_action),
        "overlays": dict(overlay_ablation),
        "combination": serving_bundle.choice.name,
        "calibration_cutoffs": serving_bundle.calibration_cutoffs,
        "interval_widths": [round(float(width), 6) for width in serving_bundle.widths],
    }


def close_cycle(
    *,
    cycle: Cycle,
    history: History,
    training_plan: TrainingPlan,
    promotion_decision: Mapping[str, object],
    serving_bundle: Bundle,
    evidence: Mapping[str, object],
    series: pd.DataFrame,
    scores: pd.DataFrame,
    live_scores: pd.DataFrame,
    rulebook: Mapping[str, object],
    forecasts: pd.DataFrame,
    outcomes: pd.DataFrame,
    cutoff_losses: pd.DataFrame,
    trust: pd.DataFrame,
    promotion: PromotionOptions,
    trust_options: TrustOptions,
) -> CycleRecord:
    """Record of the cycle. Saving it is the commit: one transaction that makes everything above visible."""
    parent = history.basis(cycle.period)
    same = parent is not None and parent.recipe == serving_bundle.recipe_digest
    jobs = [{"role": job.role, "mode": job.mode, "cause": job.cause} for job in training_plan.jobs]
    quality, regime = evidence["quality"], evidence["regime"]
    return CycleRecord(
        cycle=cycle,
        bundle=serving_bundle.digest,
        recipe=serving_bundle.recipe_digest,
        revision=parent.revision + 1 if parent and same else 1,
        since=parent.since if parent and same else cycle.period.as_of.date().isoformat(),
        decision=promotion_decision,
        plan={"action": training_plan.action, "cause": training_plan.cause, "jobs": jobs},
        quality=quality if isinstance(quality, Mapping) else {},
        summary={key: value for key, value in evidence.items() if key != "quality"},
        rulebook=rulebook,
        scores=pd.concat([scores, losses_as_scores(cutoff_losses)], ignore_index=True),
        live_scores=live_scores,
        forecasts=forecasts,
        outcomes=outcomes,
        regime=regime if isinstance(regime, Mapping) else {},
        seeds={"promotion": promotion.seed, "trust": trust_options.seed},
        trust=to_scores(trust),
        ended=tuple(map(str, series.loc[series["status"] == "ended", ID])),
    )


def losses_as_scores(cutoff_losses: pd.DataFrame) -> pd.DataFrame:
    """Losses by cutoff in the shape of the metric store, at level `cutoff`: what two cycles are compared on, paired.

    Args:
        cutoff_losses: `recipe`, `cutoff`, `loss`, `n_series`; one row per recipe and cutoff.

    Returns:
        `SCORE_COLUMNS`; the cutoff stands in `unique_id`, as ISO text.
    """
    moments = [pd.Timestamp(when).isoformat() for when in cutoff_losses["cutoff"]]
    found = {"recipe": cutoff_losses["recipe"], "unique_id": moments, "value": cutoff_losses["loss"]}
    rows = pd.DataFrame(found).assign(model="combination", level="cutoff", step=0, metric="mase")
    return rows.assign(n=cutoff_losses["n_series"])[list(SCORE_COLUMNS)]
