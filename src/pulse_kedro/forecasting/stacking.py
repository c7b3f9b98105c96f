"""Weights from sums of products of errors: least squares on the simplex, and a lasso stack; both sum to one."""

import numpy as np

from pulse_kedro.domain.panel import Array

EQUAL_CUTOFFS = 24
"""Cutoffs of evidence that weigh as much as equal weights when least squares are shrunk; ours, the warm-up."""
LASSO_PENALTY = 0.1
"""Penalty of the lasso relative to the mean square of its inputs; ours, fixed in advance."""
TINY = 1e-12
"""Directions of the errors that vary less, relative to the largest, count as constant; ours, well above rounding."""


def least_squares_weights(errors: Array) -> Array:
    """Weights on the simplex with the smallest mean squared error of the combination.

    Args:
        errors: Sum of e e' over forecasts, e the errors of the members in one forecast. Shape `(M, M)`.

    Returns:
        Shape `(M,)`, not negative, sum 1. Minimising w'Ew + (1'w - 1)^2 over w >= 0 is a problem of non-negative least
        squares; its solution has the direction of the best point of the simplex, because for w = t v the best t gives
        q / (1 + q) with q = v'Ev, which grows with q.

    Source:
        Bates & Granger (1969) for weights from error products; Lawson & Hanson (1974) for the solver.
    """
    from scipy.optimize import nnls

    unit = np.trace(errors) / len(errors)
    if unit <= 0:
        return np.full(len(errors), 1 / len(errors))
    root, _ = _root(errors / unit)
    weights, _ = nnls(np.vstack([root, np.ones(len(errors))]), np.append(np.zeros(len(root)), 1.0))
    return np.asarray(weights / weights.sum())


def shrink_to_equal(weights: Array, evidence: float, pooling: float = EQUAL_CUTOFFS) -> Array:
    """Weights moved towards equal ones: (evidence * w + pooling / M) / (evidence + pooling)."""
    return (evidence * weights + pooling / len(weights)) / (evidence + pooling)


def lasso_weights(errors: Array, rows: float, penalty: float = LASSO_PENALTY) -> Array:
    """Weights of a lasso stack that starts at the equal mean.

    The deviation of the outcome from the members' mean is regressed on their deviations from it, without an
    intercept, coefficients not negative. What the coefficients leave of 1 is shared evenly.

    Args:
        errors: Sum of e e' over forecasts. Shape `(M, M)`.
        rows: Number of forecasts summed.
        penalty: Relative to the mean square of the deviations.

    Returns:
        Shape `(M,)`, not negative, sum 1.

    Source:
        Pooled lasso stacking of Godahewa et al. (2022, weekly data); the even share of the rest is ours.
    """
    weights = lasso_coefficients(errors, rows, penalty)
    spread = np.maximum(weights + (1 - weights.sum()) / len(weights), 0.0)
    return np.asarray(spread / spread.sum())


def lasso_coefficients(errors: Array, rows: float, penalty: float) -> Array:
    """Coefficients of that regression: minimise |t - Xw|^2 / (2 rows) + penalty * mean square of X * |w|_1, w >= 0."""
    from sklearn.linear_model import Lasso

    centre = np.eye(len(errors)) - 1 / len(errors)
    inner, outer = centre @ errors @ centre, -(centre @ errors).mean(axis=1)
    unit = float(np.trace(inner)) / (rows * len(errors)) if rows else 0.0
    if np.trace(inner) <= TINY * np.trace(errors):
        return np.zeros(len(errors))
    root, inverse = _root(inner)
    stretch = np.sqrt(len(root) / rows)
    model = Lasso(alpha=penalty * unit, fit_intercept=False, positive=True, tol=1e-9, max_iter=100_000)
    return np.asarray(model.fit(root * stretch, (inverse @ outer) * stretch).coef_)


def _root(products: Array) -> tuple[Array, Array]:
    """R with R'R equal to some sums of products, and the P for which P X't is the target that belongs to R."""
    values, vectors = np.linalg.eigh((products + products.T) / 2)
    kept = values > TINY * values[-1]
    size, directions = np.sqrt(values[kept]), vectors[:, kept].T
    return directions * size[:, None], directions / size[:, None]
