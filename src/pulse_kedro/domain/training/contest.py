"""What the promotion gate compares: losses of two recipes on common cutoffs, and how much of it counts as evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from pulse_kedro.domain.cycle import LABEL, digest
from pulse_kedro.domain.panel import Array, Frequency

YEAR = pd.Timedelta(days=365)
MIN_ALPHA = 1e-4
"""A smaller level would need more than 200,000 resamples for one decision: the budget counts as spent."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contest:
    """Losses of champion and challenger per cutoff, in time order, on the cutoffs that both were scored on.

    `step` is the distance between cutoffs and `horizon` the length of a forecast, in periods. `unmatched` counts
    cutoffs that only one side has, or that the sides scored on different numbers of series; they are left out.
    """

    champion: str
    challenger: str
    cutoffs: pd.DatetimeIndex
    champion_losses: Array
    challenger_losses: Array
    unmatched: int
    step: int
    horizon: int
    challenger_horizon: int
    evaluation_set: str

    @property
    def is_finite(self) -> bool:
        """Whether every loss is a number."""
        return bool(np.isfinite(self.champion_losses).all() and np.isfinite(self.challenger_losses).all())

    def effective(self, n: int) -> int:
        """Non-overlapping cutoffs that `n` of them are worth."""
        return min(n, n * self.step // self.horizon)

    def cutoffs_for(self, effective: int) -> int:
        """Cutoffs that are worth `effective` non-overlapping ones."""
        return max(effective, -(-effective * self.horizon // self.step))


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDecision:
    """An earlier test of the gate: when, between which recipes, on cutoffs up to which, at which level."""

    as_of: pd.Timestamp
    champion: str
    challenger: str
    newest_origin: pd.Timestamp
    alpha: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much evidence there is: cutoffs, what they are worth, the new ones, and how many are still missing."""

    n: int
    n_eff: int
    n_new: int
    n_new_eff: int
    missing: int


def pair_losses(
    cutoff_losses: pd.DataFrame, *, champion: str, challenger: str, horizons: tuple[int, int], freq: Frequency
) -> Contest:
    """Losses of two recipes on the cutoffs and series that both have.

    Args:
        cutoff_losses: Columns recipe (first digits of the digest), cutoff, loss, n_series; one row per recipe, cutoff.
        champion: Digest of the recipe in charge.
        challenger: Digest of the recipe that wants its place.
        horizons: Steps of a forecast of the champion and of the challenger.
        freq: The step of the panel.

    Returns:
        A contest in time order; empty when the two have nothing in common. A cutoff at which neither scored any series
        holds no evidence and is left out with those that do not match.
    """
    sides = [_of(cutoff_losses, recipe) for recipe in (champion, challenger)]
    both = sides[0].join(sides[1], how="outer", lsuffix="_champion", rsuffix="_challenger").sort_index()
    counts = both["n_series_champion"], both["n_series_challenger"]
    matched = both[(counts[0] == counts[1]) & (counts[0] > 0)]
    cutoffs = pd.DatetimeIndex(matched.index)
    step = min((freq.distance(a, b) for a, b in pairwise(cutoffs)), default=1)
    series = [int(number) for number in matched["n_series_champion"]]
    frozen = {"cutoffs": [when.isoformat() for when in cutoffs], "series": series, "horizons": horizons, "step": step}
    return Contest(
        champion=champion,
        challenger=challenger,
        cutoffs=cutoffs,
        champion_losses=matched["loss_champion"].to_numpy(dtype=float),
        challenger_losses=matched["loss_challenger"].to_numpy(dtype=float),
        unmatched=len(both) - len(matched),
        step=step,
        horizon=horizons[0],
        challenger_horizon=horizons[1],
        evaluation_set=digest(frozen),
    )


def count_evidence(contest: Contest, past: Sequence[PastDecision], *, needed: int, new_needed: int) -> Amount:
    """How many cutoffs there are, what they are worth, and how many are still missing.

    Args:
        contest: What is compared.
        past: Earlier tests; only those of the same two recipes matter.
        needed: Non-overlapping cutoffs a decision takes.
        new_needed: Non-overlapping cutoffs that the previous decision on this pair has not used.

    Returns:
        `missing` is 0 when the amount suffices.
    """
    pair = (contest.champion, contest.challenger)
    used = [decision.newest_origin for decision in past if (decision.champion, decision.challenger) == pair]
    n = len(contest.cutoffs)
    n_new = int((contest.cutoffs > max(used)).sum()) if used else n
    missing = max(contest.cutoffs_for(needed) - n, contest.cutoffs_for(new_needed) - n_new, 0)
    return Amount(n=n, n_eff=contest.effective(n), n_new=n_new, n_new_eff=contest.effective(n_new), missing=missing)


def allot_alpha(
    past: Sequence[PastDecision], as_of: pd.Timestamp, *, cap: float, budget: float, per_year: int
) -> tuple[float, float]:
    """Level of the next test, so that a year of tests promotes wrongly no more often than the budget allows.

    Args:
        past: Earlier tests of any pair.
        as_of: Now, in the time of the data.
        cap: Largest level of one test.
        budget: Expected false promotions a year.
        per_year: Tests that are planned for a year.

    Returns:
        Level and what was left of the budget before it; the level is 0 when the budget is spent.

    Source:
        Ours: min(cap, budget left / decisions left) over the trailing 365 days. A lifetime budget would end in a
        level so small that nothing passes any more.

    Example:
        >>> allot_alpha([], pd.Timestamp("2019-01-01"), cap=0.05, budget=1.0, per_year=50)
        (0.02, 1.0)
    """
    recent = [decision.alpha for decision in past if as_of - YEAR < decision.as_of <= as_of]
    left = max(budget - sum(recent), 0.0)
    alpha = min(cap, left / max(per_year - len(recent), 1))
    return (alpha if alpha >= MIN_ALPHA else 0.0), left


def _of(cutoff_losses: pd.DataFrame, recipe: str) -> pd.DataFrame:
    rows = cutoff_losses[cutoff_losses["recipe"].astype(str) == recipe[:LABEL]]
    return rows.set_index("cutoff")[["loss", "n_series"]]
