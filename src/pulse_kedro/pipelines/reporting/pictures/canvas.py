"""What all pictures share: panels on a grid, colours by role, a quiet layout, and the JSON that Plotly reads.

Pictures are plain dictionaries; tests hand them to Plotly, which refuses what it does not know. A run does not.
A trace keeps in `meta` which of its colours belong to which role, so that a page can repaint it for dark mode.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
import pandas as pd

from pulse_kedro.pipelines.reporting.pictures.palette import LIGHT

Trace = dict[str, object]
Layout = dict[str, object]
Picture = dict[str, object]
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'


class Figure(Protocol):
    """A figure, as far as this room needs to know it; Plotly's own are among them."""

    def to_json(self) -> str | None:
        """The figure as JSON text."""
        ...


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished picture."""

    picture: Picture

    def to_json(self) -> str:
        """The picture as JSON text; what is not a number is `null`."""
        return json.dumps(as_json(self.picture), allow_nan=False)


def as_json(value: object) -> object:
    """Values that JSON can hold, as Plotly writes them: `null` for `nan` and infinity, dates in ISO form.

    Example:
        >>> as_json({"x": np.array([1.0, np.nan]), "y": (True, "a")})
        {'x': [1.0, None], 'y': [True, 'a']}
    """
    if isinstance(value, np.ndarray | np.generic):
        return as_json(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): as_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(inner) for inner in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value.isoformat() if isinstance(value, datetime) else value


def paint(trace: Mapping[str, object], roles: Mapping[str, str | Sequence[str]]) -> Trace:
    """The trace in the light colours of its roles, with the roles noted.

    Args:
        trace: A trace without colours.
        roles: Role by place, such as `{"line.color": "ink"}`; a list colours points one by one.

    Returns:
        A new trace.

    Example:
        >>> painted = paint({"line": {"width": 2}}, {"line.color": "ink"})
        >>> painted["line"], painted["meta"]
        ({'width': 2, 'color': '#1c2530'}, {'line.color': 'ink'})
    """
    painted: Trace = dict(trace)
    for place, name in roles.items():
        colour = LIGHT[name] if isinstance(name, str) else [LIGHT[one] for one in name]
        outer, _, inner = place.partition(".")
        held = painted.get(outer)
        painted[outer] = {**(held if isinstance(held, dict) else {}), inner: colour} if inner else colour
    return {**painted, "meta": dict(roles)}


def whiskers(rows: pd.DataFrame, middle: str) -> Layout:
    """Error bars without caps from `low` to `high` around a column.

    Args:
        rows: One row per mark, with `low` and `high`.
        middle: Column that the marks stand at.
    """
    return {
        "type": "data",
        "array": (rows["high"] - rows[middle]).clip(lower=0).round(4).tolist(),
        "arrayminus": (rows[middle] - rows["low"]).clip(lower=0).round(4).tolist(),
        "thickness": 1.4,
        "width": 0,
    }


def on_panel(trace: Trace, index: int) -> Trace:
    """The trace on the panel with this index, counted from 0."""
    return {**trace, "xaxis": f"x{_suffix(index)}", "yaxis": f"y{_suffix(index)}"}


def panel_axes(
    index: int, box: tuple[float, float, float, float], x: Mapping[str, object], y: Mapping[str, object]
) -> Layout:
    """The two axes of a panel.

    Args:
        index: Position of the panel, counted from 0.
        box: Left, right, bottom and top as shares of the picture.
        x: Settings of the horizontal axis.
        y: Settings of the vertical axis.
    """
    left, right, bottom, top = box
    name = _suffix(index)
    quiet: Layout = {"gridcolor": LIGHT["grid"], "linecolor": LIGHT["grid"], "zerolinecolor": LIGHT["muted"]}
    quiet |= {"zeroline": False, "automargin": True}
    plain = {"separatethousands": True, "exponentformat": "none"}
    return {
        f"xaxis{name}": {**quiet, "showgrid": False, "domain": [left, right], "anchor": f"y{name}", **x},
        f"yaxis{name}": {**quiet, **plain, "domain": [bottom, top], "anchor": f"x{name}", **y},
    }


def panel_title(text: str, box: tuple[float, float, float, float]) -> Layout:
    """A heading above a panel, for readers who see the picture without the report; `text` is already escaped."""
    place = {"x": box[0], "y": box[3], "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}
    return {"text": text, "showarrow": False, "font": {"size": 12}, **place}


def compose(traces: Sequence[Trace], layout: Layout, *, height: int) -> Picture:
    """A picture in the common style.

    Args:
        traces: What is drawn, in drawing order.
        layout: Axes, headings and what else differs.
        height: Pixels.
    """
    common: Layout = {
        "height": height,
        "font": {"family": FONT, "size": 12, "color": LIGHT["ink"]},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 56, "r": 16, "t": 36, "b": 40},
        "hoverlabel": {"font": {"family": FONT, "size": 12}},
        "legend": {"orientation": "h", "x": 0, "y": -60 / height, "yanchor": "top"},
        "separators": ".,",
        "dragmode": False,
        "template": {"layout": {}},
    }
    return {"data": list(traces), "layout": {**common, **layout}}


def to_figure(picture: Picture) -> Figure:
    """The picture as a figure that the catalog can store and kedro-viz can show."""
    return Drawing(picture)


def split_panels(figure: Figure) -> list[Picture]:
    """The panels of a figure as pictures of their own, so that a page can arrange them to its width.

    Args:
        figure: One or more panels; headings and a fixed height belong to the whole and are dropped.

    Returns:
        One picture per panel, in order, each on axes `x` and `y`; plain JSON values.
    """
    whole = json.loads(figure.to_json() or "{}")
    layout: Layout = whole.get("layout", {})
    common = {
        key: value
        for key, value in layout.items()
        if not key.startswith(("xaxis", "yaxis")) and key not in {"annotations", "height", "title"}
    }
    count = sum(key.startswith("xaxis") for key in layout)
    return [_panel(whole.get("data", []), layout, common, index) for index in range(count)]


def _panel(traces: list[Trace], layout: Layout, common: Layout, index: int) -> Picture:
    name = _suffix(index)
    mine = [trace for trace in traces if trace.get("xaxis", "x") == f"x{name}"]
    free = [{key: value for key, value in trace.items() if key not in {"xaxis", "yaxis"}} for trace in mine]
    axes = {axis: _free_axis(layout.get(f"{axis}{name}")) for axis in ("xaxis", "yaxis")}
    return {"data": free, "layout": {**common, **axes}}


def _free_axis(axis: object) -> Layout:
    settings = axis if isinstance(axis, dict) else {}
    return {key: value for key, value in settings.items() if key not in {"domain", "anchor"}}


def _suffix(index: int) -> str:
    return "" if index == 0 else str(index + 1)
