"""The notebooks as a stranger opens them: in `notebooks/`, on what the cycles of this project left under `data/`."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from cycles import BUNDLED, PROJECT, Place

pytestmark = pytest.mark.slow

PICTURES = {"01_first_look": 2, "02_retrodiction": 3}
FROM_OUTSIDE = ("PULSE_DATA_ROOT", "PULSE_DATABASE_URL", "MLFLOW_TRACKING_URI", "KEDRO_LOGGING_CONFIG")
"""Variables that would lead a notebook elsewhere."""


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project in a folder of its own, with relative paths as they stand in `conf/` and nothing run yet."""
    for name in FROM_OUTSIDE:
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "clone"
    for name in ("src", "conf", "notebooks"):
        shutil.copytree(PROJECT / name, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", folder)
    shutil.copy(PROJECT / ".telemetry", folder)
    (folder / "data" / "01_raw").mkdir(parents=True)
    shutil.copy(BUNDLED, folder / "data" / "01_raw")
    return folder


def files_outside_data(folder: Path) -> set[str]:
    paths = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {str(path) for path in paths if path.parts[0] != "data" and "__pycache__" not in path.parts}


def read(folder: Path, name: str) -> nbformat.NotebookNode:
    return nbformat.read(folder / "notebooks" / f"{name}.ipynb", as_version=4)


def run(notebook: nbformat.NotebookNode, folder: Path) -> None:
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder / "notebooks")}}).execute()


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def printed(notebook: nbformat.NotebookNode) -> str:
    return "".join(output.text for output in outputs(notebook) if output.output_type == "stream")


def pictures(notebook: nbformat.NotebookNode) -> int:
    return sum("application/vnd.plotly.v1+json" in output.get("data", {}) for output in outputs(notebook))


def shown(notebook: nbformat.NotebookNode) -> str:
    """What is displayed as text, in one line, without colours: rich draws tracebacks so."""
    text = "".join(output.get("data", {}).get("text/plain") or "" for output in outputs(notebook))
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())


@pytest.mark.parametrize("name", PICTURES)
def test_notebook_runs_quietly_and_writes_under_data_only(after_three: Place, clone: Path, name: str) -> None:
    after_three.copy(clone / "data")
    before = files_outside_data(clone)

    notebook = read(clone, name)
    run(notebook, clone)

    words = printed(notebook)
    assert "knows everything up to February 2019" in words
    assert PICTURES[name] == pictures(notebook)
    assert [] == [noise for noise in ("INFO", "WARNING", "Warning:", "Traceback") if noise in words]
    assert before == files_outside_data(clone)
    assert after_three.tables() == Place(clone / "data").tables()


def test_before_the_first_cycle_the_notebook_says_what_to_do(clone: Path) -> None:
    before = files_outside_data(clone)
    notebook = read(clone, "01_first_look")

    with pytest.raises(CellExecutionError):
        run(notebook, clone)

    assert "Reading the newest cycle failed: got no committed cycle, expected at least one." in shown(notebook)
    assert "Next, in a terminal in the folder of the project: `make run`" in shown(notebook)
    assert before == files_outside_data(clone)
    assert not (clone / "data" / "pulse.db").exists()
