"""What does looking at a large text file cost? A made-up file of daily values, and `kedro pulse init-data` on it.

Usage: python benchmarks/large_file.py [--json] [--megabytes N]

Writes a CSV file of about N megabytes (default 1000; 3,000 days per series) into a folder that is gone afterwards,
looks at it with `init-data --dry-run` in a process of its own, and prints wall and CPU seconds and the largest memory.
Looking reads the file with the code of a run: the same rows are parsed, sorted and checked for repeats.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from protocol.inputs import PROJECT
from protocol.processes import run_command
from protocol.report import Figures, Floor, heading, speak

MEGABYTES = 1000
DAYS = 3000
MOST_MEMORY = 5.0
"""Bytes of memory per byte of the file that are allowed; ours, set after the first measurement had given 4.1."""
BASE_MIB = 700
"""What Python, pandas and the look at the first rows take whatever the size of the file; ours."""


def write(path: Path, megabytes: int) -> int:
    """A file of daily values with a weekly season.

    Returns:
        How many series it holds.
    """
    days, t = pd.date_range("2016-01-01", periods=DAYS).strftime("%Y-%m-%d").to_numpy(), np.arange(DAYS)
    rng, series = np.random.default_rng(0), 0
    with path.open("w", encoding="utf-8") as file:
        file.write("item,day,quantity\n")
        while path.stat().st_size < megabytes * 10**6:
            values = 50 + 10 * np.sin(2 * np.pi * t / 7 + series) + rng.normal(0, 3, DAYS)
            rows = zip([f"item_{series:06d}"] * DAYS, days, np.char.mod("%.4f", values), strict=True)
            file.write("\n".join(map(",".join, rows)) + "\n")
            file.flush()
            series += 1
    return series


def measure(given: argparse.Namespace) -> Figures:
    """All figures."""
    with tempfile.TemporaryDirectory(prefix="pulse-large-") as folder:
        path = Path(folder) / "large.csv"
        series, size = write(path, given.megabytes), path.stat().st_size
        command = [sys.executable, "-m", "pulse_kedro", "pulse", "init-data", str(path), "--dry-run", "--json"]
        done = run_command(command, folder=PROJECT, environment=os.environ | {"DO_NOT_TRACK": "1"})
    found = json.loads(done.output)
    rows, most = series * DAYS, BASE_MIB + MOST_MEMORY * size / 2**20
    return {
        **heading(["pulse_kedro", "pandas", "pyarrow"]),
        "file": {"bytes": size, "series": series, "rows": rows},
        "found": {"frequency": found["frequency"], "kept": found["rows"]["kept"], "notes": found["notes"]},
        "cost": done.cost(),
        "floors": [
            Floor(name="rows kept", value=found["rows"]["kept"], low=rows, high=rows).as_dict(),
            Floor(name="peak MiB", value=done.peak_mib, high=most).as_dict(),
        ],
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=MEGABYTES, help="size of the file, 1000 by default")
    speak(parser, measure)


if __name__ == "__main__":
    main()
