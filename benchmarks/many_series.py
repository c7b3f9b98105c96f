"""Do combination and intervals of 100,000 series fit into a small machine? Made-up forecasts, one process.

Usage: python benchmarks/many_series.py [--json] [--series N]

12 members, 8 cutoffs a horizon apart, 12 steps, float32, a tenth of the forecasts missing: what a replay of monthly
series of 200 points hands over. All candidates compete, stacks included; then intervals by both methods, one after
the other.
Prints wall and CPU seconds of each part and the largest memory so far; the forecasts themselves count.
"""

import argparse

import numpy as np
import pandas as pd
from protocol.meter import metered
from protocol.report import Figures, Floor, heading, speak

from pulse_kedro.forecasting.aggregation import combine_replay
from pulse_kedro.forecasting.backtest import Replay
from pulse_kedro.forecasting.intervals import Surroundings, calibrate
from pulse_kedro.forecasting.recipe import CombinationOptions, IntervalOptions

MEMBERS, CUTOFFS, HORIZON = 12, 8, 12
SILENT = 0.1
"""Share of the series for which a member abstains."""
MOST_MIB = 4000
"""Memory that is allowed for 100,000 series: four gigabytes."""
COMBINATION = CombinationOptions(
    warm_up=2,
    standard_errors=1.0,
    candidates=("median", "trimmed_mean", "powers", "leaders", "nnls", "lasso", "best"),
)


def make_replay(series: int) -> Replay:
    """Members of different skill on noise, in float32."""
    rng = np.random.default_rng(0)
    actual = rng.normal(size=(CUTOFFS, HORIZON, series)).astype(np.float32)
    points = np.empty((MEMBERS, *actual.shape), dtype=np.float32)
    for row in range(MEMBERS):
        points[row] = rng.normal(size=actual.shape) * (0.3 + row / MEMBERS) + actual
        points[row, :, :, rng.random(series) < SILENT] = np.nan
    return Replay(
        members=("naive", *(f"m{row}" for row in range(1, MEMBERS))),
        ids=tuple(f"s{column}" for column in range(series)),
        cutoffs=pd.date_range("2001-01-01", periods=CUTOFFS, freq="12MS"),
        points=points,
        actual=actual,
        scale=np.ones((CUTOFFS, series), dtype=np.float32),
        resolved=np.ones(CUTOFFS, dtype=bool),
        spacing=HORIZON,
    )


def measure(given: argparse.Namespace) -> Figures:
    """All parts."""
    costs: Figures = {}
    with metered() as cost:
        replayed = make_replay(given.series)
    costs["forecasts as they come"] = cost
    with metered() as cost:
        combination = combine_replay(replayed, COMBINATION)
    costs["combination"] = cost
    residuals = (replayed.actual - combination.points.astype(np.float32)) / replayed.scale[:, None]
    for method in ("width_tracker", "conformal_pid"):
        options = IntervalOptions(
            calibration_cutoffs=12, tracking_start=3, pooling=4, learning_rate=0.1, widest=4.0, method=method
        )
        with metered() as cost:
            calibrate(residuals, HORIZON, options, available=CUTOFFS, surroundings=Surroundings(spacing=HORIZON))
        costs[f"intervals, {method}"] = cost
    return {
        **heading(["pulse_kedro", "numpy", "scikit-learn"]),
        "series": given.series,
        "chosen": list(combination.names),
        "cost": {name: {part: getattr(cost, part) for part in cost.__slots__} for name, cost in costs.items()},
        "floors": [Floor(name="peak MiB", value=cost.peak_mib, high=MOST_MIB).as_dict()],
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=100_000, help="100000 by default")
    speak(parser, measure)


if __name__ == "__main__":
    main()
