"""A page of forecasts beside what came true: one self-contained HTML file, pictures drawn as SVG."""

import io
from collections.abc import Sequence
from html import escape

import numpy as np

from pulse_kedro.domain.panel import Array

SHOWN = 24
"""Series on one page: a third of them the best, the middle and the worst forecasts."""
PAST = 4
"""Horizons of history that are drawn."""
HEAD = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
WORDS = (
    "Best, middle and worst forecasts: grey is known, blue the forecast with its 80 % and 95 % interval, black what "
    "came true."
)
NONE = "<p>No series could be scored: none of them ever moved.</p>"
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:1rem auto;max-width:75rem;padding:0 1rem;color-scheme:light dark}"
    "main{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:1rem}figure{margin:0}"
    "svg{width:100%;height:auto;background:#fff;border-radius:4px}figcaption{font-size:.85rem}"
)


def choose_examples(errors: Array, count: int = SHOWN) -> list[int]:
    """Columns of the best, the middle and the worst forecasts, in this order; unscored series are left out."""
    order = [int(column) for column in np.argsort(errors, kind="stable") if not np.isnan(errors[column])]
    if len(order) <= count:
        return order
    third, middle = count // 3, len(order) // 2
    return [*order[:third], *order[middle - third // 2 : middle - third // 2 + third], *order[-(count - 2 * third) :]]


def draw_gallery(
    *, title: str, ids: Sequence[str], histories: Sequence[Array], actual: Array, intervals: Array, errors: Array
) -> str:
    """Gallery of forecasts.

    Args:
        title: Head of the page.
        ids: Names of the series.
        histories: What was known of each.
        actual: What came true. Shape `(H, S)`.
        intervals: Quantiles of the forecast, lowest first, the median in the middle. Shape `(H, S, Q)`.
        errors: MASE of each series, `nan` where undefined. Shape `(S,)`.

    Returns:
        HTML without scripts and without links to anywhere.
    """
    figures = [
        f"<figure>{_picture(histories[s], actual[:, s], intervals[:, s])}"
        f"<figcaption>{escape(ids[s])} · MASE {errors[s]:.2f}</figcaption></figure>"
        for s in choose_examples(errors)
    ]
    head = f"{HEAD}<title>{escape(title)}</title><style>{STYLE}</style><h1>{escape(title)}</h1><p>{WORDS}</p>"
    return f"{head}<main>{''.join(figures) or NONE}</main></html>"


def _picture(history: Array, actual: Array, quantiles: Array) -> str:
    from matplotlib.figure import Figure

    horizon = len(actual)
    past = history[-PAST * horizon :]
    now, ahead = np.arange(-len(past) + 1, 1), np.arange(1, horizon + 1)
    canvas = Figure(figsize=(4, 2.2), layout="constrained")
    axes = canvas.add_subplot()
    middle = quantiles.shape[1] // 2
    axes.fill_between(ahead, quantiles[:, 0], quantiles[:, -1], color="#4c78a8", alpha=0.2, linewidth=0)
    axes.fill_between(ahead, quantiles[:, 2], quantiles[:, -3], color="#4c78a8", alpha=0.3, linewidth=0)
    axes.plot(now, past, color="#888", linewidth=1)
    axes.plot(ahead, quantiles[:, middle], color="#1f5a96", linewidth=1.5)
    axes.plot(ahead, actual, color="black", linewidth=1)
    axes.tick_params(labelsize=7)
    text = io.StringIO()
    canvas.savefig(text, format="svg")
    return "<svg" + text.getvalue().split("<svg", 1)[1]
