"""Pictures of what is suspicious in the data: how often and when, and the worst series with their findings marked."""

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd

from pulse_kedro.domain.panel import ID, TARGET, TIME, frequency
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
from pulse_kedro.pipelines.reporting.wording import digits_for, hover_date, shorten

MARKS = {
    "outlier": ("watch", "circle-open"),
    "level_shift": ("seasonal_drift", "diamond-open"),
    "unit": ("earlier", "x-thin-open"),
    "constant": ("member", "square-open"),
    "range": ("seasonal_naive", "cross-thin-open"),
    "gap": ("baseline", "line-ns-open"),
}
"""Colour role and symbol of each kind that has a place in time, in the order of the legend."""
SPEAKING = ("outlier", "unit", "constant", "range", "level_shift")
"""Kinds by which series are ranked: what speaks against values, before what may just be news."""
WORST = 6
SHOWN_PERIODS = 1500
"""Periods of one panel; ours, about two per pixel."""
YEARS = 4
"""Years of data from which findings are counted by year; below by month, and below one year by day."""
COLUMNS, ROW, GAP, TITLE = 3, 210, 46, 42


def worst_series(findings: pd.DataFrame, count: int = WORST) -> list[str]:
    """Series with the most suspicious values, then with the most findings, then by name.

    Args:
        findings: Columns unique_id, kind, n.
        count: Most series.
    """
    speaking = findings[findings["kind"].isin(SPEAKING)]
    values = speaking["n"].where(speaking["kind"].ne("level_shift"), 0)
    table = pd.DataFrame({"values": values.groupby(speaking[ID]).sum(), "findings": speaking.groupby(ID).size()})
    ranked = table.sort_index().sort_values(["values", "findings"], ascending=False, kind="stable")
    return [str(name) for name in ranked.index[:count]]


def draw_suspicions(
    rows: pd.DataFrame, findings: pd.DataFrame, titles: Sequence[tuple[str, str]], frequency_name: str
) -> Picture:
    """Findings by kind over time across the whole width, and a panel per series below.

    Args:
        rows: Observations, as the source has them.
        findings: One row per finding.
        titles: Ids of the series that are shown, each with its title.
        frequency_name: Name of the frequency.

    Returns:
        One panel, and one per series; nothing is drawn without findings.
    """
    lines = 1 + -(-len(titles) // COLUMNS)
    height = lines * (ROW + GAP) + GAP
    top = (0.0, 1.0, 1 - ROW / height, 1.0)
    layout: Layout = panel_axes(0, top, {"type": "date"}, {"title": {"text": "findings"}, "rangemode": "tozero"})
    traces = [on_panel(trace, 0) for trace in count_bars(findings, rows)]
    headings = [panel_title("Findings by the period in which they begin", top)]
    for index, (name, title) in enumerate(titles, start=1):
        box = _box(index, height)
        own = rows.loc[rows[ID] == name, [TIME, TARGET]]
        marked = findings[(findings[ID] == name) & findings["kind"].isin(MARKS)]
        traces += [on_panel(trace, index) for trace in series_traces(own, marked, frequency_name)]
        layout |= panel_axes(index, box, {"type": "date", "hoverformat": hover_date(frequency_name)}, {})
        headings.append(panel_title(escape(shorten(title, TITLE)), box))
    extra: Layout = {"annotations": headings, "barmode": "stack", "bargap": 0.1, "hovermode": "closest"}
    return compose(traces, {**layout, **extra}, height=height)


def count_bars(findings: pd.DataFrame, rows: pd.DataFrame) -> list[Trace]:
    """Stacked bars, one trace per kind that occurs.

    Args:
        findings: Columns kind and ds.
        rows: Observations, for the span that is counted over.
    """
    placed = findings[findings[TIME].notna() & findings["kind"].isin(MARKS)]
    years = (rows[TIME].max() - rows[TIME].min()).days / 365.25 if len(rows) else 0.0
    step = "Y" if years >= YEARS else "M" if years >= 1 else "D"
    bucket = placed[TIME].dt.to_period(step).dt.start_time
    traces = []
    for kind in MARKS:
        counts = bucket[placed["kind"] == kind].value_counts().sort_index()
        bars = {
            "type": "bar",
            "name": kind_name(kind),
            "x": [f"{when:%Y-%m-%d}" for when in counts.index],
            "y": [int(count) for count in counts],
            "hovertemplate": f"{kind_name(kind)}: %{{y}}<extra>%{{x}}</extra>",
        }
        traces += [paint(bars, {"marker.color": MARKS[kind][0]})] if len(counts) else []
    return traces


def series_traces(own: pd.DataFrame, marked: pd.DataFrame, frequency_name: str) -> list[Trace]:
    """Values of a series on the regular grid, and a mark at the beginning of each finding.

    Args:
        own: Columns ds and y of one series.
        marked: Its findings.
        frequency_name: Name of the frequency.
    """
    freq = frequency(frequency_name)
    values = own.set_index(TIME)[TARGET].sort_index()
    grid = _around(freq.grid(values.index.min(), values.index.max()), marked[TIME])
    line = values.reindex(grid)
    digits = digits_for(line.tolist())
    shape = {"type": "scatter", "mode": "lines", "showlegend": False, "line": {"width": 1.2}, "hoverinfo": "skip"}
    traces = [paint({**shape, "x": _dates(grid), "y": _numbers(line, digits)}, {"line.color": "ink"})]
    for kind, (role, symbol) in MARKS.items():
        found = marked[(marked["kind"] == kind) & marked[TIME].between(grid.min(), grid.max())]
        height = line.ffill().reindex(found[TIME])
        marks = {
            "type": "scatter",
            "mode": "markers",
            "showlegend": False,
            "name": kind_name(kind),
            "x": _dates(pd.DatetimeIndex(found[TIME])),
            "y": _numbers(height, digits),
            "text": [escape(str(words)) for words in found["evidence"]],
            "marker": {"size": 8, "symbol": symbol, "line": {"width": 2}},
            "hovertemplate": f"%{{x}}<br>{kind_name(kind)}: %{{text}}<extra></extra>",
        }
        traces += [paint(marks, {"marker.color": role})] if len(found) else []
    return traces


def kind_name(kind: str) -> str:
    """A kind of finding as people read it.

    Example:
        >>> kind_name("level_shift"), kind_name("unit")
        ('new level', 'change of unit')
    """
    return {"level_shift": "new level", "unit": "change of unit", "constant": "unmoved"}.get(kind, kind)


def _around(grid: pd.DatetimeIndex, found: pd.Series) -> pd.DatetimeIndex:
    """The newest periods that hold the last finding, as many as a panel shows."""
    if len(grid) <= SHOWN_PERIODS:
        return grid
    last = int(grid.searchsorted(found.max())) if found.notna().any() else len(grid)
    stop = min(len(grid), max(SHOWN_PERIODS, last + SHOWN_PERIODS // 10))
    return grid[stop - SHOWN_PERIODS : stop]


def _box(index: int, height: int) -> tuple[float, float, float, float]:
    row = 1 + (index - 1) // COLUMNS
    top = 1 - row * (ROW + GAP) / height
    width = (1 - (COLUMNS - 1) * 0.06) / COLUMNS
    left = (index - 1) % COLUMNS * (width + 0.06)
    return left, left + width, top - ROW / height, top


def _dates(when: pd.DatetimeIndex) -> list[str]:
    return [str(text) for text in when.strftime("%Y-%m-%d" if (when.hour == 0).all() else "%Y-%m-%dT%H:%M")]


def _numbers(values: pd.Series, digits: int) -> list[float]:
    return [round(float(value), digits + 1) if np.isfinite(value) else float("nan") for value in values]
