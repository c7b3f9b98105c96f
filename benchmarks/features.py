"""What do features of a million rows cost? The steps of this project and pandas with `groupby`, in one run.

Usage: python benchmarks/features.py [--json] [--rows N] [--series N]

Made-up daily series with gaps of one in fifty. The rich pipeline fills gaps, scales, takes lags, rolling statistics,
nine indicators, calendar, Fourier terms and holidays: 59 columns. Measured is everything from the long table to the
frame with its manifest and content hash. Then lags, rolling means, deviations, extremes and an exponential average are
computed once more alone, by our steps and by pandas (`groupby.shift`, `groupby.rolling`, `groupby.ewm`) on the dense
grid, and compared value by value. Last, one row is computed from its look-back, as for a live forecast.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from protocol.meter import Cost, metered
from protocol.report import Figures, Floor, heading, speak
from pydantic import TypeAdapter

from pulse_kedro.domain.data_management.features.definition import FeatureOptions, steps_from
from pulse_kedro.domain.data_management.features.fitting import fit_features, transform
from pulse_kedro.domain.data_management.features.manifest import FeatureSet, make_feature_set
from pulse_kedro.domain.data_management.features.table import Table, table_of
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, TARGET, TIME, frequency

SECONDS = 10.0
"""Most seconds for a million rows (issue D)."""
RICH: list[dict[str, object]] = [
    {"type": "impute", "maximum_age": 7},
    {"type": "scale", "columns": ["y_filled"]},
    {"type": "lags", "lags": [1, 2, 3, 7, 14, 28]},
    {"type": "rolling", "windows": [7, 14, 28], "statistics": ["mean", "sd", "min", "max"]},
    {"type": "rolling", "columns": ["y_filled"], "windows": [7], "quantiles": [0.1, 0.5, 0.9], "shift": 1},
    {
        "type": "indicators",
        "columns": ["y_filled"],
        "of": ["sma", "ema", "rsi", "macd", "atr", "volatility", "momentum", "drawdown", "slope"],
    },
    {"type": "calendar", "fields": ["month", "quarter", "week", "weekday", "day"]},
    {"type": "fourier", "order": 3},
    {"type": "fourier", "season": 365.25, "order": 4},
    {"type": "holidays", "country": "US"},
]
SHARED: list[dict[str, object]] = [
    {"type": "lags", "lags": [1, 7, 28]},
    {"type": "rolling", "windows": [7, 28], "statistics": ["mean", "sd", "min", "max"]},
    {"type": "indicators", "of": ["ema"], "window": 12},
]
"""What pandas computes too."""


def make_panel(rows: int, series: int) -> pd.DataFrame:
    """Random walks by day from 1990 on, one value in fifty missing."""
    rng, periods = np.random.default_rng(0), rows // series
    y = 100 + rng.normal(size=(periods, series)).cumsum(axis=0) / 10
    times = pd.date_range("1990-01-01", periods=periods, freq="D").as_unit("ns")
    panel = pd.DataFrame({ID: np.repeat([f"s{number:05d}" for number in range(series)], periods)})
    panel[TIME], panel[TARGET] = np.tile(times, series), y.T.reshape(-1)
    panel[AVAILABLE_AT] = (panel[TIME] + pd.Timedelta(days=1)).dt.tz_localize("UTC")
    kept = rng.random(len(panel)) > 1 / 50
    return panel[kept].reset_index(drop=True)


def daily() -> SourceOptions:
    """The declaration of the made-up source."""
    return TypeAdapter(SourceOptions).validate_python(
        {
            "name": "made_up",
            "columns": {"unique_id": ID, "ds": TIME, "y": TARGET},
            "static": [],
            "date_format": None,
            "decimal": ".",
            "thousands": None,
            "frequency": "daily",
            "unit": "1",
            "release_lag_days": 0,
            "stale_after": 3,
            "max_quarantined": 0.3,
        }
    )


def make_rich(panel: pd.DataFrame) -> tuple[FeatureSet, Cost]:
    """The whole feature set of the rich pipeline."""
    options = TypeAdapter(FeatureOptions).validate_python({"name": "rich", "steps": RICH, "train_periods": None})
    with metered() as cost:
        made = make_feature_set(panel, daily(), options, parents=["s0"])
    return made, cost


def by_pandas(table: Table) -> dict[str, np.ndarray[tuple[int, int], np.dtype[np.float64]]]:
    """The shared columns by `groupby`, on the same grid."""
    long = pd.DataFrame(table.columns[TARGET], columns=list(table.ids)).melt(var_name=ID, value_name=TARGET)
    groups = long.groupby(ID, sort=False)[TARGET]
    found = {f"y_lag{lag}": groups.shift(lag) for lag in (1, 7, 28)}
    for window in (7, 28):
        rolling = groups.rolling(window, min_periods=1)
        found |= {f"y_{name}_{window}": getattr(rolling, how)() for name, how in ROLLED.items()}
    average = groups.ewm(span=12, min_periods=12).mean()
    found["y_ema_12"] = pd.Series(average.to_numpy()).where(long[TARGET].notna())
    return {name: values.to_numpy().reshape(len(table.ids), -1).T for name, values in found.items()}


ROLLED = {"mean": "mean", "sd": "std", "min": "min", "max": "max"}


def compare(table: Table) -> Figures:
    """Our steps and pandas on the columns that both have."""
    with metered() as ours:
        fitted = fit_features(steps_from(SHARED), table)
        made = transform(fitted, table).columns
    with metered() as theirs:
        peer = by_pandas(table)
    apart = max(float(np.nanmax(np.abs(made[name] - peer[name]))) for name in peer)
    differ = sum(int((np.isnan(made[name]) != np.isnan(peer[name])).sum()) for name in peer)
    return {
        "columns": len(peer),
        "our_cpu_seconds": ours.cpu_seconds,
        "pandas_cpu_seconds": theirs.cpu_seconds,
        "times_faster": theirs.cpu_seconds / ours.cpu_seconds,
        "largest_difference": apart,
        "cells_missing_in_one_only": differ,
    }


def one_row(made: FeatureSet, table: Table) -> Figures:
    """The newest row from its look-back alone, and whether it is what the batch has."""
    tail = table.between(max(0, len(table.times) - 1 - made.fitted.look_back), len(table.times))
    with metered() as cost:
        single = transform(made.fitted, tail).columns
    batch = transform(made.fitted, table).columns
    equal = all(np.array_equal(single[name][-1], batch[name][-1], equal_nan=True) for name in made.fitted.names)
    return {"wall_seconds": cost.wall_seconds, "look_back": made.fitted.look_back, "equal_bit_for_bit": equal}


def measure(given: argparse.Namespace) -> Figures:
    """Everything that the script prints."""
    panel = make_panel(given.rows, given.series)
    made, cost = make_rich(panel)
    table = table_of(panel, frequency("daily"))
    allowed = SECONDS * given.rows / 1_000_000
    return {
        **heading(["numpy", "pandas"]),
        "rows": len(panel),
        "grid": given.rows,
        "series": given.series,
        "columns": len(made.fitted.columns),
        "wall_seconds": cost.wall_seconds,
        "cpu_seconds": cost.cpu_seconds,
        "peak_mib": cost.peak_mib,
        "shared_with_pandas": compare(table),
        "one_row": one_row(made, table),
        "content_hash": made.manifest["content_hash"],
        "floors": [Floor(name="wall_seconds", value=cost.wall_seconds, high=allowed).as_dict()],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="cells of the grid, gaps included")
    parser.add_argument("--series", type=int, default=1_000, help="series")
    speak(parser, measure)
