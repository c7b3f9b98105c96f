"""What Kedro asks of a project: hooks, how configuration is read, and whether a run is tracked."""

import logging
import os
from pathlib import Path

from kedro.utils import find_kedro_project
from omegaconf.resolvers import oc

from pulse_kedro.adapters.logs import adopt_logging
from pulse_kedro.adapters.tracked_runs import TrackedRuns
from pulse_kedro.hooks import PulseHooks


def project_root() -> str:
    """Folder of the project, or the working directory where an installed wheel runs without one."""
    return str(find_kedro_project(Path.cwd()) or Path.cwd())


def in_project(path: str) -> str:
    """Absolute form of a path that may be relative to the project; URLs of databases need one.

    Args:
        path: A local path, or a URL; an absolute one and a URL come back unchanged.

    Returns:
        The absolute path as text.
    """
    return path if "://" in path else str(Path(project_root(), path))


NOISE = (
    "Add type hints to the `predict` method",  # MLflow 3.17 to authors of models
    "The 'preview_fn' feature is experimental",  # Kedro 1.7, once per process; it goes when the feature is stable
    "ORJSONResponse is deprecated",  # kedro-viz 12.5 and FastAPI
)


def is_worth_showing(record: logging.LogRecord) -> bool:
    """Whether a captured warning says something to the reader of a run; what packages tell each other does not."""
    return not any(words in record.getMessage() for words in NOISE)


CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "config_patterns": {
        name: [f"{name}*", f"{name}*/**", f"**/{name}*"] for name in ("contracts", "sources", "variables")
    },
    # Never for the catalog: a soft merge hands the keys of the old dataset type to the new one.
    "merge_strategy": {"parameters": "soft", "globals": "soft", "mlflow": "soft"},
    "custom_resolvers": {"oc.env": oc.env, "project_root": project_root, "in_project": in_project},
}

TRACKED = TrackedRuns()
HOOKS = (PulseHooks(TRACKED), TRACKED)  # the last one is called first

# Compared with the distribution's name: one is spelt with an underscore, the other is not.
UNTRACKED = ("kedro_mlflow",) if os.environ.get("PULSE_TRACKING") == "off" else ()
WITHOUT_PROJECT = () if find_kedro_project(Path.cwd()) else ("kedro-viz",)
"""Kedro-viz keeps its statistics in the project, and warns in each run where there is none."""
DISABLE_HOOKS_FOR_PLUGINS = (*UNTRACKED, *WITHOUT_PROJECT)

if not Path("conf", "logging.yml").exists():
    adopt_logging(in_project("conf"))  # Kedro looks into the working directory only; a notebook lies below the project
logging.getLogger("py.warnings").addFilter(is_worth_showing)
# MLflow sets its level when it is imported, which is before this line under `kedro` and after it under `python -m`.
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
logging.getLogger("mlflow").setLevel(os.environ["MLFLOW_LOGGING_LEVEL"])
