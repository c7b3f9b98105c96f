"""What does it cost to store many rows, to read one series as it was known, and to append a day to a large store?

Usage: python benchmarks/data_store.py [--json] [--rows N]

Makes a long panel of N rows (default one million; 5,000 days per series). In a process of its own the rows are sorted
by `split` and appended to an empty vintage store on SQLite and a folder: that is ingest, validation and snapshot; the
panel itself is made and saved before, and reading it counts. Another process, in which nothing is cached, reads one
series as of a day, several times, each with a new store. Last, one day of 100 series is appended to stores of 10 and of
1,000 snapshots, in turns.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from protocol.inputs import PROJECT
from protocol.meter import metered
from protocol.processes import run_command
from protocol.report import Figures, Floor, heading, speak_or_work

from pulse_kedro.adapters.stores.blobs import FileBlobs
from pulse_kedro.adapters.stores.engine import open_for_reading, open_for_writing
from pulse_kedro.adapters.stores.vintages import VintageStore
from pulse_kedro.domain.data_management.conditions import Condition
from pulse_kedro.domain.data_management.rows import split
from pulse_kedro.domain.data_management.source import SourceColumns, SourceOptions

ROWS, DAYS = 1_000_000, 5_000
TARGET_ROWS = 10_000_000
"""The rows that the floors are about."""
MOST_SECONDS, MOST_MIB = 60, 4_000
READ_MS = 100
READS, APPENDS = 15, 15
FEW, MANY = 10, 1_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = SourceOptions(
    name="panel",
    columns=SourceColumns(unique_id="unique_id", ds="ds", y="y"),
    static=(),
    date_format=None,
    decimal=".",
    thousands=None,
    frequency="daily",
    unit="pieces",
    release_lag_days=1,
    stale_after=3,
    max_quarantined=0.3,
)


def make_panel(rows: int) -> pd.DataFrame:
    """Random daily values, 5,000 days per series, shuffled so that nothing arrives in order."""
    rng, series = np.random.default_rng(0), max(rows // DAYS, 1)
    names = np.array([f"series_{number:06d}" for number in range(series)], dtype=object)
    days = pd.date_range("2005-01-01", periods=DAYS, freq="D")
    order = rng.permutation(series)
    return pd.DataFrame(
        {"unique_id": np.repeat(names[order], DAYS), "ds": np.tile(days, series), "y": rng.normal(size=series * DAYS)}
    )


def open_store(folder: Path) -> VintageStore:
    """A new store on the database and the objects of a folder."""
    return VintageStore(open_for_writing(f"sqlite:///{folder}/pulse.db"), FileBlobs(folder / "objects"))


def ingest(folder: Path) -> Figures:
    """Read, sort and store the panel; the work of the first process."""
    with metered() as cost:
        table = pd.read_parquet(folder / "panel.parquet")
        rows, quarantine = split(table, SOURCE)
        del table
        done = open_store(folder).append(SOURCE.name, rows, now=NOW, contract="panel/1")
    return {
        "stored": done.stored,
        "quarantined": len(quarantine),
        "wall_seconds": cost.wall_seconds,
        "cpu_seconds": cost.cpu_seconds,
        "peak_mib": cost.peak_mib,
    }


def read(folder: Path) -> Figures:
    """Read series as of a day, each with a new store; the work of the second process."""
    url, took, busy, found = f"sqlite:///{folder}/pulse.db", [], [], 0
    series = sorted({f"series_{number:06d}" for number in np.linspace(0, _last_series(folder), READS).astype(int)})
    for name in series:
        start, processor = time.perf_counter(), time.process_time()
        engine = open_for_reading(url)
        assert engine is not None  # noqa: S101  # the first process has made it
        rows = VintageStore(engine, FileBlobs(folder / "objects")).read(
            SOURCE.name,
            as_of=datetime(2012, 1, 1, tzinfo=UTC),
            where=[Condition(column="unique_id", operator="==", value=name)],
        )
        took.append(1000 * (time.perf_counter() - start))
        busy.append(1000 * (time.process_time() - processor))
        found += len(rows)
    return {
        "first_ms": took[0],
        "median_ms": statistics.median(took),
        "worst_ms": max(took),
        "median_cpu_ms": statistics.median(busy),
        "rows": found // len(series),
    }


def _last_series(folder: Path) -> int:
    from pyarrow.parquet import read_metadata

    return int(read_metadata(folder / "panel.parquet").num_rows // DAYS - 1)


def append_a_day(folder: Path) -> Figures:
    """Seconds of an append to a small and to a large store, in turns, so that both see the same load."""
    stores = {size: open_store(folder / str(size)) for size in (FEW, MANY)}
    for size, store in stores.items():
        for number in range(size):
            store.append("shop", _day(number - size), now=NOW)
    took: dict[int, list[float]] = {size: [] for size in stores}
    for number in range(APPENDS):
        for size, store in stores.items():
            rows, start = _day(number), time.perf_counter()
            store.append("shop", rows, now=NOW)
            took[size].append(time.perf_counter() - start)
    small, large = (1000 * statistics.median(took[size]) for size in (FEW, MANY))
    return {f"ms_at_{FEW}": small, f"ms_at_{MANY}": large, "ratio": large / small}


def _day(number: int) -> pd.DataFrame:
    day = pd.Timestamp("2020-01-01").as_unit("ns") + pd.Timedelta(days=number)
    table = pd.DataFrame({"unique_id": [f"s{place:03d}" for place in range(100)], "ds": day})
    table["y"] = np.arange(100) + number / 7
    table["available_at"] = (day + pd.Timedelta(days=1)).tz_localize("UTC")
    return table


def in_process(work: str, folder: Path) -> Figures:
    """Figures of one piece of work in a fresh process."""
    command = [sys.executable, str(Path(__file__).resolve()), "--work", work, "--folder", str(folder)]
    done: Figures = json.loads(run_command(command, folder=PROJECT, environment=dict(os.environ)).output)
    return done


def measure(given: argparse.Namespace) -> Figures:
    """All figures."""
    with tempfile.TemporaryDirectory(prefix="pulse-store-") as name:
        folder = Path(name)
        make_panel(given.rows).to_parquet(folder / "panel.parquet", index=False)
        stored, one = in_process("ingest", folder), in_process("read", folder)
        size = sum(path.stat().st_size for path in (folder / "objects").iterdir())
        day = in_process("append", folder)
    share = given.rows / TARGET_ROWS
    return {
        **heading(["pulse_kedro", "pandas", "pyarrow", "sqlalchemy"]),
        "rows": given.rows,
        "megabytes": size / 1e6,
        "ingest": stored,
        "read_one_series": one,
        "append_a_day": day,
        "floors": [
            Floor(name="rows stored", value=stored["stored"], low=given.rows // DAYS * DAYS, high=given.rows).as_dict(),
            Floor(
                name="seconds of ingest", value=stored["wall_seconds"], high=MOST_SECONDS * max(share, 0.1)
            ).as_dict(),
            Floor(name="peak MiB of ingest", value=stored["peak_mib"], high=MOST_MIB).as_dict(),
            Floor(name="milliseconds of a read, median", value=one["median_ms"], high=READ_MS).as_dict(),
            Floor(name="an append at 1,000 against 10 snapshots", value=day["ratio"], high=1.5).as_dict(),
        ],
    }


WORK = {"ingest": ingest, "read": read, "append": append_a_day}


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of the panel, a million by default")
    speak_or_work(parser, measure, WORK)


if __name__ == "__main__":
    main()
