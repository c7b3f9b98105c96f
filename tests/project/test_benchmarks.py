"""The benchmarks run and say what they must; what they measure is measured by `make bench`."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
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


@pytest.mark.slow
def test_a_peer_in_its_own_process_answers_through_files(tmp_path: Path) -> None:
    request = {
        "models": {"SeasonalNaive": {"season_length": 2}}, "horizon": 3, "levels": [80], "fallback": 2, "processes": 1,
    }  # fmt: skip
    (tmp_path / "request.json").write_text(json.dumps(request), encoding="utf-8")
    histories = [np.array([1.0, 5.0, 2.0, 6.0]), np.array([3.0, 4.0, 7.0, 9.0, 8.0])]
    np.savez(tmp_path / "arrays.npz", values=np.concatenate(histories), lengths=[4, 5])

    command = [sys.executable, str(FOLDER / "peers" / "statsforecast" / "univariate.py"), str(tmp_path)]
    subprocess.run(command, check=True)  # noqa: S603 our own

    facts = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
    assert {"SeasonalNaive"} == set(facts["cpu_seconds"])
    with np.load(tmp_path / "answer.npz") as answer:
        assert [[2, 6, 2], [9, 8, 9]] == answer["SeasonalNaive"].tolist()
        assert (answer["SeasonalNaive-lo-80"] <= answer["SeasonalNaive-hi-80"]).all()
