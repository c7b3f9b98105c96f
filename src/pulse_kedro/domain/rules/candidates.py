"""Which conditions are worth a try: every bin of every fact, and all pairs of bins of different facts."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.rules.applying import Context, Mask, holds
from pulse_kedro.domain.rules.rule import Condition, Within, one_of, rounded, rule_of, within
from pulse_kedro.domain.rules.variables import VARIABLES

QUANTILES = (0.2, 0.4, 0.6, 0.8)
"""Edges of the bins of a number; ours, fifths hold enough windows and still tell extremes from the middle."""
STRETCHES = 3
"""Stretches of the horizon: ours, early, middle, late."""
MOST_IN_PAIRS = 24
"""A fact with more bins, such as the series, stands alone: its pairs hold too few forecasts; ours, hours still pair."""
UNIONS = {"weekday": (("6", "7"),), "hour": tuple(tuple(f"{h + k:02d}" for k in range(3)) for h in range(0, 24, 3))}
"""Categories that are also tried together: the weekend, and three hours (reference of rules, 2)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """Conditions, and where they hold: one bit for each known forecast, in the order of `(cutoffs, steps, series)`."""

    when: tuple[Condition, ...]
    held: npt.NDArray[np.uint8]

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """Places among the known forecasts; all candidates together have too many to keep."""
        return np.flatnonzero(np.unpackbits(self.held))


def enumerate_candidates(
    context: Context, known: Mask, mine: Mask, select: Mask, *, least_mine: int, least_select: int
) -> list[Candidate]:
    """Candidates that hold at enough cutoffs, each treating other forecasts than all before it.

    Args:
        context: The facts of all cutoffs.
        known: Forecasts that are looked at, all of cutoffs that mine or choose; shape `(cutoffs, steps, series)`.
        mine: Cutoffs that rules are learned from; shape `(cutoffs,)`. Bounds of bins are quantiles of their facts.
        select: Cutoffs that choose among rules.
        least_mine: Different cutoffs of `mine` at which a candidate holds, at least.
        least_select: The same for `select`.

    Returns:
        Single conditions first, then pairs, in the order of the facts. A candidate that holds for every forecast is
        none: a lean of everything is not a rule.
    """
    window = np.nonzero(known)[0]
    starts = np.flatnonzero(np.diff(window, prepend=-1))
    mined, selected = mine[window[starts]], select[window[starts]]
    facts = {name: np.broadcast_to(fact, known.shape)[known] for name, fact in context.items()}
    singles = [(one, holds(rule_of([one], 1.0), facts).ravel()) for one in _conditions(context, mine)]
    bins = {name: sum(one.variable == name for one, _ in singles) for name in {one.variable for one, _ in singles}}
    seen: set[bytes] = set()
    found = []
    for when, held in _conjunctions(singles, bins):
        cutoffs = np.logical_or.reduceat(held, starts) if len(held) else held
        if np.count_nonzero(cutoffs & mined) < least_mine or np.count_nonzero(cutoffs & selected) < least_select:
            continue
        bits = np.packbits(held)
        name = hashlib.blake2b(bits.tobytes(), digest_size=16).digest()
        if name not in seen and not held.all():
            seen.add(name)
            found.append(Candidate(when=when, held=bits))
    return found


def _conjunctions(
    singles: Sequence[tuple[Condition, Mask]], bins: dict[str, int]
) -> Iterator[tuple[tuple[Condition, ...], Mask]]:
    for condition, mask in singles:
        yield (condition,), mask
    pairing = [(condition, mask) for condition, mask in singles if bins[condition.variable] <= MOST_IN_PAIRS]
    for (first, one), (second, other) in combinations(pairing, 2):
        if first.variable != second.variable:
            yield rule_of([first, second], 1.0).when, one & other


def _conditions(context: Context, mine: Mask) -> list[Condition]:
    found: list[Condition] = []
    for name, fact in context.items():
        learned = fact[mine] if len(fact) == len(mine) else fact
        if VARIABLES[name].kind == "category":
            values = [str(value) for value in np.unique(learned) if value]
            found += [one_of(name, value) for value in values]
            found += [one_of(name, *union) for union in UNIONS.get(name, ()) if set(union) <= set(values)]
        elif VARIABLES[name].kind == "integer":
            found += _stretches(name, int(np.max(learned)))
        else:
            found += _fifths(name, np.asarray(learned, dtype=float))
    return found


def _stretches(name: str, last: int) -> list[Within]:
    """The horizon in parts of the same length."""
    if last == 1:
        return []
    ends = np.unique(np.linspace(0, last, min(STRETCHES, last) + 1).round().astype(int))
    return [
        within(name, at_least=None if low == 0 else low + 1, at_most=None if high == last else high)
        for low, high in pairwise(ends.tolist())
    ]


def _fifths(name: str, values: npt.NDArray[np.float64]) -> list[Within]:
    """Bins between quantiles; a bound that rounds to the one before it, or to the least value, makes no bin."""
    values = values[np.isfinite(values)]
    if not len(values):
        return []
    edges = sorted({rounded(name, float(edge)) for edge in np.quantile(values, QUANTILES)})
    least = VARIABLES[name].least
    edges = [edge for edge in edges if least is None or edge > least]
    return [within(name, at_least=low, below=high) for low, high in pairwise([None, *edges, None])] if edges else []
