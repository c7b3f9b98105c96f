"""A picture of two recipes side by side: the loss avoided at each cutoff, and its running sum in a band of chance."""

import numpy as np
import pandas as pd

from pulse_kedro.domain.training.running import run_up
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

UPPER, LOWER = (0.0, 1.0, 0.58, 1.0), (0.0, 1.0, 0.0, 0.42)


def draw_comparison(losses: pd.DataFrame, champion: str, challenger: str, *, stride: int) -> Picture:
    """By how much the challenger's recipe was better or worse at each past cutoff, and in all.

    Args:
        losses: Columns recipe, cutoff and loss.
        champion: Recipe in charge before the decision.
        challenger: Recipe that was tested against it.
        stride: Every so-manieth cutoff has a forecast that does not overlap the one before; the sum is over these.

    Returns:
        Two panels; above 0 favours the challenger. Empty without two recipes.
    """
    table = losses.pivot_table(index="cutoff", columns="recipe", values="loss", observed=True)
    paired = table.reindex(columns=[champion, challenger]).dropna()
    gain = (paired[champion] - paired[challenger]) if champion != challenger else pd.Series(dtype=float)
    traces = [on_panel(_bars(gain), 0)]
    if len(gain):
        apart = paired.iloc[::stride]
        traces += [on_panel(trace, 1) for trace in _course(apart[champion], apart[challenger])]
    layout = panel_axes(
        0, UPPER, {"type": "date"}, {"title": {"text": "loss avoided by the challenger"}, "zeroline": True}
    )
    layout |= panel_axes(1, LOWER, {"type": "date"}, {"title": {"text": "sum of it"}, "zeroline": True})
    headings = [panel_title("At each cutoff", UPPER), panel_title("In all, where forecasts do not overlap", LOWER)]
    return compose(traces, {**layout, "annotations": headings}, height=560)


def _bars(gain: pd.Series) -> Trace:
    bars = {
        "type": "bar",
        "x": [str(when) for when in gain.index],
        "y": gain.round(5).tolist(),
        "name": "champion minus challenger",
        "hovertemplate": "%{x}: %{y:.4f}<extra></extra>",
        "showlegend": False,
    }
    return paint(bars, {"marker.color": ["good" if value > 0 else "watch" for value in gain]})


def _course(champion: pd.Series, challenger: pd.Series) -> list[Trace]:
    """The band as one closed shape, the sum as a line upon it."""
    course = run_up(champion.to_numpy(dtype=float), challenger.to_numpy(dtype=float))
    times = [str(when) for when in champion.index]
    edge = np.concatenate([course.band, -course.band[::-1]])
    shape = {
        "type": "scatter",
        "mode": "lines",
        "name": "what chance explains",
        "x": [*times, *times[::-1]],
        "y": edge.round(5).tolist(),
        "fill": "toself",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    line = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "sum of champion minus challenger",
        "x": times,
        "y": course.total.round(5).tolist(),
        "line": {"width": 2.4},
        "marker": {"size": 5},
        "hovertemplate": "%{x}: %{y:.3f}<extra></extra>",
        "showlegend": False,
    }
    roles = {"line.color": COMBINATION, "marker.color": COMBINATION}
    return [paint(shape, {"fillcolor": "band80"}), paint(line, roles)]
