"""Forecasts with weights that stay as they are, at many origins at once: what a policy of never learning gives."""

from collections.abc import Sequence

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.ridge import Ridge, apply_to, common_weights


def forecast_at(state: Ridge, values: Array, stops: Sequence[int]) -> Array:
    """Points made at each stop from the values before it, with the weights that the state has now.

    Args:
        state: A ridge that has learned; its own tail is not read.
        values: The panel, gaps as `nan`: they silence the windows that touch them. Shape `(periods, series)`.
        stops: Numbers of periods that are known at each origin.

    Returns:
        Shape `(stops, horizon, series)`; `nan` where the history is incomplete.
    """
    schema, weights = state.schema, state.weights if state.schema.refresh > 1 else common_weights(state)
    points = np.full((len(stops), schema.horizon, values.shape[1]), np.nan)
    rows = np.asarray(stops) - schema.history
    usable = rows >= 0
    for column in range(values.shape[1] if usable.any() else 0):
        windows = np.lib.stride_tricks.sliding_window_view(values[:, column], schema.history)
        points[usable, :, column] = apply_to(schema, weights, windows[rows[usable]])
    return points
