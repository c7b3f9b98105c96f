"""What is the default forecaster worth on files of the M4 competition, and what does it cost? One process of its own.

Usage: python benchmarks/m4.py [--json] [--train FILE --test FILE --horizon H --freq F] [--budget-seconds N]
       [--peers]

Runs `kedro pulse evaluate --json` through the package's own door and adds the cost of the whole process, start-up
included. The floors are those of M4 Weekly (359 series, 13 steps) and are held against weekly
files only. Without files it makes hourly series with two seasons, so that members, combination and cost can be looked
at where no file is at hand; their errors say nothing about M4. `--peers` installs statsforecast
into an environment of its own and fits AutoETS and dynamic Theta on the same files afterwards: minutes.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from protocol.competition_peers import run_peers
from protocol.inputs import PROJECT
from protocol.processes import run_command
from protocol.report import Figures, Floor, heading, speak

from pulse_kedro.cli.evaluate import FREQUENCIES
from pulse_kedro.domain.panel import frequency

MOST_OWA = 0.737
"""Best entry of the competition for weekly data has .739 (Forecast Pro); the floor lies below it."""
MOST_MSIS = 16.2
"""Best entry for weekly data has 16.20 (SCUM)."""
FARTHEST = 0.012
"""Distance of its coverage from 95 %."""
MOST_CPU = 120.0
"""CPU seconds of the process on two cores."""
SERIES, PERIODS, HORIZON = 60, 960, 48
SHORTER = 260
"""Hours that every other series begins later."""
MADE_UP = "made up"


def make_files(folder: Path) -> tuple[Path, Path]:
    """Hourly series with a day, a week, a slow walk and noise, in the wide form of M4; lengths differ."""
    rng = np.random.default_rng(4)
    t = np.arange(PERIODS + HORIZON)
    train, test = folder / "train.csv", folder / "test.csv"
    head = [f'"V{place + 1}"' for place in range(PERIODS + 1)]
    rows, after = [head], [head[: HORIZON + 1]]
    for number in range(SERIES):
        day = rng.uniform(0.1, 0.4) * np.sin(2 * np.pi * (t / 24 + rng.random()))
        week = rng.uniform(0.05, 0.2) * np.sign(np.sin(2 * np.pi * (t / 168 + rng.random())))
        walk = np.cumsum(rng.normal(0, 0.005, len(t)))
        values = rng.uniform(20, 2000) * np.exp(day + week + walk + rng.normal(0, 0.03, len(t)))
        cells = [f"{value:.2f}" for value in values[SHORTER * (number % 2) :]]
        rows.append([f'"H{number + 1}"', *cells[:-HORIZON], *[""] * (len(t) - len(cells))])
        after.append([f'"H{number + 1}"', *cells[-HORIZON:]])
    for path, lines in ((train, rows), (test, after)):
        path.write_text("\n".join(map(",".join, lines)) + "\n", encoding="utf-8")
    return train, test


def floors(answer: dict[str, dict[str, float]], cpu_seconds: float, *, weekly: bool) -> list[Figures]:
    """Figures beside their ranges; those of M4 Weekly are not measured on anything else."""
    found = answer["combination"] if weekly else {}
    away = abs(found["coverage_95"] - 0.95) if weekly else None
    return [
        Floor(name="OWA of the combination", value=found.get("owa"), high=MOST_OWA).as_dict(),
        Floor(name="MSIS of the combination", value=found.get("msis"), high=MOST_MSIS).as_dict(),
        Floor(name="distance of the 95 % coverage", value=away, high=FARTHEST).as_dict(),
        Floor(name="CPU seconds", value=cpu_seconds, high=MOST_CPU).as_dict(),
    ]


def measure(given: argparse.Namespace) -> Figures:
    """Run the command and set its answer beside the floors."""
    with tempfile.TemporaryDirectory() as folder:
        files = (given.train, given.test) if given.train else make_files(Path(folder))
        horizon, freq = (given.horizon, given.freq) if given.train else (HORIZON, "H")
        words = ["--train", *map(str, files[:1]), "--test", *map(str, files[1:]), "--horizon", str(horizon)]
        words += ["--freq", freq, "--budget-seconds", str(given.budget_seconds), "--json"]
        command = [sys.executable, "-m", "pulse_kedro", "pulse", "evaluate", *words]
        done = run_command(command, folder=PROJECT, environment=os.environ | {"DO_NOT_TRACK": "1"})
        step = frequency(FREQUENCIES.get(freq.upper(), freq.lower()))
        peers = run_peers(files[0], files[1], horizon, step) if given.peers else None
    answer = json.loads(done.output)
    weekly = bool(given.train) and freq.upper() in ("W", "WEEKLY")
    return {
        **heading(["pulse_kedro", "numpy"]),
        "data": given.train.name if given.train else MADE_UP,
        "evaluation": answer,
        "cost": done.cost(),
        "peers": peers,
        "floors": floors(answer, done.cpu_seconds, weekly=weekly),
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=lambda text: Path(text).resolve(), help="histories; made up by default")
    parser.add_argument("--test", type=lambda text: Path(text).resolve(), help="what followed")
    parser.add_argument("--horizon", type=int, default=13, help="steps ahead, 13 by default")
    parser.add_argument("--freq", default="W", help="length of a step, W by default")
    parser.add_argument("--budget-seconds", type=float, default=0.0, help="CPU seconds for slow members too")
    parser.add_argument("--peers", action="store_true", help="fit AutoETS and dynamic Theta on the same files too")
    speak(parser, measure)


if __name__ == "__main__":
    main()
