"""Bias of a recipe's backtest by season, horizon and group, with an error that respects overlapping forecasts."""

import numpy as np
import pandas as pd

from pulse_kedro.domain.cycle import LABEL
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
PREFIX = 3
"""Characters of an id that stand for its group where the source has no titles; ours."""
SEASONS = {"hourly": "hour", "daily": "weekday", "weekly": "month", "monthly": "month", "quarterly": "quarter"}
"""What of a date tells the season, by frequency; for weeks the month, as 52 slices would say less."""


def tabulate(backtest: pd.DataFrame, series: pd.DataFrame, recipe: str, frequency: str) -> pd.DataFrame:
    """Mean scaled residual of a recipe's combination in every slice.

    Args:
        backtest: Rows with unique_id, cutoff, ds, step, model, recipe, y, y_hat, scale.
        series: One row per unique_id with its `title`.
        recipe: Digest of the recipe that serves.
        frequency: Name of the frequency; a key of `SEASONS`.

    Returns:
        `BIAS_COLUMNS`, one row per kind (season of the target, `horizon`, `group`) and slice; the kind of the season is
        one of `SEASONS`. Residual = actual minus forecast, divided by the scale: positive where forecasts are too low.
        Rows are averaged within each cutoff, then over cutoffs. `standard_error` is that of the mean over cutoffs,
        `nan` with fewer than two of them. Rows without a scale are left out.

    Source:
        Long-run variance over cutoffs: Coroneo & Iacone (2020), as in the promotion gate.
    """
    wanted = (backtest["recipe"] == recipe[:LABEL]) & (backtest["model"] == MODEL) & (backtest["scale"] > 0)
    rows = backtest.loc[wanted]
    residual = ((rows[TARGET] - rows["y_hat"]) / rows["scale"]).to_numpy(dtype=float)
    slices = {
        SEASONS[frequency]: season_of(rows[TIME], frequency).map("{:02d}".format),
        "horizon": rows["step"].map("{:02d}".format),
        "group": rows[ID].astype(str).map(groups(series)),
    }
    tables = [_by(kind, names, rows["cutoff"], residual) for kind, names in slices.items()]
    return pd.concat(tables, ignore_index=True).assign(recipe=recipe[:LABEL])[list(BIAS_COLUMNS)]


def season_of(when: pd.Series, frequency: str) -> pd.Series:
    """Where in its season each period lies.

    Args:
        when: Period starts.
        frequency: Name of the frequency; a key of `SEASONS`.

    Returns:
        Hour of the day from 0, day of the week from 1 (Monday), month or quarter from 1.

    Example:
        >>> when = pd.Series(pd.to_datetime(["2019-05-05 13:00"]))
        >>> [int(season_of(when, name).iloc[0]) for name in SEASONS]
        [13, 7, 5, 5, 2]
    """
    position = {
        "hour": when.dt.hour,
        "weekday": when.dt.weekday + 1,
        "month": when.dt.month,
        "quarter": when.dt.quarter,
    }
    found: pd.Series = position[SEASONS[frequency]]
    return found


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
