"""Weights from sums: one decomposition serves every penalty and every step of the horizon."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.sums import Sums

PENALTIES = np.logspace(-6, 1, 15)
"""Candidate penalties relative to the mean squared input; ours, a log grid that brackets every optimum measured."""
EPSILON = float(np.finfo(float).eps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Weights `(features, horizon)` with the penalty that was chosen and the degrees of freedom it leaves."""

    weights: Array
    penalty: float
    degrees_of_freedom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """Centred sums in their eigenbasis, ready for any penalty.

    `values` `(d,)`, `vectors` `(d, d)`, `rotated` `(d, h)` = Q'B, `yy` total centred sum of squares, `unit` the mean
    squared input, `mean_x` `(d,)` and `mean_y` `(h,)` what an intercept undoes, `None` without one.
    """

    values: Array
    vectors: Array
    rotated: Array
    yy: float
    unit: float
    mean_x: Array | None
    mean_y: Array | None

    def weights(self, penalty: float) -> Array:
        """Ridge weights at a penalty relative to `unit`; the intercept is the last row."""
        weights = self.vectors @ (self.rotated / (self.values + penalty * self.unit)[:, None])
        if self.mean_x is None or self.mean_y is None:
            return np.asarray(weights)
        return np.vstack([weights, self.mean_y - self.mean_x @ weights])


def spectrum(sums: Sums, *, intercept: bool) -> Spectrum:
    """Eigenbasis of the sums, the intercept eliminated; d = features without it."""
    xx, xy, yy = sums.xx, sums.xy, sums.yy
    inputs = len(xx) - int(intercept)
    unit = float(np.trace(xx[:inputs, :inputs])) / inputs or 1.0  # inputs that are all 0 teach nothing at any penalty
    mean_x, mean_y = None, None
    if intercept:
        mass, mean_x, mean_y = xx[-1, -1], xx[:-1, -1] / xx[-1, -1], xy[-1] / xx[-1, -1]
        xx, xy = xx[:-1, :-1] - mass * np.outer(mean_x, mean_x), xy[:-1] - mass * np.outer(mean_x, mean_y)
        yy = yy - mass * mean_y**2
    values, vectors = np.linalg.eigh(xx)
    return Spectrum(
        values=np.maximum(values, 0.0),
        vectors=vectors,
        rotated=vectors.T @ xy,
        yy=float(yy.sum()),
        unit=unit,
        mean_x=mean_x,
        mean_y=mean_y,
    )


def cross_validation(found: Spectrum, n: float, penalties: Array) -> tuple[Array, Array]:
    """Generalised cross-validation score and degrees of freedom of each penalty.

    Args:
        found: The sums in their eigenbasis.
        n: Plain number of windows; counting overlapping windows less is a trap (reference 2.3).
        penalties: Relative to the mean squared input.

    Returns:
        Scores GCV = RSS / (1 - df/N)^2 summed over steps, and df; both of shape `(penalties,)`.

    Source:
        Golub, Heath & Wahba (1979).
    """
    values = found.values[:, None]
    damped = values + penalties * found.unit
    power = (found.rotated**2).sum(axis=1)[:, None]
    rss = found.yy - 2 * (power / damped).sum(axis=0) + (values * power / damped**2).sum(axis=0)
    freedom = (values / damped).sum(axis=0)
    left = np.maximum(1 - freedom / n, EPSILON)
    return np.maximum(rss, 0.0) / left**2, freedom


def solve(sums: Sums, *, intercept: bool, penalties: Array = PENALTIES) -> Solution:
    """Ridge weights for the penalty that minimises generalised cross-validation, from one decomposition.

    Args:
        sums: Statistics of at least one window.
        intercept: Whether the last feature is the constant 1, which is not penalised.
        penalties: Candidates relative to the mean diagonal of A over the inputs; without the centring, so that inputs
            which hardly vary are not divided by rounding.

    Returns:
        Weights in the scale of the design; the intercept is their last row.
    """
    found = spectrum(sums, intercept=intercept)
    scores, freedom = cross_validation(found, sums.n, penalties)
    best = int(np.argmin(scores))
    penalty = float(penalties[best])
    return Solution(weights=found.weights(penalty), penalty=penalty, degrees_of_freedom=float(freedom[best]))


def solve_at(sums: Sums, penalty: float, *, intercept: bool) -> Array:
    """Ridge weights for one penalty, without a decomposition for all: ten times cheaper.

    Args:
        sums: Statistics of at least one window.
        penalty: Relative to the mean squared input, above 0.
        intercept: Whether the last feature is the constant 1, which is not penalised.

    Returns:
        Shape `(features, horizon)`; what `solve` gives for the same penalty.
    """
    inputs = len(sums.xx) - int(intercept)
    unit = float(np.trace(sums.xx[:inputs, :inputs])) / inputs or 1.0
    damped = sums.xx.copy()
    damped[np.arange(inputs), np.arange(inputs)] += penalty * unit
    return np.asarray(cho_solve(cho_factor(damped), sums.xy))


def shrink_towards(start: Array, xx: Array, xy: Array, strength: float) -> Array:
    """Weights of each series, pulled towards common ones: W0 + (A + mu I)^-1 (B - A W0).

    The same formula with the champion's weights as `start` guards a warm update against forgetting.

    Args:
        start: Common weights W0. Shape `(features, horizon)`.
        xx: A of each series. Shape `(series, features, features)`.
        xy: B of each series. Shape `(series, features, horizon)`.
        strength: mu, in windows of standardised inputs; infinity gives `start`, 0 the series' own least squares.

    Returns:
        Shape `(series, features, horizon)`.
    """
    values, vectors = np.linalg.eigh(xx)
    gap = vectors.transpose(0, 2, 1) @ (xy - xx @ start)
    return np.asarray(start + vectors @ (gap / (np.maximum(values, 0.0) + strength)[:, :, None]))


def solve_dual(design: Array, targets: Array, penalty: float) -> Array:
    """Weights of a ridge with fewer windows than features: X' (X X' + mu I)^-1 Y.

    Args:
        design: Shape `(n, features)`.
        targets: Shape `(n, horizon)`.
        penalty: mu, absolute: the same number as in (X'X + mu I)^-1 X'Y, which has the same solution.

    Returns:
        Shape `(features, horizon)`.
    """
    kernel = design @ design.T + penalty * np.eye(len(design))
    return np.asarray(design.T @ np.linalg.solve(kernel, targets))
