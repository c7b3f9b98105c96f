"""A picture of systematic errors: mean residual by season, step and group."""

from html import escape

import numpy as np
import pandas as pd

from pulse_kedro.pipelines.reporting.pictures.canvas import (
    Layout,
    Picture,
    Trace,
    compose,
    on_panel,
    paint,
    panel_axes,
    panel_title,
)
from pulse_kedro.pipelines.reporting.wording import COMBINATION, KINDS, season_kind, slice_name

BOXES = {"season": (0.0, 0.46, 0.62, 1.0), "horizon": (0.56, 1.0, 0.62, 1.0), "group": (0.0, 1.0, 0.0, 0.46)}
SHOWN_GROUPS = 12
BAND = 2.0
"""Standard errors on each side of a mean that are drawn; about 95 % for a single slice."""


def draw_bias_panels(bias: pd.DataFrame) -> Picture:
    """Mean residual of each slice with its uncertainty, one panel per kind; the largest groups only.

    Args:
        bias: One row per kind and slice.
    """
    traces: list[Trace] = []
    layout: Layout = {}
    kinds = {place: season_kind(bias["kind"]) if place == "season" else place for place in BOXES}
    for index, (place, box) in enumerate(BOXES.items()):
        kind = kinds[place]
        rows = bias[bias["kind"] == kind]
        if kind == "group":
            rows = rows.sort_values("n", kind="mergesort").tail(SHOWN_GROUPS)
        traces.append(on_panel(_dots(rows, kind), index))
        layout |= _bias_axes(index, box, kind)
    headings = [panel_title(f"By {KINDS[kinds[place]]}", box) for place, box in BOXES.items()]
    return compose(traces, {**layout, "annotations": headings, "showlegend": False}, height=720)


def _bias_axes(index: int, box: tuple[float, float, float, float], kind: str) -> Layout:
    value = {"tickformat": ".0%", "zeroline": True, "title": {"text": "actual − forecast"}}
    names: Layout = {"type": "category"}
    return panel_axes(index, box, value, names) if kind == "group" else panel_axes(index, box, names, value)


def _dots(rows: pd.DataFrame, kind: str) -> Trace:
    names = [escape(slice_name(kind, str(name))) for name in rows["slice"]]
    means = [round(float(value), 5) for value in rows["mean_residual"]]
    spread = [round(BAND * float(value), 5) if np.isfinite(value) else 0.0 for value in rows["standard_error"]]
    along, across = ("y", "x") if kind == "group" else ("x", "y")
    trace = {
        "type": "scatter",
        "mode": "markers",
        along: names,
        across: means,
        f"error_{across}": {"type": "data", "array": spread, "thickness": 1.4, "width": 0},
        "marker": {"size": 8},
        "hovertemplate": f"%{{{along}}}: %{{{across}:+.1%}}<extra></extra>",
    }
    return paint(trace, {"marker.color": COMBINATION, f"error_{across}.color": COMBINATION})
