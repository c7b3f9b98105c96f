"""Two recipes under the promotion gate, and how often a rule promotes a challenger that is no better (A/A)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pulse_kedro.domain.cycle import LABEL
from pulse_kedro.domain.panel import Array, Frequency
from pulse_kedro.domain.training.contest import Contest, PastDecision, pair_losses
from pulse_kedro.domain.training.promotion import PromotionOptions, weigh
from pulse_kedro.domain.training.thresholds import Skills, weigh_by_threshold

NAIVE_GAIN = 0.02
"""Gain from which the naive rule swaps: the 2 % of the source documents."""
NAIVE_ORIGINS = 6
"""Newest origins that the naive rule looks at, each time so many new ones have arrived; ours, a small backtest."""
RECIPES = ("a" * LABEL, "b" * LABEL)
"""Names under which the gate sees the two recipes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotions:
    """What a rule did: origins at which it decided, at which it promoted, and how many tests it made."""

    decisions: int
    promoted: tuple[int, ...]
    tests: int


Decide = Callable[[Array, Array], Promotions]
"""A rule: losses of champion and challenger per origin, in time order, to what it did."""


def under_naive_rule(first: Array, second: Array) -> Promotions:
    """Promote whenever the mean loss over the newest few origins is 2 % smaller; then the roles are swapped."""
    sides, promoted, decisions = [first, second], [], 0
    for end in range(NAIVE_ORIGINS, len(first) + 1, NAIVE_ORIGINS):
        decisions += 1
        champion, challenger = (float(np.nanmean(side[end - NAIVE_ORIGINS : end])) for side in sides)
        if challenger < (1 - NAIVE_GAIN) * champion:
            promoted.append(end - 1)
            sides.reverse()
    return Promotions(decisions=decisions, promoted=tuple(promoted), tests=decisions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The rule `evidence` on a calendar of origins, `dates` `(K,)`."""

    dates: Sequence[pd.Timestamp]
    freq: Frequency
    horizon: int
    options: PromotionOptions
    series: int

    def __call__(self, first: Array, second: Array) -> Promotions:
        """Decide at every origin, as a cycle does; only losses known by then are compared."""
        late = self.late
        sides, names = [first, second], list(RECIPES)
        past: list[PastDecision] = []
        promoted, decisions = [], 0
        for k in range(late, len(self.dates)):
            known = k - late + 1
            contest = self.contest([side[:known] for side in sides], names)
            decision = weigh(contest, past, as_of=self.dates[k], freq=self.freq, faults=[], options=self.options)
            decisions += 1
            if decision.alpha > 0 and decision.newest_origin is not None:
                past.append(
                    PastDecision(
                        as_of=self.dates[k],
                        champion=names[0],
                        challenger=names[1],
                        newest_origin=decision.newest_origin,
                        alpha=decision.alpha,
                    )
                )
            if decision.verdict == "PROMOTE":
                promoted.append(k)
                sides.reverse()
                names.reverse()
        return Promotions(decisions=decisions, promoted=tuple(promoted), tests=len(past))

    @property
    def late(self) -> int:
        """Origins until every target of a forecast has arrived."""
        return -(-self.horizon // self.freq.distance(self.dates[0], self.dates[1]))

    def contest(self, sides: Sequence[Array], names: Sequence[str]) -> Contest:
        """Champion and challenger, in this order, over the first origins."""
        return pair_losses(
            self._frame(sides, names),
            champion=names[0],
            challenger=names[1],
            horizons=(self.horizon, self.horizon),
            freq=self.freq,
        )

    def _frame(self, sides: Sequence[Array], names: Sequence[str]) -> pd.DataFrame:
        """Losses as the backtest keeps them."""
        return pd.concat(
            [
                pd.DataFrame(
                    {"recipe": name, "cutoff": list(self.dates[: len(side)]), "loss": side, "n_series": self.series}
                )
                for side, name in zip(sides, names, strict=True)
            ],
            ignore_index=True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """The rule `threshold` on the same calendar, whenever a few new origins have arrived, as after a retraining.

    `naive` `(K,)` are the losses of the seasonal naive forecast. A skill is that of the newest few origins; what was
    stored is the skill of whoever served after the decision before.
    """

    gate: Gate
    naive: Array

    def __call__(self, first: Array, second: Array) -> Promotions:
        """Decide as the source design did: on stored skills, without a test."""
        gate, sides, names = self.gate, [first, second], list(RECIPES)
        stored: list[float] = []
        promoted, decisions = [], 0
        for k in range(gate.late + NAIVE_ORIGINS - 1, len(gate.dates), NAIVE_ORIGINS):
            window = slice(k - gate.late - NAIVE_ORIGINS + 1, k - gate.late + 1)
            serving, other = (self._skill(side[window], window) for side in sides)
            skills = Skills(challenger=other, previous=stored[-1] if stored else None, best=max(stored, default=None))
            contest = gate.contest([side[: window.stop] for side in sides], names)
            verdict = weigh_by_threshold(contest, skills, as_of=gate.dates[k], faults=[], options=gate.options).verdict
            decisions += 1
            if verdict == "PROMOTE":
                promoted.append(k)
                sides.reverse()
                names.reverse()
                serving = other
            if serving is not None:
                stored.append(serving)
        return Promotions(decisions=decisions, promoted=tuple(promoted), tests=decisions)

    def _skill(self, losses: Array, window: slice) -> float | None:
        """1 minus the loss over that of the naive forecast; `None` where the latter made no error or none is known."""
        naive, loss = float(np.nanmean(self.naive[window])), float(np.nanmean(losses))
        return 1.0 - loss / naive if naive > 0 and np.isfinite(loss) else None


def served(first: Array, second: Array, promoted: Sequence[int]) -> Array:
    """What the champion of each origin gave; an origin at which a promotion is decided is served by the new one.

    Args:
        first: Of the first champion; the first axis are origins.
        second: Of its rival.
        promoted: Origins of promotions, ascending.
    """
    swaps = np.zeros(len(first), dtype=int)
    swaps[list(promoted)] = 1
    rival = np.cumsum(swaps) % 2 == 1
    return np.asarray(np.where(rival.reshape(-1, *([1] * (first.ndim - 1))), second, first))
