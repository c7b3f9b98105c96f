"""Whole cycles of the real project on a data root of their own: its conf, its pipelines, its stores, its hooks."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from kedro.framework.project import settings
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import DataCatalog

from pulse_kedro.domain.panel import Array, frequency, to_matrix
from pulse_kedro.forecasting.backtest import fit_members
from pulse_kedro.forecasting.bundle import Bundle
from pulse_kedro.forecasting.ridge import Ridge

PROJECT = Path(__file__).parents[1]
BUNDLED = PROJECT / "data" / "01_raw" / "us_employment.parquet"
ENDED = "CEU4245210001"
LIVING = (
    "CEU0800000001",
    "CEU2000000001",
    "CEU3000000001",
    "CEU4142000001",
    "CEU4200000001",
    "CEU6561000001",
    "CEU7000000001",
    "PAYNSA",
)
HORIZON = 12
OF_ATTEMPTS = ("attempts", "faults", "leases")
"""Tables that tell what was tried; all others tell what is true."""


def small_source(ids: Iterable[str] = (*LIVING, ENDED), *, since: str = "1985-01-01") -> pd.DataFrame:
    """A few of the bundled series from some month on: enough history for a whole backtest, in seconds."""
    table = pd.read_parquet(BUNDLED)
    return table[table["unique_id"].isin(list(ids)) & table["ds"].ge(since)].reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class Place:
    """One data root, and the doors to what runs there."""

    root: Path

    @property
    def source(self) -> Path:
        """File behind the catalog entry `observations`."""
        return self.root / "01_raw" / "us_employment.parquet"

    def offer(self, table: pd.DataFrame) -> "Place":
        """Make a table the source of the next run."""
        self.source.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(self.source, index=False)
        return self

    def copy(self, root: Path) -> "Place":
        """The same, somewhere else."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return Place(root)

    def run(
        self,
        as_of: str | None = None,
        params: Mapping[str, object] | None = None,
        *,
        watched_by: object = None,
        **where: object,
    ) -> None:
        """One run in this process, as `session.run` starts it.

        Args:
            as_of: Period of the cycle.
            params: Further parameters.
            watched_by: An object with hooks of its own.
            where: What narrows the run down to a part of the cycle.
        """
        given = dict(params or {}) if as_of is None else {"as_of": as_of, **(params or {})}
        with self.session(given) as session:
            if watched_by is not None:
                session._hook_manager.register(watched_by)  # noqa: SLF001  # the settings are those of all tests
            session.run(**where)

    @contextmanager
    def session(self, given: Mapping[str, object] | None = None) -> Iterator[KedroSession]:
        """A session of the project on this data root; tracking is off, whoever imported the settings first."""
        with _environment(PULSE_DATA_ROOT=str(self.root)):
            bootstrap_project(PROJECT)
            settings.set("DISABLE_HOOKS_FOR_PLUGINS", ("kedro_mlflow",))
            with warnings.catch_warnings(record=True):
                # Kedro imports the hooks of every plugin, those it disables too, and MLflow 3 warns when it is
                # imported, whatever the filters say.
                warnings.simplefilter("ignore")
                session = KedroSession.create(PROJECT, runtime_params=dict(given or {}))
            with session:
                yield session

    def load(self, name: str) -> Any:  # noqa: ANN401  # whatever the dataset holds
        """A dataset as the next run would read it."""
        return self.catalog().load(name)

    def catalog(self) -> DataCatalog:
        """What a run would read."""
        with self.session() as session:
            return session.load_context().catalog

    def start(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command in a process of its own, as a person would type it."""
        return self._start("-m", "pulse_kedro", *words)

    def start_python(self, code: str) -> subprocess.CompletedProcess[str]:
        """Some lines of Python in a process of its own, which finds the test modules."""
        return self._start("-c", code)

    def _start(self, *words: str) -> subprocess.CompletedProcess[str]:
        found = os.pathsep.join([str(PROJECT / "tests"), os.environ.get("PYTHONPATH", "")])
        own = {"PULSE_DATA_ROOT": str(self.root), "PULSE_TRACKING": "off", "PYTHONPATH": found}
        return subprocess.run(  # noqa: S603  # our own command
            [sys.executable, *words],
            cwd=PROJECT,
            env=os.environ | own | {"DO_NOT_TRACK": "1", "COLUMNS": "400"},
            capture_output=True,
            text=True,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        """What `pulse status --json` says, but for what every attempt may change."""
        from pulse_kedro.adapters.stores.engine import open_for_reading
        from pulse_kedro.adapters.stores.summary import summarize
        from pulse_kedro.cli.answers import status_of

        said = json.loads(json.dumps(status_of(summarize(open_for_reading(f"sqlite:///{self.root}/pulse.db")))))
        said["cycle"].pop("seconds")
        return {name: fact for name, fact in said.items() if name not in ("attempt", "faults")}

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the database."""
        with sqlite3.connect(self.root / "pulse.db") as connection:
            return connection.execute(query).fetchall()

    def tables(self, without: Sequence[str] = OF_ATTEMPTS) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        names = [row[0] for row in self.ask("select name from sqlite_master where type = 'table'")]
        return {name: sorted(self.ask(f"select * from {name}"), key=repr) for name in names if name not in without}  # noqa: S608  # names of our own

    def left_by(self, cycle: str) -> dict[str, list[tuple[Any, ...]]]:
        """Rows of one cycle in the tables that grow with cycles."""
        rows = {name: f"select * from {name} where cycle = '{cycle}'" for name in ("forecasts", "outcomes", "metrics")}  # noqa: S608  # our own words
        return {name: sorted(self.ask(query), key=repr) for name, query in rows.items()}

    def left_by_each(self) -> dict[str, dict[str, list[tuple[Any, ...]]]]:
        """The same for every committed cycle."""
        return {key: self.left_by(key) for (key,) in self.ask("select key from cycles")}

    def attempts(self) -> list[str]:
        """How each attempt ended."""
        return [row[0] for row in self.ask("select status from attempts order by id")]

    def kept(self) -> list[str]:
        """Bundles and snapshots on disk: files that committed cycles rest on."""
        folders = (self.root / "06_models" / "bundles", self.root / "02_intermediate" / "snapshots")
        return sorted(str(path.relative_to(self.root)) for folder in folders for path in folder.rglob("*"))

    def champion(self) -> Bundle:
        """The bundle in charge."""
        known = self.catalog()  # one session for both
        return known.load("champion")[known.load("history").head]()


def states(bundle: Bundle) -> dict[str, dict[str, Array]]:
    """Training state of every ridge of a bundle: its sums and their count."""
    ridges = {name: member for name, member in bundle.members.items() if isinstance(member, Ridge)}
    return {
        name: {"n": np.array(ridge.sums.n), "xx": ridge.sums.xx, "xy": ridge.sums.xy, "yy": ridge.sums.yy}
        for name, ridge in ridges.items()
    }


def states_in_one_pass(bundle: Bundle, panel: pd.DataFrame) -> dict[str, dict[str, Array]]:
    """The same, learned from a panel from the beginning."""
    from dataclasses import replace

    matrix = to_matrix(panel, frequency("monthly"))
    return states(replace(bundle, members=fit_members(bundle.recipe, matrix)))


def largest_difference(left: Mapping[str, Mapping[str, Array]], right: Mapping[str, Mapping[str, Array]]) -> float:
    """Largest distance between two sets of states, relative to the largest value of each array."""
    return max(
        float(np.abs(values - right[name][part]).max() / np.abs(right[name][part]).max())
        for name, parts in left.items()
        for part, values in parts.items()
    )


@contextmanager
def _environment(**wanted: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(wanted)
    os.environ.pop("PULSE_DATABASE_URL", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
