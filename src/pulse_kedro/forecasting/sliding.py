"""Gram matrices of sliding windows in time proportional to one window: neighbours share all but two values."""

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.gram import RawGram, raw_gram


def sliding_gram(values: Array, longest: int, horizon: int) -> RawGram:
    """What `raw_gram` gives, without reading each window: G[i+1, j+1] = G[i, j] - y[i] y[j] + y[n+i] y[n+j].

    Args:
        values: Levels, centred near 0 so that no digits are lost. Shape `(periods, series)`. With a gap in them the
            windows are read one by one.
        longest: Inputs of a window.
        horizon: Targets of a window.

    Returns:
        Over every window; O(n span + span^2) per series in place of O(n span^2).

    Source:
        `forecasting.md` 2.9, last row of the table of costs.
    """
    span = longest + horizon
    n = len(values) - span + 1
    if n < 1 or np.isnan(values).any():
        return raw_gram(values, longest, horizon)
    gram = np.zeros((span + 1, span + 1))
    heads, tails = values[:span], values[n:]
    moves = tails[: span - 1] @ tails[: span - 1].T - heads[: span - 1] @ heads[: span - 1].T
    gram[0, :span] = sum(np.correlate(column, column[:n], mode="valid") for column in values.T)
    for row in range(span - 1):
        gram[row + 1, row + 1 : span] = gram[row, row : span - 1] + moves[row, row:]
    running = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    gram[:span, -1] = (running[n:] - running[:span])[:span].sum(axis=1)
    gram = np.triu(gram) + np.triu(gram, 1).T
    gram[-1, -1] = n * values.shape[1]
    return RawGram(longest=longest, horizon=horizon, n=n * values.shape[1], gram=gram)
