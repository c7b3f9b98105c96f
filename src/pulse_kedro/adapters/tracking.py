"""MLflow as a projection of what the database knows: one run per cycle, and the alias `champion`.

kedro-mlflow opens and closes the run. What is added here may fail without any effect on a cycle: it warns and goes on.
Only that a server fell silent is raised, so that nobody asks it again in this run.
MLflow is imported inside functions, so that a run without tracking never pays for it.
"""

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pulse_kedro.adapters.silence import went_silent
from pulse_kedro.domain.recovery.redaction import redact

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

MODEL, ALIAS, BUNDLE_TAG = "pulse", "champion", "pulse.bundle"
COMBINATION = "combination"
COUNTS = ("series", "cutoffs", "unscaled_series", "level_form_series")
"""Metrics that say how much was scored, not how well."""
PARAMETER_LENGTH, TAG_LENGTH, BATCH = 500, 5000, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Champion:
    """What the alias shall point to: the bundle that serves, the folder it is in, and the cycle that chose it."""

    bundle: str
    folder: Path
    cycle: str
    recipe: str
    revision: int
    reason: str


def active_run() -> str | None:
    """Id of the run that kedro-mlflow opened; `None` when nothing is tracked."""
    mlflow = sys.modules.get("mlflow")
    run = mlflow.active_run() if mlflow is not None else None
    return None if run is None else str(run.info.run_id)


def share_run(run: str) -> None:
    """Let processes that this one starts write into the same run; MLflow forgets the id when it opens a run."""
    os.environ["MLFLOW_RUN_ID"] = run


def abandon_run(status: str) -> None:
    """Close a run that nobody else will close: its cycle could not start, or was stopped from outside.

    Args:
        status: `FAILED` or `KILLED`.
    """
    mlflow = sys.modules.get("mlflow")
    if mlflow is not None and mlflow.active_run() is not None:
        mlflow.end_run(status)


def forget_run() -> None:
    """Drop the open run of a server that is silent; MLflow drops it before it asks the server to close it."""
    with suppress(Exception):
        abandon_run("FAILED")


@contextmanager
def forgiven(what: str) -> Iterator[None]:
    """Warn instead of failing: the database is the truth, and what is missing here can be written again.

    Args:
        what: What was being done, to complete "… failed".

    Raises:
        MlflowException: The server does not answer; whoever gets it asks nothing more.
    """
    try:
        yield
    except Exception as error:
        if went_silent(error):
            raise
        _warn(what, error)


@contextmanager
def harmless(what: str) -> Iterator[None]:
    """The same for a single task: a silent server is a warning, too.

    Args:
        what: What was being done, to complete "… failed".
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001  # any failure of a tracking server, known or not
        _warn(what, error)


def _warn(what: str, error: Exception) -> None:
    text = redact(str(error))
    logger.warning("%s failed, the cycle goes on without it: %s", what, text, extra={"markup": False})


def tag(run: str, tags: Mapping[str, str]) -> None:
    """Write tags of a run.

    Args:
        run: Id of the run.
        tags: Names and values; long values are cut.
    """
    from mlflow.entities import RunTag

    with forgiven("Tagging the MLflow run"):
        _client().log_batch(run, tags=[RunTag(name, value[:TAG_LENGTH]) for name, value in tags.items()])


def name_run(run: str, name: str) -> None:
    """Give a run the name of its cycle, unless whoever started it has named it.

    Args:
        run: Id of the run.
        name: What lists of runs show.
    """
    if not os.environ.get("PULSE_RUN_NAME"):
        with forgiven("Naming the MLflow run"):
            _client().update_run(run, name=name)


def log_options(run: str, name: str, options: object) -> None:
    """Write the fields of a parameter object, one by one; MLflow itself would keep its printed form.

    Args:
        run: Id of the run.
        name: Name of the parameter, the first part of each key.
        options: A dataclass or model that Kedro built from `params:<name>`.
    """
    log_facts(run, name, dump(options))


def log_facts(run: str, name: str, facts: object) -> None:
    """Write plain values as parameters, one by one.

    Args:
        run: Id of the run.
        name: First part of each key.
        facts: Nested mappings of JSON values.
    """
    from mlflow.entities import Param

    with forgiven(f"Tracking the parameter {name}"):
        values = sorted(flatten(facts, name).items())
        for start in range(0, len(values), BATCH):
            chunk = values[start : start + BATCH]
            _client().log_batch(run, params=[Param(key, value[:PARAMETER_LENGTH]) for key, value in chunk])


def upload(run: str, files: Mapping[Path, str]) -> None:
    """Copy files to the artifacts of a run.

    Args:
        run: Id of the run.
        files: Local files and the artifact folder of each.
    """
    for path, folder in files.items():
        with forgiven(f"Uploading {path.name}"):
            _client().log_artifact(run, str(path), folder)


def links(run: str, *, report: str, figures: str) -> str:
    """Where the pages of a run are, in Markdown for the page that MLflow's own interface shows of it.

    Args:
        run: Id of the run.
        report: File or URL of the report; its copy among the artifacts is in the folder `report`.
        figures: Artifact folder of the figures.
    """
    experiment = _client().get_run(run).info.experiment_id
    home = f"#/experiments/{experiment}/runs/{run}/artifacts"
    page = report.rpartition("/")[2]
    return f"[Report of this cycle]({home}/report/{page}) · [figures]({home}/{figures}) · newest report: `{report}`"


def project_champion(run: str | None, champion: Champion) -> None:
    """Point the alias `champion` of the registered model at the bundle that serves, when it does not yet.

    Args:
        run: Id of the run that made the bundle, if it is tracked.
        champion: What the database says.
    """
    with forgiven("Moving the MLflow alias"):
        _point(_client(), run, champion)


def point(champion: Champion) -> None:
    """Point the alias outside a run, for a command; a bundle that is registered nowhere gets a run of its own.

    Args:
        champion: What the database says.
    """
    import mlflow

    client = _client()
    if _aliased(client) == champion.bundle or _version(client, champion.bundle) is not None:
        _point(client, None, champion)
        return
    with mlflow.start_run(run_name=f"register {champion.bundle[:12]}") as run:
        _point(client, run.info.run_id, champion)


def named_scores(panel: Mapping[tuple[str, str], Mapping[str, float | None]], recipe: str) -> dict[str, float]:
    """Panel scores of the recipe that serves, under the names that `status` and MLflow show.

    Args:
        panel: Metric names and values under (recipe, model).
        recipe: Digest of the recipe that serves; the panel may shorten it.

    Returns:
        `champion.<metric>` for the combination and `<model>.<metric>` for the others; metrics without a value and
        counts are left out.

    Example:
        >>> named_scores({("3f", "combination"): {"mase": 0.37}, ("77", "naive"): {"mase": 0.5}}, "3f2a")
        {'champion.mase': 0.37}
    """
    return {
        f"{'champion' if model == COMBINATION else model}.{metric}": value
        for (owner, model), values in panel.items()
        if recipe.startswith(owner)
        for metric, value in values.items()
        if value is not None and metric not in COUNTS
    }


def dump(options: object) -> object:
    """Plain JSON values of a parameter object."""
    from pydantic import TypeAdapter

    return TypeAdapter(type(options)).dump_python(options, mode="json")


def flatten(value: object, name: str) -> dict[str, str]:
    """Leaves of nested mappings under dotted names, as text; a list is one leaf.

    Example:
        >>> flatten({"folds": {"gap": 1}, "levels": [24, 36]}, "recipe")
        {'recipe.folds.gap': '1', 'recipe.levels': '[24, 36]'}
    """
    if isinstance(value, Mapping) and value:
        return {key: leaf for part, inner in value.items() for key, leaf in flatten(inner, f"{name}.{part}").items()}
    return {name: value if isinstance(value, str) else json.dumps(value, default=str)}


def _client() -> "MlflowClient":
    from mlflow import MlflowClient

    return MlflowClient()


def _point(client: "MlflowClient", run: str | None, champion: Champion) -> None:
    if _aliased(client) == champion.bundle:
        return
    version = _version(client, champion.bundle) or _register(client, run, champion)
    client.set_registered_model_alias(MODEL, ALIAS, version)
    logger.info("moved the MLflow alias %s to version %s of %s", ALIAS, version, MODEL)


def _aliased(client: "MlflowClient") -> str | None:
    """Bundle the alias points to; `None` when the model, the alias or the tag is missing."""
    from mlflow.exceptions import MlflowException

    try:
        tags: Mapping[str, str] = client.get_model_version_by_alias(MODEL, ALIAS).tags
    except MlflowException as error:
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            return None
        raise
    return tags.get(BUNDLE_TAG)


def _version(client: "MlflowClient", bundle: str) -> str | None:
    """Newest version that was registered for a bundle."""
    found = client.search_model_versions(f"name='{MODEL}' and tags.`{BUNDLE_TAG}`='{bundle}'")
    return str(max(int(version.version) for version in found)) if found else None


def _register(client: "MlflowClient", run: str | None, champion: Champion) -> str:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(MODEL, description="Bundles that served as champion; the database is the truth.")
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    tags = {
        BUNDLE_TAG: champion.bundle,
        "pulse.cycle": champion.cycle,
        "pulse.recipe": champion.recipe,
        "pulse.revision": str(champion.revision),
    }
    source, model = _logged(champion)
    version = client.create_model_version(MODEL, source, run, tags=tags, description=champion.reason, model_id=model)
    return str(version.version)


def _logged(champion: Champion) -> tuple[str, str | None]:
    """Source of a version and the id of its model: the bundle as a model, or where it was when it is not on disk."""
    from pulse_kedro.adapters.served import log_bundle

    if not champion.folder.is_dir():
        return champion.folder.absolute().as_uri(), None
    model = log_bundle(champion.folder)
    return model.uri, model.id
