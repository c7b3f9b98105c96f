"""What no linter checks: the size and the name of files, and that every import is a declared dependency."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

LONGEST_FILE = 400
NAMES_THAT_HIDE_MEANING = {"utils", "helpers", "common", "misc"}
ROOT = Path(__file__).parents[2]
DECLARED_BUT_NOT_IMPORTED = {
    "kedro-datasets": "named in the catalog",
    "kedro-mlflow": "a plugin that registers itself",
    "pyarrow": "what pandas reads and writes Parquet with",
}
OPTIONAL = ("dask", "lightgbm", "foundation", "s3", "search")
"""Extras whose packages the source imports, inside the functions that need them."""
OWNERS = {"chronos": "chronos-forecasting"}
"""Distributions of modules that need not be installed here."""


def python_files() -> list[Path]:
    folders = ("src", "tests", "benchmarks", "data", "docs")
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", python_files(), ids=lambda path: "/".join(path.parts[-3:]))
def test_file_is_short_enough_to_hold_one_idea(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")

    assert lines <= LONGEST_FILE, f"{path} has {lines} lines: which two ideas live there?"


@pytest.mark.parametrize("path", python_files(), ids=lambda path: "/".join(path.parts[-3:]))
def test_name_says_what_is_inside(path: Path) -> None:
    assert NAMES_THAT_HIDE_MEANING.isdisjoint({path.stem, *path.parent.parts[-3:]})


def test_no_file_is_empty() -> None:
    empty = [path for path in python_files() if not path.read_text(encoding="utf-8").strip()]

    assert [] == empty


def imported_roots(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return {normalised(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]) for line in lines}


def owners_of_imports(folder: str) -> list[set[str]]:
    paths = list((ROOT / folder).rglob("*.py"))
    ours = {"pulse_kedro", *(path.stem for path in paths), *(path.parent.name for path in paths)}
    owners = packages_distributions()
    foreign = sorted({root for path in paths for root in imported_roots(path)} - sys.stdlib_module_names - ours)
    return [{normalised(name) for name in owners.get(root, [OWNERS.get(root, root)])} for root in foreign]


@pytest.mark.parametrize(
    ("folder", "extras"),
    [("src", OPTIONAL), ("data", ()), ("tests", ("dev",)), ("benchmarks", ("dev",)), ("docs", ("docs", "dev"))],
)
def test_every_import_is_a_declared_dependency(folder: str, extras: tuple[str, ...]) -> None:
    assert [] == [owners for owners in owners_of_imports(folder) if owners.isdisjoint(declared(*extras))]


def test_every_dependency_is_used() -> None:
    assert set() == declared().difference(*owners_of_imports("src")) - set(DECLARED_BUT_NOT_IMPORTED)
