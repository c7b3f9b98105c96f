"""A picture of regimes: the probability of each watched state over time, where it was in force, and recessions."""

from collections.abc import Sequence

import pandas as pd

from pulse_kedro.domain.data_management.regimes import STATES
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

BOXES = {"growth": (0.0, 1.0, 0.58, 1.0), "volatility": (0.0, 1.0, 0.0, 0.42)}
"""Where the panel of each axis stands."""
TOP = 1.04
"""Height to which shades reach; a little above a probability of 1."""


def draw_regime_axes(regimes: pd.DataFrame, recessions: pd.DataFrame, *, enter: float, leave: float) -> Picture:
    """Probability of contraction and of turbulence, each period with what was known then.

    Args:
        regimes: One row per period and axis.
        recessions: `peak` and `trough` of what is shaded on the first panel; may be empty.
        enter: Probability above which a state begins.
        leave: Probability below which it ends.

    Returns:
        Two panels; empty where nothing could be estimated yet.
    """
    traces: list[Trace] = []
    layout: Layout = {}
    for index, (axis, box) in enumerate(BOXES.items()):
        rows = regimes[(regimes["axis"] == axis) & regimes["probability"].notna()]
        if len(rows):
            shades = _recessions(recessions, rows["ds"]) if axis == "growth" else []
            traces += [on_panel(trace, index) for trace in (*shades, _in_force(rows, axis), _line(rows, axis))]
        y: Layout = {"title": {"text": f"P({STATES[axis][1]})"}, "range": [0, TOP], "tickformat": ".1f"}
        layout |= panel_axes(index, box, {"type": "date"}, {**y, "tickvals": [0, leave, enter, 1]})
    headings = [panel_title(axis.capitalize(), box) for axis, box in BOXES.items()]
    return compose(traces, {**layout, "annotations": headings, "hovermode": "x"}, height=560)


def _line(rows: pd.DataFrame, axis: str) -> Trace:
    trace = {
        "type": "scatter",
        "mode": "lines",
        "name": f"P({STATES[axis][1]})",
        "x": _days(rows["ds"]),
        "y": rows["probability"].round(3).tolist(),
        "line": {"width": 1.2},
        "hovertemplate": "%{x|%b %Y}: %{y:.2f}<extra></extra>",
    }
    return paint(trace, {"line.color": COMBINATION})


def _in_force(rows: pd.DataFrame, axis: str) -> Trace:
    """A bar at the foot while the watched state is in force."""
    watched = (rows["state"] == STATES[axis][1]).to_numpy()
    trace = {
        "type": "scatter",
        "mode": "lines",
        "name": f"{STATES[axis][1]} in force",
        "x": _days(rows["ds"]),
        "y": [0.02 if here else None for here in watched],
        "line": {"width": 7},
        "connectgaps": False,
        "hoverinfo": "skip",
    }
    return paint(trace, {"line.color": "earlier"})


def _recessions(recessions: pd.DataFrame, seen: pd.Series) -> list[Trace]:
    """One filled outline for all recessions that the picture reaches."""
    shown = recessions[(recessions["trough"] >= seen.min()) & (recessions["peak"] <= seen.max())]
    if not len(shown):
        return []
    x: list[str | None] = []
    y: list[float | None] = []
    for row in shown.itertuples():
        first, last = _days(pd.Series([row.peak, row.trough]))
        x += [first, first, last, last, None]
        y += [0.0, TOP, TOP, 0.0, None]
    trace = {
        "type": "scatter",
        "mode": "lines",
        "name": "recession (NBER)",
        "x": x,
        "y": y,
        "fill": "toself",
        "line": {"width": 0},
        "hoverinfo": "skip",
    }
    return [paint(trace, {"fillcolor": "earlier_band", "line.color": "earlier_band"})]


def _days(moments: pd.Series) -> Sequence[str]:
    """Moments as text, to the hour where that matters."""
    daily = bool((moments == moments.dt.normalize()).all())
    days: list[str] = moments.dt.strftime("%Y-%m-%d" if daily else "%Y-%m-%d %H:%M").tolist()
    return days
