"""The columns that the documents explain are the columns that a cycle writes."""

from fnmatch import fnmatch
from pathlib import Path

import pandas as pd
import pytest
from omegaconf import OmegaConf

from cycles import Place

pytestmark = pytest.mark.slow

FRAMES = OmegaConf.to_container(OmegaConf.load(Path(__file__).parents[2] / "docs" / "frames.yml"))
STATIC = {"observations": {"title"}, "quarantine": {"title"}}
"""Columns that only the bundled source has."""


@pytest.mark.parametrize("name", list(FRAMES))
def test_columns_of_a_frame_are_those_of_its_file(grown: Place, name: str) -> None:
    frame: pd.DataFrame = grown.load(name)
    columns = set(frame.columns) - STATIC.get(name, set())
    words = list(FRAMES[name])

    assert [] == [column for column in columns if not any(fnmatch(column, word) for word in words)]
    assert [] == [word for word in words if not any(fnmatch(column, word) for column in columns)]
