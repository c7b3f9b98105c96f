"""Forecast fans: the past of a series, what is forecast, and what was forecast earlier for periods that have come."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from pulse_kedro.domain.cycle import Period
from pulse_kedro.domain.ledger import CYCLE, POINT, Ledger, as_served
from pulse_kedro.domain.panel import ID, TARGET, TIME, Frequency, frequency
from pulse_kedro.pipelines.reporting.intervals import BANDS, bound
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
from pulse_kedro.pipelines.reporting.wording import digits_for, hover_date, period, shorten, span

COLUMNS = 3
ROW, GAP = 230, 46
"""Pixels of a row of panels, and of the gap below it."""
TITLE = 42
"""Letters that fit above a narrow panel."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Story:
    """One series as the reader sees it: past values, new forecast, and an older forecast of periods that have come.

    `past` has ds, y (gaps as `nan`); `future` and `earlier` have the columns of forecasts, `earlier` may be empty.
    """

    past: pd.DataFrame
    future: pd.DataFrame
    earlier: pd.DataFrame


def past_values(panel: pd.DataFrame, unique_id: str, period_: Period, seasons: int) -> pd.DataFrame:
    """Newest values of a series on the regular grid, gaps as `nan`.

    Args:
        panel: Observations.
        unique_id: The series.
        period_: Where the cycle stands; nothing after its `as_of` is shown.
        seasons: Seasons to go back.

    Returns:
        Columns ds and y; empty for an unknown series.
    """
    freq = frequency(period_.frequency)
    own = panel[(panel[ID] == unique_id) & (panel[TIME] <= period_.as_of)].set_index(TIME)[TARGET]
    start = freq.shift(period_.as_of, -seasons * freq.season_length)
    own = own[own.index >= start]
    if own.empty:
        return pd.DataFrame({TIME: pd.DatetimeIndex([]), TARGET: np.array([], dtype=float)})
    grid = freq.grid(own.index.min(), own.index.max())
    return pd.DataFrame({TIME: grid, TARGET: own.reindex(grid).to_numpy(dtype=float)})


def earlier_forecasts(ledger: Ledger, period_: Period, freq: Frequency) -> pd.DataFrame:
    """The oldest forecast that is not older than its horizon, for the periods that have become known since.

    Args:
        ledger: The forecast log.
        period_: Where the cycle stands; later cycles are not looked at.
        freq: The step of the panel.

    Returns:
        Rows of one ancestor cycle with `ds` up to `as_of`, points as people got them; empty on the first cycle.
    """
    forecasts = ledger.of(period_.ancestors).forecasts
    recent = forecasts[forecasts["as_of"] >= freq.shift(period_.as_of, -freq.horizon)]
    if recent.empty:
        return recent
    oldest = recent[recent["as_of"] == recent["as_of"].min()]
    first = oldest[CYCLE] == oldest[CYCLE].iloc[0]
    return as_served(oldest.loc[first & (oldest[TIME] <= period_.as_of)])


def draw_fans(titles: Sequence[str], stories: Sequence[Story], unit: str, frequency_name: str) -> Picture:
    """Fans of several series: the first one across the whole width, the others in rows below.

    Args:
        titles: Names of the series, as they came from the source.
        stories: One per title.
        unit: Unit of the values.
        frequency_name: Name of the frequency.

    Returns:
        One panel per series.
    """
    rows = 1 + -(-(len(stories) - 1) // COLUMNS)
    height = rows * (ROW + GAP) + GAP
    traces: list[Trace] = []
    layout: Layout = {}
    headings = []
    for index, (title, story) in enumerate(zip(titles, stories, strict=True)):
        box = _box(index, height)
        traces += [on_panel(trace, index) for trace in fan_traces(story, frequency_name, with_legend=index == 0)]
        x = {"type": "date", "hoverformat": hover_date(frequency_name)}
        layout |= panel_axes(index, box, x, {"title": {"text": escape(unit)}} if index == 0 else {})
        headings.append(panel_title(escape(title if index == 0 else shorten(title, TITLE)), box))
    return compose(traces, {**layout, "annotations": headings, "hovermode": "x unified"}, height=height)


def _box(index: int, height: int) -> tuple[float, float, float, float]:
    row = 0 if index == 0 else 1 + (index - 1) // COLUMNS
    top = 1 - row * (ROW + GAP) / height
    bottom = top - ROW / height
    if index == 0:
        return 0.0, 1.0, bottom, top
    width = (1 - (COLUMNS - 1) * 0.06) / COLUMNS
    left = (index - 1) % COLUMNS * (width + 0.06)
    return left, left + width, bottom, top


def fan_traces(story: Story, frequency_name: str, *, with_legend: bool) -> list[Trace]:
    """Bands from wide to narrow, then lines: what was, what was expected, what is expected.

    Args:
        story: The series.
        frequency_name: Name of the frequency, for dates in hover labels.
        with_legend: Whether the legend names these traces.
    """
    digits = digits_for(story.past[TARGET].tolist())
    bands = [_band(story, name, digits) for name in BANDS] if len(story.future) else []
    earlier = _earlier(story.earlier, digits, frequency_name) if len(story.earlier) else []
    past = _line(story.past[TIME], story.past[TARGET], "Observed", digits)
    traces = [
        *bands,
        *earlier,
        paint({**past, "line": {"width": 1.6}}, {"line.color": "ink"}),
        *([_forecast(story, digits)] if len(story.future) else []),
    ]
    return [{"showlegend": with_legend, **trace} for trace in traces]


def _band(story: Story, name: str, digits: int) -> Trace:
    low, high = (bound(story.future, level) for level in BANDS[name])
    dates, start = _joined(story)
    lower, upper = ([*start, *_rounded(bound, digits)] for bound in (low, high))
    shape = {"type": "scatter", "mode": "lines", "fill": "toself", "hoverinfo": "skip", "line": {"width": 0}}
    trace = {**shape, "x": dates + dates[::-1], "y": lower + upper[::-1], "name": f"{name} % interval"}
    return paint(trace, {"fillcolor": f"band{name}"})


def _forecast(story: Story, digits: int) -> Trace:
    dates, start = _joined(story)
    low, high = (_rounded(bound(story.future, level), digits) for level in BANDS["80"])
    trace = {
        "type": "scatter",
        "mode": "lines",
        "name": "Forecast",
        "x": dates,
        "y": [*start, *_rounded(story.future[POINT], digits)],
        "text": [*([""] * len(start)), *(f"<br>80 %: {span(a, b, digits)}" for a, b in zip(low, high, strict=True))],
        "hovertemplate": f"%{{y:,.{digits}f}}%{{text}}",
        "line": {"width": 2.2},
    }
    return paint(trace, {"line.color": "combination"})


def _earlier(rows: pd.DataFrame, digits: int, frequency_name: str) -> list[Trace]:
    dates = _dates(rows[TIME])
    low, high = (_rounded(bound(rows, level), digits) for level in BANDS["80"])
    shape = {"type": "scatter", "mode": "lines", "fill": "toself", "hoverinfo": "skip", "line": {"width": 0}}
    band = {**shape, "x": dates + dates[::-1], "y": low + high[::-1], "name": "its 80 % interval"}
    issued = period(rows["as_of"].iloc[0], frequency_name, short=True)
    line = _line(rows[TIME], rows[POINT], f"Forecast of {issued}", digits)
    style = {"mode": "lines+markers", "line": {"width": 1.6, "dash": "dot"}, "marker": {"size": 4}}
    roles = {"line.color": "earlier", "marker.color": "earlier"}
    return [paint(band, {"fillcolor": "earlier_band"}), paint({**line, **style}, roles)]


def _line(when: pd.Series, values: pd.Series, name: str, digits: int) -> Trace:
    shape = {"type": "scatter", "mode": "lines", "hovertemplate": f"%{{y:,.{digits}f}}", "name": name}
    return {**shape, "x": _dates(when), "y": _rounded(values, digits)}


def _joined(story: Story) -> tuple[list[str], list[float]]:
    """Dates of the fan and the value it starts from, so that it opens at the last observation."""
    known = story.past.dropna(subset=[TARGET]).tail(1)
    return _dates(known[TIME]) + _dates(story.future[TIME]), [float(value) for value in known[TARGET]]


def _dates(when: pd.Series) -> list[str]:
    return [str(text) for text in when.dt.strftime("%Y-%m-%d" if (when.dt.hour == 0).all() else "%Y-%m-%dT%H:%M")]


def _rounded(values: pd.Series, digits: int) -> list[float]:
    """Values with one more decimal than labels show, so that lines stay smooth."""
    return [round(float(value), digits + 1) if np.isfinite(value) else float("nan") for value in values]
