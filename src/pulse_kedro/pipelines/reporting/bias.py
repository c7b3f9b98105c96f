"""Where the forecasts lean: residuals of the backtest by slice, as a picture, a table and a sentence."""

import calendar
from html import escape

import numpy as np
import pandas as pd

from pulse_kedro.pipelines.reporting.canvas import (
    Layout,
    Picture,
    Trace,
    compose,
    on_panel,
    paint,
    panel_axes,
    panel_title,
)
from pulse_kedro.pipelines.reporting.tables import Table
from pulse_kedro.pipelines.reporting.wording import COMBINATION, change, listing, number, percent

KINDS = {"month": "By month of the target", "horizon": "By steps ahead", "group": "By group of series"}
SHORT_KINDS = {"month": "Month", "horizon": "Steps ahead", "group": "Group"}
BOXES = {"month": (0.0, 0.46, 0.62, 1.0), "horizon": (0.56, 1.0, 0.62, 1.0), "group": (0.0, 1.0, 0.0, 0.46)}
SHOWN_GROUPS = 12
_NAMED = 3
BAND = 2.0
"""Standard errors on each side of a mean that are drawn; about 95 % for a single slice."""


def leaning(bias: pd.DataFrame, errors: float) -> pd.DataFrame:
    """Slices whose mean residual differs from 0 by more than chance would often do.

    Args:
        bias: One row per kind and slice with mean_residual and standard_error.
        errors: Standard errors from which a slice counts.

    Returns:
        These rows, the strongest first.
    """
    strength = (bias["mean_residual"] / bias["standard_error"].where(bias["standard_error"] > 0)).abs()
    return bias.loc[strength[strength >= errors].sort_values(ascending=False).index]


def slice_name(kind: str, name: str) -> str:
    """A slice as people call it.

    Example:
        >>> slice_name("month", "02"), slice_name("horizon", "03"), slice_name("group", "Retail")
        ('Feb', '3', 'Retail')
    """
    if kind == "month" and name.isdigit() and 1 <= int(name) <= 12:  # noqa: PLR2004  (months)
        return calendar.month_abbr[int(name)]
    return str(int(name)) if kind == "horizon" and name.isdigit() else name


def bias_sentence(bias: pd.DataFrame, errors: float) -> str:
    """What the table says, in words.

    Args:
        bias: One row per kind and slice.
        errors: Standard errors from which a slice counts.
    """
    if bias.empty:
        return "There is no backtest yet, so nothing is known about systematic errors."
    found = leaning(bias, errors)
    if found.empty:
        return (
            f"No slice of the backtest leans by more than {errors:g} standard errors: what is left looks like chance."
        )
    strongest = [
        _in_words(str(row["kind"]), str(row["slice"]), float(row["mean_residual"]))
        for row in found.head(_NAMED).to_dict(orient="records")
    ]
    return (
        f"{leaning_sentence(bias, errors)} The surest: {listing(strongest)}. The slices share one backtest, so they are not "
        "independent. No rule corrects this yet."
    )


def leaning_sentence(bias: pd.DataFrame, errors: float) -> str:
    """How many slices lean, and to which side; empty when none does.

    Args:
        bias: One row per kind and slice.
        errors: Standard errors from which a slice counts.
    """
    found = leaning(bias, errors)
    if found.empty:
        return ""
    low = int((found["mean_residual"] > 0).sum())
    high = len(found) - low
    sides = " and ".join(f"too {side} in {number(count)}" for side, count in (("low", low), ("high", high)) if count)
    return (
        f"In the backtest the forecasts lean by more than {errors:g} standard errors in {number(len(found))} of "
        f"{number(len(bias))} slices (months, steps ahead, groups of series): {sides}."
    )


def _in_words(kind: str, raw: str, mean: float) -> str:
    name = slice_name(kind, raw)
    place = {"month": f"forecasts for {name}", "horizon": f"forecasts {name} steps ahead"}.get(
        kind, f"forecasts of {name}"
    )
    return f"{place} (too {'low' if mean > 0 else 'high'} by {percent(abs(mean), 1)} of the usual seasonal change)"


def bias_table(bias: pd.DataFrame) -> Table:
    """Every slice with its mean residual.

    Args:
        bias: One row per kind and slice.
    """
    rows = tuple(
        (
            SHORT_KINDS.get(str(row["kind"]), str(row["kind"])),
            slice_name(str(row["kind"]), str(row["slice"])),
            change(float(row["mean_residual"])),
            percent(float(row["standard_error"]), 1),
            percent(float(row["mean_absolute_residual"]), 1),
            number(int(row["n"])),
        )
        for row in bias.to_dict(orient="records")
    )
    head = ("Slice", "Value", "Actual − forecast", "Standard error", "Mean miss", "Forecasts")
    return Table(caption="In percent of the usual seasonal change", head=head, rows=rows, texts=(0, 1))


def draw_bias_panels(bias: pd.DataFrame) -> Picture:
    """Mean residual of each slice with its uncertainty, one panel per kind; the largest groups only.

    Args:
        bias: One row per kind and slice.
    """
    traces: list[Trace] = []
    layout: Layout = {}
    for index, (kind, box) in enumerate(BOXES.items()):
        rows = bias[bias["kind"] == kind]
        if kind == "group":
            rows = rows.sort_values("n", kind="mergesort").tail(SHOWN_GROUPS)
        traces.append(on_panel(_dots(rows, kind), index))
        layout |= _bias_axes(index, box, kind)
    headings = [panel_title(KINDS[kind], box) for kind, box in BOXES.items()]
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
