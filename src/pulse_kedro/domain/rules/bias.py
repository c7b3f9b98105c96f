"""Bias of a recipe's backtest by month, horizon and series group, with an error that respects overlapping forecasts."""

import numpy as np
import pandas as pd

from pulse_kedro.domain.metrics.comparison import long_run_variance
from pulse_kedro.domain.panel import ID, TARGET, TIME, Array

BIAS_COLUMNS = (
    "recipe",
    "kind",
    "slice",
    "n",
    "cutoffs",
    "mean_residual",
    "standard_error",
    "mean_absolute_residual",
)
MODEL = "combination"
LABEL = 12
"""Hexadecimal digits of a recipe digest that name it in frames."""
PREFIX = 3
"""Characters of an id that stand for its group where the source has no titles; ours."""


def tabulate(backtest: pd.DataFrame, series: pd.DataFrame, recipe: str) -> pd.DataFrame:
    """Mean scaled residual of a recipe's combination in every slice.

    Args:
        backtest: Rows with unique_id, cutoff, ds, step, model, recipe, y, y_hat, scale.
        series: One row per unique_id with its `title`.
        recipe: Digest of the recipe that serves.

    Returns:
        `BIAS_COLUMNS`, one row per kind (`month` of the target, `horizon`, `group`) and slice. Residual = actual minus
        forecast, divided by the scale: positive where forecasts are too low. Rows are averaged within each cutoff,
        then over cutoffs. `standard_error` is that of the mean over cutoffs, `nan` with fewer than two of them. Rows
        without a scale are left out.

    Source:
        Long-run variance over cutoffs: Coroneo & Iacone (2020), as in the promotion gate.
    """
    wanted = (backtest["recipe"] == recipe[:LABEL]) & (backtest["model"] == MODEL) & (backtest["scale"] > 0)
    rows = backtest.loc[wanted]
    residual = ((rows[TARGET] - rows["y_hat"]) / rows["scale"]).to_numpy(dtype=float)
    slices = {
        "month": rows[TIME].dt.month.map("{:02d}".format),
        "horizon": rows["step"].map("{:02d}".format),
        "group": rows[ID].astype(str).map(groups(series)),
    }
    tables = [_by(kind, names, rows["cutoff"], residual) for kind, names in slices.items()]
    return pd.concat(tables, ignore_index=True).assign(recipe=recipe[:LABEL])[list(BIAS_COLUMNS)]


def groups(series: pd.DataFrame) -> dict[str, str]:
    """Group of each series: its title up to the first colon, or the start of its id where the title says no more.

    Args:
        series: Columns unique_id, title.

    Example:
        >>> titles = ["Durable Goods: Machinery", "Durable Goods", "FOODS_1"]
        >>> sorted(groups(pd.DataFrame({"unique_id": ["a", "b", "FOODS_1"], "title": titles})).items())
        [('FOODS_1', 'FOO'), ('a', 'Durable Goods'), ('b', 'Durable Goods')]
    """
    named = zip(map(str, series[ID]), map(str, series["title"]), strict=True)
    return {name: name[:PREFIX] if title == name else title.split(":")[0].strip() for name, title in named}


def _by(kind: str, slices: pd.Series, cutoffs: pd.Series, residual: Array) -> pd.DataFrame:
    rows = pd.DataFrame({"slice": slices, "cutoff": cutoffs}).assign(residual=residual, size=np.abs(residual))
    by_cutoff = rows.groupby(["slice", "cutoff"], sort=True)
    means = by_cutoff.mean().assign(n=by_cutoff.size())
    found = means.groupby("slice", sort=True)
    return pd.DataFrame(
        {
            "kind": kind,
            "n": found["n"].sum(),
            "cutoffs": found.size(),
            "mean_residual": found["residual"].mean(),
            "standard_error": found["residual"].agg(_standard_error),
            "mean_absolute_residual": found["size"].mean(),
        }
    ).reset_index(names="slice")


def _standard_error(means: pd.Series) -> float:
    values = means.to_numpy(dtype=float)
    return float(np.sqrt(long_run_variance(values) / len(values))) if len(values) > 1 else float("nan")
