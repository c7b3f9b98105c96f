"""The project as Kedro sees it: pipelines, catalog and parameters per environment, without running anything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kedro.config import MissingConfigException, OmegaConfigLoader
from kedro.framework.project import pipelines as registered
from kedro.framework.startup import bootstrap_project
from kedro.pipeline import Pipeline

Config = dict[str, Any]


@pytest.fixture(scope="session")
def pipelines(project: Path) -> dict[str, Pipeline]:
    """Every registered pipeline by name."""
    bootstrap_project(project)
    return dict(registered)


@pytest.fixture(scope="session")
def read_config(project: Path) -> Callable[[str, str], Config]:
    """Reader of one kind of configuration in one environment; empty where there is none."""
    bootstrap_project(project)
    from pulse_kedro import settings

    def read(kind: str, environment: str) -> Config:
        loader = OmegaConfigLoader(
            conf_source=str(project / "conf"),
            env=environment,
            **settings.CONFIG_LOADER_ARGS
            | {"config_patterns": {"mlflow": ["mlflow*"], **settings.CONFIG_LOADER_ARGS["config_patterns"]}},
        )
        try:
            return dict(loader[kind])
        except MissingConfigException:
            return {}

    return read


@pytest.fixture(scope="session")
def catalog_entries(read_config: Callable[[str, str], Config]) -> Config:
    """Catalog entries of the base environment by name."""
    return {name: entry for name, entry in read_config("catalog", "local").items() if not name.startswith("_")}
