"""Builds the real collaborators of the doors: configuration, database, source. Nothing is created or written."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.config import AbstractConfigLoader
from kedro.framework import project
from kedro.framework.project import settings
from kedro.utils import find_kedro_project
from sqlalchemy import Engine

from pulse_kedro.adapters.configuration import data_root, database_url, environments, tracking_uri
from pulse_kedro.adapters.reports import ReportOnDisk, look
from pulse_kedro.adapters.stores.engine import open_for_reading
from pulse_kedro.domain.errors import InvalidConfiguration, nearest

if TYPE_CHECKING:  # `status` answers before it is imported
    from kedro.io import AbstractDataset, DataCatalog

    from pulse_kedro.adapters.ingest import Desk
    from pulse_kedro.adapters.replay_files import History
    from pulse_kedro.adapters.sources.configured import ConfiguredSource
    from pulse_kedro.adapters.stores.blobs import Blobs
    from pulse_kedro.adapters.stores.vintages import VintageStore
    from pulse_kedro.datasets.snapshot_dataset import SnapshotDataset

SOURCE = "observations"
"""Catalog entry that a cycle starts from; users point it at their own data."""


class UnknownEnvironment(InvalidConfiguration):
    """An environment was asked for that has no folder under `conf/`."""

    def __init__(self, name: str, known: Sequence[str], folder: str) -> None:
        """Keep the name, the environments there are, and where they were looked for."""
        super().__init__(name, known, folder)
        self.name, self.known, self.folder = name, known, folder

    def __str__(self) -> str:
        """Name the environments there are, or say that this is no project."""
        if not self.known:
            return (
                f"Reading the configuration failed: got nothing at {self.folder}, expected a folder or an archive of "
                "one. Run the command inside the project, or name the configuration with --conf-source."
            )
        return (
            f"Choosing the environment failed: got {self.name!r}, expected one of {', '.join(self.known)}."
            f"{nearest(self.name, self.known)}"
        )


def configuration(env: str | None) -> AbstractConfigLoader:
    """What stands under `conf/`, or where `--conf-source` points, read as a run would read it.

    Args:
        env: Environment on top of `base`; `None` takes the one of the variable KEDRO_ENV, else the default.

    Returns:
        A loader with the project's settings.

    Raises:
        UnknownEnvironment: The environment has no folder.
    """
    if project.PACKAGE_NAME is None:  # the doors have done it; a script or a notebook may not
        project.configure_project("pulse_kedro")
    source = str(settings.CONF_SOURCE)
    place = source if "://" in source else str(_root() / source)
    arguments: Mapping[str, Any] = settings.CONFIG_LOADER_ARGS
    chosen = env or os.environ.get("KEDRO_ENV") or arguments["default_run_env"]
    known = environments(place)
    if chosen not in known:
        raise UnknownEnvironment(chosen, known, place)
    loader: AbstractConfigLoader = settings.CONFIG_LOADER_CLASS(conf_source=place, env=chosen, **arguments)
    return loader


def environment_folder(env: str) -> Path:
    """Folder of an environment under `conf/`, which need not exist.

    Raises:
        UnknownEnvironment: There is no `conf/`, or the environment is the one that every run reads.
    """
    folder = _root() / "conf"
    if not folder.is_dir():
        raise UnknownEnvironment(env, [], str(folder))
    if env == "base" or Path(env).name != env:
        raise UnknownEnvironment(env, ["local", "or another plain name"], str(folder))
    return folder / env


def in_project(path: Path) -> str:
    """A path as settings name it: relative to the project where it lies in it, else absolute."""
    absolute = path.resolve()
    root = _root().resolve()
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else absolute.as_posix()


def stores(loader: AbstractConfigLoader) -> Engine | None:
    """The database of an environment, opened for reading.

    Args:
        loader: Configuration of the environment.

    Returns:
        `None` where nothing was ever run; no file is created.
    """
    return open_for_reading(database_url(loader))


def open_snapshots(loader: AbstractConfigLoader) -> "Blobs":
    """The place of all snapshots, as the catalog entry `snapshot` names it; nothing is created.

    Args:
        loader: Configuration of the environment.
    """
    entry: SnapshotDataset = dataset(loader, "snapshot", entries(loader)["snapshot"])  # type: ignore[assignment]
    return entry.open_snapshots()


def vintage_store(loader: AbstractConfigLoader) -> "VintageStore":
    """The store of all vintages, opened for writing.

    Args:
        loader: Configuration of the environment.
    """
    from pulse_kedro.adapters.stores.engine import open_for_writing
    from pulse_kedro.adapters.stores.vintages import VintageStore

    return VintageStore(open_for_writing(database_url(loader)), open_snapshots(loader))


def registry(loader: AbstractConfigLoader) -> dict[str, str]:
    """Versions in the MLflow registry by bundle digest; empty where nothing was ever tracked.

    Args:
        loader: Configuration of the environment.
    """
    from pulse_kedro.adapters.registry import registered_versions

    return registered_versions(tracking_uri(loader))


def report(loader: AbstractConfigLoader) -> ReportOnDisk:
    """What stands where reports are written.

    Args:
        loader: Configuration of the environment.
    """
    return look(place(loader, "cycle_report"), place(loader, "cycle_summary"))


def data_folder(loader: AbstractConfigLoader) -> Path | None:
    """Folder under which runs read and write; `None` where it is no local one."""
    return data_root(loader, _root())


def bundle_check(loader: AbstractConfigLoader) -> Callable[[str], Mapping[str, Any]]:
    """A function that checks a bundle, by digest, in a fresh process."""
    check: Callable[[str], Mapping[str, Any]] = dataset(loader, "bundle_check", entries(loader)["bundle_check"]).load()
    return check


def registered_pipelines() -> dict[str, Any]:
    """Every pipeline of the project by name."""
    return dict(project.pipelines)


def is_tracked() -> bool:
    """Whether runs of this project are shown to MLflow."""
    return "kedro_mlflow" not in settings.DISABLE_HOOKS_FOR_PLUGINS


def following_period(loader: AbstractConfigLoader, as_of: str) -> str | None:
    """The period after a cycle, as a run takes it for `as_of`.

    Args:
        loader: Configuration of the environment.
        as_of: Period of the cycle.

    Returns:
        `None` when the source knows nothing after it.
    """
    from pydantic import TypeAdapter

    from pulse_kedro.domain.data_management.as_of import parse_as_of
    from pulse_kedro.domain.data_management.rows import split
    from pulse_kedro.domain.data_management.source import SourceOptions
    from pulse_kedro.domain.data_management.steps import spell
    from pulse_kedro.domain.panel import TIME

    options = TypeAdapter(SourceOptions).validate_python(loader["parameters"]["source"])
    rows, _ = split(source(loader), options)
    following = options.step.shift(parse_as_of(as_of, options), 1)
    return spell(following) if following <= rows[TIME].max() else None


def own_history(loader: AbstractConfigLoader) -> "History":
    """The whole history of the project's source as it is known now, to be replayed; its good rows only."""
    from pydantic import TypeAdapter

    from pulse_kedro.adapters.replay_files import history_of
    from pulse_kedro.domain.data_management.rows import split
    from pulse_kedro.domain.data_management.source import SourceOptions

    options = TypeAdapter(SourceOptions).validate_python(loader["parameters"]["source"])
    rows, _ = split(source(loader), options)
    return history_of(rows, options.step)


def entries(loader: AbstractConfigLoader) -> dict[str, dict[str, Any]]:
    """Catalog entries of an environment, with relative paths counted from the project, as a run counts them.

    Args:
        loader: Configuration of the environment.

    Returns:
        What each entry says, by name; dataset factories and YAML anchors are left out.
    """
    found = {name: entry for name, entry in loader["catalog"].items() if not name.startswith("_") and "{" not in name}
    return {name: _in_project(entry) for name, entry in found.items()}


def place(loader: AbstractConfigLoader, name: str, key: str = "filepath") -> Path:
    """Where a catalog entry keeps its files.

    Args:
        loader: Configuration of the environment.
        name: The entry.
        key: `filepath` for a file, `path` for a folder.
    """
    return Path(entries(loader)[name][key])


def dataset(loader: AbstractConfigLoader, name: str, entry: Mapping[str, Any]) -> "AbstractDataset[Any, Any]":
    """The dataset that a catalog entry describes; nothing is read yet.

    Args:
        loader: Configuration of the environment, for credentials.
        name: Name of the entry.
        entry: What `entries` gave for it.
    """
    return _catalog(loader, name, entry)[name]


def source(loader: AbstractConfigLoader) -> Any:  # noqa: ANN401  # what the user's dataset returns
    """The table that cycles start from, as the user's dataset gives it."""
    return _catalog(loader, SOURCE, entries(loader)[SOURCE]).load(SOURCE)


def sources(loader: AbstractConfigLoader) -> "Mapping[str, ConfiguredSource]":
    """Every source that `sources.yml` of an environment names, built and checked; nothing is opened.

    Args:
        loader: Configuration of the environment.
    """
    from pulse_kedro.adapters.sources.configured import configured
    from pulse_kedro.adapters.sources.settings import Given

    return configured(loader, Given(database=database_url(loader), place=lambda path: str(_root() / path)))


def desk(loader: AbstractConfigLoader) -> "Desk":
    """Where sources are ingested: store and catalogue opened for writing, variables, contracts, hooks and the clock.

    Args:
        loader: Configuration of the environment.
    """
    from datetime import UTC, datetime

    from pulse_kedro.adapters.deliveries import contracts, variables
    from pulse_kedro.adapters.ingest import Desk
    from pulse_kedro.adapters.ingest_hooks import keeper, registered
    from pulse_kedro.adapters.stores.engine import open_for_writing

    def now() -> datetime:
        return datetime.now(UTC)

    engine = open_for_writing(database_url(loader))
    return Desk(
        engine=engine,
        store=vintage_store(loader),
        now=now,
        registry=variables(loader),
        contracts=contracts(loader),
        hooks=(keeper(engine, now), *registered()),
    )


def _catalog(loader: AbstractConfigLoader, name: str, entry: Mapping[str, Any]) -> "DataCatalog":
    """A catalog of one entry, with the credentials and the validator that it names."""
    from kedro.config import MissingConfigException
    from kedro.io import DataCatalog

    try:
        credentials = loader["credentials"]
    except MissingConfigException:
        credentials = {}
    return DataCatalog.from_config({name: dict(entry)}, credentials)


def dead_metrics(loader: AbstractConfigLoader) -> Path:
    """File in which scores wait that MLflow did not take; it need not exist."""
    from pulse_kedro.adapters.stores.metric_queue import DEAD_LETTERS

    return (data_root(loader, _root()) or Path()) / DEAD_LETTERS


def tracking_server(loader: AbstractConfigLoader) -> str:
    """Where MLflow is; it may hold a password."""
    return tracking_uri(loader)


def _root() -> Path:
    """Folder of the project, or the working directory where an installed wheel runs without one."""
    return find_kedro_project(Path.cwd()) or Path.cwd()


def _in_project(entry: Any) -> Any:  # noqa: ANN401  # whatever stands in the YAML
    if not isinstance(entry, Mapping):
        return entry
    return {key: _absolute(value) if key in _PATHS else _in_project(value) for key, value in entry.items()}


def _absolute(path: Any) -> Any:  # noqa: ANN401  # an entry may have made something else of it
    return str(_root() / path) if isinstance(path, str) and "://" not in path else path


_PATHS = ("filepath", "path", "snapshots")
