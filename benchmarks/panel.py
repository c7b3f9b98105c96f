"""How accurate, how honest and how dear is the default forecaster on the bundled panel? Peers beside it, in one run.

Usage: python benchmarks/panel.py [--json] [--data PATH] [--quick] [--every N] [--history MONTHS]

Protocol: 148 monthly series, cutoffs 2013-10 to 2018-09, 12 steps ahead, the recipe of `conf/base`, the functions that
every cycle runs. MASE is scaled with the mean |y[t] - y[t-12]| up to the cutoff and averaged over the steps of a path,
over series, then over cutoffs; so are coverage and WIS. AutoETS and AutoTheta (season 12, otherwise defaults) are
refitted on the whole history at every sixth cutoff, the first included (10 cutoffs), for each series with a value at
the cutoff; there the combination is scored on exactly the same (series, cutoff, step).

What the scored cutoffs did not choose: look-backs are multiples of the season, fixed in advance; that ridges with and
without a constant both take part, and how fast the width of the intervals learns, was chosen on cutoffs up to 2012-09,
whose last target is 2013-09. `benchmarks/recipe_choice.py` repeats these choices.

`--quick` takes three members and six cutoffs and leaves the peers out: a check that the script works, no measurement.
"""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import pandas as pd
from protocol.inputs import BUNDLED, Inputs, read_configuration, read_panel
from protocol.meter import Cost, metered
from protocol.peers import PEERS, PeerOptions, PeerRun, run_peer
from protocol.report import Figures, Floor, heading, speak
from protocol.trial import COMBINATION, Trial, overall, run_trial, score, table

from pulse_kedro.domain.backtesting import CUTOFF, BacktestOptions
from pulse_kedro.domain.metrics.comparison import weighted_periodogram_test
from pulse_kedro.domain.panel import ID, QUANTILE_COLUMNS, TIME
from pulse_kedro.forecasting.recipe import RecipeOptions

AGREED = ("2013-10-01", "2018-09-01")
"""First and last cutoff of the protocol."""
RIVAL = "seasonal_drift"
INTERVAL_METRICS = ("coverage_80", "coverage_95", "wis")
QUICK_MEMBERS = ("seasonal_naive", "seasonal_drift", "drift_ridge_24")
QUICK_BACKTEST = BacktestOptions(burn_in=6, calibration=24, evaluation=6, minimum_history=48, max_gigabytes=4)


def shorten(recipe: RecipeOptions) -> RecipeOptions:
    """Recipe with few members, for `--quick`."""
    members = tuple(member for member in recipe.members if member.name in QUICK_MEMBERS)
    return dataclasses.replace(recipe, members=members)


def loss_by_cutoff(rows: pd.DataFrame, model: str) -> pd.Series:
    """Mean scaled error of a model per cutoff: mean over steps, then over series."""
    mine = rows[(rows["model"] == model) & (rows["scale"] > 0)]
    paths = ((mine["y"] - mine["y_hat"]).abs() / mine["scale"]).groupby([mine[CUTOFF], mine[ID].astype(str)]).mean()
    return paths.groupby(level=0).mean()


def contests(rows: pd.DataFrame, mase: Mapping[str, float]) -> Figures:
    """How surely the combination beats its rival and the member that turned out best."""
    best = next(name for name in mase if name != COMBINATION)
    tests: Figures = {}
    for name in dict.fromkeys((RIVAL, best)):
        test = weighted_periodogram_test(
            loss_by_cutoff(rows, name).to_numpy(), loss_by_cutoff(rows, COMBINATION).to_numpy()
        )
        tests[name] = {"ratio": mase[COMBINATION] / mase[name], "p_combination_is_better": test.p}
    return tests


def describe_intervals(scores: pd.DataFrame) -> dict[str, float]:
    """Coverage and WIS of the combination, and the coverage below which one series in ten lies."""
    figures = {name: overall(scores, name)[COMBINATION] for name in INTERVAL_METRICS}
    mine = scores[(scores["level"] == "series") & (scores["model"] == COMBINATION)]
    for name in INTERVAL_METRICS[:2]:
        figures[f"{name}_lowest_tenth_of_series"] = float(mine.loc[mine["metric"] == name, "value"].quantile(0.1))
    return figures


def beside(rows: pd.DataFrame, run: PeerRun) -> pd.DataFrame:
    """The combination's rows at a peer's cutoffs and series, holding the peer's forecasts."""
    frame = rows.loc[rows["model"] == COMBINATION, [ID, CUTOFF, TIME, "step", "recipe", "y", "scale"]]
    frame = frame.assign(unique_id=frame[ID].astype(str), model=run.name)
    return frame.merge(run.rows[[ID, CUTOFF, TIME, "y_hat", *QUANTILE_COLUMNS]], on=[ID, CUTOFF, TIME])


def compare_peers(trial: Trial, rows: pd.DataFrame, inputs: Inputs, own: Cost, given: argparse.Namespace) -> Figures:
    """Every model on the same series, cutoffs and steps, with the cost of one forecast path."""
    cutoffs, recipe = trial.evaluated[:: given.every], trial.recipe
    options = PeerOptions(horizon=recipe.horizon, season_length=recipe.season_length, history=given.history)
    runs = [run_peer(name, inputs.panel, cutoffs, options) for name in PEERS]
    scores = score(on_same_rows(rows, runs, cutoffs), inputs)
    seconds = {run.name: run.cost.cpu_seconds / run.paths for run in runs}
    seconds[COMBINATION] = own.cpu_seconds / (len(trial.folds) * len(inputs.matrix.ids))
    return {
        "cutoffs": [str(cutoff.date()) for cutoff in cutoffs],
        "forecasts": runs[0].paths,
        "settings": "season 12, normal intervals, otherwise defaults; fallback seasonal naive",
        "history": f"{given.history} months" if given.history else "whole",
        **{metric: overall(scores, metric) for metric in ("mase", *INTERVAL_METRICS)},
        "cpu_seconds_per_forecast": seconds,
        "fallbacks": {run.name: run.failures for run in runs},
        "cpu_seconds": {run.name: run.cost.cpu_seconds for run in runs},
        "wall_seconds": {run.name: run.cost.wall_seconds for run in runs},
    }


def on_same_rows(rows: pd.DataFrame, runs: Sequence[PeerRun], cutoffs: pd.DatetimeIndex) -> pd.DataFrame:
    """Our rows where every peer has a forecast, and theirs."""
    theirs = pd.concat([beside(rows, run) for run in runs], ignore_index=True)
    same = theirs.loc[theirs["model"] == runs[0].name, [ID, CUTOFF, TIME]]
    ours = rows[rows[CUTOFF].isin(cutoffs)].astype({ID: str, "model": str})
    return pd.concat([ours.merge(same, on=[ID, CUTOFF, TIME]), theirs], ignore_index=True)


def floors(rival: float, better: float | None, intervals: Mapping[str, float]) -> list[Figures]:
    """What had to be reached, beside what was."""
    found = [
        Floor(name="MASE, combination / seasonal drift", value=rival, high=0.97),
        Floor(name="MASE, combination / better of AutoETS and AutoTheta", value=better, high=0.80),
        Floor(name="coverage of the 80 % interval", value=intervals["coverage_80"], low=0.77, high=0.83),
        Floor(name="coverage of the 95 % interval", value=intervals["coverage_95"], low=0.93, high=0.97),
    ]
    return [floor.as_dict() for floor in found]


def measure(given: argparse.Namespace) -> Figures:
    """All figures."""
    inputs = read_panel(given.data)
    recipe, backtest = read_configuration()
    if given.quick:
        recipe, backtest = shorten(recipe), QUICK_BACKTEST
    with metered() as cost:
        trial = run_trial(inputs, recipe, backtest)
    rows = table(trial)
    scores = score(rows, inputs)
    mase, intervals = overall(scores, "mase"), describe_intervals(scores)
    peers = None if given.quick else compare_peers(trial, rows, inputs, cost, given)
    better = None
    if peers:
        compared = cast("dict[str, float]", peers["mase"])
        better = compared[COMBINATION] / min(compared[name] for name in PEERS)
    evaluated = trial.evaluated
    return {
        **heading(["pulse_kedro", "kedro", "numpy", "pandas", *([] if given.quick else ["statsforecast"])]),
        "quick": given.quick,
        "protocol": {
            "first_cutoff": str(evaluated[0].date()),
            "last_cutoff": str(evaluated[-1].date()),
            "as_agreed": (str(evaluated[0].date()), str(evaluated[-1].date())) == AGREED,
            "cutoffs": len(evaluated),
            "replayed_cutoffs": len(trial.folds),
            "series": len(inputs.matrix.ids),
            "horizon": recipe.horizon,
            "recipe": recipe.digest,
        },
        "mase": mase,
        "combination_against": contests(rows, mase),
        "intervals": intervals,
        "cost": dataclasses.asdict(cost),
        "peers": peers,
        "floors": floors(mase[COMBINATION] / mase[RIVAL], better, intervals),
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=BUNDLED, help="Parquet or CSV file with unique_id, ds, y")
    parser.add_argument("--quick", action="store_true", help="a few cutoffs and members, no peers")
    parser.add_argument("--every", type=int, default=6, help="peers are refitted at every N-th cutoff")
    parser.add_argument("--history", type=int, help="months of history the peers may read; the whole by default")
    speak(parser, measure)


if __name__ == "__main__":
    main()
