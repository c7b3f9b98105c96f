"""Rolling origins on one panel whose series are all observed: members, their combination, their intervals."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.forecasting.backtest import Replay
from pulse_kedro.forecasting.members import create_member
from pulse_kedro.forecasting.recipe import RecipeOptions

Array = npt.NDArray[np.float64]


def replay_origins(recipe: RecipeOptions, values: Array, stops: Sequence[int], scale: Array) -> Replay:
    """Forecasts of every member at origins one horizon apart, in one additive pass.

    Args:
        recipe: Members and horizon.
        values: The panel. Shape `(periods, series)`.
        stops: Periods known at each origin.
        scale: Shape `(stops, series)`.
    """
    points = np.empty((len(recipe.members), len(stops), recipe.horizon, values.shape[1]))
    for row, options in enumerate(recipe.members):
        member, start = create_member(options, recipe, series=values.shape[1]), 0
        for column, stop in enumerate(stops):
            member, start = member.update(values[start:stop], ""), stop
            points[row, column] = member.forecast()
    return Replay(
        members=tuple(options.name for options in recipe.members),
        ids=tuple(map(str, range(values.shape[1]))),
        cutoffs=pd.DatetimeIndex(pd.to_datetime(np.array(stops), unit="h")),
        points=points,
        actual=np.stack([values[stop : stop + recipe.horizon] for stop in stops]),
        scale=scale,
        resolved=np.ones(len(stops), dtype=bool),
        spacing=recipe.horizon,
    )


def with_loss(recipe: RecipeOptions, *, warm_up: int) -> RecipeOptions:
    """The recipe with a choice that may leave the median after so many origins."""
    return replace(recipe, combination=replace(recipe.combination, warm_up=warm_up))
