"""Still pictures of Plotly figures, for readers that cannot draw them: MLflow shows images, and Plotly as mere JSON.

Knows the few kinds of traces that the report room draws: lines, markers, closed bands, bars and error bars.
"""

import io
import re
from collections.abc import Mapping
from html import unescape
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 1100
"""Pixels: what MLflow shows without scaling on a laptop."""
DPI = 100
MARGINS = {"left": 150, "right": 20, "top": 30, "bottom": 60}
"""Pixels around the panels; the left one holds the names of series and models."""
LONGEST = 24
"""Letters of a name beside an axis; the left margin has room for them."""
TICKS = 6
DASHES = {"dot": ":", "dash": "--", "dashdot": "-."}


def draw_still(figure: Mapping[str, Any]) -> bytes:
    """A figure as the PNG that a reader would see at first glance.

    Args:
        figure: `data` and `layout`, as Plotly writes them to JSON; each panel names its place by `domain`.

    Returns:
        The picture, `WIDTH` pixels wide.
    """
    from matplotlib.figure import Figure

    layout = figure["layout"]
    height = float(layout.get("height", 400)) + MARGINS["top"] + MARGINS["bottom"]
    canvas = Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI)
    for name in (key.removeprefix("xaxis") for key in layout if key.startswith("xaxis")):
        x, y = layout[f"xaxis{name}"], layout[f"yaxis{name}"]
        axes = canvas.add_axes(_box(x["domain"], y["domain"], height))
        traces = [trace for trace in figure["data"] if trace.get("xaxis", "x") == f"x{name}"]
        _draw_panel(axes, traces, x, y)
        headings = [note for note in layout.get("annotations", ()) if _is_above(note, x["domain"], y["domain"])]
        for note in headings:
            # At a fixed height: to look for a free one, matplotlib lays out every label of the axes once more.
            axes.set_title(_plain(note["text"]), loc="left", fontsize=8, y=1.0)
    file = io.BytesIO()
    canvas.savefig(file, format="png", facecolor="white", pil_kwargs={"compress_level": 1})
    return file.getvalue()


def _box(x: list[float], y: list[float], height: float) -> tuple[float, float, float, float]:
    """Left, bottom, width and height of a panel as shares of the picture, margins taken off."""
    across, up = WIDTH - MARGINS["left"] - MARGINS["right"], height - MARGINS["top"] - MARGINS["bottom"]
    left, bottom = MARGINS["left"] + x[0] * across, MARGINS["bottom"] + y[0] * up
    return left / WIDTH, bottom / height, (x[1] - x[0]) * across / WIDTH, (y[1] - y[0]) * up / height


def _is_above(note: Mapping[str, Any], x: list[float], y: list[float]) -> bool:
    return (note.get("x"), note.get("y")) == (x[0], y[1])


def _draw_panel(axes: "Axes", traces: list[dict[str, Any]], x: Mapping[str, Any], y: Mapping[str, Any]) -> None:
    for trace in traces:
        _draw_trace(axes, trace, x, y)
    _dress_axis(axes, "x", x)
    _dress_axis(axes, "y", y)
    if y.get("zeroline"):
        axes.axhline(0, color="#5a6675", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=7)
    axes.margins(x=0.01)
    if len(traces) > 1:
        _add_legend(axes)


def _dress_axis(axes: "Axes", side: Literal["x", "y"], settings: Mapping[str, Any]) -> None:
    axis = axes.xaxis if side == "x" else axes.yaxis
    if axes.has_data() and settings.get("type") not in ("date", "category") and "dtick" not in settings:
        axes.locator_params(axis=side, nbins=TICKS)
    if "range" in settings:
        axes.set(**{f"{side}lim": settings["range"]})
    if "title" in settings:
        axis.set_label_text(_plain(settings["title"]["text"]), fontsize=8)
    if str(settings.get("tickformat", "")).endswith("%"):
        axis.set_major_formatter(lambda value, _: f"{value:.0%}")


def _draw_trace(axes: "Axes", trace: Mapping[str, Any], x: Mapping[str, Any], y: Mapping[str, Any]) -> None:
    across, up = _values(trace["x"], x), _values(trace["y"], y)
    if not len(across):
        return
    label = _plain(str(trace.get("name") or "")) if trace.get("showlegend", True) else ""
    style: dict[str, Any] = {"label": label or "_nolegend_"}
    marker, line = trace.get("marker") or {}, trace.get("line") or {}
    if trace["type"] == "bar":
        draw = axes.barh if trace.get("orientation") == "h" else axes.bar
        place, length = (up, across) if trace.get("orientation") == "h" else (across, up)
        draw(place, length, color=_colour(marker.get("color")), **style)
    elif trace.get("fill") == "toself":
        axes.fill(across, up, facecolor=_colour(trace["fillcolor"]), linewidth=0, **style)
    else:
        if "lines" in trace["mode"]:
            shape = DASHES.get(str(line.get("dash")), "-")
            style |= {
                "linestyle": shape,
                "linewidth": line.get("width", 1.5) * 0.7,
                "color": _colour(line.get("color")),
            }
        else:
            style |= {"linestyle": "none", "color": _colour(marker.get("color"))}
        if "markers" in trace["mode"]:
            style |= {"marker": "o", "markersize": float(marker.get("size", 6)) * 0.6}
        errors = {side: trace[f"error_{side}"]["array"] for side in ("x", "y") if f"error_{side}" in trace}
        axes.errorbar(across, up, xerr=errors.get("x"), yerr=errors.get("y"), elinewidth=1.0, **style)


def _values(values: Any, axis: Mapping[str, Any]) -> Any:  # noqa: ANN401  # what matplotlib takes: dates, names, numbers
    import numpy as np

    if axis.get("type") == "date":
        return np.array(values, dtype="datetime64[ns]")
    if axis.get("type") == "category":
        names = [_plain(str(value)) for value in values]
        return [name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}…" for name in names]
    return np.array([float("nan") if value is None else value for value in values], dtype=float)


def _add_legend(axes: "Axes") -> None:
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    if unique:
        axes.legend(list(unique.values()), list(unique), fontsize=7, frameon=False, loc="best")


def _plain(text: str) -> str:
    """Text without markup, safe for matplotlib, which reads dollars as mathematics."""
    return unescape(re.sub(r"<[^>]+>", " ", text)).replace("$", r"\$")


def _colour(value: Any) -> Any:  # noqa: ANN401  # one colour or a list of them
    """Colours as matplotlib knows them.

    Example:
        >>> _colour("rgba(255, 0, 0, 0.5)"), _colour("#1d5fa8")
        ((1.0, 0.0, 0.0, 0.5), '#1d5fa8')
    """
    if isinstance(value, list):
        return [_colour(one) for one in value]
    found = re.fullmatch(r"rgba?\(([^)]*)\)", str(value))
    if found is None:
        return value
    red, green, blue, *alpha = (float(part) for part in found[1].split(","))
    return (red / 255, green / 255, blue / 255, *alpha)
