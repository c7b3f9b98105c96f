"""What a policy can ask of a forecaster: learn new periods, solve, forget, forecast. Two of them.

`Team` holds the ridges and baselines of any recipe; `Pool` a grid of ridges without window scales, all of whose sums
come from one additive Gram matrix, for panels in comparable units without gaps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.choice import combine, equal_median
from pulse_kedro.forecasting.gram import RawGram, centring
from pulse_kedro.forecasting.kinds import BASELINE_KINDS
from pulse_kedro.forecasting.members import create_member
from pulse_kedro.forecasting.recipe import MemberOptions, RecipeOptions
from pulse_kedro.forecasting.ridge import Ridge, apply_weights, common_weights, empty_ridge
from pulse_kedro.forecasting.sliding import sliding_gram
from pulse_kedro.forecasting.solving import solve, solve_at
from pulse_kedro.forecasting.windows import window_schema

ADDITIVE_KINDS = (
    "seasonal_ridge",
    "drift_ridge",
    "level_ridge",
    "last_ridge",
    "log_ridge",
    "raw_ridge",
)
"""Ridges whose whole state are common sums, so that any policy of learning and forgetting is cheap to replay."""


class Learner(Protocol):
    """An immutable forecaster whose learning a policy decides."""

    def learn(self, y: Array, new: int) -> Self:
        """State with the windows that the newest `new` periods of `y` complete; the weights stay."""
        ...

    def forget(self, keep: float) -> Self:
        """State in which everything learned so far counts `keep` times."""
        ...

    def solve(self) -> Self:
        """State with weights from what was learned."""
        ...

    def forecast(self, y: Array) -> Array:
        """Points `(horizon, series)` after all of `y`, with the weights that were solved last."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Median of the ridges and baselines of a recipe."""

    recipe: RecipeOptions
    baselines: tuple[MemberOptions, ...]
    ridges: tuple[Ridge, ...]
    weights: tuple[Array, ...] = ()

    def learn(self, y: Array, new: int) -> Self:
        """Sums with the windows that end in the newest periods."""
        known = len(y) - new
        learned = []
        for ridge in self.ridges:
            tail = y[max(0, known - ridge.schema.span + 1) : known]
            extras = np.empty((len(tail), y.shape[1], 0))
            learned.append(replace(ridge, tail=tail, extras=extras, clock=known, batches=()).update(y[known:], ""))
        return replace(self, ridges=tuple(learned))

    def forget(self, keep: float) -> Self:
        """Sums of all ridges count less."""
        return replace(self, ridges=tuple(replace(ridge, sums=ridge.sums.times(keep)) for ridge in self.ridges))

    def solve(self) -> Self:
        """Weights of all ridges, their penalties by generalised cross-validation."""
        return replace(self, weights=tuple(common_weights(ridge) for ridge in self.ridges))

    def forecast(self, y: Array) -> Array:
        """Median of everybody who has an opinion."""
        points = [
            create_member(member, self.recipe, series=y.shape[1]).update(y, "").forecast() for member in self.baselines
        ]
        for ridge, weights in zip(self.ridges, self.weights, strict=True):
            tail = y[-ridge.schema.span :]
            now = replace(ridge, tail=tail, extras=np.empty((len(tail), y.shape[1], 0)), clock=len(y))
            points.append(apply_weights(now, weights))
        return combine(np.stack(points), equal_median(len(points)))


def empty_team(recipe: RecipeOptions, *, series: int) -> Team:
    """A team that has learned nothing; members of a recipe that are no baselines or additive ridges are left out."""
    ridges = [member for member in recipe.members if member.kind in ADDITIVE_KINDS]
    return Team(
        recipe=recipe,
        baselines=tuple(member for member in recipe.members if member.kind in BASELINE_KINDS),
        ridges=tuple(
            empty_ridge(member.name, replace(window_schema(member, recipe), refresh=1), series=series)
            for member in ridges
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One ridge of a pool: its look-back, its centre (`mean`, `last` or `none`) and its penalty, `None` until chosen.

    The penalty is relative to the mean squared input; it is chosen once, by generalised cross-validation, when the pool
    is solved first, so that each later solution costs one Cholesky factor. Until `least` periods are known the part
    takes no share.
    """

    look_back: int
    centre: str
    penalty: float | None = None
    least: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Median of a grid of ridges over one Gram matrix.

    `own` is how much more a series' own windows count in its weights than those of the other series; 0 has one set of
    weights for all. `unit` and `level` `(S,)` bring series to comparable values.
    """

    horizon: int
    parts: tuple[Part, ...]
    unit: Array
    level: Array
    own: float = 0.0
    periods: int = 0
    grams: tuple[RawGram, ...] = ()
    weights: tuple[tuple[Array, ...], ...] = ()

    @property
    def longest(self) -> int:
        """Longest look-back."""
        return max(part.look_back for part in self.parts)

    def learn(self, y: Array, new: int) -> Self:
        """Gram matrices with the windows that end in the newest periods."""
        first = max(0, len(y) - new - self.longest - self.horizon + 1)
        values = (y[first:] - self.level) / self.unit
        split = [values] if not self.own else [values[:, [column]] for column in range(values.shape[1])]
        found = [sliding_gram(block, self.longest, self.horizon) for block in split]
        if self.grams:
            found = [old.plus(more) for old, more in zip(self.grams, found, strict=True)]
        return replace(self, grams=tuple(found), periods=len(y))

    def forget(self, keep: float) -> Self:
        """Gram matrices count less."""
        return replace(self, grams=tuple(replace(gram, gram=gram.gram * keep) for gram in self.grams))

    def solve(self) -> Self:
        """Weights of each part; its penalty is chosen the first time."""
        together = self.grams[0]
        for gram in self.grams[1:]:
            together = together.plus(gram)
        parts: list[Part] = []
        weights: list[tuple[Array, ...]] = []
        for part in self.parts:
            if self.periods < part.least:
                parts.append(part)
                weights.append(())
                continue
            centre = centring(part.centre, part.look_back)
            common = together.sums(part.look_back, centre, intercept=False)
            penalty = solve(common, intercept=False).penalty if part.penalty is None else part.penalty
            sums = [
                common.plus(gram.sums(part.look_back, centre, intercept=False).times(self.own)) for gram in self.grams
            ]
            parts.append(replace(part, penalty=penalty))
            weights.append(tuple(solve_at(own, penalty, intercept=False) for own in (sums if self.own else [common])))
        return replace(self, parts=tuple(parts), weights=tuple(weights))

    def forecast(self, y: Array) -> Array:
        """Median of the parts."""
        points = [
            self._part(part, weights, y) for part, weights in zip(self.parts, self.weights, strict=True) if weights
        ]
        return combine(np.stack(points), equal_median(len(points))) * self.unit + self.level

    def _part(self, part: Part, weights: Sequence[Array], y: Array) -> Array:
        """Points of one ridge in comparable units; shape `(horizon, series)`."""
        past = (y[-part.look_back :] - self.level) / self.unit
        middle = centring(part.centre, part.look_back) @ past
        moves = past - middle
        if len(weights) == 1:
            return np.asarray(weights[0].T @ moves + middle)
        own = [weight.T @ moves[:, column] for column, weight in enumerate(weights)]
        return np.asarray(np.stack(own, axis=1) + middle)


def empty_pool(y: Array, parts: Sequence[Part], *, horizon: int, season_length: int, own: float = 0.0) -> Pool:
    """A pool that has learned nothing; its units are frozen by what is known now.

    Args:
        y: Everything known at the first origin. Shape `(periods, series)`.
        parts: The grid.
        horizon: Steps ahead.
        season_length: m of the unit, the mean |y[t] - y[t-m]|.
        own: Extra weight of a series' own windows in its weights.
    """
    unit, level = usual_units(y, season_length)
    return Pool(horizon=horizon, parts=tuple(parts), unit=unit, level=level, own=own)


def usual_units(y: Array, season_length: int) -> tuple[Array, Array]:
    """Mean |y[t] - y[t-m]| (1 where it is 0) and mean level of every series, each of shape `(series,)`."""
    unit = np.nanmean(np.abs(y[season_length:] - y[:-season_length]), axis=0)
    return np.where(unit > 0, unit, 1.0), np.nanmean(y, axis=0)
