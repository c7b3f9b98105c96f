"""What the MLflow registry says about bundles, read without making or changing anything there."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from pulse_kedro.adapters.tracking import ALIAS, BUNDLE_TAG, MODEL

if TYPE_CHECKING:
    from mlflow import MlflowClient

PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}
"""A reader asks once and waits seconds; MLflow's own defaults wait for minutes."""


def exists(uri: str) -> bool:
    """Whether there is something to read: MLflow would make the tables of a local file that has none.

    Args:
        uri: The tracking URI; a server is taken to exist.
    """
    file = _local_file(uri)
    if file is None:
        return True
    if not file.is_file():
        return False
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        tables = "select count(*) from sqlite_master where type = 'table' and name = 'registered_model_aliases'"
        return bool(connection.execute(tables).fetchone()[0])


def registered_versions(uri: str) -> dict[str, str]:
    """Newest version of each bundle.

    Args:
        uri: The tracking URI.

    Returns:
        Version by bundle digest; empty where nothing was ever tracked.
    """
    if not exists(uri):
        return {}
    with _client(uri) as client:
        found = client.search_model_versions(f"name='{MODEL}'")
    numbered = sorted((int(version.version), version.tags.get(BUNDLE_TAG)) for version in found)
    return {bundle: str(number) for number, bundle in numbered if bundle is not None}


def aliased_bundle(uri: str) -> str | None:
    """Bundle that the alias `champion` points to; `None` when there is no such alias.

    Args:
        uri: The tracking URI; it `exists`.
    """
    from mlflow.exceptions import MlflowException

    with _client(uri) as client:
        try:
            tags = client.get_model_version_by_alias(MODEL, ALIAS).tags
        except MlflowException as error:
            if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                return None
            raise
    return tags.get(BUNDLE_TAG)


@contextmanager
def patient() -> Iterator[None]:
    """MLflow soon gives up inside; what was set in the environment holds."""
    added = {name: value for name, value in PATIENCE.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextmanager
def _client(uri: str) -> Iterator["MlflowClient"]:
    """A client that soon gives up."""
    with patient():
        from mlflow import MlflowClient

        yield MlflowClient(tracking_uri=uri, registry_uri=uri)


def _local_file(uri: str) -> Path | None:
    """The file of a local SQLite database; `None` for anything else."""
    try:
        url = make_url(uri)
    except ArgumentError:
        return None
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
