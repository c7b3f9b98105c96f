"""A Kedro project of three nodes with the settings of this package: a whole run in a second, failing on request."""

import os
import subprocess
import sys
from pathlib import Path

from pulse_kedro.settings import project_root

SETTINGS = "from pulse_kedro.settings import CONFIG_LOADER_ARGS, DISABLE_HOOKS_FOR_PLUGINS, HOOKS\n"
REGISTRY = '''
import os
import signal

import pandas as pd
from kedro.pipeline import Node, Pipeline
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.errors import InvalidInput
from records import a_cycle, a_record


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class WorkOptions:
    fail: str
    depth: int


def identify_cycle(as_of):
    """Name the cycle."""
    return a_cycle(as_of or "2018-12-01")


def work(cycle, options: WorkOptions):
    """Do as told."""
    if options.fail == "value":
        raise InvalidInput("the source has text in y, password=canary")
    if options.fail == "file":
        raise RuntimeError("failed while loading") from FileNotFoundError(2, "No such file or directory", "rows.csv")
    if options.fail == "interrupt":
        raise KeyboardInterrupt
    if options.fail == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if options.fail == "save":
        return object()
    return pd.DataFrame({"x": [options.depth]})


def close_cycle(cycle, frame):
    """Commit."""
    return a_record(cycle)


def register_pipelines():
    nodes = [
        Node(identify_cycle, "params:as_of", "cycle", name="training.identify_cycle"),
        Node(work, ["cycle", "params:work"], "frame", name="training.work"),
        Node(close_cycle, ["cycle", "frame"], "cycle_record", name="recovery.close_cycle"),
    ]
    return {"__default__": Pipeline(nodes)}
'''
CATALOG = """
cycle: {type: MemoryDataset, copy_mode: assign}
frame:
  type: pandas.ParquetDataset
  filepath: ${globals:data_root}/frame.parquet
  metadata: {mlflow: {artifact_path: frames}}
cycle_record: {type: pulse_kedro.datasets.store_dataset.CycleRecordDataset, url: "${globals:database}"}
champion:
  type: pulse_kedro.datasets.registry_dataset.ChampionDataset
  path: ${globals:data_root}/06_models/bundles
  url: ${globals:database}
"""
PARAMETERS = "as_of: null\nwork: {fail: '', depth: 1}\n"
PYPROJECT = '[tool.kedro]\npackage_name = "tiny"\nproject_name = "tiny"\nkedro_init_version = "1.7.0"\n'
SESSIONS = """
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

bootstrap_project("{folder}")
raised = []
for given in {parameters!r}:
    with KedroSession.create("{folder}", runtime_params=given) as session:
        try:
            session.run()
            raised.append(None)
        except Exception as error:
            raised.append(type(error).__name__)
print(*raised)
"""


def make(folder: Path) -> Path:
    """Write the project into a folder, with the globals, tracking and logging settings of this repository."""
    repository = Path(project_root())
    for name, text in {
        "pyproject.toml": PYPROJECT,
        "src/tiny/__init__.py": "",
        "src/tiny/settings.py": SETTINGS,
        "src/tiny/pipeline_registry.py": REGISTRY,
        "conf/base/catalog.yml": CATALOG,
        "conf/base/parameters.yml": PARAMETERS,
        "conf/base/globals.yml": (repository / "conf/base/globals.yml").read_text(encoding="utf-8"),
        "conf/base/mlflow.yml": (repository / "conf/base/mlflow.yml").read_text(encoding="utf-8"),
        "conf/logging.yml": (repository / "conf/logging.yml").read_text(encoding="utf-8"),
        "conf/local/.gitkeep": "",
        "data/.gitkeep": "",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def kedro(
    folder: Path, *words: str, tracking: str = "off", database: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one `kedro` command in the project, as a person would."""
    command = [str(Path(sys.executable).parent / "kedro"), *words]
    return _start(folder, command, PULSE_TRACKING=tracking, **({"PULSE_DATABASE_URL": database} if database else {}))


def sessions(folder: Path, *parameters: dict[str, object], tracking: str = "off") -> subprocess.CompletedProcess[str]:
    """Run the project once per set of parameters, all in one process; the last line names what each run raised."""
    code = SESSIONS.format(folder=folder, parameters=parameters)
    return _start(folder, [sys.executable, "-c", code], PULSE_TRACKING=tracking)


def _start(folder: Path, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).parent),
        "DO_NOT_TRACK": "1",
        "COLUMNS": "400",
        **variables,
    }
    return subprocess.run(  # noqa: S603  # our own command
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
