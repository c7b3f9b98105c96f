"""Thresholds of the repository, panels with planted faults, and worlds without any, for the tests of quality."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from pydantic import TypeAdapter

from pulse_kedro.domain.data_management.cleaning import LOG_COLUMNS, CleaningOptions, clean
from pulse_kedro.domain.data_management.quality.findings import Findings, find
from pulse_kedro.domain.data_management.quality.options import QualityOptions
from pulse_kedro.domain.data_management.rows import split
from pulse_kedro.domain.data_management.snapshots import take
from pulse_kedro.domain.data_management.source import SourceOptions
from source_samples import declare, monthly

CONF = Path(__file__).parents[1] / "conf" / "base" / "parameters_data_management.yml"
START = "2000-01-01"
MONTHS, YEAR = 180, 12
UNTOUCHED = pd.DataFrame({name: [] for name in LOG_COLUMNS}).astype({"ds": "datetime64[ns]"})
"""The cleaning log of a cycle without rules."""


def thresholds(**changes: object) -> QualityOptions:
    """The thresholds of the repository, some of them changed."""
    written = yaml.safe_load(CONF.read_text(encoding="utf-8"))["quality"]
    return TypeAdapter(QualityOptions).validate_python(written | changes)


def rules(*written: dict[str, object]) -> CleaningOptions:
    """Rules of cleaning as they stand in a file."""
    return TypeAdapter(CleaningOptions).validate_python({"rules": [{"max_age": None} | one for one in written]})


def usual(*, months: int = MONTHS, seed: int = 1, level: float = 100.0) -> np.ndarray:
    """A series with trend, season and noise of standard deviation 1. Shape `(months,)`."""
    time = np.arange(months)
    noise = np.random.default_rng(seed).normal(size=months)
    return level + 0.05 * time + 10 * np.sin(2 * np.pi * time / YEAR) + noise


def table(*series: Sequence[float]) -> pd.DataFrame:
    """Several series as a source has them, called `a`, `b`, …; `nan` is a missing row."""
    frames = [monthly(chr(ord("a") + place), values, start=START) for place, values in enumerate(series)]
    return pd.concat(frames, ignore_index=True).dropna(subset="sales")


def findings(source: pd.DataFrame, *, as_of: str | None = None, **changes: object) -> Findings:
    """What is found in a source."""
    options = declare()
    rows, quarantine = split(source, options)
    when = rows["ds"].max() if as_of is None else pd.Timestamp(as_of)
    return find(take(rows, when, options), quarantine, options, thresholds(**changes))


def of_kind(found: Findings, kind: str) -> pd.DataFrame:
    """Findings of one kind, by series and period."""
    return found.table[found.table["kind"] == kind].reset_index(drop=True)


def cleaned(
    source: pd.DataFrame, options: CleaningOptions, *, as_of: str | None = None, **changes: object
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows that a cycle learns from, and the log."""
    declared: SourceOptions = declare()
    rows, _ = split(source, declared)
    when = rows["ds"].max() if as_of is None else pd.Timestamp(as_of)
    snapshot, log = clean(take(rows, when, declared), declared, thresholds(**changes), options)
    return snapshot.rows, log
