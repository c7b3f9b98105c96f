"""What does recursion save? One new day against a fit from scratch, and twenty origins against twenty fits.

Usage: python benchmarks/recursion.py [--json] [--csv FILE]

A ridge over two weeks of hours and a day ahead, as many series as the file has columns (ETTh1: 7). The update adds the
windows of 24 new hours to the sums; the fit from scratch reads all hours again. Both then solve for the same penalty.
The backtest forecasts twenty origins a day apart from one additive pass, against one fit per origin. One thread, so
that CPU seconds are work and no waiting; medians of five.

Without `--csv` the data are made up (17,420 hours of seven series).
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from protocol.meter import metered
from protocol.report import Figures, Floor, heading, speak
from threadpoolctl import threadpool_limits

from pulse_kedro.forecasting.ridge import Ridge, empty_ridge
from pulse_kedro.forecasting.solving import solve_at
from pulse_kedro.forecasting.windows import WindowSchema

DAY, ORIGINS, REPEATS, HOURS = 24, 20, 5, 17_420
PENALTY = 0.01
SCHEMA = WindowSchema(
    variant="level", look_back=336, horizon=DAY, season_length=DAY, intercept=True, clip=8.0, centre="last"
)
Array = npt.NDArray[np.float64]


def read(path: Path | None) -> Array:
    """Hours by series."""
    if path is not None:
        return np.asarray(pd.read_csv(path).iloc[:, 1:].to_numpy(dtype=float))
    rng, t = np.random.default_rng(0), np.arange(HOURS)[:, None]
    walk = rng.normal(size=(HOURS, 7)).cumsum(axis=0) * 0.05
    return np.asarray(20 + 5 * np.sin(2 * np.pi * t / DAY) + walk + rng.normal(size=(HOURS, 7)))


def scratch(values: Array) -> Ridge:
    """A state from all values."""
    return empty_ridge("r", SCHEMA, series=values.shape[1]).update(values, "")


def weights(state: Ridge) -> Array:
    """Solution at the fixed penalty."""
    return solve_at(state.sums, PENALTY, intercept=True)


def seconds(work: Callable[[], object]) -> float:
    """Median CPU seconds."""
    spent = []
    for _ in range(REPEATS):
        with metered() as cost:
            work()
        spent.append(cost.cpu_seconds)
    return float(np.median(spent))


def measure(given: argparse.Namespace) -> Figures:
    """All figures."""
    with threadpool_limits(1):
        return measure_alone(read(given.csv))


def measure_alone(values: Array) -> Figures:
    """All figures, on one thread."""
    before, block = scratch(values[:-DAY]), values[-DAY:]
    update = seconds(lambda: weights(before.update(block, "")))
    refit = seconds(lambda: weights(scratch(values)))
    apart = np.abs(weights(before.update(block, "")) - weights(scratch(values))).max()
    stops = [len(values) - DAY * back for back in range(ORIGINS, 0, -1)]

    def one_pass() -> list[Array]:
        state, start, found = empty_ridge("r", SCHEMA, series=values.shape[1]), 0, []
        for stop in stops:
            state, start = state.update(values[start:stop], ""), stop
            found.append(weights(state))
        return found

    with metered() as recursive:
        mine = one_pass()
    with metered() as repeated:
        theirs = [weights(scratch(values[:stop])) for stop in stops]
    drift = max(float(np.abs(a - b).max()) for a, b in zip(mine, theirs, strict=True))
    ratio = repeated.cpu_seconds / recursive.cpu_seconds
    return {
        **heading(["pulse_kedro", "numpy"]),
        "series": values.shape[1],
        "windows": before.sums.n,
        "update": {"cpu_seconds": update, "weights_differ_by": float(apart)},
        "refit": {"cpu_seconds": refit},
        "backtest": {"cpu_seconds": recursive.cpu_seconds, "refits": repeated.cpu_seconds, "weights_differ_by": drift},
        "floors": [
            Floor(name="refit / update", value=refit / update, low=100).as_dict(),
            Floor(name="twenty refits / one pass", value=ratio, low=10).as_dict(),
        ],
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, help="hours by series: a date, then one column per series")
    speak(parser, measure)


if __name__ == "__main__":
    main()
