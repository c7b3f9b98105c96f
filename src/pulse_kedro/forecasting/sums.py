"""Additive statistics over windows: adding, scaling and subtracting them is learning, forgetting and unlearning."""

from dataclasses import dataclass

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.windows import WindowSchema

SUSPECT = 1e-9
"""Least eigenvalue, relative to the mean diagonal, below which sums are worn out by subtractions (reference 2.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Additive statistics over windows with weights w, all float64.

    `n` is the sum of w without the weight of the series (the number of windows while nothing is forgotten), `xx`
    A = sum w x x', `xy` B = sum w x y', `yy` C = sum w y*y per step.
    """

    n: float
    xx: Array
    xy: Array
    yy: Array

    def add(self, design: Array, targets: Array, weights: Array | None = None, count: float | None = None) -> "Sums":
        """Sums with some windows more; `weights` `(windows,)` are 1 and `count` is their number when left out."""
        if weights is None:
            xx, xy, yy = design.T @ design, design.T @ targets, (targets * targets).sum(axis=0)
        else:
            root = np.sqrt(weights)[:, None]
            rooted, aimed = design * root, targets * root
            xx, xy, yy = rooted.T @ rooted, rooted.T @ aimed, (aimed * aimed).sum(axis=0)
        total = self.xx + xx
        return Sums(
            n=self.n + (len(design) if count is None else count),
            xx=(total + total.T) / 2,
            xy=self.xy + xy,
            yy=self.yy + yy,
        )

    def plus(self, other: "Sums") -> "Sums":
        """Sums over the windows of both."""
        return Sums(n=self.n + other.n, xx=self.xx + other.xx, xy=self.xy + other.xy, yy=self.yy + other.yy)

    def minus(self, other: "Sums") -> "Sums":
        """Sums without the windows of the other."""
        return self.plus(other.times(-1.0))

    def times(self, factor: float) -> "Sums":
        """Sums whose windows all count `factor` times."""
        if factor == 1.0:
            return self
        return Sums(n=self.n * factor, xx=self.xx * factor, xy=self.xy * factor, yy=self.yy * factor)

    def error(self, weights: Array) -> Array:
        """Squared error of any weights over these windows, per step: exact, without a second pass over the data.

        Args:
            weights: Shape `(features, horizon)`.

        Returns:
            Shape `(horizon,)`: C - 2 diag(W'B) + diag(W'AW).
        """
        return np.asarray(self.yy - 2 * (weights * self.xy).sum(axis=0) + (weights * (self.xx @ weights)).sum(axis=0))

    def worn(self) -> bool:
        """Whether subtractions left something that no windows can have: accumulate again from the data then."""
        if not len(self.xx) or self.n < 0:
            return self.n < 0
        unit = max(float(np.trace(self.xx)) / len(self.xx), float(np.finfo(float).tiny))
        return bool(np.linalg.eigvalsh(self.xx)[0] < -SUSPECT * unit)


def empty_sums(schema: WindowSchema) -> Sums:
    """Sums over no window."""
    d, h = schema.features, schema.horizon
    return Sums(n=0, xx=np.zeros((d, d)), xy=np.zeros((d, h)), yy=np.zeros(h))
