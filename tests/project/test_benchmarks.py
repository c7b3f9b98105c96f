"""The benchmarks run and say what they must; what they measure is measured by `make bench`."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from competition_worlds import make_world

FOLDER = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = sorted(FOLDER.glob("*.py"))


def test_panel_prints_one_object_with_all_its_keys(project: Path) -> None:
    command = [sys.executable, "benchmarks/panel.py", "--quick", "--json"]

    answer = subprocess.run(command, cwd=project, check=True, capture_output=True, text=True)  # noqa: S603 our own

    figures = json.loads(answer.stdout)
    assert {
        "benchmark", "command", "machine", "versions", "quick", "protocol", "mase", "combination_against", "intervals",
        "cost", "peers", "floors",
    } == set(figures)  # fmt: skip
    assert {"combination", "seasonal_drift", "seasonal_naive", "drift_ridge_24"} == set(figures["mase"])
    assert {"wall_seconds", "cpu_seconds", "peak_mib"} == set(figures["cost"])
    assert [{"name", "value", "low", "high", "reached"}] * 4 == [set(floor) for floor in figures["floors"]]
    assert figures["peers"] is None


@pytest.mark.slow
def test_m4_holds_the_floors_against_weekly_files(project: Path, tmp_path: Path) -> None:
    files = make_world("weekly").write(tmp_path, shape="wide")
    command = [sys.executable, "benchmarks/m4.py", "--json", *files]

    answer = subprocess.run(command, cwd=project, check=True, capture_output=True, text=True)  # noqa: S603 our own

    figures = json.loads(answer.stdout)
    found = figures["evaluation"]["combination"]
    assert [found["owa"], found["msis"], abs(found["coverage_95"] - 0.95), figures["cost"]["cpu_seconds"]] == (
        pytest.approx([floor["value"] for floor in figures["floors"]], rel=1e-4, abs=1e-6)
    )
    assert [0.737, 16.2, 0.012, 120.0] == [floor["high"] for floor in figures["floors"]]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script_has_its_row_in_the_table_of_figures(path: Path) -> None:
    assert f"python benchmarks/{path.name}" in (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script_says_how_it_is_called(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""

    assert f"Usage: python benchmarks/{path.name} [--json]" in docstring
