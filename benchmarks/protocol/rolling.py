"""Rolling origins on one panel whose series are all observed."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.forecasting.backtest import Replay, outcomes, replay_member
from pulse_kedro.forecasting.recipe import RecipeOptions

Array = npt.NDArray[np.float64]


def replay_origins(recipe: RecipeOptions, values: Array, stops: Sequence[int], scale: Array) -> Replay:
    """Forecasts of every member at origins one horizon apart.

    Args:
        recipe: Members and horizon.
        values: The panel. Shape `(periods, series)`.
        stops: Periods known at each origin.
        scale: Shape `(stops, series)`.
    """
    actual, resolved = outcomes(values, stops, recipe.horizon)
    return Replay(
        members=tuple(options.name for options in recipe.members),
        ids=tuple(map(str, range(values.shape[1]))),
        cutoffs=pd.DatetimeIndex(pd.to_datetime(np.array(stops), unit="h")),
        points=np.stack([replay_member(options, recipe, values, stops) for options in recipe.members]),
        actual=actual,
        scale=scale,
        resolved=resolved,
        spacing=recipe.horizon,
    )
