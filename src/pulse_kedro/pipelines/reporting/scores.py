"""Score tables as the report reads them: overall, by series, by step."""

from collections.abc import Mapping

import pandas as pd

from pulse_kedro.domain.cycle import LABEL
from pulse_kedro.domain.panel import ID

Scores = Mapping[str, Mapping[str, float]]
"""Metric values by model, then by metric."""


def panel_scores(scores: pd.DataFrame, recipe: str | None = None) -> Scores:
    """Overall scores by model and metric.

    Args:
        scores: Score table.
        recipe: Keep this recipe only, first 12 digits; all when `None`.
    """
    rows = scores[scores["level"] == "overall"]
    if recipe is not None:
        rows = rows[rows["recipe"].astype(str) == recipe]
    table: dict[str, dict[str, float]] = {}
    for model, metric, value in zip(rows["model"], rows["metric"], rows["value"], strict=True):
        table.setdefault(str(model), {})[str(metric)] = float(value)
    return table


def series_scores(scores: pd.DataFrame, recipe: str, model: str, metric: str = "mase") -> pd.Series:
    """One metric of a model by series.

    Args:
        scores: Score table.
        recipe: First 12 digits of the recipe's digest.
        model: Name of the model.
        metric: Name of the metric.
    """
    rows = _rows(scores, recipe, "series", metric)
    return rows[rows["model"] == model].assign(**{ID: lambda table: table[ID].astype(str)}).set_index(ID)["value"]


def horizon_scores(scores: pd.DataFrame, recipe: str, metric: str = "mase") -> pd.DataFrame:
    """One metric in rows of steps and columns of models.

    Args:
        scores: Score table.
        recipe: First 12 digits of the recipe's digest.
        metric: Name of the metric.
    """
    rows = _rows(scores, recipe, "horizon", metric)
    return rows.astype({"model": str}).pivot_table(index="step", columns="model", values="value", observed=True)


def _rows(scores: pd.DataFrame, recipe: str, level: str, metric: str) -> pd.DataFrame:
    wanted = (scores["level"] == level) & (scores["metric"] == metric) & (scores["recipe"].astype(str) == recipe)
    return scores[wanted]


def short(digest: object) -> str:
    """A digest as it stands in tables and sentences."""
    return str(digest)[:LABEL]
