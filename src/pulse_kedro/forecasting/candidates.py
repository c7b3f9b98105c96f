"""Candidates: ways to combine that the evidence so far makes possible, from the simplest to the most complex."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.choice import Choice, equal_median
from pulse_kedro.forecasting.evidence import Products, nan_mean, steps_of
from pulse_kedro.forecasting.recipe import CandidateKind
from pulse_kedro.forecasting.stacking import lasso_weights, least_squares_weights, shrink_to_equal

POWERS = (1, 2, 4, 8)
OWN_POWERS = (4, 8)
"""Ours: the smaller ones differ little from those of the panel."""
OWN_EVIDENCE = 8.0
"""Horizons of own errors that weigh as much as the panel's; ours, the origins of an evaluation (decision 0032)."""
LEADERS = (5, 3)
USUAL: tuple[CandidateKind, ...] = ("median", "trimmed_mean", "powers", "leaders", "best")
"""What competes unless the settings say otherwise."""
STACKS: tuple[CandidateKind, ...] = ("nnls", "lasso")
NNLS, LASSO = "least squares", "lasso stack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Error products over the cutoffs that are resolved: `errors` `(B, M, M)`, `rows` `(B,)`, `present` `(M,)`."""

    errors: Array
    rows: Array
    present: Array
    cutoffs: int
    horizon: int


def stack_of(products: Products, resolved: int) -> Stack:
    """Sums over the first `resolved` cutoffs."""
    return Stack(
        errors=products.errors[:resolved].sum(axis=0),
        rows=products.rows[:resolved].sum(axis=0),
        present=products.present[:resolved].sum(axis=0),
        cutoffs=resolved,
        horizon=products.horizon,
    )


def own_errors(scaled: Array, lag: int) -> Array:
    """Logarithm of each member's error for each series, relative to the other members, shrunk to that of the panel.

    Args:
        scaled: Mean scaled errors at resolved cutoffs. Shape `(M, K, S)`, `nan` where unknown.
        lag: Cutoffs whose horizons overlap: so many count as one.

    Returns:
        (n u_s + 8 u) / (n + 8), u the mean of u_s over series; shape `(M, S)`, infinite for a member without any error.
    """
    mean = nan_mean(scaled, axis=1)
    logs = np.log(np.maximum(mean, np.finfo(float).tiny))
    relative = logs - nan_mean(logs, axis=0)
    panel = nan_mean(relative, axis=1)[:, None]
    n = (~np.isnan(scaled)).sum(axis=1) / lag
    shrunk = (n * np.where(np.isnan(relative), 0.0, relative) + OWN_EVIDENCE * panel) / (n + OWN_EVIDENCE)
    return np.where(np.isnan(shrunk), np.inf, shrunk)


def candidates(
    errors: Array, kinds: Sequence[CandidateKind] = USUAL, stack: Stack | None = None, own: Array | None = None
) -> list[Choice]:
    """Ways to combine, simplest first.

    Args:
        errors: Mean loss of each member at earlier cutoffs. Shape `(members,)`; `nan` or empty evidence makes only
            equal weights possible.
        kinds: Which of them compete; the order does not matter.
        stack: Error products at the same cutoffs, for `nnls` and `lasso`.
        own: What `own_errors` gives at the same cutoffs, for `own_powers`. Shape `(members, S)`.

    Returns:
        Equal median, trimmed mean, weights proportional to error^-p, medians of the leaders, such weights of each
        series, least squares per block of steps, a lasso stack, the single best member (the most complex one: it has
        the largest selection variance).
    """
    found: list[Choice] = []
    for kind in (kind for kind in get_args(CandidateKind) if kind in kinds):
        if kind in ("median", "trimmed_mean"):
            found.append(_equal(kind, len(errors)))
        elif kind == "own_powers":
            found += [] if own is None or np.isinf(own).all() else _owned(own)
        elif kind in STACKS:
            found += [] if stack is None or not stack.rows.sum() else [_stacked(kind, stack)]
        elif not np.isnan(errors).all():
            found += _ranked(kind, np.where(np.isnan(errors), np.inf, np.maximum(errors, np.finfo(float).tiny)))
    return found


def names_of(kinds: Sequence[CandidateKind], members: int) -> list[str]:
    """Names of every candidate of some kinds that evidence can make possible, simplest first."""
    names: dict[CandidateKind, list[str]] = {
        "median": ["median"],
        "trimmed_mean": ["trimmed mean"],
        "powers": [f"error^-{power}" for power in POWERS],
        "leaders": [f"median of best {leaders}" for leaders in LEADERS if leaders < members],
        "own_powers": [f"own error^-{power}" for power in OWN_POWERS],
        "nnls": [NNLS],
        "lasso": [LASSO],
        "best": ["best member"],
    }
    return [name for kind in get_args(CandidateKind) if kind in kinds for name in names[kind]]


def _equal(kind: CandidateKind, members: int) -> Choice:
    if kind == "median":
        return equal_median(members)
    return Choice(name="trimmed mean", rule="trimmed_mean", weights=np.ones(members))


def _ranked(kind: CandidateKind, errors: Array) -> list[Choice]:
    """Candidates that only need the members' losses; `inf` has no evidence."""
    if kind == "powers":
        return [
            Choice(name=f"error^-{power}", rule="mean", weights=(errors.min() / errors) ** power) for power in POWERS
        ]
    order, found = np.argsort(errors, kind="stable"), []
    for leaders in (k for k in LEADERS if k < len(errors)) if kind == "leaders" else (1,):
        weights = np.zeros(len(errors))
        weights[order[:leaders]] = 1.0
        name = f"median of best {leaders}" if leaders > 1 else "best member"
        found.append(Choice(name=name, rule="median", weights=weights))
    return found


def _owned(own: Array) -> list[Choice]:
    """Weights of each series, proportional to its own error^-p."""
    away = own - own.min(axis=0)
    return [
        Choice(name=f"own error^-{power}", rule="mean", weights=np.exp(-power * away)[:, None]) for power in OWN_POWERS
    ]


def _stacked(kind: CandidateKind, stack: Stack) -> Choice:
    """Weights from error products, for the members that ever forecast."""
    there = stack.present > 0
    inner = np.ix_(there, there)
    if kind == "lasso":
        weights = np.zeros(len(there))
        weights[there] = lasso_weights(stack.errors.sum(axis=0)[inner], float(stack.rows.sum()))
        return Choice(name=LASSO, rule="mean", weights=weights)
    by_step = np.zeros((len(there), stack.horizon))
    for errors, steps in zip(stack.errors, steps_of(stack.horizon), strict=True):
        best = least_squares_weights(errors[inner])
        by_step[np.ix_(there, steps)] = shrink_to_equal(best, stack.cutoffs)[:, None]
    return Choice(name=NNLS, rule="mean", weights=by_step)
