"""How long until a command begins, by either door? Medians of five starts, each in a process of its own.

Usage: python benchmarks/start_up.py [--json] [--starts N]

Runs one cycle into a data folder of its own, then starts `kedro …` and `python -m pulse_kedro …` with commands that
only read: `pulse status --json`, `pulse --help`, `run --help`. Then it imports, in a fresh Python each, what a command
or a run cannot do without. Wall time is what a user waits; CPU seconds are those of the process.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from protocol.inputs import BUNDLED, PROJECT
from protocol.processes import Finished, run_command
from protocol.report import Figures, Floor, heading, speak

STARTS = 5
DOORS = {"kedro": ("kedro",), "python -m pulse_kedro": ("pulse_kedro",)}
WORDS = (("pulse", "status", "--json"), ("pulse", "--help"), ("run", "--help"))
IMPORTS = {
    "nothing": "pass",
    "command line": "import pulse_kedro.cli",
    "settings and hooks": "import pulse_kedro.settings",
    "registry": "from pulse_kedro.pipeline_registry import register_pipelines; register_pipelines()",
}
FROM_OUTSIDE = ("MLFLOW_TRACKING_URI", "PULSE_DATABASE_URL", "PULSE_RUN_NAME", "PULSE_TRACKING")
"""Variables that would send a command elsewhere."""


def environment(root: Path) -> dict[str, str]:
    """Variables of the measured commands: everything they read and write lives under `root`."""
    kept = {name: value for name, value in os.environ.items() if name not in FROM_OUTSIDE}
    return kept | {"PULSE_DATA_ROOT": str(root), "DO_NOT_TRACK": "1"}


def start(root: Path, *arguments: str) -> Finished:
    """One start of this Python in the project."""
    return run_command([sys.executable, *arguments], folder=PROJECT, environment=environment(root))


def middle(starts: Sequence[Finished]) -> dict[str, float]:
    """Medians of some starts of the same command."""
    names = ("wall_seconds", "cpu_seconds")
    return {name: statistics.median(getattr(one, name) for one in starts) for name in names}


def measure(given: argparse.Namespace) -> Figures:
    """All figures, from a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="pulse-start-") as folder:
        root = Path(folder)
        (root / "01_raw").mkdir()
        shutil.copy(BUNDLED, root / "01_raw")
        start(root, "-m", "kedro", "run", "--params", "as_of=2018-12-01")
        commands = {
            f"{door} {' '.join(words)}": middle([start(root, "-m", *module, *words) for _ in range(given.starts)])
            for words in WORDS
            for door, module in DOORS.items()
        }
        imports = {
            what: middle([start(root, "-c", code) for _ in range(given.starts)]) for what, code in IMPORTS.items()
        }
    status = commands["python -m pulse_kedro pulse status --json"]["wall_seconds"]
    return {
        **heading(["pulse_kedro", "kedro", "kedro-mlflow", "mlflow", "pandas", "sqlalchemy"]),
        "starts": given.starts,
        "commands": commands,
        "imports": imports,
        "floors": [Floor(name="status by the second door, wall seconds", value=status, high=1.5).as_dict()],
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=STARTS, help="starts of each command, 5 by default")
    speak(parser, measure)


if __name__ == "__main__":
    main()
