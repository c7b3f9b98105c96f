"""Long-horizon forecasts of the ETT files: squared error of the product's ridges at 96, 192, 336 and 720 steps.

Usage: python benchmarks/ett_long_horizon.py [--json] [--csv FILE] [--peers]

Protocol of the published tables: rows up to 8640 train, up to 11520 validate, up to 14400 test; each channel is
standardised with the mean and deviation of the training rows; errors are means over channels, steps and every window
of the test rows, the last ones included; inputs may reach back into earlier rows. Every member learns once from the
training rows, its penalty by generalised cross-validation, and is then asked at every origin with fixed weights; the
forecast is the median of the members. Look-backs are two, three and four weeks, fixed in advance; that a ridge around
the last value and one on raw levels take part was chosen on the validation rows, which are reported too.

`--peers` installs darts into an environment of its own and asks its global linear regression, which reads two weeks
too, about the same windows: minutes.

Without `--csv` the data are made up (a day, a week and noise), so that the script always runs; floors are then left
out.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from protocol.environments import ask, install
from protocol.inputs import read_settings
from protocol.meter import metered
from protocol.report import Figures, Floor, heading, speak

from pulse_kedro.domain.panel import frequency
from pulse_kedro.forecasting.choice import combine, equal_median
from pulse_kedro.forecasting.fixed import forecast_at
from pulse_kedro.forecasting.recipe import MemberOptions, RecipeOptions, recipe_of_settings
from pulse_kedro.forecasting.ridge import Ridge, empty_ridge
from pulse_kedro.forecasting.windows import window_schema

HORIZONS = (96, 192, 336, 720)
TRAIN, VALIDATION, TEST = 8640, 11520, 14400
MEMBERS = (
    *(MemberOptions(kind="level_ridge", look_back=168 * weeks, scale="none") for weeks in (2, 3, 4)),
    MemberOptions(kind="last_ridge", look_back=336, scale="none"),
    MemberOptions(kind="raw_ridge", look_back=336, scale="none"),
)
DARTS = ("u8darts==0.40.0", "pandas==2.3.3", "numpy==1.26.4")
"""What the peer is installed from."""
LINEAR = 336
"""Look-back of the peer: that of most published tables."""
CHUNK = 128
"""Origins asked at once, so that 720 steps of all members stay below 200 MB."""
Array = npt.NDArray[np.float64]


def read(path: Path | None) -> Array:
    """Standardised channels of shape `(14400, channels)`."""
    values = made_up() if path is None else pd.read_csv(path).iloc[:TEST, 1:].to_numpy(dtype=float)
    if len(values) < TEST:
        msg = f"Reading {path} failed: got {len(values)} rows, expected at least {TEST}. Pass one of the ETT files."
        raise SystemExit(msg)
    return np.asarray((values - values[:TRAIN].mean(axis=0)) / values[:TRAIN].std(axis=0))


def made_up() -> Array:
    """Hours with a day, a week and persistent noise, three channels."""
    rng, t = np.random.default_rng(0), np.arange(TEST)[:, None]
    noise = rng.normal(size=(TEST, 3))
    for row in range(1, TEST):
        noise[row] += 0.95 * noise[row - 1]
    return np.asarray(5 * np.sin(2 * np.pi * t / 24) + 2 * np.sin(2 * np.pi * t / 168 + np.arange(3)) + noise)


def learn(values: Array, horizon: int) -> list[Ridge]:
    """Every member after the training rows."""
    recipe: RecipeOptions = recipe_of_settings(read_settings()["recipe"], frequency("hourly"))
    recipe = replace(recipe, horizon=horizon, members=MEMBERS)
    return [
        empty_ridge(
            options.name, replace(window_schema(options, recipe), refresh=TRAIN), series=values.shape[1]
        ).update(values[:TRAIN], "")
        for options in MEMBERS
    ]


def errors(members: list[Ridge], values: Array, first: int, last: int) -> tuple[float, float]:
    """Mean squared and mean absolute error of the median over all windows whose targets lie in some rows."""
    horizon, choice = members[0].schema.horizon, equal_median(len(members))
    stops = np.arange(first, last - horizon + 1)
    squared = absolute = 0.0
    for start in range(0, len(stops), CHUNK):
        some = stops[start : start + CHUNK].tolist()
        points = combine(np.stack([forecast_at(member, values, some) for member in members]), choice)
        apart = points - np.stack([values[stop : stop + horizon] for stop in some])
        squared, absolute = squared + float((apart * apart).sum()), absolute + float(np.abs(apart).sum())
    count = len(stops) * horizon * values.shape[1]
    return squared / count, absolute / count


def ask_darts(values: Array) -> Figures:
    """Errors of the peer over the same windows, and what it cost."""
    python, mse, mae, seconds, versions = install(DARTS), {}, {}, 0.0, {}
    for horizon in HORIZONS:
        request = {"look_back": LINEAR, "horizon": horizon, "train": TRAIN, "first": VALIDATION, "last": TEST}
        answer = ask(python, "darts/linear_regression.py", request, {"values": values})
        mse[str(horizon)], mae[str(horizon)] = (float(answer.arrays[name]) for name in ("squared", "absolute"))
        seconds += float(str(answer.facts["cpu_seconds"]))
        versions = answer.facts["versions"]
    mean = {name: float(np.mean(list(found.values()))) for name, found in (("mse", mse), ("mae", mae))}
    return {
        "mse": {**mse, "mean": mean["mse"]},
        "mae": {**mae, "mean": mean["mae"]},
        "cpu_seconds": seconds,
        "versions": versions,
    }


def measure(given: argparse.Namespace) -> Figures:
    """All figures."""
    values, figures = read(given.csv), {}
    with metered() as cost:
        for horizon in HORIZONS:
            members = learn(values, horizon)
            mse, mae = errors(members, values, VALIDATION, TEST)
            validation, _ = errors(members, values, TRAIN, VALIDATION)
            figures[str(horizon)] = {"mse": mse, "mae": mae, "validation_mse": validation}
    peers = {"darts LinearRegressionModel": ask_darts(values)} if given.peers else None
    mean = {name: float(np.mean([figures[str(h)][name] for h in HORIZONS])) for name in ("mse", "mae")}
    return {
        **heading(["pulse_kedro", "numpy"]),
        "members": [options.name for options in MEMBERS],
        "mse": {**{h: found["mse"] for h, found in figures.items()}, "mean": mean["mse"]},
        "mae": {**{h: found["mae"] for h, found in figures.items()}, "mean": mean["mae"]},
        "validation_mse": {h: found["validation_mse"] for h, found in figures.items()},
        "cpu_seconds": cost.cpu_seconds,
        "peers": peers,
        "floors": [Floor(name="mean MSE", value=mean["mse"] if given.csv else None, high=0.405).as_dict()],
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, help="an ETT file of hours: date, then one column per channel")
    parser.add_argument("--peers", action="store_true", help="ask darts about the same windows too")
    speak(parser, measure)


if __name__ == "__main__":
    main()
