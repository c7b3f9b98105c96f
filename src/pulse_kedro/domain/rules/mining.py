"""Learns rules from errors: values from one stretch of cutoffs, adoption from a later one, one rule after another.

Rules mined one by one and summed lose 9 to 256 % (reference of rules, 1): each is estimated on what the earlier ones
left, and the sum is capped.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.metrics.cosine import cosine_p, cosine_variance
from pulse_kedro.domain.panel import Array
from pulse_kedro.domain.rules.applying import Context, Mask
from pulse_kedro.domain.rules.candidates import Candidate, enumerate_candidates
from pulse_kedro.domain.rules.options import RuleOptions
from pulse_kedro.domain.rules.rule import SHIFT_DIGITS, Rule, rule_of

MOST_FORECASTS = 60_000
"""Forecasts that a search reads, at most; ours. More of the same windows hardly change a median or a window's gain, and
the cost of a search grows with them. The trial reads all."""
GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One candidate before the windows that choose: its gains per window, in units of the scale, and what they led to.

    `lower` is the lower bound of the mean gain where it was mined. `p` is small where it gained later, too.
    """

    rule: Rule
    mined: float
    lower: float
    selected: float
    p: float
    cutoffs: int
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mined:
    """What a search gave: the rules that were kept, in the order in which they were estimated, and every try."""

    rules: tuple[Rule, ...]
    tries: tuple[Try, ...]
    candidates: int


def mine_rules(z: Array, context: Context, *, mine: Mask, select: Mask, overlap: int, options: RuleOptions) -> Mined:
    """Search rules that lower the mean absolute error.

    Args:
        z: Errors in units of the scale, `nan` without an outcome; shape `(cutoffs, steps, series)`.
        context: The facts of all cutoffs.
        mine: Cutoffs that values are estimated on; shape `(cutoffs,)`.
        select: Later cutoffs, on which each rule must show a gain beside those that are kept already.
        overlap: Neighbouring cutoffs that share targets.
        options: The terms.

    Returns:
        The kept rules and all tries. The gain of a window is the mean over all of its forecasts, 0 where nothing holds.
    """
    known = thinned(np.isfinite(z) & (mine | select)[:, None, None], MOST_FORECASTS)
    found = enumerate_candidates(
        context, known, mine, select, least_mine=options.least_mine, least_select=options.least_select
    )
    search = _Search.over(z, known, mine=mine, select=select, overlap=overlap, options=options)
    pool = search.best(found)
    bounds = [search.estimate(part) for part in pool]
    kept: list[Rule] = []
    tries: list[Try] = []
    while pool and len(tries) < options.tries and len(kept) < options.most:
        place = int(np.argmax([lower for _, _, lower in bounds]))
        shift, gain, lower = bounds.pop(place)
        if lower < options.least_gain:
            break
        candidate = pool.pop(place).candidate
        made = search.ask(candidate, shift, mined=gain, lower=lower)
        tries.append(made)
        if made.kept:
            kept.append(made.rule)
            search.take(candidate, shift)
            bounds = [search.estimate(part) for part in pool]
    return Mined(rules=tuple(kept), tries=tuple(tries), candidates=len(found))


def thinned(known: Mask, most: int) -> Mask:
    """A part of some forecasts, the same share of every window, step and series, where there are more than so many.

    Source:
        Multiples of the golden ratio, whose fractions lie evenly for every length (Weyl 1916).
    """
    share = most / max(1, int(known.sum()))
    if share >= 1:
        return known
    turn = np.arange(known.size) * GOLDEN % 1
    return np.asarray(known & (turn < share).reshape(known.shape))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """A candidate where it is mined: places in the long row, their errors, and the number of their window there."""

    candidate: Candidate
    rows: npt.NDArray[np.int64]
    z: Array
    window: npt.NDArray[np.int64]
    cutoffs: int


@dataclass(slots=True, kw_only=True)
class _Search:
    """Known errors in one long row, their windows, and the shifts of the rules that are kept so far."""

    z: Array
    shift: Array
    window: npt.NDArray[np.int64]
    count: Array
    mine: Mask
    select: Mask
    overlap: int
    options: RuleOptions

    @classmethod
    def over(cls, z: Array, known: Mask, *, mine: Mask, select: Mask, overlap: int, options: RuleOptions) -> "_Search":
        """Nothing kept yet."""
        errors = z[known]
        return cls(
            z=errors,
            shift=np.zeros(len(errors)),
            window=np.nonzero(known)[0],
            count=np.maximum(known.sum(axis=(1, 2)), 1).astype(float),
            mine=mine,
            select=select,
            overlap=overlap,
            options=options,
        )

    def best(self, candidates: Sequence[Candidate]) -> list[_Part]:
        """The pool: those with the largest lower bounds."""
        bounds = np.array([self.estimate(self._part(candidate))[2] for candidate in candidates])
        return [self._part(candidates[place]) for place in np.argsort(-bounds, kind="stable")[: self.options.pool]]

    def estimate(self, part: _Part) -> tuple[float, float, float]:
        """Shift, its mean gain per window where it is mined, and the lower bound of that gain."""
        so_far = self.shift[part.rows]
        left = part.z - self._capped(so_far)
        cutoffs = part.cutoffs / self.overlap
        raw = _median(left) * cutoffs / (cutoffs + self.options.shrink)
        shift = round(max(-self.options.largest_shift, min(raw, self.options.largest_shift)), SHIFT_DIGITS)
        if shift == 0:
            return 0.0, 0.0, -np.inf
        fall = np.abs(left) - np.abs(part.z - self._capped(so_far + shift))
        count = self.count[self.mine]
        gains = np.bincount(part.window, fall, len(count)) / count
        spread = float(np.sqrt(cosine_variance(gains[:, None], overlap=self.overlap)[0] / len(gains)))
        return shift, float(gains.mean()), float(gains.mean()) - self.options.bound * spread

    def ask(self, candidate: Candidate, shift: float, *, mined: float, lower: float) -> Try:
        """Whether a rule gains on the later windows, beside those that are kept."""
        rows = candidate.rows
        rows = rows[self.select[self.window[rows]]]
        z, so_far = self.z[rows], self.shift[rows]
        fall = np.abs(z - self._capped(so_far)) - np.abs(z - self._capped(so_far + shift))
        gains = (np.bincount(self.window[rows], fall, len(self.count)) / self.count)[self.select]
        p = cosine_p(gains, overlap=self.overlap)
        return Try(
            rule=rule_of(candidate.when, shift),
            mined=mined,
            lower=lower,
            selected=float(gains.mean()),
            p=p,
            cutoffs=len(np.unique(self.window[rows])),
            kept=p < self.options.gate_alpha and self._square_holds(rows, shift),
        )

    def take(self, candidate: Candidate, shift: float) -> None:
        """Keep a rule: what follows is estimated on what it leaves."""
        self.shift[candidate.rows] += shift

    def _part(self, candidate: Candidate) -> _Part:
        rows = candidate.rows
        window = self.window[rows]
        mined = self.mine[window]
        rows, window = rows[mined], (np.cumsum(self.mine) - 1)[window[mined]]
        cutoffs = int(np.count_nonzero(np.bincount(window)))
        return _Part(candidate=candidate, rows=rows, z=self.z[rows], window=window, cutoffs=cutoffs)

    def _capped(self, shift: Array) -> Array:
        limit = self.options.largest_shift
        return np.minimum(np.maximum(shift, -limit), limit)

    def _square_holds(self, rows: npt.NDArray[np.int64], shift: float) -> bool:
        """Whether the root mean squared error of the later windows rises by no more than the margin."""
        all_rows = np.flatnonzero(self.select[self.window])
        before = float(np.sum((self.z[all_rows] - self._capped(self.shift[all_rows])) ** 2))
        z, so_far = self.z[rows], self.shift[rows]
        change = (z - self._capped(so_far + shift)) ** 2 - (z - self._capped(so_far)) ** 2
        return before + float(change.sum()) <= before * (1 + self.options.squared_margin) ** 2


def _median(values: Array) -> float:
    """Median of finite values; a third of the time that `np.median` needs for a few thousand."""
    half = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, half)[half])
    return float(np.partition(values, (half - 1, half))[half - 1 : half + 1].mean())
