"""A picture of trust: every recipe that served, and where the one that serves is trusted, each with its interval."""

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
from pulse_kedro.pipelines.reporting.wording import trust_place

BOXES = {"recipes": (0.0, 1.0, 0.62, 1.0), "cells": (0.0, 1.0, 0.0, 0.46)}
SHOWN_CELLS = 12


def draw_trust_panels(trust: pd.DataFrame, recipe: str) -> Picture:
    """Trust in skill with its interval, one panel for recipes and one for the cells of one recipe.

    Args:
        trust: One row per recipe, cell and event.
        recipe: The recipe that serves, as it stands in the table.

    Returns:
        Two panels, trust from 0 to 1 to the right. Empty before a forecast came due; the cells with most evidence only.
    """
    skill = trust[trust["event"] == "skill"]
    recipes = skill[skill["level"] == "overall"]
    cells = skill[(skill["level"] == "cell") & (skill["entity"] == recipe)]
    cells = cells.sort_values("n_eff", kind="mergesort").tail(SHOWN_CELLS)
    value: Layout = {"range": [0, 1], "tickformat": ".0%", "title": {"text": "trust"}}
    layout = panel_axes(0, BOXES["recipes"], value, {"type": "category"})
    layout |= panel_axes(1, BOXES["cells"], value, {"type": "category"})
    traces = [
        on_panel(_dots(recipes, list(recipes["entity"])), 0),
        on_panel(_dots(cells, [trust_place(*pair) for pair in zip(cells["group"], cells["regime"], strict=True)]), 1),
    ]
    headings = [
        panel_title("Recipes that served", BOXES["recipes"]),
        panel_title("Where the serving one is", BOXES["cells"]),
    ]
    return compose(traces, {**layout, "annotations": headings, "showlegend": False}, height=480)


def _dots(rows: pd.DataFrame, names: list[str]) -> Trace:
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": rows["mean"].round(4).tolist(),
        "y": [escape(name) for name in names],
        "error_x": whiskers(rows, "mean"),
        "marker": {"size": 9},
        "hovertemplate": "%{y}: %{x:.2f}<extra></extra>",
    }
    colours = ["good" if earned else "watch" for earned in rows["trusted"]]
    return paint(trace, {"marker.color": colours, "error_x.color": "muted"})
