"""Do 100,000 series of 200 points fit into a small machine? Ridges, combination and intervals, one process.

Usage: python benchmarks/many_series.py [--json] [--series N]

Made-up monthly series of 200 points. First one ridge learns from ten shards of the series, which are merged, and is
compared with one pass over all. Then the members of `conf/base` for monthly data are replayed at eight cutoffs a year
apart, combined (all candidates compete, stacks included), and given intervals by both methods. Done with a hundredth
and a tenth of the series first, each in a process of its own, to see what one series costs.
Prints wall and CPU seconds of each part and the largest memory.
"""

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from protocol.inputs import PROJECT, read_configuration
from protocol.meter import Cost, metered
from protocol.processes import run_command
from protocol.report import Figures, Floor, heading, speak

from pulse_kedro.domain.panel import Matrix
from pulse_kedro.forecasting.aggregation import combine_replay
from pulse_kedro.forecasting.backtest import Replay, replay
from pulse_kedro.forecasting.intervals import Surroundings, calibrate
from pulse_kedro.forecasting.recipe import CombinationOptions, IntervalOptions, RecipeOptions
from pulse_kedro.forecasting.ridge import empty_ridge, merge_shards
from pulse_kedro.forecasting.windows import window_schema

PERIODS, CUTOFFS, SHARDS = 200, 8, 10
SEASON = 12
MOST_MIB = 4000
"""Memory that is allowed for 100,000 series: four gigabytes."""
COMBINATION = CombinationOptions(
    warm_up=2,
    standard_errors=1.0,
    candidates=("median", "trimmed_mean", "powers", "leaders", "nnls", "lasso", "best"),
)
Array = npt.NDArray[np.float64]


def make_panel(series: int) -> Matrix:
    """Levels with a season and persistent noise; every tenth series is half as long."""
    rng, t = np.random.default_rng(0), np.arange(PERIODS)[:, None]
    y = rng.normal(size=(PERIODS, series))
    for row in range(1, PERIODS):
        y[row] += 0.8 * y[row - 1]
    y += 50 + 4 * np.sin(2 * np.pi * (t / SEASON + rng.random(series)))
    y[: PERIODS // 2, ::10] = np.nan
    times = pd.date_range("2001-01-01", periods=PERIODS, freq="MS").as_unit("ns")
    return Matrix(y=y, times=times, ids=tuple(f"s{column}" for column in range(series)))


def learn_in_shards(recipe: RecipeOptions, matrix: Matrix) -> tuple[Figures, Cost]:
    """A ridge from merged shards beside one pass: how far apart their sums are."""
    options = next(member for member in recipe.members if member.look_back)
    schema = window_schema(options, recipe)
    with metered() as cost:
        parts = np.array_split(np.arange(len(matrix.ids)), SHARDS)
        merged = merge_shards(
            [empty_ridge(options.name, schema, series=len(part)).update(matrix.y[:, part], "") for part in parts]
        )
    whole = empty_ridge(options.name, schema, series=len(matrix.ids)).update(matrix.y, "")
    apart = float(np.abs(merged.sums.xx - whole.sums.xx).max() / np.abs(whole.sums.xx).max())
    return {"windows": merged.sums.n, "relative difference": apart}, cost


def replayed(recipe: RecipeOptions, matrix: Matrix) -> Replay:
    """Every member at the last cutoffs, a year apart."""
    stops = [PERIODS - SEASON * back for back in range(CUTOFFS, -1, -1)]
    change = np.abs(matrix.y[SEASON:] - matrix.y[:-SEASON])
    scale = np.full_like(matrix.y, np.nan)
    for stop in stops:
        scale[stop - 1] = np.nanmean(change[: stop - SEASON], axis=0)
    cutoffs = pd.DatetimeIndex(matrix.times[[stop - 1 for stop in stops]])
    return replace(replay(recipe, matrix, scale, cutoffs), spacing=SEASON)


def measure_one(series: int) -> Figures:
    """All parts for one number of series."""
    recipe, _ = read_configuration()
    matrix, costs = make_panel(series), {}
    shards, costs["ridge in shards"] = learn_in_shards(recipe, matrix)
    with metered() as costs["replay of all members"]:
        past = replayed(recipe, matrix)
    with metered() as costs["combination"]:
        combination = combine_replay(past, COMBINATION)
    residuals = (past.actual - combination.points).astype(np.float32) / past.scale[:, None].astype(np.float32)
    for method in ("width_tracker", "conformal_pid"):
        options = IntervalOptions(
            calibration_cutoffs=12, tracking_start=3, pooling=4, learning_rate=0.1, widest=4.0, method=method
        )
        with metered() as costs[f"intervals, {method}"]:
            calibrate(residuals, SEASON, options, available=CUTOFFS, surroundings=Surroundings(spacing=SEASON))
    parts = {name: {part: getattr(cost, part) for part in cost.__slots__} for name, cost in costs.items()}
    total = sum(cost.cpu_seconds for cost in costs.values())
    return {
        "series": series,
        "members": len(recipe.members),
        "shards": shards,
        "chosen": combination.choice.name,
        "cost": parts,
        "cpu_ms_per_series": 1000 * total / series,
        "peak_mib": max(cost.peak_mib for cost in costs.values()),
    }


def measure(given: argparse.Namespace) -> Figures:
    """One process for each number of series."""
    if given.alone:
        return measure_one(given.series)
    runs = []
    for series in (given.series // 100, given.series // 10, given.series):
        command = [sys.executable, str(Path(__file__)), "--json", "--alone", "--series", str(series)]
        runs.append(json.loads(run_command(command, folder=PROJECT, environment=dict(os.environ)).output))
    per_series = [run["cpu_ms_per_series"] for run in runs]
    return {
        **heading(["pulse_kedro", "numpy", "scikit-learn"]),
        "runs": runs,
        "floors": [
            Floor(name="peak MiB", value=runs[-1]["peak_mib"], high=MOST_MIB).as_dict(),
            Floor(name="cost per series, all / a hundredth", value=per_series[-1] / per_series[0], high=1.0).as_dict(),
            Floor(name="shards / one pass", value=runs[-1]["shards"]["relative difference"], high=1e-10).as_dict(),
        ],
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=100_000, help="100000 by default")
    parser.add_argument("--alone", action="store_true", help="only this number of series, in this process")
    speak(parser, measure)


if __name__ == "__main__":
    main()
