"""Does a bound per series, block of steps and tail (`conformal_pid`) beat one width for the panel (`width_tracker`)?

Usage: python benchmarks/interval_methods.py [--json] [--data PATH]

Cutoffs up to 2012-09 only, whose last target is 2013-09: the four windows of `recipe_choice.py`, each a backtest of its
own, with the combination of `conf/base`. For each setting: coverage of the 80 and 95 % interval in the window that lies
farthest from nominal, mean WIS, and how much of the time the 80 % interval holds for the worst tenth of series, over
windows. Everything later is cut off before anything is computed. The row `conformal_pid` has the defaults of the
method; the others vary one of its settings, the slow one was added after a first run.
"""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from protocol.inputs import BUNDLED, read_configuration, read_panel
from protocol.report import Figures, heading, speak
from protocol.trial import COMBINATION, Trial, overall, run_trial, spread, table

from pulse_kedro.domain.metrics.scores import interval_scores

LAST_CUTOFFS = ("1997-09-01", "2002-09-01", "2007-09-01", "2012-09-01")
SETTINGS: Mapping[str, Mapping[str, object]] = {
    "width_tracker": {},
    "width_tracker, pooling chosen": {"pooling_choices": (15.0, 60.0, 240.0)},
    "conformal_pid": {"method": "conformal_pid"},
    "conformal_pid, without integrator": {"method": "conformal_pid", "integral": 0.0},
    "conformal_pid, a fifth as fast": {"method": "conformal_pid", "proportional": 0.02},
    "width_tracker, phases of the year": {"groups": "phase"},
    "width_tracker, reset after drift": {"drift_reset": True},
    "width_tracker, a third as fast, reset after drift": {"drift_reset": True, "learning_rate": 0.03},
    "conformal_pid, reset after drift": {"method": "conformal_pid", "drift_reset": True},
}
"""What differs from `conf/base` in each row."""
NOMINAL = {"coverage_80": 0.80, "coverage_95": 0.95}


def measure_setting(trial: Trial, changes: Mapping[str, object]) -> dict[str, float]:
    """Coverage, WIS and coverage of the worst tenth of series in one window."""
    options = dataclasses.replace(trial.recipe.intervals, **changes)  # type: ignore[arg-type]
    recipe = dataclasses.replace(trial.recipe, intervals=options)
    calibration = spread(trial.folds, trial.replayed, trial.combination, recipe)
    scores = interval_scores(table(dataclasses.replace(trial, calibration=calibration)))
    figures = {name: overall(scores, name)[COMBINATION] for name in (*NOMINAL, "wis")}
    mine = scores[(scores["level"] == "series") & (scores["model"] == COMBINATION)]
    for name in NOMINAL:
        figures[f"{name}_worst_tenth"] = float(mine.loc[mine["metric"] == name, "value"].quantile(0.1))
    return figures


def over_windows(windows: Sequence[Figures], setting: str) -> dict[str, float]:
    """Largest distance of a coverage from nominal, and means of the rest."""
    parts = [cast("dict[str, dict[str, float]]", window["settings"])[setting] for window in windows]
    far = {f"{name}_off": max(abs(part[name] - nominal) for part in parts) for name, nominal in NOMINAL.items()}
    rest = [name for name in parts[0] if name not in NOMINAL]
    return far | {name: float(np.mean([part[name] for part in parts])) for name in rest}


def measure(given: argparse.Namespace) -> Figures:
    """All windows under all settings."""
    recipe, backtest = read_configuration()
    windows: list[Figures] = []
    for last in LAST_CUTOFFS:
        until = pd.Timestamp(last) + pd.DateOffset(months=recipe.horizon)
        trial = run_trial(read_panel(given.data, until=until.date().isoformat()), recipe, backtest)
        first_and_last = [str(trial.evaluated[at].date()) for at in (0, -1)]
        measured = {name: measure_setting(trial, changes) for name, changes in SETTINGS.items()}
        windows.append({"cutoffs": first_and_last, "settings": measured})
    return {
        **heading(["pulse_kedro", "numpy", "pandas"]),
        "windows": windows,
        "all_windows": {name: over_windows(windows, name) for name in SETTINGS},
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=BUNDLED, help="Parquet or CSV file with unique_id, ds, y")
    speak(parser, measure)


if __name__ == "__main__":
    main()
