"""One HTML page from data: fills the template, embeds pictures, styles and the drawing library. Needs no network."""

import json
import re
from collections.abc import Mapping
from importlib.resources import files

from pulse_kedro.pipelines.reporting.pictures.canvas import Figure, Picture, split_panels
from pulse_kedro.pipelines.reporting.pictures.palette import DARK, LIGHT


def render(summary: Mapping[str, object], figures: Mapping[str, Figure]) -> str:
    """The report.

    Args:
        summary: What `summarise` returned; all text is escaped here.
        figures: Figures by name; panel `i` of figure `name` appears as picture `name-i`.

    Returns:
        A complete HTML document that loads nothing from elsewhere.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("pulse_kedro.pipelines.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=hold_together,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pictures = all_panels(figures)
    return environment.get_template("report.html").render(
        report=summary,
        drawn=drawn(pictures),
        light=LIGHT,
        dark=DARK,
        pictures=embed(pictures),
        themes=embed({"light": LIGHT, "dark": DARK}),
        library=drawing_library(),
    )


def hold_together(value: object) -> object:
    r"""Text in which no line can break between a number and its percent sign; anything else unchanged.

    Args:
        value: What a template prints.

    Example:
        >>> hold_together("80 % held"), hold_together(3)
        ('80\xa0% held', 3)
    """
    return re.sub(r"(?<=\d) (?=%)", "\N{NO-BREAK SPACE}", value) if type(value) is str else value


def drawing_library() -> str:
    """Source of plotly.js as the package ships it; `plotly.offline` would import IPython where that exists."""
    return (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")


def all_panels(figures: Mapping[str, Figure]) -> dict[str, Picture]:
    """Every panel of every figure under the name by which the page refers to it.

    Args:
        figures: Figures by name.
    """
    return {
        f"{name}-{index}": panel for name, figure in figures.items() for index, panel in enumerate(split_panels(figure))
    }


def drawn(pictures: Mapping[str, Picture]) -> set[str]:
    """Names of the pictures that show something; the page leaves out the others.

    Args:
        pictures: Panels by name.
    """
    return {name for name, picture in pictures.items() if _has_points(picture)}


def _has_points(picture: Picture) -> bool:
    traces = picture["data"]
    return isinstance(traces, list) and any(trace.get("x") for trace in traces)


def embed(value: object) -> str:
    r"""JSON that may stand inside a script element: no text in it can end the element or start a comment.

    Args:
        value: Plain JSON values.

    Example:
        >>> embed({"title": "</script>"})
        '{"title":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
