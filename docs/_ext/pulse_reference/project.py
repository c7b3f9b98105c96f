"""The project as the reference reads it: its registry, its files under `conf/`, its modules. Nothing is run."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

from kedro.framework.project import configure_project
from kedro.framework.project import pipelines as registered
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from omegaconf import OmegaConf

ROOT = Path(__file__).parents[3]
BASE = ROOT / "conf" / "base"


@cache
def pipelines() -> dict[str, Pipeline]:
    """Every registered pipeline by name."""
    configure_project("pulse_kedro")
    return dict(registered)


@cache
def nodes() -> tuple[Node, ...]:
    """Every node of every registered pipeline, each once, in the order of the default run."""
    found = {node.name: node for name in ("__default__", *pipelines()) for node in pipelines()[name].nodes}
    return tuple(found.values())


def settings(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Raw content of the files of one kind in `conf/base`, so that no path of this machine gets into the documents.

    Args:
        kind: Start of their names, such as `catalog`.

    Yields:
        Name of the file and its keys, interpolations unresolved.
    """
    for path in sorted(BASE.glob(f"{kind}*.yml")):
        yield path.name, OmegaConf.to_container(OmegaConf.load(path), resolve=False)  # type: ignore[misc]


def arguments(node: Node) -> dict[str, str]:
    """Dataset that each argument of a node's function reads, by name of the argument."""
    given = node._inputs  # noqa: SLF001  # Kedro shows the names of datasets, not which argument gets which
    if isinstance(given, dict):
        return dict(given)
    names = [given] if isinstance(given, str) else list(given or [])
    return dict(zip(inspect.signature(node.func).parameters, names, strict=False))


@cache
def readers() -> dict[str, list[tuple[Node, object]]]:
    """Nodes that read each `params:` key, with the type they ask for; the key without its prefix."""
    found: dict[str, list[tuple[Node, object]]] = {}
    for node in nodes():
        hints = get_type_hints(node.func)
        for argument, dataset in arguments(node).items():
            if dataset.startswith("params:"):
                found.setdefault(dataset.removeprefix("params:"), []).append((node, hints.get(argument, object)))
    return found


@cache
def module_names() -> tuple[str, ...]:
    """Every module of the package, sorted, the package itself first."""
    package = importlib.import_module("pulse_kedro")
    names = [found.name for found in pkgutil.walk_packages(package.__path__, "pulse_kedro.")]
    return ("pulse_kedro", *sorted(names))


@cache
def modules() -> tuple[ModuleType, ...]:
    """Every module of the package, imported."""
    return tuple(importlib.import_module(name) for name in module_names())
