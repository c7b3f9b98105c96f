"""A picture of where errors are: mean scaled error by steps ahead, year and regime, each with its interval."""

from html import escape

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
    whiskers,
)
from pulse_kedro.pipelines.reporting.wording import COMBINATION

BOXES = {"horizon": (0.0, 0.46, 0.62, 1.0), "time": (0.56, 1.0, 0.62, 1.0), "regime": (0.0, 1.0, 0.0, 0.46)}
HEADINGS = {"horizon": "By steps ahead", "time": "By year of the cutoff", "regime": "By regime at the cutoff"}


def draw_error_slices(errors: pd.DataFrame) -> Picture:
    """Mean error of each slice with its interval, one panel per kind.

    Args:
        errors: One row per kind and slice.
    """
    traces: list[Trace] = []
    layout: Layout = {}
    for index, (kind, box) in enumerate(BOXES.items()):
        traces.append(on_panel(_dots(errors[errors["kind"] == kind]), index))
        value: Layout = {"title": {"text": "scaled error"}, "rangemode": "tozero", "tickformat": ".2f"}
        layout |= panel_axes(index, box, {"type": "category"}, value)
    headings = [panel_title(HEADINGS[kind], box) for kind, box in BOXES.items()]
    return compose(traces, {**layout, "annotations": headings, "showlegend": False}, height=720)


def _dots(rows: pd.DataFrame) -> Trace:
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [escape(str(name)) for name in rows["slice"]],
        "y": rows["loss"].round(4).tolist(),
        "error_y": whiskers(rows, "loss"),
        "marker": {"size": 8},
        "hovertemplate": "%{x}: %{y:.2f}<extra></extra>",
    }
    return paint(trace, {"marker.color": COMBINATION, "error_y.color": COMBINATION})
