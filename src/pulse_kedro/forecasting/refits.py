"""Ridge weights for other losses than squares: a few reweighted solutions that start at the ridge."""

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.solving import solve
from pulse_kedro.forecasting.sums import Sums

STEPS = 3
"""Reweighted solutions after the ridge (reference 2.7)."""
KAPPA = 1.345
"""Residual, in robust standard deviations, from which a window counts less: 95 % efficiency under normal errors
(Huber 1981)."""
NORMAL_MAD = 0.6745
"""Median absolute value of a standard normal variable."""
SMALLEST = 1e-4
"""Smallest residual of the quantile weights, in robust standard deviations; ours, keeps the weights finite."""


def robust_scale(residuals: Array) -> float:
    """Median absolute residual as a standard deviation; 1 where all are 0."""
    size = float(np.median(np.abs(residuals))) / NORMAL_MAD if residuals.size else 0.0
    return size if size > 0 else 1.0


def huber_weights(residuals: Array, kappa: float = KAPPA) -> Array:
    """Weight of each window, from the norm of its residual: min(1, kappa / rho).

    With the residuals of the weights in use when a window arrives, the weight is fixed for ever: the sums stay
    additive and reversible.

    Args:
        residuals: Shape `(n, horizon)`.
        kappa: Where the weight begins to fall.

    Returns:
        Shape `(n,)`, between 0 and 1.

    Source:
        Huber (1981), iterated reweighting; one scalar per window keeps one A for all steps.
    """
    norms = np.sqrt((residuals * residuals).mean(axis=1))
    rho = norms / robust_scale(norms)
    return np.asarray(np.minimum(1.0, kappa / np.maximum(rho, np.finfo(float).tiny)))


def quantile_weights(residuals: Array, level: float) -> Array:
    """Weights that turn squares into the pinball loss of one step: |tau - 1{r < 0}| / |r|.

    Args:
        residuals: Of one step. Shape `(n,)`.
        level: tau, between 0 and 1.
    """
    floor = SMALLEST * robust_scale(residuals)
    return np.asarray(np.abs(level - (residuals < 0)) / np.maximum(np.abs(residuals), floor))


def refit_huber(design: Array, targets: Array, penalty: float, *, intercept: bool, steps: int = STEPS) -> Array:
    """Weights that large errors move less.

    Args:
        design: Shape `(n, features)`, the constant last where there is one.
        targets: Shape `(n, horizon)`.
        penalty: Relative, as in `solve`.
        intercept: Whether the last feature is the constant.
        steps: Reweighted solutions after the ridge.

    Returns:
        Shape `(features, horizon)`.
    """
    weights = _solve(design, targets, None, penalty, intercept=intercept)
    for _ in range(steps):
        weights = _solve(design, targets, huber_weights(targets - design @ weights), penalty, intercept=intercept)
    return weights


def refit_quantile(
    design: Array, targets: Array, level: float, penalty: float, *, intercept: bool, steps: int = STEPS
) -> Array:
    """Weights of a quantile regression with a ridge penalty, step by step of the horizon; as `refit_huber`.

    Source:
        Reweighted least squares for the pinball loss: Schlossmacher (1973), Hunter & Lange (2000).
    """
    start = _solve(design, targets, None, penalty, intercept=intercept)
    columns = []
    for step in range(targets.shape[1]):
        aim, weights = targets[:, [step]], start[:, [step]]
        for _ in range(steps):
            residuals = (aim - design @ weights)[:, 0]
            weights = _solve(design, aim, quantile_weights(residuals, level), penalty, intercept=intercept)
        columns.append(weights)
    return np.concatenate(columns, axis=1)


def _solve(design: Array, targets: Array, each: Array | None, penalty: float, *, intercept: bool) -> Array:
    d, h = design.shape[1], targets.shape[1]
    empty = Sums(n=0, xx=np.zeros((d, d)), xy=np.zeros((d, h)), yy=np.zeros(h))
    sums = empty.add(design, targets, each)
    return solve(sums, intercept=intercept, penalties=np.array([penalty])).weights
