"""Colours by role, once for light and once for dark pages; every picture and the page itself read them here."""

from collections.abc import Mapping, Sequence

from pulse_kedro.pipelines.reporting.wording import COMBINATION

LIGHT: Mapping[str, str] = {
    "paper": "#fcfcfa",
    "panel": "#ffffff",
    "ink": "#1c2530",
    "muted": "#5a6675",
    "line": "#dfe3e8",
    "grid": "rgba(90, 105, 125, 0.16)",
    COMBINATION: "#1d5fa8",
    "band50": "rgba(29, 95, 168, 0.34)",
    "band80": "rgba(29, 95, 168, 0.20)",
    "band95": "rgba(29, 95, 168, 0.11)",
    "earlier": "#c0561a",
    "earlier_band": "rgba(192, 86, 26, 0.15)",
    "seasonal_drift": "#1f8577",
    "seasonal_naive": "#8a6d3b",
    "naive": "#8b929c",
    "baseline": "#8b929c",
    "member": "#a793bd",
    "good": "#22713f",
    "watch": "#a2480a",
    "wash": "#eef3f9",
    "watch_wash": "#fdf3e7",
}
DARK: Mapping[str, str] = {
    "paper": "#12171d",
    "panel": "#181f27",
    "ink": "#e4e9ef",
    "muted": "#9ba8b7",
    "line": "#2b3541",
    "grid": "rgba(160, 175, 195, 0.15)",
    COMBINATION: "#7db5f2",
    "band50": "rgba(125, 181, 242, 0.38)",
    "band80": "rgba(125, 181, 242, 0.23)",
    "band95": "rgba(125, 181, 242, 0.13)",
    "earlier": "#f2a367",
    "earlier_band": "rgba(242, 163, 103, 0.17)",
    "seasonal_drift": "#5fc7b6",
    "seasonal_naive": "#cdb07c",
    "naive": "#8f99a6",
    "baseline": "#8f99a6",
    "member": "#8d79a6",
    "good": "#74cf98",
    "watch": "#f2b366",
    "wash": "#1b2733",
    "watch_wash": "#2c2318",
}
DASHES: Mapping[str, str] = {"seasonal_drift": "dash", "seasonal_naive": "dot", "naive": "dashdot"}


def role(model: str, baselines: Sequence[str]) -> str:
    """Colour role of a model: its own where it has one, else that of its family.

    Args:
        model: Name of the model in the score tables.
        baselines: Names of the models that everybody could run.

    Returns:
        A key of `LIGHT` and `DARK`.

    Example:
        >>> role("combination", ["naive"]), role("naive", ["naive"]), role("last_week", ["last_week"]), role("x", [])
        ('combination', 'naive', 'baseline', 'member')
    """
    if model == COMBINATION or (model in baselines and model in LIGHT):
        return model
    return "baseline" if model in baselines else "member"
