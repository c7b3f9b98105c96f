"""Notebooks are kept as they are written: valid, without results, without traces of the machine they were tried on."""

import json
import re
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
OF_A_MACHINE = re.compile(r"(?<![\w.])/(?:home|Users|root|tmp|work|opt|mnt)/|[A-Z]:\\\\")


def test_the_two_notebooks_are_there() -> None:
    assert ["01_first_look", "02_retrodiction"] == [path.stem for path in NOTEBOOKS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_valid(path: Path) -> None:
    nbformat.validate(nbformat.read(path, as_version=4))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_kept_without_results(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]

    assert cells
    assert [] == [cell.source for cell in cells if cell.outputs or cell.execution_count is not None]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_names_no_machine_and_no_environment_of_its_own(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))

    assert None is OF_A_MACHINE.search(path.read_text(encoding="utf-8"))
    assert {"kernelspec", "language_info"} == set(content["metadata"])
    assert "python3" == content["metadata"]["kernelspec"]["name"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_step_is_explained_and_small(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells

    assert "markdown" == cells[0].cell_type
    assert "`make run`" in cells[0].source
    assert 18 >= max(cell.source.count("\n") + 1 for cell in cells if cell.cell_type == "code")
