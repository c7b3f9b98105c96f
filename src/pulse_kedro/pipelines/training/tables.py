"""Long tables of a replay: one row per model, cutoff, step and series."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.backtesting import BURN_IN, CUTOFF, EVALUATION, STEP
from pulse_kedro.domain.panel import ID, QUANTILE_LEVELS, TARGET, TIME, Array, quantile_column
from pulse_kedro.forecasting.backtest import Replay
from pulse_kedro.forecasting.combination import Combination, scaled_errors
from pulse_kedro.forecasting.intervals import Calibration

Index = npt.NDArray[np.int64]

COMBINATION = "combination"
SHORT = 12
"""Hexadecimal digits of a recipe digest in tables."""


def backtest_table(
    replayed: Replay, combination: Combination, calibration: Calibration, folds: pd.DataFrame, *, recipe: str
) -> pd.DataFrame:
    """Rows whose actual is known, at the evaluation cutoffs.

    Returns:
        Columns `unique_id, cutoff, ds, step, model, recipe, y, y_hat, scale, q025 … q975`; quantiles are `nan` for the
        members, whose intervals nobody issues.
    """
    at = np.flatnonzero((folds["purpose"] == EVALUATION).to_numpy())
    points = np.concatenate([replayed.points[:, at], combination.points[None, at]])
    shape = points.shape
    model, cutoff, step, series = np.unravel_index(
        np.flatnonzero(np.isfinite(points) & np.isfinite(replayed.actual[at])), shape
    )
    y_hat, scale = points[model, cutoff, step, series], replayed.scale[at][cutoff, series]
    spread = calibration.offsets[at]
    combined = np.flatnonzero(model == len(replayed.members))
    where = cutoff[combined], step[combined], series[combined]
    return pd.DataFrame(
        {
            ID: _labels(series, replayed.ids),
            CUTOFF: replayed.cutoffs[at][cutoff],
            TIME: _targets(replayed, at, shape[2])[cutoff, step],
            STEP: (step + 1).astype(np.int16),
            "model": _labels(model, (*replayed.members, COMBINATION)),
            "recipe": _labels(np.zeros_like(model), (recipe[:SHORT],)),
            TARGET: replayed.actual[at][cutoff, step, series],
            "y_hat": y_hat,
            "scale": scale,
        }
        | {
            quantile_column(level): _quantile(
                y_hat[combined] + spread[(*where, place)] * np.nan_to_num(scale[combined]),
                combined,
                len(model),
                upwards=level > 0.5,  # noqa: PLR2004 the median parts the intervals
            )
            for place, level in enumerate(QUANTILE_LEVELS)
        },
        copy=False,
    )


def _quantile(values: Array, rows: Index, length: int, *, upwards: bool) -> npt.NDArray[np.float32]:
    """One quantile column in half the memory: rounded outwards, so that no interval loses its edge; `nan` elsewhere."""
    narrow = values.astype(np.float32)
    inside = (narrow < values) if upwards else (narrow > values)
    narrow[inside] = np.nextafter(narrow[inside], np.float32(np.inf if upwards else -np.inf))
    column = np.full(length, np.nan, dtype=np.float32)
    column[rows] = narrow
    return column


def _labels(codes: Index, names: tuple[str, ...]) -> "pd.Categorical[str]":
    """Text column that stores each name once."""
    return pd.Categorical.from_codes(codes, pd.Index(names))


def _targets(replayed: Replay, at: Index, horizon: int) -> npt.NDArray[np.datetime64]:
    """Period of each target; shape `(cutoffs, steps)` datetime64."""
    times = replayed.cutoffs.to_numpy()
    return np.stack([times[first + 1 : first + 1 + horizon] for first in at])


def loss_table(replayed: Replay, combination: Combination, folds: pd.DataFrame, *, recipe: str) -> pd.DataFrame:
    """Mean scaled error of the combination at each resolved cutoff after the burn-in.

    Returns:
        Columns `recipe, cutoff, loss, n_series`.
    """
    kept = replayed.resolved & (folds["purpose"] != BURN_IN).to_numpy()
    scored = np.isfinite(combination.points) & np.isfinite(replayed.actual) & np.isfinite(replayed.scale)[:, None]
    return pd.DataFrame(
        {
            "recipe": recipe[:SHORT],
            CUTOFF: replayed.cutoffs[kept],
            "loss": scaled_errors(combination.points, replayed)[kept],
            "n_series": scored.any(axis=1).sum(axis=1)[kept],
        }
    )


def failure_table(replayed: Replay, times: pd.DatetimeIndex, *, recipe: str) -> pd.DataFrame:
    """Series that a member served by the seasonal naive forecast, one row per series and generation or cutoff.

    Args:
        replayed: A replay with its failures.
        times: Periods of the panel, from its first one on.
        recipe: Digest of the recipe.

    Returns:
        Columns `recipe, unique_id, model, trained_until, cutoff, reason`; `cutoff` is missing where the generation has
        no parameters for the series.
    """
    rows = replayed.failures
    return pd.DataFrame(
        {
            "recipe": pd.Series([recipe[:SHORT]] * len(rows), dtype=str),
            ID: pd.Series([replayed.ids[row.column] for row in rows], dtype=str),
            "model": pd.Series([row.member for row in rows], dtype=str),
            "trained_until": times[[row.trained_until - 1 for row in rows]],
            CUTOFF: pd.DatetimeIndex([pd.NaT if row.stop is None else times[row.stop - 1] for row in rows]),
            "reason": pd.Series([row.reason for row in rows], dtype=str),
        }
    )
