"""What does a cycle cost, and does the state of many cycles equal one pass? Real runs in a data folder of their own.

Usage: python benchmarks/cycle_cost.py [--json] [--cycles N]

Starts `python -m kedro run --params as_of=…` for N months from December 2018 on (2 by default, 10 reach the end of the
bundled data), each as a process of its own with MLflow tracking on, as `make run` and `make next` do, then
`python -m pulse_kedro pulse status --json` five times (the median counts). Wall time is what a user waits, start-up
included; CPU seconds include every child, such as the one that checks a bundle.

Afterwards it compares the ledger with the number of forecasts that must stand in it, and the sums of every ridge of the
serving bundle with those of one pass over all data.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from protocol.inputs import BUNDLED, PROJECT, read_panel
from protocol.processes import Finished, run_command
from protocol.report import Figures, Floor, heading, speak

from pulse_kedro.forecasting.backtest import fit_members
from pulse_kedro.forecasting.bundle_files import load_bundle
from pulse_kedro.forecasting.ridge import Ridge

FIRST, LAST = pd.Timestamp("2018-12-01"), pd.Timestamp("2019-09-01")
MOST = 10
ALIVE, HORIZON = 147, 12
STATUS_CALLS = 5
FROM_OUTSIDE = ("MLFLOW_TRACKING_URI", "PULSE_DATABASE_URL", "PULSE_RUN_NAME", "PULSE_TRACKING")
"""Variables that would send a run elsewhere."""


def environment(root: Path) -> dict[str, str]:
    """Variables of the measured runs: everything they read and write lives under `root`."""
    kept = {name: value for name, value in os.environ.items() if name not in FROM_OUTSIDE}
    return kept | {"PULSE_DATA_ROOT": str(root), "DO_NOT_TRACK": "1"}


def call(root: Path, *arguments: str) -> Finished:
    """Run a module of this Python in the project."""
    return run_command([sys.executable, "-m", *arguments], folder=PROJECT, environment=environment(root))


def expected_ledger(cycles: int) -> dict[str, int]:
    """Forecasts after some monthly cycles: each issues a year for every living series, each month resolves one."""
    issued = ALIVE * HORIZON * cycles
    resolved = ALIVE * sum(min(HORIZON, cycles - 1 - number) for number in range(cycles))
    return {"issued": issued, "resolved": resolved, "pending": issued - resolved}


def distance_to_one_pass(folder: Path) -> dict[str, float]:
    """Largest difference of any sum of each ridge from one pass over the same data, relative to the largest sum.

    Args:
        folder: The stored bundle.

    Returns:
        By member; infinite when the number of windows differs.
    """
    bundle = load_bundle(folder)
    matrix = read_panel(BUNDLED, until=bundle.known_until.date().isoformat()).matrix
    once, distances = fit_members(bundle.recipe, matrix), {}
    for name, state in bundle.members.items():
        other = once[name]
        if isinstance(state, Ridge) and isinstance(other, Ridge):
            pairs = [(getattr(state.sums, part), getattr(other.sums, part)) for part in ("xx", "xy", "yy")]
            furthest = max(float(np.abs(mine - theirs).max() / np.abs(theirs).max()) for mine, theirs in pairs)
            distances[name] = furthest if state.sums.n == other.sums.n else float("inf")
    return distances


def floors(cycles: Sequence[Finished], status_seconds: float, distance: float) -> list[Floor]:
    """What had to be reached, beside the worst of what was."""
    later, peak = cycles[1:], max(max(cycle.peak_mib, cycle.together_mib or 0.0) for cycle in cycles)
    return [
        Floor(name="first cycle, wall seconds", value=cycles[0].wall_seconds, high=90),
        Floor(name="slowest next cycle, wall seconds", value=_most([c.wall_seconds for c in later]), high=30),
        Floor(name="dearest next cycle, CPU seconds", value=_most([c.cpu_seconds for c in later]), high=20),
        Floor(name="peak memory of a cycle, MiB", value=peak, high=1.5e9 / 2**20),
        Floor(name="status, wall seconds", value=status_seconds, high=1.5),
        Floor(name="ridge states against one pass, relative", value=distance, high=1e-10),
    ]


def _most(values: Sequence[float]) -> float | None:
    return max(values, default=None)


def measure(given: argparse.Namespace) -> Figures:
    """All figures, from a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="pulse-cycles-") as folder:
        root = Path(folder)
        (root / "01_raw").mkdir()
        shutil.copy(BUNDLED, root / "01_raw")
        months = [(FIRST + pd.DateOffset(months=number)).date().isoformat() for number in range(given.cycles)]
        cycles = [call(root, "kedro", "run", "--params", f"as_of={month}") for month in months]
        answers = [call(root, "pulse_kedro", "pulse", "status", "--json") for _ in range(STATUS_CALLS)]
        status = json.loads(answers[-1].output)
        distances = distance_to_one_pass(root / "06_models" / "bundles" / status["champion"]["digest"])
        size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
    seconds = statistics.median(answer.wall_seconds for answer in answers)
    expected, distance = expected_ledger(given.cycles), max(distances.values())
    return {
        **heading(["pulse_kedro", "kedro", "mlflow", "numpy", "pandas"]),
        "cycles": [{"as_of": month, **cycle.cost()} for month, cycle in zip(months, cycles, strict=True)],
        "status_seconds": [answer.wall_seconds for answer in answers],
        "champion_revision": status["champion"]["revision"],
        "ledger": {"found": status["ledger"], "expected": expected, "equal": status["ledger"] == expected},
        "distance_to_one_pass": distances,
        "data_folder_mib": size / 2**20,
        "floors": [floor.as_dict() for floor in floors(cycles, seconds, distance)],
    }


def number_of_cycles(text: str) -> int:
    """How many months, from the command line."""
    number = int(text)
    if not 1 <= number <= MOST:
        message = f"got {number}, expected 1 to {MOST}: the data end in {LAST:%B %Y}"
        raise argparse.ArgumentTypeError(message)
    return number


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=number_of_cycles, default=2, help="months to run, 1 to 10")
    speak(parser, measure)


if __name__ == "__main__":
    main()
