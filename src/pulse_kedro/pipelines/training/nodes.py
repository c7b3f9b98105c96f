"""From the panel to sealed bundles and their backtest; every step is a pure function."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from pulse_kedro.domain.backtesting import BURN_IN, CALIBRATION, CUTOFF, EVALUATION, BacktestOptions, plan_cutoffs
from pulse_kedro.domain.cycle import Cycle, Period, digest, identify
from pulse_kedro.domain.data_management.cleaning import CleaningOptions
from pulse_kedro.domain.data_management.features.manifest import from_record
from pulse_kedro.domain.data_management.quality.options import QualityOptions
from pulse_kedro.domain.data_management.snapshots import Snapshot
from pulse_kedro.domain.errors import CorruptArtifact
from pulse_kedro.domain.history import History
from pulse_kedro.domain.panel import ID, TARGET, TIME, Matrix, content_hash, frequency, to_matrix
from pulse_kedro.domain.training.ladder import asks_for_lesson, resets, responses
from pulse_kedro.domain.training.promotion import PromotionOptions
from pulse_kedro.domain.training.succession import Trial, on_trial
from pulse_kedro.domain.training.triggers import (
    ChampionFacts,
    FrequencyChanged,
    OtherSeries,
    TrainingJob,
    TrainingPlan,
    keep_warm,
    plan_jobs,
)
from pulse_kedro.forecasting.backtest import Replay, fit_members, recompute_members, replay, update_members
from pulse_kedro.forecasting.bundle import Bundle
from pulse_kedro.forecasting.bundle_files import seal
from pulse_kedro.forecasting.combination import Combination
from pulse_kedro.forecasting.forecaster import Forecaster
from pulse_kedro.forecasting.grouping import begin_anew, combine_as_asked, surroundings_of
from pulse_kedro.forecasting.intervals import Calibration, calibrate
from pulse_kedro.forecasting.members import learned_members, place
from pulse_kedro.forecasting.recipe import RecipeOptions, RecipeSettings
from pulse_kedro.forecasting.retraining import RetrainOptions, periods_since_lesson
from pulse_kedro.forecasting.sizing import Replayed, require_memory
from pulse_kedro.forecasting.spread import NATIVE, ComputeOptions, engine_of
from pulse_kedro.pipelines.training.regret import regret_table
from pulse_kedro.pipelines.training.tables import (
    backtest_table,
    error_table,
    failure_table,
    loss_table,
    open_table,
    vintage_of,
)

logger = logging.getLogger(__name__)

SHORT = 8
"""Hexadecimal digits by which the identity of a cycle names the settings of its retraining."""
Champions = Mapping[str, Callable[[], Bundle]]
"""Cycle key to a function that loads the bundle which served it, and bundle digest to one that loads the bundle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Members of one recipe after everything known was added, and the bundle they were updated from."""

    recipe: RecipeOptions
    ids: tuple[str, ...]
    members: Mapping[str, Forecaster]
    parent: str | None


def resolve_recipe(period: Period, recipe: RecipeSettings) -> RecipeOptions:
    """Recipe as the settings describe it, complete: what they leave open follows from the frequency of the data."""
    return recipe.resolve(frequency(period.frequency))


def identify_cycle(
    *,
    period: Period,
    snapshot: Snapshot,
    recipe: RecipeOptions,
    code_version: str,
    retrain: RetrainOptions,
    quality: QualityOptions,
    cleaning: CleaningOptions,
) -> Cycle:
    """Cycle with the key that everything in it determines: as_of, parent, snapshot, recipe, code.

    Settings of a retraining are part of it where its plan may ask for one, those of cleaning where they change values.
    """
    code = code_version if retrain.every is None else f"{code_version}.every.{digest(asdict(retrain))[:SHORT]}"
    code += cleaning.mark(quality)
    return identify(period, snapshot=snapshot.id, recipe=recipe.digest, code_version=code)


def plan_training(
    *,
    cycle: Cycle,
    champion: Champions,
    panel: pd.DataFrame,
    recipe: RecipeOptions,
    retrain: RetrainOptions,
    history: History,
    promotion: PromotionOptions,
) -> TrainingPlan:
    """Jobs of this cycle, each with its cause: bootstrap, update, recompute, retrain, or nothing.

    A former champion is kept up to date while its successor is on probation.
    """
    every = None if retrain.every is None else max(1, round(retrain.every * recipe.season_length))
    lesson = asks_for_lesson(responses(history, cycle.period.ancestors))
    facts = champion_facts(cycle, champion, panel)
    plan = plan_jobs(facts, recipe.digest, panel, learn_every=every, lesson=lesson)
    return with_predecessor(plan, on_trial(history, cycle.period, promotion.probation), champion, panel)


def with_predecessor(plan: TrainingPlan, trial: Trial | None, champion: Champions, panel: pd.DataFrame) -> TrainingPlan:
    """The plan, with the former champion in it where its successor is on trial and its bundle can be read."""
    if trial is None:
        return plan
    try:
        bundle = champion[trial.basis]()
    except CorruptArtifact:
        logger.exception("the probation ends: bundle %s of the former champion cannot be read", trial.basis[:12])
        return plan
    return keep_warm(plan, facts_of(bundle), panel)


def champion_facts(cycle: Cycle, champion: Champions, panel: pd.DataFrame) -> ChampionFacts | None:
    """What is asked of the bundle that served the parent cycle; `None` in the first cycle.

    Raises:
        FrequencyChanged: It was trained on another frequency.
        OtherSeries: It knows none of the series.
    """
    parent = cycle.period.parent
    if parent is None:
        return None
    bundle = champion[parent]()
    if bundle.frequency != cycle.period.frequency:
        raise FrequencyChanged(cycle.period.frequency, bundle.frequency)
    if panel[ID].isin(bundle.ids).sum() == 0:
        raise OtherSeries(str(panel[ID].iloc[0]), bundle.ids[0])
    return facts_of(bundle)


def facts_of(bundle: Bundle) -> ChampionFacts:
    """What a plan asks of a bundle."""
    return ChampionFacts(
        digest=bundle.digest,
        recipe_digest=bundle.recipe_digest,
        plain_digest=bundle.recipe.without_learned().digest,
        known_until=bundle.known_until,
        panel_digest=bundle.panel_digest,
        since_lesson=periods_since_lesson(bundle.members),
    )


def plan_folds(
    *,
    training_plan: TrainingPlan,
    champion: Champions,
    panel: pd.DataFrame,
    cycle: Cycle,
    recipe: RecipeOptions,
    backtest: BacktestOptions,
) -> pd.DataFrame:
    """Cutoffs at which history is replayed, each with its purpose; the longest horizon decides which are open.

    Comes before any state is touched: a backtest that would not fit into memory is refused at once.
    """
    recipes = [_recipe_of(job, champion, recipe) for job in training_plan.jobs]
    freq = frequency(cycle.period.frequency)
    times = freq.grid(panel[TIME].min(), cycle.period.as_of)
    horizon = max(options.horizon for options in recipes)
    folds = plan_cutoffs(times, freq, horizon=horizon, options=backtest)
    replayed = Replayed(
        cutoffs=len(folds),
        evaluated=int(folds["purpose"].eq(EVALUATION).sum()),
        horizon=horizon,
        series=panel[ID].nunique() * len(recipes),
        models=1 + max(len(options.members) for options in recipes),
    )
    require_memory(replayed, allowed=backtest.max_gigabytes)
    return folds


def _recipe_of(job: TrainingJob, champion: Champions, recipe: RecipeOptions) -> RecipeOptions:
    """Recipe of a job: what continues keeps its own, a challenger has that of `conf/`."""
    return recipe if job.basis is None else champion[job.basis]().recipe


def move_states(
    training_plan: TrainingPlan, cycle: Cycle, champion: Champions, panel: pd.DataFrame, recipe: RecipeOptions
) -> dict[str, Fit]:
    """Member states by role: what continues is extended exactly by the new periods, the rest begins from nothing."""
    matrix = dense_panel(panel, cycle.period)
    fits: dict[str, Fit] = {}
    for job in training_plan.jobs:
        if job.basis is None:
            fits[job.role] = Fit(recipe=recipe, ids=matrix.ids, members=fit_members(recipe, matrix), parent=None)
            continue
        fits[job.role] = revise(champion[job.basis](), matrix, recompute=job.mode == "recompute")
    return fits


def dense_panel(panel: pd.DataFrame, period: Period) -> Matrix:
    """Panel as a matrix that ends at `as_of`, also when nothing was observed there."""
    freq = frequency(period.frequency)
    matrix = to_matrix(panel, freq)
    missing = freq.distance(matrix.times[-1], period.as_of)
    y = np.concatenate([matrix.y, np.full((missing, len(matrix.ids)), np.nan)])
    return Matrix(y=y, times=freq.grid(matrix.times[0], period.as_of), ids=matrix.ids)


def revise(bundle: Bundle, matrix: Matrix, *, recompute: bool) -> Fit:
    """Next revision of a bundle's states; the recipe stays, and so does what networks have learned.

    Args:
        bundle: What served before.
        matrix: The whole panel.
        recompute: Whether everything is read again because a value of the past changed.
    """
    known = int(matrix.times.searchsorted(bundle.known_until, side="right"))
    new = Matrix(y=matrix.y[known:], times=matrix.times[known:], ids=matrix.ids)
    if recompute:
        members = recompute_members(bundle.recipe, bundle.members, bundle.ids, matrix, known=known)
    else:
        members = update_members(bundle.members, bundle.ids, new)
    return Fit(recipe=bundle.recipe, ids=matrix.ids, members=members, parent=bundle.digest)


def replay_history(
    *,
    states: dict[str, Fit],
    panel: pd.DataFrame,
    features: pd.DataFrame,
    folds: pd.DataFrame,
    period: Period,
    compute: ComputeOptions,
) -> dict[str, Replay]:
    """Backtest of every role's recipe in one pass over the data, with the scale known at each cutoff.

    Members whose parameters are learned rarely recall the generation of each cutoff, series by series where `compute`
    says.
    """
    matrix = dense_panel(panel, period)
    scales = dense_panel(features[[ID, TIME]].assign(**{TARGET: features["scale"]}), period)
    known = pd.DataFrame(scales.y).ffill().to_numpy()
    cutoffs = pd.DatetimeIndex(folds[CUTOFF])
    learned = {role: learned_members(place(fit.members, compute)) for role, fit in states.items()}
    with engine_of(compute if any(learned.values()) else NATIVE):
        return {role: replay(fit.recipe, matrix, known, cutoffs, learned[role]) for role, fit in states.items()}


def combine_members(states: dict[str, Fit], replays: dict[str, Replay], series: pd.DataFrame) -> dict[str, Combination]:
    """Combined backtest of every role; at each cutoff the choice rests on cutoffs resolved before it."""
    return {role: combine_as_asked(replays[role], fit.recipe.combination, series) for role, fit in states.items()}


def calibrate_intervals(
    *,
    states: dict[str, Fit],
    replays: dict[str, Replay],
    combinations: dict[str, Combination],
    folds: pd.DataFrame,
    series: pd.DataFrame,
    period: Period,
    history: History,
) -> dict[str, Calibration]:
    """Quantile offsets of every role from the combination's own earlier errors, begun anew where drift asked for it."""
    calibrations, freq = {}, frequency(period.frequency)
    anew = resets(responses(history, period.ancestors))
    available = int(folds["purpose"].isin([BURN_IN, CALIBRATION]).sum())
    for role, fit in states.items():
        replayed, recipe = replays[role], fit.recipe
        residuals = (replayed.actual - combinations[role].points) / replayed.scale[:, None, :]
        around = begin_anew(surroundings_of(recipe, replayed, series, freq), replayed, anew)
        calibrations[role] = calibrate(
            residuals, recipe.horizon, recipe.intervals, available=available, surroundings=around
        )
    return calibrations


def seal_bundles(
    *,
    states: dict[str, Fit],
    replays: dict[str, Replay],
    combinations: dict[str, Combination],
    calibrations: dict[str, Calibration],
    panel: pd.DataFrame,
    series: pd.DataFrame,
    feature_set: Mapping[str, object],
    cycle: Cycle,
) -> dict[str, Bundle]:
    """One deployable bundle per role, each under the digest of its content."""
    alive = set(series.loc[series["status"] == "alive", ID].tolist())
    digest, features = content_hash(panel), from_record(feature_set)
    bundles = {}
    for role, fit in states.items():
        scale, calibration = np.nan_to_num(replays[role].scale[-1]), calibrations[role]
        draft = Bundle(
            recipe=fit.recipe,
            frequency=cycle.period.frequency,
            ids=fit.ids,
            known_until=cycle.period.as_of,
            panel_digest=digest,
            snapshot=cycle.snapshot,
            parent=fit.parent,
            members=fit.members,
            choice=combinations[role].choice,
            spread=calibration.offsets[-1] * scale[None, :, None],
            golden=combinations[role].points[-1],
            served=np.array([name in alive for name in fit.ids]),
            widths=calibration.widths,
            calibration_cutoffs=calibration.cutoffs,
            features=features if features.steps else None,
        )
        bundles[role] = seal(draft)
    return bundles


def tabulate_backtest(
    *,
    states: dict[str, Fit],
    replays: dict[str, Replay],
    combinations: dict[str, Combination],
    calibrations: dict[str, Calibration],
    folds: pd.DataFrame,
    cycle: Cycle,
    backtest: BacktestOptions,
) -> pd.DataFrame:
    """Backtest rows of every role at the evaluation cutoffs, members and combination, with the actual beside them."""
    tables = [
        backtest_table(
            replays[role],
            combinations[role],
            calibrations[role],
            folds,
            vintage_of(fit.recipe, fit.members, cycle.snapshot),
            of_members=fit.recipe.intervals if backtest.member_quantiles else None,
        )
        for role, fit in states.items()
    ]
    return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)


def tabulate_losses(
    states: dict[str, Fit], replays: dict[str, Replay], combinations: dict[str, Combination], folds: pd.DataFrame
) -> pd.DataFrame:
    """Loss of every role's combination at each resolved cutoff after the burn-in: what the promotion gate reads."""
    tables = [
        loss_table(replays[role], combinations[role], folds, recipe=fit.recipe.digest) for role, fit in states.items()
    ]
    return pd.concat(tables, ignore_index=True)


def tabulate_errors(
    states: dict[str, Fit], replays: dict[str, Replay], combinations: dict[str, Combination]
) -> pd.DataFrame:
    """Forecasts of every role's combination one step ahead, with what came true: what drift is looked for in."""
    tables = [error_table(replays[role], combinations[role], recipe=fit.recipe.digest) for role, fit in states.items()]
    return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)


def tabulate_open(
    states: dict[str, Fit], replays: dict[str, Replay], combinations: dict[str, Combination], folds: pd.DataFrame
) -> pd.DataFrame:
    """Forecasts of every role's combination at cutoffs that still wait for outcomes: facts that rules ask about."""
    tables = [
        open_table(replays[role], combinations[role], folds, recipe=fit.recipe.digest) for role, fit in states.items()
    ]
    return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)


def tabulate_regret(
    states: dict[str, Fit], replays: dict[str, Replay], combinations: dict[str, Combination], folds: pd.DataFrame
) -> pd.DataFrame:
    """Regret of every role's combination per cutoff: against the best member so far, and against the equal median."""
    tables = [
        regret_table(replays[role], combinations[role], folds, recipe=fit.recipe.digest) for role, fit in states.items()
    ]
    return pd.concat(tables, ignore_index=True)


def tabulate_failures(
    states: dict[str, Fit], replays: dict[str, Replay], folds: pd.DataFrame, panel: pd.DataFrame, period: Period
) -> pd.DataFrame:
    """Forecasts that a member of some role did not make, with the reason: a fallback or nobody served them."""
    times = dense_panel(panel, period).times
    tables = [failure_table(replays[role], folds, times, recipe=fit.recipe.digest) for role, fit in states.items()]
    return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)
