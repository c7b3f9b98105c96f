"""From forecasts with actuals to scores, and from scores to the decision on the bundle that serves."""

import logging
from collections.abc import Mapping

import pandas as pd

from pulse_kedro.domain.cycle import LABEL, Period
from pulse_kedro.domain.data_management.cleaning import observed
from pulse_kedro.domain.data_management.snapshots import Snapshot
from pulse_kedro.domain.history import History
from pulse_kedro.domain.ledger import Ledger, fresh_outcomes
from pulse_kedro.domain.metrics.live import score_ledger
from pulse_kedro.domain.metrics.scores import score_rows
from pulse_kedro.domain.panel import frequency
from pulse_kedro.domain.training.charge import BundleCheck, Servable, inspect, newest_loss, past_tests, take_charge
from pulse_kedro.domain.training.contest import Contest, pair_losses
from pulse_kedro.domain.training.guards import stand_guard
from pulse_kedro.domain.training.probation import watch
from pulse_kedro.domain.training.promotion import PromotionOptions, broken, freeze, weigh
from pulse_kedro.domain.training.succession import failed_trials, on_trial
from pulse_kedro.domain.training.thresholds import WARNING, skill_of, skills_of, weigh_by_threshold
from pulse_kedro.domain.training.triggers import TrainingPlan

logger = logging.getLogger(__name__)


def score_backtest(backtest: pd.DataFrame, panel: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Scores of every model of the backtest: overall, by series and by horizon."""
    return score_rows(backtest, panel, frequency(period.frequency))


def resolve_outcomes(
    ledger: Ledger, panel: pd.DataFrame, period: Period, snapshot: Snapshot, cleaning_log: pd.DataFrame
) -> pd.DataFrame:
    """Outcomes that became known for forecasts of earlier cycles, and new values of outcomes that were revised.

    A value that cleaning invented is no outcome, and one that it bounded counts as it was observed.
    """
    return fresh_outcomes(ledger, observed(panel, cleaning_log), period.ancestors).assign(snapshot=snapshot.id)


def score_outcomes(ledger: Ledger, outcomes: pd.DataFrame, features: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Scores of the forecasts that ancestor cycles issued and whose outcome is known by now."""
    return score_ledger(ledger, outcomes, features, period.ancestors)


def decide(
    *,
    training_plan: TrainingPlan,
    candidates: Mapping[str, Servable],
    bundle_check: BundleCheck,
    cutoff_losses: pd.DataFrame,
    step_errors: pd.DataFrame,
    scores: pd.DataFrame,
    live_scores: pd.DataFrame,
    history: History,
    backtest: pd.DataFrame,
    period: Period,
    promotion: PromotionOptions,
) -> dict[str, object]:
    """Which bundle serves, with the reason in numbers: first champion, next revision, or the verdict of the gate.

    A champion on probation is judged beside the one it replaced, and gives way to it where it must.
    """
    reports = {role: bundle_check(bundle.digest) for role, bundle in candidates.items()}
    checks = {role: inspect(bundle, reports[role]) for role, bundle in candidates.items()}
    gate, failed = None, failed_trials(history, period, promotion.probation)
    if {"champion", "challenger"} <= set(candidates):
        recipes = candidates["champion"].recipe_digest, candidates["challenger"].recipe_digest
        try:
            contest = _contest(cutoff_losses, scores, recipes, period)
            faults = checks["challenger"]
            if promotion.policy == "threshold":
                logger.warning(WARNING)
                skills = skills_of(scores, recipes[1], history, period.ancestors)
                gate = weigh_by_threshold(contest, skills, as_of=period.as_of, faults=faults, options=promotion)
            else:
                freq, of_both = frequency(period.frequency), (reports["champion"], reports["challenger"])
                guards = stand_guard(backtest, scores, of_both, recipes=recipes, freq=freq, options=promotion.guards)
                past = past_tests(history, period.ancestors, as_of=period.as_of, pair=recipes)
                gate = weigh(
                    contest, past, as_of=period.as_of, freq=freq, faults=faults, options=promotion, guards=guards
                )
            gate = freeze(gate, failed, promotion.probation)
        except Exception as error:  # a comparison that fails must neither swap nor stop the champion
            logger.exception("comparing two recipes failed")
            gate = broken(*recipes, error, as_of=period.as_of, options=promotion)
    newest = (
        newest_loss(live_scores, scores, candidates["champion"].recipe_digest) if "champion" in candidates else None
    )
    trial = on_trial(history, period, promotion.probation)
    alpha = promotion.probation.alpha
    watched = None if trial is None else watch(trial, step_errors, cutoff_losses, alpha=alpha)
    decision = take_charge(
        training_plan,
        candidates,
        checks,
        gate=gate,
        newest=newest,
        scores=scores,
        limit=promotion.catastrophic_ratio,
        watched=watched,
    )
    frozen = len(failed) >= promotion.probation.freeze_after
    return decision | {"skill": skill_of(scores, str(decision["recipe"])), "frozen": frozen}


def choose_serving_bundle(promotion_decision: Mapping[str, str], candidates: Mapping[str, Servable]) -> Servable:
    """The bundle that the decision puts in charge."""
    return candidates[promotion_decision["serves"]]


def _contest(cutoff_losses: pd.DataFrame, scores: pd.DataFrame, recipes: tuple[str, str], period: Period) -> Contest:
    """Losses of champion and challenger on the cutoffs that both have."""
    champion, challenger = recipes
    horizons = _horizon(scores, champion), _horizon(scores, challenger)
    freq = frequency(period.frequency)
    return pair_losses(cutoff_losses, champion=champion, challenger=challenger, horizons=horizons, freq=freq)


def _horizon(scores: pd.DataFrame, recipe: str) -> int:
    """Steps of a recipe's forecasts, as far as they were scored; 1 when nothing was."""
    scored = (scores["recipe"] == recipe[:LABEL]) & (scores["level"] == "horizon") & (scores["n"] > 0)
    return int(scores.loc[scored, "step"].max()) if scored.any() else 1
