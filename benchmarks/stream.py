"""Policies of retraining on a stream of hours: weekly cutoffs, a week ahead, loss and CPU seconds side by side.

Usage: python benchmarks/stream.py [--json] [--csv FILE] [--weeks 17|80] [--plain]

Protocol: seven columns of ETTh1, cutoffs a week apart over the last 17 or 80 weeks, 168 steps ahead. MASE divides by
the mean |y[t] - y[t-24]| up to each cutoff and averages over steps, series and weeks. Every policy has the same
learner: a pool of ridges whose sums come from one additive Gram matrix. What it reads was registered before the
stream was scored (docs/decisions/0037). Differences are paired by week, with a 95 % interval of the block bootstrap.
CPU seconds count learning, solving and forecasting, not imports.

`--plain` adds a usual ridge (look-back 336, every window read again, all penalties tried) that is refitted each week:
it shows how fast this machine is, and what recursion saves.

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
from protocol.report import Figures, Floor, heading, speak

from pulse_kedro.domain.panel import frequency
from pulse_kedro.forecasting.recipe import MemberOptions, recipe_of_settings
from pulse_kedro.forecasting.simulation import Simulation, gain_between, replay
from pulse_kedro.forecasting.simulation_learners import Learner, Part, empty_pool, empty_team
from pulse_kedro.forecasting.simulation_policies import Full, Never, Policy, Recursive

WEEK, DAY = 168, 24
HISTORY = 12
"""Look-backs that the history must hold before a ridge of the long stream takes part; registered."""
PARTS = {
    17: tuple(Part(look_back=weeks * WEEK, centre="mean") for weeks in (2, 3, 4)),
    80: tuple(Part(look_back=w * WEEK, centre="mean", least=HISTORY * w * WEEK if w > 1 else 0) for w in (1, 2, 3, 4)),
}
"""Registered in docs/decisions/0037."""
FLOORS = {17: (1.19, 6.0), 80: (1.192, 12.0)}
"""MASE and CPU seconds of the recursive policy, by weeks."""
PLAIN = MemberOptions(kind="level_ridge", look_back=336, scale="none")
Array = npt.NDArray[np.float64]


def read(path: Path | None, weeks: int) -> Array:
    """Columns of the file, or made-up ones."""
    if path is not None:
        return pd.read_csv(path).iloc[:, 1:].to_numpy(dtype=float)
    rng, t = np.random.default_rng(0), np.arange((weeks + 20) * WEEK)[:, None]
    noise = rng.normal(size=(len(t), 3))
    for row in range(1, len(t)):
        noise[row] += 0.95 * noise[row - 1]
    return np.asarray(20 + 5 * np.sin(2 * np.pi * t / 24) + 2 * np.sin(2 * np.pi * t / 168 + np.arange(3)) + noise)


def policies_for(weeks: int, *, plain: bool) -> dict[str, Policy]:
    """Recursive, refitted weekly and fitted once, over the registered pool; and the usual ridge."""

    def pool(y: Array) -> Learner:
        return empty_pool(y, PARTS[weeks], horizon=WEEK, season_length=DAY)

    def usual(y: Array) -> Learner:
        recipe = recipe_of_settings(read_settings()["recipe"], frequency("hourly"))
        return Standardised.of(empty_team(replace(recipe, horizon=WEEK, members=(PLAIN,)), series=y.shape[1]), y)

    found: dict[str, Policy] = {"recursive": Recursive(pool), "full": Full(pool), "never": Never(pool)}
    return found | {"plain ridge, full": Full(usual)} if plain else found


class Standardised:
    """A learner that sees every series in units of its usual daily change."""

    def __init__(self, inner: Learner, unit: Array) -> None:
        """Keep what is wrapped."""
        self.inner, self.unit = inner, unit

    @classmethod
    def of(cls, inner: Learner, y: Array) -> "Standardised":
        """With the units of what is known."""
        return cls(inner, np.abs(y[DAY:] - y[:-DAY]).mean(axis=0))

    def learn(self, y: Array, new: int) -> "Standardised":
        """Windows in these units."""
        return Standardised(self.inner.learn(y / self.unit, new), self.unit)

    def forget(self, keep: float) -> "Standardised":
        """As the inner one."""
        return Standardised(self.inner.forget(keep), self.unit)

    def solve(self) -> "Standardised":
        """As the inner one."""
        return Standardised(self.inner.solve(), self.unit)

    def forecast(self, y: Array) -> Array:
        """In the units of the data."""
        return self.inner.forecast(y / self.unit) * self.unit


def told(found: Simulation, name: str) -> Figures:
    """Loss, cost and counters of a policy."""
    played, losses = found.played[name], found.losses(name)
    difference = gain_between(found.losses("recursive"), losses, overlap=1)
    return {
        "mase": float(losses.mean()),
        "cpu_seconds": float(played.seconds.sum()),
        "retrainings": played.retrainings,
        "gain_over_recursive": difference,
        "mase_by_week": losses.tolist(),
    }


def measure(given: argparse.Namespace) -> Figures:
    """All figures."""
    y = read(given.csv, given.weeks)
    stops = [len(y) - WEEK * back for back in range(given.weeks, 0, -1)]
    found = replay(policies_for(given.weeks, plain=given.plain), y, stops, horizon=WEEK, season=DAY)
    policies = {name: told(found, name) for name in found.played}
    losses, seconds = found.losses("recursive"), float(found.played["recursive"].seconds.sum())
    plain = found.played.get("plain ridge, full")
    mase, cost = FLOORS[given.weeks]
    known = given.csv is not None
    return {
        **heading(["pulse_kedro", "numpy"]),
        "weeks": given.weeks,
        "parts": [f"{part.centre} {part.look_back}" for part in PARTS[given.weeks]],
        "policies": policies,
        "plain_over_recursive_cpu": float(plain.seconds.sum()) / seconds if plain else None,
        "floors": [
            Floor(name="MASE, recursive", value=float(losses.mean()) if known else None, high=mase).as_dict(),
            Floor(name="CPU seconds, recursive", value=seconds if known else None, high=cost).as_dict(),
        ],
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, help="an ETT file of hours: date, then one column per series")
    parser.add_argument("--weeks", type=int, choices=sorted(PARTS), default=17, help="weeks of the stream")
    parser.add_argument("--plain", action="store_true", help="refit a usual ridge each week too")
    speak(parser, measure)


if __name__ == "__main__":
    main()
