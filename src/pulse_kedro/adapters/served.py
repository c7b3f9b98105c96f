"""A bundle as an MLflow model: text that loads our own files, with a signature, and without pickle."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pulse_kedro.domain.backtesting import CUTOFF, STEP
from pulse_kedro.domain.panel import ID, QUANTILE_COLUMNS, TIME

if TYPE_CHECKING:
    from mlflow.models import Model, ModelSignature

NAME, PROGRESS = "bundle", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"
LOADER, CODE = "served_model", "code"
"""Module that loads the model, and the folder beside the bundle that holds it."""
PACKAGES = ("mlflow", "numpy", "pandas", "pydantic", "safetensors")
"""What loading a bundle imports, besides this project."""


class LoggedModel(NamedTuple):
    """Where MLflow keeps a model: the URI that loads it, and its id."""

    uri: str
    id: str


@dataclass(frozen=True, slots=True)
class BundleFlavor:
    """How MLflow writes a bundle to a folder.

    `mlflow.pyfunc.log_model` would do the same, and compare the requirements with what is installed besides: it maps
    every module of every package for that, which takes seconds, and ours are read from what is installed.
    """

    folder: Path

    def save_model(self, path: str, mlflow_model: "Model") -> None:
        """Write the model: our files, the code that loads them, what it needs, and MLflow's own description.

        Args:
            path: Folder to write to; MLflow uploads it.
            mlflow_model: The description, to be completed.
        """
        from mlflow import pyfunc
        from mlflow.models.model import MLMODEL_FILE_NAME

        target, digest = Path(path), self.folder.name
        shutil.copytree(self.folder, target / "artifacts" / digest)
        (target / CODE).mkdir()
        shutil.copy(Path(__file__).with_name(f"{LOADER}.py"), target / CODE)
        (target / "requirements.txt").write_text("\n".join(requirements()), encoding="utf-8")
        (target / "python_env.yaml").write_text(_environment(), encoding="utf-8")
        pyfunc.add_to_model(
            mlflow_model,
            loader_module=LOADER,
            data=f"artifacts/{digest}",
            code=CODE,
            python_env="python_env.yaml",
            model_config={"digest": digest},
        )
        mlflow_model.signature = signature()
        mlflow_model.save(str(target / MLMODEL_FILE_NAME))


def log_bundle(folder: Path) -> LoggedModel:
    """Log a bundle as a model of the run that is open.

    Args:
        folder: The bundle, in a folder named by its digest.
    """
    from mlflow.models import Model

    with _quietly():
        logged = Model.log(artifact_path=None, name=NAME, flavor=BundleFlavor(folder))
    return LoggedModel(uri=str(logged.model_uri), id=str(logged.model_id))


@contextmanager
def _quietly() -> Iterator[None]:
    """Without MLflow's progress bar: a run has its own."""
    before = os.environ.get(PROGRESS)
    os.environ[PROGRESS] = "false"
    try:
        yield
    finally:
        os.environ.pop(PROGRESS)
        if before is not None:
            os.environ[PROGRESS] = before


def requirements() -> list[str]:
    """Packages that a process needs to load a bundle, with the versions that made it."""
    return [f"{name}=={version(name)}" for name in ("pulse_kedro", *PACKAGES)]


def _environment() -> str:
    """What `mlflow models serve` builds an environment from, as YAML."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    return f"python: {python}\nbuild_dependencies: []\ndependencies:\n- -r requirements.txt\n"


def signature() -> "ModelSignature":
    """What is asked, both columns optional, and what comes back."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    asked = [ColSpec(DataType.string, ID, required=False), ColSpec(DataType.long, STEP, required=False)]
    head = {ID: DataType.string, CUTOFF: DataType.datetime, TIME: DataType.datetime, STEP: DataType.long}
    numbers = dict.fromkeys(("y_hat", *QUANTILE_COLUMNS), DataType.double)
    told = [ColSpec(kind, name) for name, kind in (head | numbers).items()]
    return ModelSignature(inputs=Schema([*asked]), outputs=Schema([*told]))
