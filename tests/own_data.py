"""Files as strangers bring them, and a project of which only `conf/` is copied, so that tests may write into it."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

PROJECT = Path(__file__).parents[1]


def wave(count: int, season: int, *, seed: int = 0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A level with a season, a trend and noise."""
    t = np.arange(count)
    return 100 + 0.05 * t + 20 * np.sin(2 * np.pi * t / season) + np.random.default_rng(seed).normal(0, 4, count)


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder with a copy of the settings, where files are brought, looked at and run."""

    folder: Path

    @classmethod
    def in_folder(cls, folder: Path) -> "Desk":
        """A fresh one: the project's settings and nothing else."""
        shutil.copytree(PROJECT / "conf", folder / "conf", ignore=shutil.ignore_patterns("*_own_data.yml"))
        shutil.copy(PROJECT / "pyproject.toml", folder / "pyproject.toml")
        (folder / "src" / "pulse_kedro").mkdir(parents=True)
        return cls(folder)

    def start(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """One command, as its owner would type it there."""
        own = {"PULSE_TRACKING": "off", "DO_NOT_TRACK": "1", "COLUMNS": "300", **variables}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
        return subprocess.run(  # noqa: S603  # our own command
            [sys.executable, "-m", "pulse_kedro", *words],
            cwd=self.folder,
            env=kept | own,
            capture_output=True,
            text=True,
            check=False,
        )

    def answer(self, *words: str) -> dict[str, Any]:
        """What a command says to programs."""
        done = self.start(*words, "--json")
        assert 0 == done.returncode, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def forecasts(self, name: str) -> pd.DataFrame:
        """What the newest cycle of a source issued."""
        return pd.read_parquet(self.folder / "data" / name / "07_model_output" / "forecasts.parquet")

    def settings(self) -> list[str]:
        """Files that were written into the environment `local`."""
        return sorted(path.name for path in (self.folder / "conf" / "local").glob("*.yml"))
