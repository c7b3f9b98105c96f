"""What the default recipe was chosen by: cutoffs up to 2012-09 only, whose last target is 2013-09.

Usage: python benchmarks/recipe_choice.py [--json] [--data PATH]

Everything later is cut off before anything is computed, so the cutoffs that `panel.py` scores (2013-10 on) choose
nothing here. Four windows of 60 cutoffs follow each other; each is a backtest of its own with burn-in and calibration
before it, as in `conf/base`. A series without a positive scale at a cutoff is left out there.

1. MASE of the combination when the ridges on seasonal differences come without a constant (`seasonal_ridge`), with one
   (`drift_ridge`), or both.
2. Coverage and WIS of the combination for several learning rates of the interval width; 0 never adapts.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from protocol.inputs import BUNDLED, Inputs, read_configuration, read_panel
from protocol.report import Figures, heading, speak
from protocol.trial import COMBINATION, Trial, overall, run_trial, spread, table

from pulse_kedro.domain.metrics.comparison import weighted_periodogram_test
from pulse_kedro.domain.metrics.scores import interval_scores
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.combination import scaled_errors
from pulse_kedro.forecasting.recipe import RecipeOptions

LAST_CUTOFFS = ("1997-09-01", "2002-09-01", "2007-09-01", "2012-09-01")
LEFT_OUT = {"without_constant": "drift_ridge", "with_constant": "seasonal_ridge", "both": ""}
"""Ensembles by name, each with the kind of ridge it leaves out."""
LEARNING_RATES = (0.0, 0.01, 0.02, 0.03, 0.05, 0.1)
NOMINAL = {"coverage_80": 0.80, "coverage_95": 0.95, "wis": 0.0}
"""Interval scores with the value a perfect forecaster would have."""


def read_window(path: Path, last_cutoff: str, horizon: int) -> Inputs:
    """Everything known when the last cutoff of a window was fully resolved."""
    until = pd.Timestamp(last_cutoff) + pd.DateOffset(months=horizon)
    return read_panel(path, until=until.date().isoformat())


def without(recipe: RecipeOptions, kind: str) -> RecipeOptions:
    """Recipe without the members of a kind."""
    return dataclasses.replace(recipe, members=tuple(member for member in recipe.members if member.kind != kind))


def losses(trial: Trial) -> Array:
    """MASE of the combination at each evaluated cutoff."""
    at = trial.replayed.cutoffs.get_indexer(trial.evaluated)
    return scaled_errors(trial.combination.points, trial.replayed)[at]


def by_learning_rate(trial: Trial) -> Figures:
    """Coverage and WIS of the combination."""
    figures: Figures = {}
    for rate in LEARNING_RATES:
        options = dataclasses.replace(trial.recipe.intervals, learning_rate=rate)
        recipe = dataclasses.replace(trial.recipe, intervals=options)
        calibration = spread(trial.folds, trial.replayed, trial.combination, recipe)
        scores = interval_scores(table(dataclasses.replace(trial, calibration=calibration)))
        figures[str(rate)] = {name: overall(scores, name)[COMBINATION] for name in NOMINAL}
    return figures


def over_windows(windows: Sequence[Figures]) -> Figures:
    """Mean WIS and the largest distance of a window's coverage from its nominal share, by learning rate."""
    summary: Figures = {}
    for rate in map(str, LEARNING_RATES):
        parts = [cast("dict[str, dict[str, float]]", window["by_learning_rate"])[rate] for window in windows]
        distances = {name: [abs(part[name] - nominal) for part in parts] for name, nominal in NOMINAL.items()}
        summary[rate] = {name: float(np.mean(far) if name == "wis" else max(far)) for name, far in distances.items()}
    return summary


def compare(first: Array, second: Array) -> dict[str, float]:
    """Difference of two mean losses, and the one-sided p value for the second being smaller."""
    test = weighted_periodogram_test(first, second)
    return {"difference": float(first.mean() - second.mean()), "p_second_is_better": test.p}


def measure(given: argparse.Namespace) -> Figures:
    """All windows."""
    recipe, backtest = read_configuration()
    mase: dict[str, list[Array]] = {name: [] for name in LEFT_OUT}
    windows: list[Figures] = []
    for last in LAST_CUTOFFS:
        inputs = read_window(given.data, last, recipe.horizon)
        trials = {name: run_trial(inputs, without(recipe, kind), backtest) for name, kind in LEFT_OUT.items()}
        for name, trial in trials.items():
            mase[name].append(losses(trial))
        both = trials["both"]
        first_and_last = [str(both.evaluated[at].date()) for at in (0, -1)]
        here = {name: float(parts[-1].mean()) for name, parts in mase.items()}
        windows.append({"cutoffs": first_and_last, "mase": here, "by_learning_rate": by_learning_rate(both)})
    joined = {name: np.concatenate(parts) for name, parts in mase.items()}
    return {
        **heading(["pulse_kedro", "numpy", "pandas"]),
        "windows": windows,
        "all_windows_mase": {name: float(values.mean()) for name, values in joined.items()},
        "without_against_with_constant": compare(joined["without_constant"], joined["with_constant"]),
        "all_windows_intervals": over_windows(windows),
        "with_constant_against_both": compare(joined["with_constant"], joined["both"]),
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=BUNDLED, help="Parquet or CSV file with unique_id, ds, y")
    speak(parser, measure)


if __name__ == "__main__":
    main()
