"""The panel and the recipe that a benchmark runs on, read the way a cycle reads them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from kedro.config import OmegaConfigLoader
from kedro.framework.startup import bootstrap_project

from pulse_kedro.domain.backtesting import BacktestOptions
from pulse_kedro.domain.panel import ID, TARGET, TIME, Array, Matrix, frequency, to_matrix
from pulse_kedro.forecasting.recipe import RecipeOptions, recipe_of_settings

PROJECT = Path(__file__).parents[2]
BUNDLED = PROJECT / "data" / "01_raw" / "us_employment.parquet"
MONTHLY = frequency("monthly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The observations as a table and as a matrix, and the scale of each series as known at each period.

    `panel` has the columns unique_id, ds, y; `scale` has the shape of the matrix, `nan` before a series' second year.
    """

    panel: pd.DataFrame
    matrix: Matrix
    scale: Array


def read_panel(path: Path, *, until: str | None = None) -> Inputs:
    """Observations of a Parquet or CSV file with the columns unique_id, ds, y.

    Args:
        path: The file.
        until: Newest month that may be seen, ISO date; everything when `None`.
    """
    rows = pd.read_csv(path, parse_dates=["ds"]) if path.suffix == ".csv" else pd.read_parquet(path)
    panel = rows[[ID, TIME, TARGET]].sort_values([ID, TIME], ignore_index=True)
    if until is not None:
        panel = panel[panel[TIME] <= until].reset_index(drop=True)
    matrix = to_matrix(panel, MONTHLY)
    return Inputs(panel=panel, matrix=matrix, scale=seasonal_scale(matrix.y, MONTHLY.season_length))


def seasonal_scale(values: Array, season_length: int) -> Array:
    """Mean |y[t] - y[t-m]| over every pair known at each period; computed here, not by the code that is measured.

    Args:
        values: Shape `(periods, series)`, `nan` where nothing was observed.
        season_length: m, in periods.

    Returns:
        Same shape, target unit; `nan` before the first pair.
    """
    change = np.full(values.shape, np.nan)
    change[season_length:] = np.abs(values[season_length:] - values[:-season_length])
    pairs = np.cumsum(np.isfinite(change), axis=0)
    return np.asarray(np.nancumsum(change, axis=0) / np.where(pairs > 0, pairs, np.nan))


def read_settings() -> dict[str, Any]:
    """Parameters of `conf/base`, as a run without an environment of its own would read them."""
    bootstrap_project(PROJECT)
    from pulse_kedro import settings

    arguments: dict[str, Any] = settings.CONFIG_LOADER_ARGS | {"default_run_env": "base"}
    parameters: dict[str, Any] = OmegaConfigLoader(str(PROJECT / "conf"), **arguments)["parameters"]
    return parameters


def read_configuration() -> tuple[RecipeOptions, BacktestOptions]:
    """Recipe and backtest of `conf/base` for monthly data."""
    parameters = read_settings()
    return recipe_of_settings(parameters["recipe"], MONTHLY), BacktestOptions(**parameters["backtest"])
