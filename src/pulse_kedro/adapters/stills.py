"""Still pictures of Plotly figures, for readers that cannot draw them: MLflow shows images, and Plotly as mere JSON.

Knows the few kinds of traces that the report room draws: lines, markers, closed bands, bars and error bars. Pictures
are SVG, which is text: those of a cycle cost a twentieth of a CPU second; with matplotlib they took seven.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from pulse_kedro.adapters.scales import LETTER, LINE, Axis, lay_axis, plain, to_numbers
from pulse_kedro.domain.panel import Array

WIDTH = 1100
"""Pixels: what MLflow shows without scaling on a laptop."""
MARGINS = {"left": 150, "right": 20, "top": 30, "bottom": 60}
"""Pixels around the panels; the left one holds the names of series and models."""
DASHES = {"dot": "1.5 3", "dash": "6 4", "dashdot": "6 3 1.5 3"}
INK, QUIET = "#1c2530", "#5a6675"
BAR = 0.8
"""Share of the room between two bars that one fills."""
STYLE = f"font-family='system-ui,sans-serif' font-size='9' fill='{INK}' stroke-linejoin='round'"
Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Axes on a picture, and what is drawn on them."""

    x: Axis
    y: Axis
    traces: Sequence[Settings]
    stacked: bool

    def points(self, trace: Settings) -> tuple[Array, Array]:
        """Numbers of a trace on both axes; shape `(n,)` each."""
        across = to_numbers(trace["x"], self.x.settings, self.x.names)
        return across, to_numbers(trace["y"], self.y.settings, self.y.names)


def draw_still(figure: Settings) -> str:
    """A figure as the picture that a reader would see at first glance.

    Args:
        figure: `data` and `layout`, as Plotly writes them to JSON; each panel names its place by `domain`.

    Returns:
        SVG, `WIDTH` pixels wide.
    """
    layout = figure["layout"]
    height = float(layout.get("height", 400)) + MARGINS["top"] + MARGINS["bottom"]
    parts = [f"<rect width='{WIDTH}' height='{height:g}' fill='white'/>"]
    for name in (key.removeprefix("xaxis") for key in layout if key.startswith("xaxis")):
        x, y = layout[f"xaxis{name}"], layout[f"yaxis{name}"]
        traces = [trace for trace in figure["data"] if trace.get("xaxis", "x") == f"x{name}" and len(trace["x"])]
        panel = _lay_panel(x, y, traces, height, stacked=layout.get("barmode") == "stack")
        notes = [note for note in layout.get("annotations", ()) if _is_above(note, x["domain"], y["domain"])]
        parts += [*_frame(panel), *_drawn(panel), *_head(panel, [plain(note["text"]) for note in notes])]
    size = f"width='{WIDTH}' height='{height:g}' viewBox='0 0 {WIDTH} {height:g}'"
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size} {STYLE}>{''.join(parts)}</svg>"


def _is_above(note: Settings, x: Sequence[float], y: Sequence[float]) -> bool:
    return (note.get("x"), note.get("y")) == (x[0], y[1])


def _lay_panel(x: Settings, y: Settings, traces: Sequence[Settings], height: float, *, stacked: bool) -> Panel:
    across, up = WIDTH - MARGINS["left"] - MARGINS["right"], height - MARGINS["top"] - MARGINS["bottom"]
    left, right = (MARGINS["left"] + share * across for share in x["domain"])
    bottom, top = (height - MARGINS["bottom"] - share * up for share in y["domain"])
    sides = {"x": (x, (left, right)), "y": (y, (bottom, top))}
    axes = {
        side: lay_axis(
            settings, [one for trace in traces for one in trace[side]], _reach(side, settings, traces, stacked), pixels
        )
        for side, (settings, pixels) in sides.items()
    }
    return Panel(x=axes["x"], y=axes["y"], traces=traces, stacked=stacked)


def _reach(side: str, settings: Settings, traces: Sequence[Settings], stacked: bool) -> list[float]:  # noqa: FBT001  # a fact about the figure
    """Numbers that need room besides the values: ends of error bars, the foot of bars, the top of a stack."""
    found: list[float] = []
    bars = [trace for trace in traces if trace["type"] == "bar" and _length(trace) == side]
    if bars:
        found.append(0.0)
        stacks = zip(*(bar[side] for bar in bars), strict=False) if stacked else ()
        found += [sum(value or 0.0 for value in stack) for stack in stacks]
    for trace in traces:
        if f"error_{side}" in trace and not settings.get("type"):
            values, errors = (to_numbers(one, {}, ()) for one in (trace[side], trace[f"error_{side}"]["array"]))
            found += [*(values - errors).tolist(), *(values + errors).tolist()]
    return found


def _length(trace: Settings) -> str:
    """The side along which the bars of a trace reach."""
    return "x" if trace.get("orientation") == "h" else "y"


def _frame(panel: Panel) -> Iterator[str]:
    """Lines, numbers and names of both axes."""
    x, y = panel.x, panel.y
    yield f"<path d='M{x.start:.1f} {y.end:.1f}V{y.start:.1f}H{x.end:.1f}' fill='none' stroke='{QUIET}'/>"
    for place, word in x.ticks():
        yield f"<path d='M{place:.1f} {y.start:.1f}v3' stroke='{QUIET}'/>"
        yield _text(place, y.start + LINE, word, "middle")
    for place, word in y.ticks():
        yield f"<path d='M{x.start:.1f} {place:.1f}h-3' stroke='{QUIET}'/>"
        yield _text(x.start - 5, place + 3, word, "end")
    for side, axis in (("x", x), ("y", y)):
        title = plain(str((axis.settings.get("title") or {}).get("text") or ""))  # type: ignore[attr-defined]  # Plotly's
        middle = (axis.start + axis.end) / 2
        if title and side == "x":
            yield _text(middle, y.start + 2.2 * LINE, title, "middle")
        elif title:
            place = x.start - 10 - LETTER * max((len(word) for _, word in y.ticks()), default=0)
            yield f"<g transform='translate({place:.1f} {middle:.1f}) rotate(-90)'>{_text(0, 0, title, 'middle')}</g>"
    if y.settings.get("zeroline") and y.low <= 0 <= y.high:
        yield f"<path d='M{x.start:.1f} {y.pixels(np.zeros(1))[0]:.1f}H{x.end:.1f}' stroke='{QUIET}'/>"


def _head(panel: Panel, headings: Sequence[str]) -> Iterator[str]:
    """The heading on the left above a panel, and the names of what is drawn on the right, line by line."""
    for heading in headings:
        yield f"<g font-size='11'>{_text(panel.x.start, panel.y.end - 6, heading, 'start')}</g>"
    several = panel.traces if len(panel.traces) > 1 else ()
    names = {name: _main_colour(trace) for trace in several if (name := _shown_name(trace))}
    room, line = panel.x.end - panel.x.start - 6.5 * sum(map(len, headings)), panel.y.end - 6
    place = panel.x.end
    for name, colour in reversed(names.items()):
        width = LETTER * len(name) + 16
        if panel.x.end - place + width > room and place < panel.x.end:
            place, line, room = panel.x.end, line + LINE, panel.x.end - panel.x.start
        place -= width
        yield f"<rect x='{place:.1f}' y='{line - 7:.1f}' width='8' height='8' fill='{colour}'/>"
        yield _text(place + 11, line, name, "start")


def _shown_name(trace: Settings) -> str:
    return plain(str(trace.get("name") or "")) if trace.get("showlegend", True) else ""


def _main_colour(trace: Settings) -> str:
    marker, line = trace.get("marker") or {}, trace.get("line") or {}
    colour = trace.get("fillcolor") or (line.get("color") if "lines" in str(trace.get("mode")) else marker.get("color"))
    return _colour(colour[0] if isinstance(colour, list) and colour else colour)


def _colour(value: object) -> str:
    return escape(str(value)) if isinstance(value, str) else INK


def _drawn(panel: Panel) -> Iterator[str]:
    """All traces, cut off at the edges of the panel."""
    x, y = panel.x, panel.y
    left, top, wide, tall = x.start - 4, y.end - 4, x.end - x.start + 8, y.start - y.end + 8
    box = f"x='{left:.1f}' y='{top:.1f}' width='{wide:.1f}' height='{tall:.1f}'"
    yield f"<svg {box} viewBox='{left:.1f} {top:.1f} {wide:.1f} {tall:.1f}'>"
    foot: dict[float, float] = {}
    for trace in panel.traces:
        if trace["type"] == "bar":
            yield from _bars(panel, trace, foot)
        else:
            yield from _scatter(panel, trace)
    yield "</svg>"


def _bars(panel: Panel, trace: Settings, foot: dict[float, float]) -> Iterator[str]:
    """The bars of a trace; `foot` is where the next bar of a stack begins."""
    lying = _length(trace) == "x"
    lengths, places = panel.points(trace) if lying else panel.points(trace)[::-1]
    along, across = (panel.x, panel.y) if lying else (panel.y, panel.x)
    gaps = np.diff(np.unique(places))
    half = BAR / 2 * float(gaps.min() if len(gaps) else 1.0 if across.names else across.high - across.low)
    colours = (trace.get("marker") or {}).get("color")
    for at, (place, length) in enumerate(zip(places.tolist(), lengths.tolist(), strict=True)):
        if not (np.isfinite(place) and np.isfinite(length)):
            continue
        begin = foot.get(place, 0.0) if panel.stacked else 0.0
        foot[place] = begin + length
        low, high = sorted(along.pixels(np.array([begin, begin + length])).tolist())
        first, last = sorted(across.pixels(np.array([place - half, place + half])).tolist())
        colour = _colour(colours[at % len(colours)] if isinstance(colours, list) and colours else colours)
        left, top, wide, tall = (
            (low, first, high - low, last - first) if lying else (first, low, last - first, high - low)
        )
        yield f"<rect x='{left:.1f}' y='{top:.1f}' width='{wide:.1f}' height='{tall:.1f}' fill='{colour}'/>"


def _scatter(panel: Panel, trace: Settings) -> Iterator[str]:
    """Lines, bands, markers and error bars of a trace."""
    across, up = panel.points(trace)
    x, y = panel.x.pixels(across), panel.y.pixels(up)
    line, marker = trace.get("line") or {}, trace.get("marker") or {}
    if trace.get("fill") == "toself":
        yield f"<path d='{_path(x, y)}Z' fill='{_colour(trace['fillcolor'])}'/>"
        return
    if "lines" in trace["mode"]:
        dash = f" stroke-dasharray='{DASHES[line['dash']]}'" if line.get("dash") in DASHES else ""
        stroke = f"stroke='{_colour(line.get('color'))}' stroke-width='{line.get('width', 2)}'"
        yield f"<path d='{_path(x, y)}' fill='none' {stroke}{dash}/>"
    if "error_x" in trace:
        yield _errors(panel.x, trace, across, y)
    if "error_y" in trace:
        yield _errors(panel.y, trace, up, x)
    if "markers" in trace["mode"]:
        radius, colours = float(marker.get("size", 6)) / 2, marker.get("color")
        for at in np.flatnonzero(np.isfinite(x) & np.isfinite(y)).tolist():
            colour = _colour(colours[at % len(colours)] if isinstance(colours, list) and colours else colours)
            yield f"<circle cx='{x[at]:.1f}' cy='{y[at]:.1f}' r='{radius:g}' fill='{colour}'/>"


def _errors(axis: Axis, trace: Settings, middle: Array, other: Array) -> str:
    """Lines from one end of each error to the other; `other` are the pixels on the other axis."""
    lying = axis.end > axis.start
    size = to_numbers(trace[f"error_{'x' if lying else 'y'}"]["array"], {}, ())
    low, high = axis.pixels(middle - size), axis.pixels(middle + size)
    known = np.isfinite(low) & np.isfinite(high) & np.isfinite(other)
    ends = zip(low[known].tolist(), high[known].tolist(), other[known].tolist(), strict=True)
    form = "M{0:.1f} {2:.1f}H{1:.1f}" if lying else "M{2:.1f} {0:.1f}V{1:.1f}"
    moves = "".join(form.format(*end) for end in ends)
    return f"<path d='{moves}' fill='none' stroke='{_main_colour(trace)}'/>"


def _path(x: Array, y: Array) -> str:
    """A line through points, lifted over gaps."""
    words, pen = [], "M"
    for across, up, known in zip(x.tolist(), y.tolist(), (np.isfinite(x) & np.isfinite(y)).tolist(), strict=True):
        words.append(f"{pen}{across:.1f} {up:.1f}" if known else "")
        pen = "L" if known else "M"
    return "".join(words)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'>{escape(text)}</text>"
