"""A bundle as an MLflow model: text that loads our own files, with a signature, and without pickle."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pulse_kedro.domain.backtesting import CUTOFF, STEP
from pulse_kedro.domain.panel import ID, QUANTILE_COLUMNS, TIME

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

NAME, PROGRESS = "bundle", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"
PACKAGES = ("numpy", "pandas", "pydantic", "safetensors")
"""What loading a bundle imports, besides this project."""


class LoggedModel(NamedTuple):
    """Where MLflow keeps a model: the URI that loads it, and its id."""

    uri: str
    id: str


def log_bundle(folder: Path) -> LoggedModel:
    """Log a bundle as a model of the run that is open.

    Args:
        folder: The bundle, in a folder named by its digest.
    """
    import mlflow

    with _quietly():
        logged = mlflow.pyfunc.log_model(
            name=NAME,
            python_model=str(Path(__file__).with_name("served_model.py")),
            artifacts={NAME: str(folder)},
            model_config={"digest": folder.name},
            signature=signature(),
            pip_requirements=requirements(),
        )
    return LoggedModel(uri=str(logged.model_uri), id=str(logged.model_id))


@contextmanager
def _quietly() -> Iterator[None]:
    """Without MLflow's progress bar, a run has its own, and its advice to give an example beside the signature."""
    before = os.environ.get(PROGRESS)
    os.environ[PROGRESS] = "false"
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*An input example was not provided")
            yield
    finally:
        os.environ.pop(PROGRESS)
        if before is not None:
            os.environ[PROGRESS] = before


def requirements() -> list[str]:
    """Packages that a process needs to load a bundle, with the versions that made it."""
    return [f"{name}=={version(name)}" for name in ("pulse_kedro", *PACKAGES)]


def signature() -> "ModelSignature":
    """What is asked, both columns optional, and what comes back."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    asked = [ColSpec(DataType.string, ID, required=False), ColSpec(DataType.long, STEP, required=False)]
    head = {ID: DataType.string, CUTOFF: DataType.datetime, TIME: DataType.datetime, STEP: DataType.long}
    numbers = dict.fromkeys(("y_hat", *QUANTILE_COLUMNS), DataType.double)
    told = [ColSpec(kind, name) for name, kind in (head | numbers).items()]
    return ModelSignature(inputs=Schema([*asked]), outputs=Schema([*told]))
