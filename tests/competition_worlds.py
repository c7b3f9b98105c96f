"""Made-up training and test files of competitions, wide and long, for every frequency."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pulse_kedro.domain.panel import Array, Frequency, frequency

HISTORY = {"hourly": 460, "daily": 150, "weekly": 200, "monthly": 96, "quarterly": 44}
HORIZON = {"hourly": 24, "daily": 14, "weekly": 13, "monthly": 12, "quarterly": 8}
START = pd.Timestamp("2015-01-05")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Series of one frequency: `values` `(periods + horizon, series)`, every other one begins a horizon later."""

    freq: Frequency
    horizon: int
    values: Array

    @property
    def ids(self) -> list[str]:
        """Names of the series."""
        return [f"{self.freq.name[0].upper()}{column + 1}" for column in range(self.values.shape[1])]

    def first(self, column: int) -> int:
        """Row in which a series begins."""
        return self.horizon * (column % 2)

    def write(self, folder: Path, *, shape: str) -> list[str]:
        """Both files, and the options of the command that read them."""
        train, test = folder / f"{shape}_train.csv", folder / f"{shape}_test.csv"
        write = self._wide if shape == "wide" else self._long
        split = len(self.values) - self.horizon
        write(train, [slice(self.first(column), split) for column in range(len(self.ids))])
        write(test, [slice(split, None)] * len(self.ids))
        options = {"--train": train, "--test": test, "--horizon": self.horizon, "--freq": self.freq.name[0].upper()}
        return [str(word) for pair in options.items() for word in pair]

    def _wide(self, path: Path, parts: list[slice]) -> None:
        rows = [[f"{value:.6f}" for value in self.values[part, column]] for column, part in enumerate(parts)]
        width = max(map(len, rows))
        head = ",".join(f'"V{place + 1}"' for place in range(width + 1))
        lines = [
            f'"{name}",{",".join(row + [""] * (width - len(row)))}' for name, row in zip(self.ids, rows, strict=True)
        ]
        path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")

    def _long(self, path: Path, parts: list[slice]) -> None:
        stamps = [self.freq.shift(START, step) for step in range(len(self.values))]
        rows = [
            f"{name},{when.isoformat()},{value:.6f}"
            for column, (name, part) in enumerate(zip(self.ids, parts, strict=True))
            for when, value in zip(stamps[part], self.values[part, column], strict=True)
        ]
        mixed = [rows[place] for place in np.random.default_rng(0).permutation(len(rows))]
        path.write_text("\n".join(["unique_id,ds,y", *mixed]) + "\n", encoding="utf-8")


def make_world(name: str, *, series: int = 6, seed: int = 0) -> World:
    """Positive series with a trend, the seasons of their frequency, and noise."""
    rng, freq = np.random.default_rng(seed), frequency(name)
    horizon = HORIZON[name]
    t = np.arange(HISTORY[name] + horizon)[:, None]
    level = rng.uniform(50, 500, series)
    season = 0.2 * np.sin(2 * np.pi * t / freq.season_length + rng.uniform(0, 1, series))
    if freq.second_season:
        season = season + 0.1 * np.sin(2 * np.pi * t / freq.second_season)
    walk = np.cumsum(rng.normal(0, 0.01, (len(t), series)), axis=0)
    return World(freq=freq, horizon=horizon, values=level * np.exp(season + walk))
