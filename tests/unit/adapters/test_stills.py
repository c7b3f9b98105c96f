"""Still pictures of figures: what is drawn where, and that odd figures do not fail."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from pulse_kedro.adapters.stills import WIDTH, draw_still

DATE, NAME = {"type": "date"}, {"type": "category"}
RED = "#ff0000"


def a_figure(*traces: dict[str, Any], x: dict[str, Any] | None = None, **layout: object) -> dict[str, Any]:
    axes = {"xaxis": {"domain": [0.0, 1.0], **(x or {})}, "yaxis": {"domain": [0.0, 1.0]}}
    return {"data": list(traces), "layout": {"height": 200, **axes, **layout}}


def elements(picture: str) -> list[ET.Element]:
    return list(ET.fromstring(picture).iter())  # noqa: S314  # our own text


def in_red(picture: str) -> list[str]:
    """Kinds of what is drawn in red."""
    found = [one for one in elements(picture) if RED in (one.get("fill"), one.get("stroke"))]
    return [one.tag.partition("}")[2] for one in found]


def words(picture: str) -> list[str]:
    return [str(one.text) for one in elements(picture) if one.tag.endswith("text")]


LINE = {"type": "scatter", "mode": "lines", "x": [1, 2], "y": [1.0, None], "line": {"color": RED}}
DOTS = {"type": "scatter", "mode": "markers", "marker": {"color": RED, "size": 8}}
BAND = {"type": "scatter", "mode": "lines", "fill": "toself", "fillcolor": RED, "y": [1, 1, 2, 2]}


@pytest.mark.parametrize(
    ("trace", "x", "kinds"),
    [
        ({"type": "scatter", "mode": "lines", "x": [1, 2], "y": [1, 2], "line": {"color": RED}}, {}, ["path"]),
        ({**DOTS, "x": [1, 2], "y": [1, None]}, {}, ["circle"]),
        ({**DOTS, "x": [1], "y": [1], "error_y": {"array": [0.5]}}, {}, ["path", "circle"]),
        ({"type": "bar", "x": ["a"], "y": [2], "marker": {"color": [RED]}}, NAME, ["rect"]),
        ({"type": "bar", "orientation": "h", "x": [2], "y": [1], "marker": {"color": RED}}, {}, ["rect"]),
        ({**BAND, "x": ["2019-01-01", "2019-02-01", "2019-02-01", "2019-01-01"]}, DATE, ["path"]),
    ],
    ids=["line", "markers", "error bars", "bars", "lying bars", "band"],
)
def test_each_kind_of_trace_is_drawn_in_its_colour(trace: dict[str, Any], x: dict[str, Any], kinds: list[str]) -> None:
    assert kinds == in_red(draw_still(a_figure(trace, x=x)))
    assert [] == in_red(draw_still(a_figure(x=x)))


def test_points_lie_where_the_axes_say() -> None:
    figure = a_figure({**DOTS, "x": [0, 5, 10], "y": [0, 1, 2]}, x={"range": [0, 10]})
    figure["layout"]["yaxis"]["range"] = [0, 2]

    circles = [one for one in elements(draw_still(figure)) if one.tag.endswith("circle")]

    assert [150.0, 615.0, 1080.0] == [float(one.get("cx", "nan")) for one in circles]
    assert [230.0, 130.0, 30.0] == [float(one.get("cy", "nan")) for one in circles]


def test_bars_of_a_stack_stand_on_each_other() -> None:
    bars = [{"type": "bar", "x": ["a"], "y": [size], "marker": {"color": RED}} for size in (1, 3)]
    picture = draw_still(a_figure(*bars, x=NAME, barmode="stack"))

    boxes = [one for one in elements(picture) if one.get("fill") == RED]
    (_, low), (top, high) = ([float(one.get(name, "nan")) for name in ("y", "height")] for one in boxes)

    assert float(boxes[0].get("y", "nan")) == pytest.approx(top + high, abs=0.2)
    assert 3 == pytest.approx(high / low, rel=0.01)


def test_a_line_is_lifted_over_a_gap() -> None:
    trace = {**LINE, "x": [1, 2, 3, 4], "y": [1, None, 1, 2]}

    (line,) = (one for one in elements(draw_still(a_figure(trace))) if one.get("stroke") == RED)

    assert (2, 1) == (line.get("d", "").count("M"), line.get("d", "").count("L"))


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        (a_figure(), None),
        (a_figure({**LINE, "x": [], "y": []}, x=DATE), None),
        (a_figure({**LINE, "name": "a <b>bold</b> & $5 name"}, LINE), "a bold & $5 name"),
        (a_figure(LINE, annotations=[{"text": "Costs $1 &amp; $2", "x": 0.0, "y": 1.0}]), "Costs $1 & $2"),
    ],
    ids=["no trace", "no points", "markup and dollars in a name", "markup and dollars in a heading"],
)
def test_an_odd_figure_is_a_picture_of_the_common_width(figure: dict[str, Any], expected: str | None) -> None:
    picture = draw_still(figure)

    assert str(WIDTH) == elements(picture)[0].get("width")
    assert expected is None or expected in words(picture)
