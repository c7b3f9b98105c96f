"""How long does it take to join a million forecasts with their outcomes, in memory and from the database?

Usage: python benchmarks/ledger.py [--json] [--rows N]

Makes a ledger of N forecasts (default one million): 250 monthly cycles, 12 steps, as many series as it takes, one
outcome for each series and month. They are committed to the tables of a fresh SQLite file, cycle by cycle. Another
process, in which nothing is cached, reads the main line from the database and resolves it; a third one has the frames
in memory and only resolves. Peak memory is that of the whole process.
"""

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from protocol.inputs import PROJECT
from protocol.meter import metered
from protocol.processes import run_command
from protocol.report import Figures, Floor, heading, speak_or_work
from sqlalchemy import Connection

from pulse_kedro.adapters.stores import ledger, summary
from pulse_kedro.adapters.stores.engine import open_for_reading, open_for_writing, writing
from pulse_kedro.adapters.stores.tables import champion, cycles, rulebooks
from pulse_kedro.domain.ledger import FORECAST_COLUMNS, RAW_COLUMNS, RULED_COLUMNS, Ledger, resolve

ROWS, CYCLES, STEPS = 1_000_000, 250, 12
MOST_SECONDS, MOST_MIB = 20, 2_000 * 1e6 / 2**20
"""The floor: 2 GB."""
FIRST = pd.Timestamp("2000-01-01")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def keys() -> list[str]:
    """Keys of the cycles, the oldest first."""
    return [f"c{number:063d}" for number in range(CYCLES)]


def issue(number: int, series: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forecasts of one cycle, and the outcomes of its month."""
    rng, names = np.random.default_rng(number), np.array([f"series_{place:06d}" for place in range(series)], object)
    cutoff = FIRST + pd.DateOffset(months=number)
    months = pd.date_range(cutoff + pd.DateOffset(months=1), periods=STEPS, freq="MS").to_numpy()
    head = {"cycle": keys()[number], "unique_id": np.repeat(names, STEPS), "cutoff": cutoff}
    body = {"ds": np.tile(months, series), "step": np.tile(np.arange(1, STEPS + 1), series)}
    values = {name: rng.normal(size=series * STEPS) for name in ("y_hat", *RAW_COLUMNS, *RULED_COLUMNS)}
    known = pd.DataFrame({"unique_id": names, "ds": cutoff, "y": rng.normal(size=series), "snapshot": "s"})
    known["available_at"] = known["ds"].dt.tz_localize("UTC")
    return pd.DataFrame(head | body | values)[list(FORECAST_COLUMNS)], known


def fill(folder: Path, rows: int) -> Figures:
    """Write every cycle with its rows; what the meter sees is the insert alone."""
    engine, series = open_for_writing(_url(folder)), max(rows // (CYCLES * STEPS), 1)
    wall = cpu = 0.0
    for number, key in enumerate(keys()):
        issued, known = issue(number, series)
        with writing(engine) as connection:
            _commit(connection, number, key)
            with metered() as cost:
                ledger.add(connection, key, issued, known)
        wall, cpu = wall + cost.wall_seconds, cpu + cost.cpu_seconds
    with writing(engine) as connection:
        connection.execute(champion.update().values(cycle=keys()[-1], epoch=CYCLES))
    done = CYCLES * STEPS * series
    return {"forecasts": done, "wall_seconds": wall, "cpu_seconds": cpu, "rows_per_cpu_second": round(done / cpu)}


def _commit(connection: Connection, number: int, key: str) -> None:
    """The row of a cycle: only what the ledger refers to is real."""
    if number == 0:
        connection.execute(rulebooks.insert(), {"hash": "h", "recipe": "r", "rules": []})
    text = dict.fromkeys(("snapshot", "configured_recipe", "code_version", "recipe", "bundle", "since"), "x")
    facts: dict[str, object] = {name: {} for name in ("decision", "plan", "quality", "summary")}
    where = {
        "key": key,
        "as_of": FIRST + pd.DateOffset(months=number),
        "parent": keys()[number - 1] if number else None,
    }
    rest = {"line": "main", "revision": 1, "rulebook": "h", "ended": [], "committed_at": NOW}
    connection.execute(cycles.insert(), {**text, **facts, **where, **rest})


def _url(folder: Path) -> str:
    return f"sqlite:///{folder}/pulse.db"


def read_and_resolve(folder: Path) -> Figures:
    """The whole way, in a process of its own; the frames are left for the other one."""
    engine = open_for_reading(_url(folder))
    assert engine is not None  # noqa: S101  # `fill` has made it
    with metered() as reading:
        log = ledger.read_main_line(engine)
    with metered() as joining:
        found = resolve(log, keys()[::-1])
    with metered() as counting, engine.connect() as connection:
        counts = summary.count_ledger(connection)
    if (len(found), len(log.forecasts)) != (counts.resolved, counts.issued):
        message = f"the database counts {counts}, the join {len(found)} of {len(log.forecasts)}"
        raise AssertionError(message)
    log.forecasts.to_parquet(folder / "forecasts.parquet")
    log.outcomes.to_parquet(folder / "outcomes.parquet")
    return {
        "resolved": len(found),
        "read_seconds": reading.wall_seconds,
        "resolve_seconds": joining.wall_seconds,
        "count_seconds": counting.wall_seconds,
        "wall_seconds": reading.wall_seconds + joining.wall_seconds,
        "cpu_seconds": reading.cpu_seconds + joining.cpu_seconds,
        "peak_mib": joining.peak_mib,
    }


def only_resolve(folder: Path) -> Figures:
    """The join alone, of frames in memory."""
    log = Ledger(
        forecasts=pd.read_parquet(folder / "forecasts.parquet"), outcomes=pd.read_parquet(folder / "outcomes.parquet")
    )
    with metered() as cost:
        found = resolve(log, keys()[::-1])
    return {"resolved": len(found), **asdict(cost)}


def measure(given: argparse.Namespace) -> Figures:
    """All figures."""
    with tempfile.TemporaryDirectory(prefix="pulse-ledger-") as name:
        folder = Path(name)
        written = fill(folder, given.rows)
        size = (folder / "pulse.db").stat().st_size
        whole, join = in_process("whole", folder), in_process("join", folder)
    return {
        **heading(["pulse_kedro", "pandas", "sqlalchemy"]),
        "megabytes": size / 1e6,
        "insert": written,
        "from_the_database": whole,
        "in_memory": join,
        "floors": [
            Floor(name="seconds from the database", value=whole["wall_seconds"], high=MOST_SECONDS).as_dict(),
            Floor(name="peak MiB from the database", value=whole["peak_mib"], high=MOST_MIB).as_dict(),
            Floor(name="seconds in memory", value=join["wall_seconds"], high=MOST_SECONDS).as_dict(),
            Floor(name="peak MiB in memory", value=join["peak_mib"], high=MOST_MIB).as_dict(),
        ],
    }


def in_process(work: str, folder: Path) -> Figures:
    """Figures of one piece of work in a fresh process."""
    command = [sys.executable, str(Path(__file__).resolve()), "--work", work, "--folder", str(folder)]
    done: Figures = json.loads(run_command(command, folder=PROJECT, environment=dict(os.environ)).output)
    return done


WORK = {"whole": read_and_resolve, "join": only_resolve}


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS, help="forecasts in the ledger, a million by default")
    speak_or_work(parser, measure, WORK)


if __name__ == "__main__":
    main()
