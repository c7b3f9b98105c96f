"""A picture of drift: how near each scope is to an alarm, and the errors of the champion with the watched window."""

import numpy as np
import pandas as pd

from pulse_kedro.pipelines.reporting.pictures.canvas import (
    Picture,
    Trace,
    compose,
    on_panel,
    paint,
    panel_axes,
    panel_title,
)
from pulse_kedro.pipelines.reporting.wording import COMBINATION

BOXES = {"reach": (0.0, 1.0, 0.58, 1.0), "errors": (0.0, 1.0, 0.0, 0.42)}
"""Where each panel stands."""
SHOWN = ("level", "size", "shape", "season")
"""Detectors that have a mark."""
SYMBOLS = ("circle", "square", "diamond", "cross")


def draw_drift_panels(report: pd.DataFrame, errors: pd.DataFrame, *, window: int) -> Picture:
    """Largest statistic of each detector as a share of its threshold, by scope, and the mean error one step ahead.

    Args:
        report: The drift report.
        errors: Errors of the recipe that serves, one row per series and cutoff.
        window: Newest cutoffs that were compared with those before.

    Returns:
        Two panels; the first one is empty where nothing could be said.
    """
    marks = [on_panel(trace, 0) for trace in _marks(report)]
    line = [on_panel(trace, 1) for trace in _errors(errors, window)]
    layout = panel_axes(
        0, BOXES["reach"], {"title": {"text": "share of the threshold"}, "rangemode": "tozero"}, {"type": "category"}
    )
    layout |= panel_axes(
        1, BOXES["errors"], {"type": "date"}, {"title": {"text": "mean |error| / scale"}, "rangemode": "tozero"}
    )
    headings = [
        panel_title("How near to an alarm", BOXES["reach"]),
        panel_title("Errors one step ahead", BOXES["errors"]),
    ]
    return compose([*marks, *line], {**layout, "annotations": headings, "hovermode": "closest"}, height=560)


def _marks(report: pd.DataFrame) -> list[Trace]:
    """A mark per scope and detector: filled in the colour of a warning where there is an alarm."""
    known = report[report["detector"].isin(SHOWN) & report["p"].notna()]
    share = (known["statistic"] / known["threshold"]).astype(float)
    most = (
        known.assign(share=share)
        .groupby(["detector", "scope"], sort=True)
        .agg(share=("share", "max"), alarm=("alarm", "max"))
        .reset_index()
    )
    traces = []
    for detector, symbol in zip(SHOWN, SYMBOLS, strict=True):
        for alarm, colour in ((False, COMBINATION), (True, "watch")):
            rows = most[(most["detector"] == detector) & (most["alarm"].astype(bool) == alarm)]
            if rows.empty:
                continue
            trace = {
                "type": "scatter",
                "mode": "markers",
                "name": f"{detector}, alarm" if alarm else detector,
                "x": rows["share"].round(3).tolist(),
                "y": rows["scope"].tolist(),
                "marker": {"size": 10, "symbol": symbol},
                "hovertemplate": f"{detector}: %{{x:.2f}} of its threshold<extra>%{{y}}</extra>",
            }
            traces.append(paint(trace, {"marker.color": colour}))
    return traces


def _errors(errors: pd.DataFrame, window: int) -> list[Trace]:
    """Mean size of the errors over time, the window in a colour of its own."""
    scaled = ((errors["y"] - errors["y_hat"]).abs() / errors["scale"]).replace([np.inf, -np.inf], np.nan)
    mean = scaled.groupby(errors["cutoff"]).mean().dropna()
    parts = {"reference": (mean.iloc[: -window or None], "naive"), "window": (mean.iloc[-window - 1 :], COMBINATION)}
    return [
        paint(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": [when.isoformat() for when in values.index],
                "y": values.round(4).tolist(),
                "line": {"width": 1.4},
                "hovertemplate": "%{x|%b %Y}: %{y:.2f}<extra></extra>",
            },
            {"line.color": colour},
        )
        for name, (values, colour) in parts.items()
        if len(values)
    ]
