"""One backtest of one recipe by the functions that every cycle runs, and its scores."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from protocol.inputs import MONTHLY, Inputs
from pulse_kedro.domain.backtesting import CUTOFF, EVALUATION, OPEN, BacktestOptions, plan_cutoffs
from pulse_kedro.domain.metrics.scores import score_rows
from pulse_kedro.domain.panel import ID
from pulse_kedro.forecasting.backtest import Replay, replay
from pulse_kedro.forecasting.combination import Combination, combine_by_nested_choice
from pulse_kedro.forecasting.grouping import surroundings_of
from pulse_kedro.forecasting.intervals import Calibration, calibrate
from pulse_kedro.forecasting.recipe import RecipeOptions
from pulse_kedro.pipelines.training.tables import COMBINATION, backtest_table, vintage_of

__all__ = ["COMBINATION", "Trial", "overall", "run_trial", "score", "spread", "table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Cutoffs, forecasts of the members, their combination and its intervals."""

    recipe: RecipeOptions
    folds: pd.DataFrame
    replayed: Replay
    combination: Combination
    calibration: Calibration

    @property
    def evaluated(self) -> pd.DatetimeIndex:
        """Cutoffs that are scored."""
        return pd.DatetimeIndex(self.folds.loc[self.folds["purpose"] == EVALUATION, CUTOFF])


def run_trial(inputs: Inputs, recipe: RecipeOptions, backtest: BacktestOptions) -> Trial:
    """Backtest of a recipe: one additive pass, nested choice, intervals from the combination's own earlier errors."""
    folds = plan_cutoffs(inputs.matrix.times, MONTHLY, horizon=recipe.horizon, options=backtest)
    replayed = replay(recipe, inputs.matrix, inputs.scale, pd.DatetimeIndex(folds[CUTOFF]))
    combination = combine_by_nested_choice(replayed, recipe.combination)
    return Trial(
        recipe=recipe,
        folds=folds,
        replayed=replayed,
        combination=combination,
        calibration=spread(folds, replayed, combination, recipe),
    )


def spread(folds: pd.DataFrame, replayed: Replay, combination: Combination, recipe: RecipeOptions) -> Calibration:
    """Intervals of a combined backtest as a recipe asks for them; the panel has no static columns here."""
    residuals = (replayed.actual - combination.points) / replayed.scale[:, None, :]
    earlier = int((~folds["purpose"].isin([EVALUATION, OPEN])).sum())
    around = surroundings_of(recipe, replayed, pd.DataFrame({ID: replayed.ids}), MONTHLY)
    return calibrate(residuals, recipe.horizon, recipe.intervals, available=earlier, surroundings=around)


def table(trial: Trial) -> pd.DataFrame:
    """Forecasts and actuals at the evaluated cutoffs, one row per model, series, cutoff and step."""
    vintage = vintage_of(trial.recipe, {}, "benchmark")
    return backtest_table(trial.replayed, trial.combination, trial.calibration, trial.folds, vintage)


def score(rows: pd.DataFrame, inputs: Inputs) -> pd.DataFrame:
    """Scores of a table: mean over series, then over cutoffs."""
    return score_rows(rows, inputs.panel, MONTHLY)


def overall(scores: pd.DataFrame, metric: str) -> dict[str, float]:
    """One score of every model that has it, by model; best first."""
    picked = scores[(scores["level"] == "overall") & (scores["metric"] == metric)]
    values = dict(zip(picked["model"], picked["value"].astype(float), strict=True))
    return {name: value for name, value in sorted(values.items(), key=lambda item: item[1]) if np.isfinite(value)}
