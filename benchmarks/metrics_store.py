"""How fast are questions to a metric history of ten million rows, and how fast does it take in one more cycle?

Usage: python benchmarks/metrics_store.py [--json] [--rows N]

Makes a fresh SQLite file with N rows (default ten million): 250 monthly cycles of one main line, each with the scores
of ten models by series, by step and overall, and the loss of the combination at 60 cutoffs. All cycles but the last are
written by SQL of the database itself; the last one goes the way of every cycle and gives the insert rate. Another
process, in which nothing is cached, then asks what `kedro pulse metrics` asks. Each question is asked once, and once
more.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from protocol.inputs import PROJECT
from protocol.meter import metered
from protocol.processes import run_command
from protocol.report import Figures, heading, speak_or_work
from sqlalchemy import Connection, Engine, text

from pulse_kedro.adapters.stores import metric_history, metrics
from pulse_kedro.adapters.stores.engine import open_for_reading, open_for_writing, writing
from pulse_kedro.adapters.stores.metric_history import Slice
from pulse_kedro.adapters.stores.past import read_past
from pulse_kedro.adapters.stores.scoreboard import overall
from pulse_kedro.adapters.stores.tables import champion, cycles, rulebooks
from pulse_kedro.adapters.stores.tables import metrics as table
from pulse_kedro.domain.history import SCORE_COLUMNS

ROWS, CYCLES, STEPS, CUTOFFS = 10_000_000, 250, 12, 60
METRICS = ("mase", "rmsse", "smape", "wape", "theil_u2", "bias", "wis", "coverage_80")
MODELS = ("combination", *(f"member_{place}" for place in range(9)))
FIRST = pd.Timestamp("2000-01-01")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
RECIPE = "r" * 12


def keys() -> list[str]:
    """Keys of the cycles, the oldest first."""
    return [f"c{number:063d}" for number in range(CYCLES)]


def scores(series: int) -> pd.DataFrame:
    """What one cycle scores: every model by series, by step and overall, and one loss per cutoff."""
    places = [("overall", "", 0), *(("horizon", "", step) for step in range(1, STEPS + 1))]
    places += [("series", f"series_{place:05d}", 0) for place in range(series)]
    rows = [(RECIPE, model, *place, name, 0.5, 60) for model in MODELS for place in places for name in METRICS]
    dates = pd.date_range(FIRST, periods=CUTOFFS, freq="MS").strftime("%Y-%m-%d")
    rows += [(RECIPE, "combination", "cutoff", date, 0, "mase", 0.4 + at % 7 / 50, 9) for at, date in enumerate(dates)]
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS))


def fill(folder: Path, rows: int) -> Figures:
    """Write every cycle; the last one as every cycle is written."""
    engine, width = open_for_writing(_url(folder)), len(MODELS) * len(METRICS)
    frame = scores(max((rows // CYCLES - CUTOFFS) // width - STEPS - 1, 1))
    with writing(engine) as connection:
        connection.execute(rulebooks.insert(), {"hash": "h", "recipe": "r", "rules": []})
        _commit(connection, 0)
        metrics.add(connection, keys()[0], "backtest", frame)
    with metered() as copying:
        _fill_quickly(engine)
    with writing(engine) as connection:
        _commit(connection, CYCLES - 1)
        with metered() as inserting:
            metrics.add(connection, keys()[-1], "backtest", frame)
    done = len(frame) * CYCLES
    return {
        "rows": done,
        "copy_seconds": copying.wall_seconds,
        "rows_of_a_cycle": len(frame),
        "insert_seconds": inserting.wall_seconds,
        "insert_cpu_seconds": inserting.cpu_seconds,
        "rows_per_cpu_second": round(len(frame) / inserting.cpu_seconds),
        "megabytes": (folder / "pulse.db").stat().st_size / 1e6,
    }


def _fill_quickly(engine: Engine) -> None:
    """All cycles between the first and the last; the index is built once, after them."""
    by_name = next(index for index in table.indexes if index.name == "metrics_by_name")
    with writing(engine) as connection:
        by_name.drop(connection)
        for number in range(1, CYCLES - 1):
            _commit(connection, number)
            _copy(connection, number)
        by_name.create(connection)


def _copy(connection: Connection, number: int) -> None:
    """The rows of the cycle before, with other values."""
    shared = "kind, recipe, model, level, unique_id, step, metric"
    words = (
        f"INSERT INTO metrics (cycle, {shared}, value, n) "  # noqa: S608  # nothing from outside
        f"SELECT :key, {shared}, value + (abs(random()) % 1000 - 500) / 1e5, n FROM metrics WHERE cycle = :before"
    )
    connection.execute(text(words), {"key": keys()[number], "before": keys()[number - 1]})


def _commit(connection: Connection, number: int) -> None:
    """The row of a cycle: only what the metric history refers to is real."""
    words = dict.fromkeys(("snapshot", "configured_recipe", "code_version", "bundle", "since"), "x")
    facts: dict[str, object] = {name: {} for name in ("decision", "plan", "quality", "summary")}
    where = {
        "key": keys()[number],
        "as_of": FIRST + pd.DateOffset(months=number),
        "parent": keys()[number - 1] if number else None,
    }
    rest = {"recipe": RECIPE + "0" * 52, "line": "main", "revision": 1, "rulebook": "h", "ended": []}
    connection.execute(cycles.insert(), {**words, **facts, **where, **rest, "committed_at": NOW})
    connection.execute(champion.update().values(cycle=keys()[number], epoch=number + 1))


def _url(folder: Path) -> str:
    return f"sqlite:///{folder}/pulse.db"


def ask(folder: Path) -> Figures:
    """Seconds of each question, cold and warm."""
    engine = open_for_reading(_url(folder))
    assert engine is not None  # noqa: S101  # `fill` has made it
    one = Slice(level="series", unique_id="series_00000")
    past = read_past(engine)
    questions: dict[str, Callable[[], object]] = {
        "history_overall": lambda: metric_history.history(engine, ["mase"]),
        "history_all_metrics": lambda: metric_history.history(engine, []),
        "history_of_a_series": lambda: metric_history.history(engine, ["mase"], part=one),
        "history_of_a_year": lambda: metric_history.history(
            engine, ["mase"], start=pd.Timestamp("2010-01-01"), end=pd.Timestamp("2010-12-01"), part=one
        ),
        "summary": lambda: metric_history.summarise(metric_history.history(engine, ["mase"], limit=None)),
        "last": lambda: metric_history.history(engine, ["mase"], limit=1),
        "compare": lambda: metric_history.compare(engine, past.cycles[1], past.cycles[0], ["mase"]),
        "scores_of_the_head": lambda: overall(engine, keys()[-1]),
        "all_cycles": lambda: read_past(engine),
    }
    return {name: _twice(question) for name, question in questions.items()}


def _twice(question: Callable[[], object]) -> Figures:
    with metered() as first:
        question()
    with metered() as again:
        question()
    return {"first_seconds": first.wall_seconds, "again_seconds": again.wall_seconds, "cpu_seconds": again.cpu_seconds}


def measure(given: argparse.Namespace) -> Figures:
    """All figures."""
    with tempfile.TemporaryDirectory(prefix="pulse-metrics-") as name:
        folder = Path(name)
        written = fill(folder, given.rows)
        command = [sys.executable, str(Path(__file__).resolve()), "--work", "ask", "--folder", str(folder)]
        asked: Figures = json.loads(run_command(command, folder=PROJECT, environment=dict(os.environ)).output)
    return {**heading(["pulse_kedro", "sqlalchemy"]), "write": written, "questions": asked}


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of the history, ten million by default")
    speak_or_work(parser, measure, {"ask": ask})


if __name__ == "__main__":
    main()
