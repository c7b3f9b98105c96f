"""One raw Gram matrix for a whole grid of look-backs: windows are read once, every centring follows by algebra."""

from dataclasses import dataclass

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.sums import Sums

BLOCK_BYTES = 64 * 2**20
"""Largest block of windows held at once (reference 2.9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawGram:
    """G = sum z z' over z = (the longest inputs, targets, 1) of every whole window; additive like any other sum."""

    longest: int
    horizon: int
    n: int
    gram: Array

    def plus(self, other: "RawGram") -> "RawGram":
        """Over the windows of both."""
        return RawGram(longest=self.longest, horizon=self.horizon, n=self.n + other.n, gram=self.gram + other.gram)

    def sums(self, look_back: int, centre: Array, *, intercept: bool) -> Sums:
        """Sums of a ridge with fewer inputs and a linear centring.

        Args:
            look_back: Inputs that are read, at most the longest.
            centre: Weights c of the inputs, oldest first, whose value c'u is subtracted from inputs and targets.
                Shape `(look_back,)`: 1/L each for the mean, the last unit vector for the last value, 0 for none.
            intercept: Whether the last feature is the constant 1.

        Returns:
            Over the windows of the longest look-back: x = (I - 1 c') u, y = v - 1 c'u.
        """
        inputs = slice(self.longest - look_back, self.longest)
        targets = slice(self.longest, self.longest + self.horizon)
        uu, uv, vv = self.gram[inputs, inputs], self.gram[inputs, targets], self.gram[targets, targets]
        shift = uu @ centre
        level = float(centre @ shift)
        xx = uu - shift[:, None] - shift[None] + level
        xy = uv - shift[:, None] - centre @ uv + level
        yy = np.diag(vv) - 2 * (centre @ uv) + level
        if intercept:
            one_u, one_v = self.gram[-1, inputs], self.gram[-1, targets]
            mean_x, mean_y = one_u - centre @ one_u, one_v - centre @ one_u
            xx = np.block([[xx, mean_x[:, None]], [mean_x[None], np.array([[float(self.n)]])]])
            xy = np.vstack([xy, mean_y])
        return Sums(n=self.n, xx=(xx + xx.T) / 2, xy=xy, yy=yy)


def raw_gram(values: Array, longest: int, horizon: int) -> RawGram:
    """Gram matrix of every window of some series without gaps in it.

    Args:
        values: Levels, `nan` for gaps; subtract a constant of each series first, large levels cost digits. Shape
            `(periods, series)`.
        longest: Inputs of a window.
        horizon: Targets of a window.
    """
    span = longest + horizon
    gram, n = np.zeros((span + 1, span + 1)), 0
    if len(values) < span:
        return RawGram(longest=longest, horizon=horizon, n=0, gram=gram)
    step = max(1, BLOCK_BYTES // (8 * (span + 1)))
    for column in range(values.shape[1]):
        spans = np.lib.stride_tricks.sliding_window_view(values[:, column], span)
        for first in range(0, len(spans), step):
            block = spans[first : first + step]
            block = block[~np.isnan(block).any(axis=1)]
            rows = np.concatenate([block, np.ones((len(block), 1))], axis=1)
            gram += rows.T @ rows
            n += len(rows)
    return RawGram(longest=longest, horizon=horizon, n=n, gram=gram)


def centring(kind: str, look_back: int) -> Array:
    """Weights of the inputs whose value is the centre: `mean`, `last` or `none`; shape `(look_back,)`."""
    if kind == "mean":
        return np.full(look_back, 1.0 / look_back)
    centre = np.zeros(look_back)
    centre[-1] = 1.0 if kind == "last" else 0.0
    return centre
