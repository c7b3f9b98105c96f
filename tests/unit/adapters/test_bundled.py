"""The bundled data appears where nothing is yet, and nowhere else."""

import logging
from pathlib import Path

import pytest
from kedro.io import DataCatalog, MemoryDataset

from pulse_kedro.adapters.bundled import FILE, lay_out, lay_out_source


def test_an_empty_folder_gets_the_table_and_a_line_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    wanted = tmp_path / "data" / "01_raw" / FILE.name

    with caplog.at_level(logging.INFO):
        assert lay_out(wanted, project=tmp_path)

    assert FILE.read_bytes() == wanted.read_bytes()
    assert f"put the bundled example data into {wanted}" in caplog.text
    assert not lay_out(wanted, project=tmp_path)


def test_a_folder_that_somebody_made_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "01_raw").mkdir()

    assert not lay_out(tmp_path / "01_raw" / FILE.name, project=tmp_path)
    assert [] == list((tmp_path / "01_raw").iterdir())


def test_a_configuration_that_names_another_file_is_left_alone(tmp_path: Path) -> None:
    assert not lay_out(tmp_path / "01_raw" / "sales.csv", project=tmp_path)
    assert [] == list(tmp_path.iterdir())


def test_a_project_is_left_alone(project: Path, tmp_path: Path) -> None:
    assert not lay_out(tmp_path / "01_raw" / FILE.name, project=project)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "entry",
    [MemoryDataset([1]), {"type": "pandas.ParquetDataset", "filepath": f"memory://bucket/01_raw/{FILE.name}"}],
    ids=["no file", "a URL"],
)
def test_a_source_that_is_no_local_file_is_left_alone(entry: MemoryDataset | dict[str, str], tmp_path: Path) -> None:
    catalog = (
        DataCatalog.from_config({"observations": entry})
        if isinstance(entry, dict)
        else DataCatalog({"observations": entry})
    )

    assert not lay_out_source(catalog, project=tmp_path)
