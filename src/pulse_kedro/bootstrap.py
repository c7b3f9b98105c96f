"""Builds the real collaborators of the doors: configuration, database, source. Nothing is created or written."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kedro.config import AbstractConfigLoader
from kedro.framework import project
from kedro.framework.project import settings
from kedro.utils import find_kedro_project
from sqlalchemy import Engine

from pulse_kedro.adapters.configuration import database_url, environments
from pulse_kedro.adapters.stores.engine import open_for_reading
from pulse_kedro.domain.errors import InvalidConfiguration, nearest

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
    rows, _ = split(_source(loader), options)
    following = options.step.shift(parse_as_of(as_of, options), 1)
    return spell(following) if following <= rows[TIME].max() else None


def _source(loader: AbstractConfigLoader) -> Any:  # noqa: ANN401  # what the user's dataset returns
    from kedro.config import MissingConfigException
    from kedro.io import DataCatalog

    entry = dict(loader["catalog"][SOURCE])
    if "://" not in str(entry.get("filepath", "://")):
        entry["filepath"] = str(_root() / entry["filepath"])
    try:
        credentials = loader["credentials"]
    except MissingConfigException:
        credentials = {}
    return DataCatalog.from_config({SOURCE: entry}, credentials).load(SOURCE)


def _root() -> Path:
    """Folder of the project, or the working directory where an installed wheel runs without one."""
    return find_kedro_project(Path.cwd()) or Path.cwd()
