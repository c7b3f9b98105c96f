"""A picture of calibration: observed against promised shares, outcomes between quantiles, and coverage over time."""

from collections.abc import Mapping, Sequence

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
from pulse_kedro.pipelines.reporting.wording import COMBINATION

BOXES = {"reliability": (0.0, 0.46, 0.62, 1.0), "pit": (0.56, 1.0, 0.62, 1.0), "rolling": (0.0, 1.0, 0.0, 0.46)}
HEADINGS = {
    "reliability": "Observed against promised share",
    "pit": "Outcomes between two quantiles over the promised share",
    "rolling": "Coverage of 80 %, last 30 cutoffs",
}
_SHARE: Mapping[str, object] = {"tickformat": ".0%"}


def draw_promises(calibration: pd.DataFrame) -> Picture:
    """Three panels: reliability with its interval, PIT histogram over what was promised, rolling coverage.

    Args:
        calibration: One row per kind and slice; may be empty.
    """
    kinds = {kind: calibration[calibration["kind"] == kind] for kind in BOXES}
    panels = (_reliability(kinds["reliability"]), _histogram(kinds["pit"]), _rolling(kinds["rolling"]))
    axes: tuple[tuple[Mapping[str, object], Mapping[str, object]], ...] = (
        (_SHARE, _SHARE),
        ({"type": "category", "title": {"text": "upper level"}}, {"rangemode": "tozero"}),
        ({"type": "date"}, _SHARE),
    )
    layout: Layout = {}
    for index, (box, (x, y)) in enumerate(zip(BOXES.values(), axes, strict=True)):
        layout |= panel_axes(index, box, x, y)
    headings = [panel_title(HEADINGS[kind], box) for kind, box in BOXES.items()]
    traces = [on_panel(trace, index) for index, panel in enumerate(panels) for trace in panel]
    return compose(traces, {**layout, "annotations": headings, "showlegend": False}, height=720)


def _reliability(rows: pd.DataFrame) -> list[Trace]:
    nominal = rows["nominal"].round(4).tolist()
    spread = {
        "type": "data",
        "array": (rows["high"] - rows["empirical"]).clip(lower=0).round(4).tolist(),
        "arrayminus": (rows["empirical"] - rows["low"]).clip(lower=0).round(4).tolist(),
        "thickness": 1.4,
        "width": 0,
    }
    dots: Trace = {"type": "scatter", "mode": "markers", "x": nominal, "y": rows["empirical"].round(4).tolist()}
    dots |= {"error_y": spread, "marker": {"size": 7}, "hovertemplate": "%{x:.1%}: %{y:.1%}<extra></extra>"}
    painted = paint(dots, {"marker.color": COMBINATION, "error_y.color": COMBINATION})
    return [_promise(nominal, nominal), painted]


def _histogram(rows: pd.DataFrame) -> list[Trace]:
    levels = rows["slice"].tolist()
    bars: Trace = {"type": "bar", "x": levels, "y": (rows["empirical"] / rows["nominal"]).round(3).tolist()}
    bars |= {"hovertemplate": "up to %{x}: %{y:.2f} times the promise<extra></extra>"}
    return [paint(bars, {"marker.color": COMBINATION}), _promise(levels, [1.0] * len(levels))]


def _rolling(rows: pd.DataFrame) -> list[Trace]:
    days = [str(when)[:10] for when in rows["slice"]]
    line: Trace = {"type": "scatter", "mode": "lines", "x": days, "y": rows["empirical"].round(4).tolist()}
    line |= {"hovertemplate": "%{x|%b %Y}: %{y:.1%}<extra></extra>"}
    return [_promise(days, rows["nominal"].tolist()), paint(line, {"line.color": COMBINATION})]


def _promise(x: Sequence[object], y: Sequence[float]) -> Trace:
    line = {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "line": {"width": 1, "dash": "dot"},
        "hoverinfo": "skip",
    }
    return paint(line, {"line.color": "muted"})
