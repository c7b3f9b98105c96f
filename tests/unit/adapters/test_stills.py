"""Still pictures of figures: what is drawn, and that odd figures do not fail."""

import io
from typing import Any

import pytest

from pulse_kedro.adapters.stills import WIDTH, draw_still

DATE, NAME = {"type": "date"}, {"type": "category"}


def a_figure(*traces: dict[str, Any], x: dict[str, Any] | None = None, **layout: object) -> dict[str, Any]:
    axes = {"xaxis": {"domain": [0.0, 1.0], **(x or {})}, "yaxis": {"domain": [0.0, 1.0]}}
    return {"data": list(traces), "layout": {"height": 200, **axes, **layout}}


def is_somewhere_red(picture: bytes) -> bool:
    from matplotlib.image import imread

    return bool((imread(io.BytesIO(picture))[..., :3] == (1.0, 0.0, 0.0)).all(axis=-1).any())


LINE = {"type": "scatter", "mode": "lines", "x": [1, 2], "y": [1.0, None], "line": {"color": "#ff0000"}}


@pytest.mark.parametrize(
    ("trace", "x"),
    [
        ({"type": "scatter", "mode": "lines", "x": [1, 2], "y": [1, 2], "line": {"color": "#ff0000", "width": 9}}, {}),
        ({"type": "scatter", "mode": "markers", "x": [1], "y": [1], "marker": {"color": "#ff0000", "size": 30}}, {}),
        ({"type": "bar", "x": ["a"], "y": [2], "marker": {"color": ["#ff0000"]}}, NAME),
        ({"type": "bar", "orientation": "h", "x": [2], "y": [1], "marker": {"color": "#ff0000"}}, {}),
        (
            {
                "type": "scatter",
                "mode": "lines",
                "fill": "toself",
                "fillcolor": "rgb(255, 0, 0)",
                "x": ["2019-01-01", "2019-02-01", "2019-02-01", "2019-01-01"],
                "y": [1, 1, 2, 2],
            },
            DATE,
        ),
    ],
    ids=["line", "markers", "bars", "lying bars", "band"],
)
def test_each_kind_of_trace_is_drawn_in_its_colour(trace: dict[str, Any], x: dict[str, Any]) -> None:
    assert is_somewhere_red(draw_still(a_figure(trace, x=x)))
    assert not is_somewhere_red(draw_still(a_figure(x=x)))


@pytest.mark.parametrize(
    "figure",
    [
        a_figure(),
        a_figure({**LINE, "x": [], "y": []}, x=DATE),
        a_figure({**LINE, "name": "a <b>bold</b> & $5 name"}, LINE),
        a_figure(LINE, annotations=[{"text": "Costs $1 &amp; $2", "x": 0.0, "y": 1.0}]),
    ],
    ids=["no trace", "no points", "markup and dollars in a name", "markup and dollars in a heading"],
)
def test_an_odd_figure_is_a_picture_of_the_common_width(figure: dict[str, Any]) -> None:
    from matplotlib.image import imread

    assert WIDTH == imread(io.BytesIO(draw_still(figure))).shape[1]
