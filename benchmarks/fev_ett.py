"""The task ETT_1H of fev-bench on any ETT files of hours: quantile and point error over twenty weeks.

Usage: python benchmarks/fev_ett.py [--json] [--csv FILE] [--csv FILE] [--peers]

Protocol: every column of every file is a series; 168 steps ahead at twenty disjoint weeks, the first cutoff 3,360 hours
before the end. MASE and SQL divide by the mean |y[t] - y[t-24]| of the history of each week; SQL averages
2 |(a - q)(1{a <= q} - tau)| over the levels .1 to .9; both are means over series and steps, then over weeks. Members
are updated at each cutoff; their combination and its quantiles rest on the weeks before it, thirty of them at the first
cutoff. Series enter in units of their usual daily change before the first cutoff. Look-backs of two, three and four
weeks were chosen on the twenty weeks before those that are scored.

`--peers` installs statsforecast into an environment of its own and asks methods that cost minutes: seasonal naive on
the whole history, MSTL (day and week) and dynamic Theta on the newest twelve weeks of it.

Without `--csv` the data are made up (a day, a week and noise), so that the script always runs; floors are then left
out.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from protocol.inputs import read_settings
from protocol.meter import metered
from protocol.report import Figures, Floor, heading, speak
from protocol.rolling import replay_origins
from protocol.univariate_peers import univariate

from pulse_kedro.domain.panel import QUANTILE_LEVELS, frequency
from pulse_kedro.forecasting.combination import combine_by_nested_choice
from pulse_kedro.forecasting.pooling import pooled_quantiles
from pulse_kedro.forecasting.recipe import MemberOptions, recipe_of_settings

WEEK, DAY, WEEKS, EARLIER = 168, 24, 20, 30
LEVELS = tuple(round(level / 10, 1) for level in range(1, 10))
PLACES = [QUANTILE_LEVELS.index(level) for level in LEVELS]
MEMBERS = tuple(MemberOptions(kind="level_ridge", look_back=WEEK * weeks, scale="none") for weeks in (2, 3, 4))
WARM_UP = 8
PEERS: tuple[tuple[int | None, dict[str, dict[str, object]]], ...] = (
    (None, {"SeasonalNaive": {"season_length": DAY}}),
    (12, {"MSTL": {"season_length": [DAY, WEEK]}, "DynamicOptimizedTheta": {"season_length": DAY}}),
)
"""Weeks of history that each peer reads, all where it costs nothing, and the peers with their arguments."""
Array = npt.NDArray[np.float64]


def read(paths: list[Path] | None) -> Array:
    """Series of all files side by side, from the first hour that all have."""
    tables = [pd.read_csv(path).iloc[:, 1:].to_numpy(dtype=float) for path in paths or []] or [made_up()]
    shortest = min(map(len, tables))
    return np.concatenate([table[-shortest:] for table in tables], axis=1)


def made_up() -> Array:
    """Hours with a day, a week and persistent noise, three series."""
    rng, t = np.random.default_rng(0), np.arange(10_000)[:, None]
    noise = rng.normal(size=(len(t), 3))
    for row in range(1, len(t)):
        noise[row] += 0.95 * noise[row - 1]
    return np.asarray(20 + 5 * np.sin(2 * np.pi * t / 24) + 2 * np.sin(2 * np.pi * t / 168 + np.arange(3)) + noise)


def usual_change(values: Array) -> Array:
    """Mean |y[t] - y[t-24]| of each series."""
    return np.asarray(np.abs(values[DAY:] - values[:-DAY]).mean(axis=0))


def evaluate(values: Array) -> tuple[float, float]:
    """SQL and MASE."""
    first = len(values) - WEEKS * WEEK
    values = values / usual_change(values[:first])
    stops = [first + WEEK * week for week in range(-EARLIER, WEEKS)]
    scale = np.stack([usual_change(values[:stop]) for stop in stops])
    recipe = recipe_of_settings(read_settings()["recipe"], frequency("hourly"))
    recipe = replace(recipe, horizon=WEEK, members=MEMBERS)
    replayed = replay_origins(recipe, values, stops, scale)
    combined = combine_by_nested_choice(replayed, replace(recipe.combination, warm_up=WARM_UP)).points
    errors = (replayed.actual - combined) / scale[:, None]
    pooling = read_settings()["evaluation"]["pooling"]
    weeks = range(EARLIER, EARLIER + WEEKS)
    apart = [errors[week][..., None] - pooled_quantiles(errors[:week], pooling)[..., PLACES] for week in weeks]
    return quantile_loss(np.stack(apart)), float(np.abs(errors[EARLIER:]).mean())


def quantile_loss(apart: Array) -> float:
    """SQL of scaled outcomes minus quantiles, levels last."""
    return float((2 * np.abs(apart * ((apart <= 0) - np.array(LEVELS)))).mean())


def ask_peers(values: Array) -> Figures:
    """SQL and MASE of the peers over the same weeks, and their CPU seconds."""
    first, series = len(values) - WEEKS * WEEK, values.shape[1]
    stops = [first + WEEK * week for week in range(WEEKS)]
    scale = np.stack([usual_change(values[:stop]) for stop in stops])[:, None]
    actual = np.stack([values[stop : stop + WEEK] for stop in stops])
    levels = [round(100 * (1 - 2 * level)) for level in LEVELS[:4]]
    figures: Figures = {}
    for weeks, models in PEERS:
        start = None if weeks is None else -weeks * WEEK
        histories = [values[:stop, column][start:] for stop in stops for column in range(series)]
        made = univariate(histories, models, horizon=WEEK, levels=levels, fallback=WEEK)
        for name in models:
            parts = [f"-lo-{level}" for level in levels], [""], [f"-hi-{level}" for level in reversed(levels)]
            quantiles = np.stack([made.arrays[name + part] for group in parts for part in group], axis=-1)
            shaped = quantiles.reshape(WEEKS, series, WEEK, len(LEVELS)).transpose(0, 2, 1, 3)
            apart = (actual[..., None] - shaped) / scale[..., None]
            mase = float(np.abs(apart[..., len(levels)]).mean())
            figures[name] = {"sql": quantile_loss(apart), "mase": mase, "cpu_seconds": made.cpu_seconds[name]}
        figures["versions"] = dict(made.versions)
    return figures


def measure(given: argparse.Namespace) -> Figures:
    """All figures."""
    values = read(given.csv)
    with metered() as cost:
        sql, mase = evaluate(values)
    return {
        **heading(["pulse_kedro", "numpy"]),
        "series": values.shape[1],
        "members": [options.name for options in MEMBERS],
        "sql": sql,
        "mase": mase,
        "cpu_seconds": cost.cpu_seconds,
        "peers": ask_peers(values) if given.peers else None,
        "floors": [Floor(name="SQL", value=sql if given.csv else None, high=0.963).as_dict()],
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, action="append", help="an ETT file of hours; repeat it for several")
    parser.add_argument("--peers", action="store_true", help="ask statsforecast about the same weeks too")
    speak(parser, measure)


if __name__ == "__main__":
    main()
