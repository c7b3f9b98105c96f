"""Figures in files: they come back as they were, whoever made them, and every reader can show them."""

import json
from pathlib import Path

import pytest
from plotly.graph_objects import Figure

from pulse_kedro.datasets.figure_dataset import Drawn, FigureDataset
from pulse_kedro.pipelines.reporting.pictures.canvas import Drawing

CONTENT = {"data": [{"type": "bar", "x": ["a"], "y": [None]}], "layout": {"height": 320}}


@pytest.mark.parametrize("figure", [Drawing({**CONTENT}), Figure(CONTENT)], ids=["ours", "Plotly's"])
def test_a_figure_comes_back_as_it_was(tmp_path: Path, figure: Drawn) -> None:
    dataset = FigureDataset(filepath=f"{tmp_path}/08_reporting/figure.json")
    dataset.save(figure)

    loaded = dataset.load()

    assert json.loads(str(figure.to_json())) == json.loads(loaded.to_json()) == dataset.preview()
    assert CONTENT["data"] == json.loads(str(loaded.to_plotly().to_json()))["data"]
    assert "PlotlyPreview" in str(FigureDataset.preview.__annotations__["return"])


def test_a_notebook_shows_it(tmp_path: Path) -> None:
    dataset = FigureDataset(filepath=f"{tmp_path}/figure.json")
    dataset.save(Drawing({**CONTENT}))

    assert {"application/vnd.plotly.v1+json": CONTENT} == dataset.load()._repr_mimebundle_(include=None)
