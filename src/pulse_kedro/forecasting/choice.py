"""One way to combine members, and the forecast that it makes; what a bundle needs to serve, and nothing that trains."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.panel import Array

TRIM = 0.2
"""Share of members cut at each end by the trimmed mean; a common choice, ours."""
EACH_SERIES = 3
"""Dimensions of weights that differ by series."""
Rule = Literal["median", "trimmed_mean", "mean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One way to combine: a rule over the members whose weight is positive.

    `weights` has shape `(members,)`, `(members, H)` where each step has its own, or `(members, 1, S)` where each series
    has.
    """

    name: str
    rule: Rule
    weights: Array

    def of(self, columns: slice) -> "Choice":
        """The same for some series."""
        return self if self.weights.ndim < EACH_SERIES else replace(self, weights=self.weights[..., columns])


@dataclass(frozen=True, slots=True, kw_only=True)
class ByGroup:
    """A choice per group of series: `of` `(S,)` is the place of each series' choice among `choices`."""

    of: npt.NDArray[np.int64]
    choices: tuple[Choice, ...]

    @property
    def name(self) -> str:
        """The choices that are made, each once, in the order of the groups."""
        return "by group: " + ", ".join(dict.fromkeys(choice.name for choice in self.choices))


def plain(choice: Choice | ByGroup) -> Choice:
    """A choice that is one for all series: groups hold no groups."""
    assert isinstance(choice, Choice)  # noqa: S101  # for mypy: only what was combined by group has others
    return choice


def combine(points: Array, choice: Choice | ByGroup) -> Array:
    """Combined forecast; members that abstain (`nan`) are left out series by series.

    Args:
        points: Forecasts of the members. Shape `(members, ...)`; `(members, H, S)` where the weights differ by step,
            `(members, ..., S)` where series have choices by group.
        choice: What to do with them.

    Returns:
        Shape of `points` without the first axis. Where every chosen member abstains, as for a series too short for
        the leaders, it is the median of all members; `nan` where these abstain too.
    """
    if isinstance(choice, ByGroup):
        combined = np.full(points.shape[1:], np.nan)
        for group, own in enumerate(choice.choices):
            combined[..., choice.of == group] = combine(points[..., choice.of == group], own)
        return combined
    chosen = choice.weights > 0
    members = chosen.reshape(len(chosen), -1).any(axis=1)
    if choice.rule != "mean":
        combined = _trim(points[members], choice.rule)
    elif choice.weights.ndim == EACH_SERIES:
        combined = _weigh_own(points[members], choice.weights[members])
    elif choice.weights.ndim > 1:
        combined = _weigh_each(points[members], choice.weights[members])
    else:
        combined = _weigh(points[members], choice.weights[members])
    if chosen.all() or not np.isnan(combined).any():
        return combined
    return np.where(np.isnan(combined), _trim(points, "median"), combined)


def equal_median(members: int) -> Choice:
    """The simplest choice: the median of everybody."""
    return Choice(name="median", rule="median", weights=np.ones(members))


def _weigh(points: Array, weights: Array) -> Array:
    """Weighted mean over the first axis of what is not `nan`."""
    mass = np.tensordot(weights, ~np.isnan(points), axes=1)
    total = np.tensordot(weights, np.nan_to_num(points), axes=1)
    return np.asarray(np.divide(total, mass, out=np.full_like(total, np.nan), where=mass > 0))


def _weigh_each(points: Array, weights: Array) -> Array:
    """The same for weights of shape `(members, H)`, one set per step."""
    mass = np.einsum("mh,mhs->hs", weights, ~np.isnan(points))
    total = np.einsum("mh,mhs->hs", weights, np.nan_to_num(points))
    return np.asarray(np.divide(total, mass, out=np.full_like(total, np.nan), where=mass > 0))


def _weigh_own(points: Array, weights: Array) -> Array:
    """The same for weights of shape `(members, 1, S)`, one set per series."""
    mass, total = (weights * ~np.isnan(points)).sum(axis=0), (weights * np.nan_to_num(points)).sum(axis=0)
    return np.asarray(np.divide(total, mass, out=np.full_like(total, np.nan), where=mass > 0))


def _trim(points: Array, rule: Literal["median", "trimmed_mean"]) -> Array:
    """Mean over the first axis of the values in the middle, without `nan`: the one or two of the median, or more."""
    ordered = np.sort(points, axis=0)
    count = (~np.isnan(ordered)).sum(axis=0)
    cut = np.floor(TRIM * count) if rule == "trimmed_mean" else np.maximum(np.ceil(count / 2) - 1, 0)
    rank = np.arange(len(ordered)).reshape(-1, *([1] * count.ndim))
    kept = (rank >= cut) & (rank < count - cut)
    total = np.where(kept, ordered, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, kept.sum(axis=0), out=np.full_like(total, np.nan), where=count > 0))
