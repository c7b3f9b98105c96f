"""Dated episodes from a CSV file."""

from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DatasetError

from pulse_kedro.datasets.episodes_dataset import EpisodesDataset


def written(folder: Path, text: str) -> EpisodesDataset:
    path = folder / "episodes.csv"
    path.write_text(text, encoding="utf-8")
    return EpisodesDataset(filepath=str(path))


def test_months_become_moments(tmp_path: Path) -> None:
    table = written(tmp_path, "peak,trough\n2007-12,2009-06\n").load()

    assert [pd.Timestamp("2007-12-01"), pd.Timestamp("2009-06-01")] == table.iloc[0].tolist()


def test_an_absent_file_means_none(tmp_path: Path) -> None:
    dataset = EpisodesDataset(filepath=str(tmp_path / "absent.csv"))

    assert ["peak", "trough"] == list(dataset.load())
    assert (0, False) == (len(dataset.load()), dataset.exists())


@pytest.mark.parametrize("text", ["peak,end\n2007-12,2009-06\n", "peak,trough\n2007-12,June 2009\n"])
def test_another_table_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DatasetError, match="expected the columns peak and trough"):
        written(tmp_path, text).load()


def test_episodes_come_from_outside(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="Edit the file"):
        written(tmp_path, "peak,trough\n").save(pd.DataFrame())
