"""A small recipe and small monthly panels, for tests of the forecasting core and of the rooms that use it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pulse_kedro.domain.panel import Array, Matrix
from pulse_kedro.forecasting.kinds import BASELINE_KINDS, RIDGE_KINDS
from pulse_kedro.forecasting.recipe import CombinationOptions, IntervalOptions, MemberOptions, RecipeOptions

YEAR = 12
FAMILY = (
    *(
        MemberOptions(kind=kind, look_back=3 if kind in RIDGE_KINDS else None)  # type: ignore[arg-type]
        for kind in (*BASELINE_KINDS, *RIDGE_KINDS)
    ),
    MemberOptions(kind="last_ridge", look_back=4, refresh=4),
    MemberOptions(kind="level_ridge", look_back=3, half_life=9.5),
    MemberOptions(kind="drift_ridge", look_back=3, season=2),
    MemberOptions(kind="local_ridge", look_back=3, half_life=20, refresh=2),
    MemberOptions(kind="level_ridge", look_back=3, scale="none"),
)
"""Every kind of member that each period teaches, and options of them; the laws of a member hold for all."""
MEMBERS = (
    MemberOptions(kind="naive"),
    MemberOptions(kind="seasonal_naive"),
    MemberOptions(kind="seasonal_drift"),
    MemberOptions(kind="seasonal_ridge", look_back=12),
    MemberOptions(kind="drift_ridge", look_back=12),
    MemberOptions(kind="level_ridge", look_back=24),
)


def a_recipe(
    members: Sequence[MemberOptions] = MEMBERS,
    *,
    horizon: int = YEAR,
    season_length: int = YEAR,
    warm_up: int = 24,
    calibration_cutoffs: int = 36,
) -> RecipeOptions:
    return RecipeOptions(
        horizon=horizon,
        season_length=season_length,
        members=tuple(members),
        combination=CombinationOptions(warm_up=warm_up, standard_errors=1.0),
        intervals=IntervalOptions(
            calibration_cutoffs=calibration_cutoffs, tracking_start=18, pooling=30, learning_rate=0.05, widest=4.0
        ),
    )


def waves(seed: int, *, periods: int, series: int) -> Array:
    """Levels with a trend, a season and persistent noise, each series of another size; shape `(periods, series)`."""
    rng, t = np.random.default_rng(seed), np.arange(periods)[:, None]
    noise = rng.normal(size=(periods, series))
    for row in range(1, periods):
        noise[row] += 0.8 * noise[row - 1]
    season = 4 * np.sin(2 * np.pi * (t / YEAR + rng.random(series)))
    return np.asarray((200 + 0.2 * t + season + noise) * rng.uniform(0.5, 50, series))


def walks(seed: int, *, periods: int, series: int) -> Array:
    """Random walks, which nobody can forecast better than by their last value; shape `(periods, series)`."""
    return np.asarray(np.random.default_rng(seed).normal(size=(periods, series)).cumsum(axis=0))


def a_matrix(y: Array, *, first: str = "2001-01-01", ids: Sequence[str] | None = None) -> Matrix:
    names = [f"s{column}" for column in range(y.shape[1])] if ids is None else ids
    return Matrix(y=y, times=pd.date_range(first, periods=len(y), freq="MS").as_unit("ns"), ids=tuple(names))


def scale_of(y: Array, season_length: int = YEAR) -> Array:
    """Mean size of the seasonal change up to each period, `nan` before the first one; shape of `y`."""
    change = np.full_like(y, np.nan)
    change[season_length:] = np.abs(y[season_length:] - y[:-season_length])
    return np.asarray(pd.DataFrame(change).expanding().mean().to_numpy())
