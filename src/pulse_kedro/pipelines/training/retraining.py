"""The nodes in which a retraining differs from a plain cycle: recipe, identity, plan, and what is learned."""

from dataclasses import asdict

import pandas as pd

from pulse_kedro.domain.backtesting import BURN_IN, CUTOFF
from pulse_kedro.domain.cycle import Cycle, Period, digest, identify
from pulse_kedro.domain.data_management.cleaning import CleaningOptions
from pulse_kedro.domain.data_management.quality.options import QualityOptions
from pulse_kedro.domain.data_management.snapshots import Snapshot
from pulse_kedro.domain.history import History
from pulse_kedro.domain.panel import Matrix, frequency
from pulse_kedro.domain.training.promotion import PromotionOptions
from pulse_kedro.domain.training.succession import on_trial
from pulse_kedro.domain.training.triggers import TrainingJob, TrainingPlan, plan_retraining
from pulse_kedro.forecasting.learning import Workshop
from pulse_kedro.forecasting.members import place
from pulse_kedro.forecasting.recipe import RecipeOptions, RecipeSettings
from pulse_kedro.forecasting.retraining import RetrainOptions, learning_stops, recipe_with_learners, teach
from pulse_kedro.forecasting.spread import ComputeOptions, engine_of
from pulse_kedro.pipelines.training.nodes import (
    SHORT,
    Champions,
    Fit,
    champion_facts,
    dense_panel,
    move_states,
    revise,
    with_predecessor,
)


def resolve_learning_recipe(period: Period, recipe: RecipeSettings, retrain: RetrainOptions) -> RecipeOptions:
    """Recipe of the settings, complete, with the members that learn in this run."""
    return recipe_with_learners(recipe, retrain, frequency(period.frequency))


def identify_retraining(
    *,
    period: Period,
    snapshot: Snapshot,
    recipe: RecipeOptions,
    code_version: str,
    retrain: RetrainOptions,
    quality: QualityOptions,
    cleaning: CleaningOptions,
) -> Cycle:
    """Cycle whose key also says that it learned, and with which settings: a plain cycle is another one."""
    settings = digest(asdict(retrain))[:SHORT]
    code = f"{code_version}.retrain.{settings}{cleaning.mark(quality)}"
    return identify(period, snapshot=snapshot.id, recipe=recipe.digest, code_version=code)


def plan_learning(
    *,
    cycle: Cycle,
    champion: Champions,
    panel: pd.DataFrame,
    recipe: RecipeOptions,
    history: History,
    promotion: PromotionOptions,
) -> TrainingPlan:
    """Jobs of a retraining: the champion learns once more, or a challenger with members that learn joins it."""
    plan = plan_retraining(champion_facts(cycle, champion, panel), recipe.digest, panel)
    return with_predecessor(plan, on_trial(history, cycle.period, promotion.probation), champion, panel)


def update_states(
    *,
    training_plan: TrainingPlan,
    cycle: Cycle,
    champion: Champions,
    panel: pd.DataFrame,
    recipe: RecipeOptions,
    folds: pd.DataFrame,
    retrain: RetrainOptions,
    workshop: Workshop,
    compute: ComputeOptions,
) -> dict[str, Fit]:
    """Member states by role, those taught whose job is a retraining; nothing at a cutoff learns from later data.

    A new challenger's members learn first before the calibration of the backtest begins, so that every score and every
    interval is that of forecasts made without the outcome; the champion's learn once more, from all data.
    """
    matrix = dense_panel(panel, cycle.period)
    fits = move_states(training_plan, cycle, champion, panel, recipe)
    for job in training_plan.jobs:
        if job.mode != "retrain":
            continue
        if job.role == "champion":
            fits[job.role] = revise(champion[str(job.basis)](), matrix, recompute=True)
        fit, stops = fits[job.role], _stops(job, matrix, folds, retrain)
        with engine_of(compute):
            members = teach(place(fit.members, compute), matrix.y, stops, retrain, workshop)
        fits[job.role] = Fit(recipe=fit.recipe, ids=fit.ids, members=members, parent=fit.parent)
    if any(job.mode == "retrain" for job in training_plan.jobs):
        workshop.keep(_lessons(fits))
    return fits


def _stops(job: TrainingJob, matrix: Matrix, folds: pd.DataFrame, retrain: RetrainOptions) -> list[int]:
    """Numbers of known periods at which the networks of a job learn."""
    known = len(matrix.times)
    if job.role == "champion":
        return [known]
    first = folds.loc[folds["purpose"] != BURN_IN, CUTOFF].iloc[0]
    return learning_stops(int(matrix.times.searchsorted(first)) + 1, known, retrain.generations)


def _lessons(fits: dict[str, Fit]) -> set[str]:
    """Keys of the lessons behind all generations."""
    generations = [
        fact for fit in fits.values() for member in fit.members.values() for fact in _generations(member.facts())
    ]
    return {str(fact.get("lesson")) for fact in generations}


def _generations(facts: dict[str, object]) -> list[dict[str, object]]:
    found = facts.get("generations", [])
    return found if isinstance(found, list) else []
