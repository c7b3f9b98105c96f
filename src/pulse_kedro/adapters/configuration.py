"""What stands under `conf/`: where the database is, and which parameters exist."""

import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kedro.config import AbstractConfigLoader, MissingConfigException
from kedro.framework.project import settings

from pulse_kedro.domain.errors import InvalidConfiguration, nearest

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem  # type: ignore[import-untyped]  # ships none

ARCHIVES = {
    "application/x-tar": "tar",
    "application/zip": "zip",
    "application/x-zip-compressed": "zip",
    "application/zip-compressed": "zip",
}
"""What Kedro opens as an archive, by the type that the name of the file suggests."""
DATABASE, DATA_ROOT = "database", "data_root"


class UnknownParameter(InvalidConfiguration):
    """A parameter was given for the run that no file under `conf/` declares."""

    def __init__(self, names: Sequence[str], known: Sequence[str]) -> None:
        """Keep the full names that were given and those that exist."""
        super().__init__(names, known)
        self.names, self.known = names, known

    def __str__(self) -> str:
        """Name what is unknown, what exists at the first level, and for each name the nearest one."""
        given = ", ".join(repr(name) for name in self.names)
        first = ", ".join(sorted({name.partition(".")[0] for name in self.known})) or "none"
        hints = "".join(nearest(name, self.known) for name in self.names)
        return (
            f"Reading `--params` failed: got {given}, expected keys of the parameters files under `conf/` "
            f"(first level: {first}).{hints}"
        )


class MissingGlobal(InvalidConfiguration):
    """A place that every run needs has no name in `globals.yml`."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        """Keep the key that is needed and those that exist."""
        super().__init__(name, known)
        self.name, self.known = name, known

    def __str__(self) -> str:
        """Say which key to write where."""
        return (
            f"Reading conf/base/globals.yml failed: got the keys {', '.join(self.known) or 'none'}, expected also "
            f"{self.name!r}. Add it there or in the environment that runs."
        )


def open_tree(conf_source: str) -> "tuple[AbstractFileSystem, str]":
    """Files of a configuration, opened as Kedro opens them.

    Args:
        conf_source: Folder, archive or URL.

    Returns:
        A file system, and the path in it under which the environments lie.
    """
    import fsspec

    kind = ARCHIVES.get(mimetypes.guess_type(conf_source)[0] or "")
    if kind is not None:
        archive = fsspec.filesystem(kind, fo=conf_source)
        return archive, str(archive.ls("", detail=False)[-1]).rstrip("/")
    tree, root = fsspec.core.url_to_fs(conf_source)
    return tree, str(root)


def environments(conf_source: str) -> list[str]:
    """Names of the environments of a configuration, sorted; empty where there is no such place.

    Args:
        conf_source: Folder, archive or URL.
    """
    try:
        tree, root = open_tree(conf_source)
        entries = tree.ls(root, detail=True)
    except FileNotFoundError:
        return []
    return sorted(Path(entry["name"]).name for entry in entries if entry["type"] == "directory")


def database_url(loader: AbstractConfigLoader) -> str:
    """URL of the one database, as `globals.yml` of the environment names it.

    Args:
        loader: Configuration of a session.

    Returns:
        An SQLAlchemy URL. It may hold a password: redact it before it is shown.

    Raises:
        MissingGlobal: No `database` is configured.
    """
    places = loader["globals"]
    if not places.get(DATABASE):
        raise MissingGlobal(DATABASE, sorted(places))
    return str(places[DATABASE])


def data_root(loader: AbstractConfigLoader, project: Path) -> Path | None:
    """Folder under which runs read and write.

    Args:
        loader: Configuration of a session.
        project: Folder of the project, from which a relative one counts.

    Returns:
        `None` when the data root is a URL, or `globals.yml` names none.
    """
    place = str(loader["globals"].get(DATA_ROOT, ""))
    return None if not place or "://" in place else project / place


def tracking_uri(loader: AbstractConfigLoader) -> str:
    """Where MLflow is, as `mlflow.yml` of the environment names it.

    Args:
        loader: Configuration of a session.

    Returns:
        A URI. It may hold a password: redact it before it is shown.
    """
    patterns: dict[str, list[str]] = getattr(loader, "config_patterns", {})  # only Kedro's own loader has them
    patterns.setdefault("mlflow", ["mlflow*", "mlflow*/**", "**/mlflow*"])  # as kedro-mlflow does
    return str(loader["mlflow"]["server"]["mlflow_tracking_uri"])


def declared_parameters(loader: AbstractConfigLoader) -> Mapping[str, object]:
    """Parameters as the files have them, without what was given for one run.

    Args:
        loader: Configuration of a session, with or without run-time parameters.

    Returns:
        Nested mapping; empty when there is no parameters file.
    """
    plain = type(loader)(conf_source=loader.conf_source, env=loader.env, **settings.CONFIG_LOADER_ARGS)
    try:
        declared: Mapping[str, object] = plain["parameters"]
    except MissingConfigException:
        folder = Path(loader.conf_source)
        if folder.is_dir() and loader.env and not (folder / loader.env).is_dir():
            raise  # no environment of that name, which is another thing than one without parameters
        return {}
    return declared


def refuse_unknown(given: Mapping[str, object], known: Mapping[str, object]) -> None:
    """Accept run-time parameters only where the files declare the key, at every level.

    Args:
        given: Run-time parameters, nested.
        known: Declared parameters, nested. Below an empty mapping every key is allowed: it says "fill me".

    Raises:
        UnknownParameter: At least one key is not declared.

    Example:
        >>> refuse_unknown({"as_of": "2018-12-01"}, {"as_of": None})
        >>> refuse_unknown({"gate": {"alfa": 0.1}}, {"gate": {"alpha": 0.05}})
        Traceback (most recent call last):
        ...
        pulse_kedro.adapters.configuration.UnknownParameter: Reading `--params` failed: got 'gate.alfa', expected keys
        of the parameters files under `conf/` (first level: gate). Did you mean 'gate.alpha'?
    """
    unknown = list(_unknown(given, known))
    if unknown:
        raise UnknownParameter(unknown, list(_names(known)))


def _unknown(given: Mapping[str, object], known: Mapping[str, object], above: str = "") -> Iterator[str]:
    for key, value in given.items():
        if key not in known:
            yield f"{above}{key}"
        elif isinstance(value, Mapping):
            below = known[key]
            if below != {}:
                yield from _unknown(value, below if isinstance(below, Mapping) else {}, f"{above}{key}.")


def _names(known: Mapping[str, object], above: str = "") -> Iterator[str]:
    for key, value in known.items():
        yield f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _names(value, f"{above}{key}.")
