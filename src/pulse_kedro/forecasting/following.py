"""What keeps intervals right while the world changes: one width for the panel, or a bound per series, block and tail.

A follower is an immutable state: `learn` takes the outcomes that arrived with a period, `issue` turns the quantiles of
earlier errors into those that are issued.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.evidence import steps_of
from pulse_kedro.forecasting.pooling import LEVELS, Pooled
from pulse_kedro.forecasting.recipe import IntervalOptions

HALF = len(LEVELS) // 2
MISS = 2 * LEVELS[:HALF]
"""Nominal share of outcomes outside each central interval, widest first."""
TAIL = LEVELS[:HALF]
"""Nominal share of outcomes beyond each bound, outermost first."""
RAISED = 3.0
"""How much faster bounds move for one season after a reset; ours."""
REFERENCE = LEVELS.tolist().index(0.1)
"""Level whose distance from the median measures how far a bound moved: the lower bound of the 80 % interval."""
EDGE = 0.49 * np.pi
"""Largest argument of the tangent; ours, a factor of 32 before it is clipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Outcomes that became known with a period: `outcome` `(steps, S)` and what was `issued` for them `(steps, S, Q)`.

    The first row was forecast one step ahead, the second two. Unknown outcomes and forecasts without quantiles are
    `nan`.
    """

    outcome: Array
    issued: Array


class Follower(Protocol):
    """A way to keep intervals right."""

    def learn(self, arrived: Arrived, base: Pooled) -> Self:
        """State after some outcomes arrived; `base` holds the quantiles of the errors known by now."""
        ...

    def issue(self, base: Pooled) -> Array:
        """Offsets to issue. Shape `(H, S, Q)`, rising with the level, intervals no narrower at later steps."""
        ...

    def widths(self, base: Pooled) -> Array:
        """How much wider than the base each central interval is, widest first; shape `(Q // 2,)`."""
        ...

    def reset(self, season: int, drifted: npt.NDArray[np.bool_]) -> Self:
        """State after drift in some series `(S,)`: what they summed is forgotten, for one season they learn faster."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WidthTracker:
    """One factor per central interval for the whole panel; `logs` `(Q // 2,)` are its logarithms.

    Source:
        The quantile tracker of Angelopoulos, Candes & Tibshirani (2023, arXiv 2307.16895) on the log scale, its error
        averaged over series and steps and divided by the nominal miss, so that 95 % and 50 % intervals learn at the
        same relative speed.
    """

    rate: float
    widest: float
    logs: Array
    raised: int = 0

    def widths(self, base: Pooled) -> Array:  # noqa: ARG002  (the protocol names it)
        """The factors."""
        return np.exp(self.logs)

    def learn(self, arrived: Arrived, base: Pooled) -> Self:  # noqa: ARG002  (the protocol names it)
        """Factors after some outcomes: up where more of them lay outside than promised."""
        rate = self.rate * (RAISED if self.raised else 1.0)
        learned = self.logs + rate * relative_miss(arrived)
        return replace(
            self, logs=np.clip(learned, -np.log(self.widest), np.log(self.widest)), raised=max(0, self.raised - 1)
        )

    def issue(self, base: Pooled) -> Array:
        """Offsets with their distance to the median multiplied, then put in order."""
        widths = self.widths(base)
        factor = np.concatenate([widths, [1.0], widths[::-1]])
        median = base.offsets[..., HALF : HALF + 1]
        return np.sort(median + (base.offsets - median) * factor, axis=-1)

    def reset(self, season: int, drifted: npt.NDArray[np.bool_]) -> Self:
        """Learn faster for one season where every series drifted; nothing is summed here."""
        return replace(self, raised=season) if drifted.all() else self


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformalPid:
    """A bound for each block of steps, series and tail, that moves after every miss and every hit.

    `bounds` and `sums` have shape `(B, S, 2)`, lower tail first: the tracker, and the summed misses beyond nominal.
    `counts` `(B, S)` are the periods that were summed, `recent` `(season, B, S)` the largest score of each of the
    newest periods, all in units of the series' scale; `raised` `(S,)` the periods for which a series still moves
    faster. A bound is how far that of the 80 % interval moves from the one that earlier errors make; the other levels
    of a tail move in proportion, so that they cannot cross.

    Source:
        Conformal PID control: Angelopoulos, Candes & Tibshirani (2023, arXiv 2307.16895), with the pooled quantile as
        the scorecaster. Moving all levels of a tail together, and a miss averaged over them, are ours: trackers per
        level cross, and putting them in order again moves them outwards. The largest score is that of earlier
        periods: were the newest one among them, a miss would move a bound by more than a hit takes back.
    """

    options: IntervalOptions
    bounds: Array
    sums: Array
    counts: Array
    recent: Array
    raised: npt.NDArray[np.int64]

    def learn(self, arrived: Arrived, base: Pooled) -> Self:
        """Bounds after some outcomes; a block of steps without an outcome keeps its bounds."""
        steps = len(arrived.outcome)
        score, missed = np.abs(arrived.outcome), _missed(arrived)
        known = ~np.isnan(missed[..., 0])
        error, largest = np.zeros_like(self.bounds), np.zeros_like(self.counts)
        seen = np.zeros(self.counts.shape, dtype=bool)
        for at, inside in enumerate(steps_of(len(base.unit))):
            rows = inside[inside < steps]
            count = known[rows].sum(axis=0)
            seen[at] = count > 0
            error[at] = np.nan_to_num(missed[rows]).sum(axis=0) / np.maximum(count, 1)[:, None]
            largest[at] = np.nan_to_num(score[rows]).max(axis=0, initial=0.0)
        speed = self.options.proportional * np.where(self.raised > 0, RAISED, 1.0) * self.recent.max(axis=0)
        return replace(
            self,
            bounds=self.bounds + speed[..., None] * error,
            sums=self.sums + error,
            counts=self.counts + seen,
            recent=np.concatenate([self.recent[1:], largest[None]]),
            raised=np.maximum(0, self.raised - 1),
        )

    def issue(self, base: Pooled) -> Array:
        """Base quantiles plus bounds and integrator, in order, no interval narrower than at an earlier step."""
        factors, median = self._factors(base), base.offsets[..., HALF : HALF + 1]
        away = base.offsets - median
        for at, inside in enumerate(steps_of(len(away))):
            away[inside, :, :HALF] *= factors[at, :, :1]
            away[inside, :, HALF + 1 :] *= factors[at, :, 1:]
        return np.asarray(median + away)

    def _factors(self, base: Pooled) -> Array:
        """What the distances to the median are multiplied by; shape `(B, S, 2)`."""
        largest = _by_block(base.largest * base.unit, np.max)[..., None]
        time = self.counts[..., None] + 1
        swing = np.clip(np.log(time) * self.sums / (time * self.options.saturation), -EDGE, EDGE)
        moved = self.bounds + self.options.integral * largest * np.tan(swing)
        away = np.abs(base.offsets[..., [REFERENCE, -1 - REFERENCE]] - base.offsets[..., HALF : HALF + 1])
        plain = _by_block(away, np.mean)
        grown = np.divide(plain + moved, plain, out=np.ones_like(moved), where=plain > 0)
        return _no_narrower(np.clip(grown, 1 / self.options.widest, self.options.widest), base.unit)

    def widths(self, base: Pooled) -> Array:
        """Mean width that is issued over that of the base; 1 where the base has none."""
        issued, plain = (_widths(offsets) for offsets in (self.issue(base), base.offsets))
        return np.divide(issued, plain, out=np.ones(HALF), where=plain > 0)

    def reset(self, season: int, drifted: npt.NDArray[np.bool_]) -> Self:
        """Forget what was summed for the series that drifted, and move them faster for one season."""
        return replace(
            self,
            sums=np.where(drifted[:, None], 0.0, self.sums),
            counts=np.where(drifted, 0.0, self.counts),
            raised=np.where(drifted, season, self.raised),
        )


def start_following(options: IntervalOptions, shape: tuple[int, int], season: int) -> Follower:
    """A follower that has seen nothing yet.

    Args:
        options: Which one, and how fast it learns.
        shape: Steps and series, `(H, S)`.
        season: Steps in a season; how long a large score counts as recent.
    """
    if options.method == "width_tracker":
        return WidthTracker(rate=options.learning_rate, widest=options.widest, logs=np.zeros(HALF))
    blocks = len(steps_of(shape[0])), shape[1]
    return ConformalPid(
        options=options,
        bounds=np.zeros((*blocks, 2)),
        sums=np.zeros((*blocks, 2)),
        counts=np.zeros(blocks),
        recent=np.zeros((max(2, season), *blocks)),
        raised=np.zeros(shape[1], dtype=np.int64),
    )


def relative_miss(arrived: Arrived) -> Array:
    """Realised over nominal misses of each central interval minus one; 0 without evidence."""
    outcome, issued = arrived.outcome, arrived.issued
    known = ~np.isnan(outcome) & ~np.isnan(issued[..., 0])
    if not known.any():
        return np.zeros(HALF)
    lower, upper = issued[..., :HALF], issued[..., : -HALF - 1 : -1]
    outside = (outcome[..., None] < lower) | (outcome[..., None] > upper)
    per_step = (outside & known[..., None]).sum(axis=1)[known.any(axis=1)]
    rate = (per_step / known.sum(axis=1)[known.any(axis=1), None]).mean(axis=0)
    return np.asarray((rate - MISS) / MISS)


def _missed(arrived: Arrived) -> Array:
    """Misses beyond nominal in each tail: shape `(steps, S, 2)`, `nan` where unknown.

    A miss counts how many of the levels of the tail it passed, on the scale of the 80 % bound.
    """
    outcome, issued = arrived.outcome[..., None], arrived.issued
    passed = [outcome < issued[..., :HALF], outcome > issued[..., HALF + 1 :]]
    share = np.stack([beyond.sum(axis=-1) for beyond in passed], axis=-1) * (LEVELS[REFERENCE] / TAIL.sum())
    unknown = np.isnan(arrived.outcome) | np.isnan(issued[..., 0])
    return np.where(unknown[..., None], np.nan, share - LEVELS[REFERENCE])


def _widths(offsets: Array) -> Array:
    """Mean width of each central interval, widest first."""
    return np.asarray((offsets[..., : -HALF - 1 : -1] - offsets[..., :HALF]).mean(axis=(0, 1), dtype=float))


def _by_block(values: Array, summary: Callable[..., Array]) -> Array:
    """One value for each block of steps; `(H, S, ...)` becomes `(B, S, ...)`."""
    return np.stack([summary(values[inside], axis=0) for inside in steps_of(len(values))])


def _no_narrower(factors: Array, unit: Array) -> Array:
    """Factors `(B, S, 2)` that let no block of steps be narrower than the one before."""
    parts = steps_of(len(unit))
    for at in range(1, len(factors)):
        before, here = unit[parts[at - 1][-1]], unit[parts[at][0]]
        share = np.divide(before, here, out=np.ones_like(here), where=here > 0)
        factors[at] = np.maximum(factors[at], factors[at - 1] * share[:, None])
    return factors
