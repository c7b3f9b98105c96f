"""One step in the life of a rulebook: learn, try, apply, watch, drop, from what is known at a cutoff."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.metrics.cosine import cosine_interval, cosine_p, cosine_variance
from pulse_kedro.domain.panel import Array
from pulse_kedro.domain.rules.applying import Context, Mask, total_shift
from pulse_kedro.domain.rules.context import Scene, context_of
from pulse_kedro.domain.rules.mining import Mined, mine_rules
from pulse_kedro.domain.rules.options import RuleOptions
from pulse_kedro.domain.rules.rule import Rule
from pulse_kedro.domain.rules.rulebook import Look, Rulebook, RuleTrial, Watchfulness, without_rules

FEWEST = 8
"""Windows that choose among rules, at least; ours, below them the test has one cosine."""
OVERLAPS = (2, 4)
"""Looks hold at least this many forecasts that share no target; ours, with fewer a nominal 10 % becomes 14 %."""
BIAS_CLIP = 2.0
"""Largest correction by the running mean of errors, in units of the scale (reference of rules, 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A rulebook after a cutoff, and the search that was made there, `None` where none was.

    `through` are the rulebooks on the way, one for each thing that was due; the last is `book`.
    """

    book: Rulebook
    mined: Mined | None = None
    through: tuple[Rulebook, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class _Evidence:
    """Errors of all cutoffs with the facts they were made under; only complete windows count."""

    scene: Scene
    z: Array
    options: RuleOptions

    @cached_property
    def context(self) -> Context:
        """All facts; most cutoffs only wait for more windows and need none."""
        return context_of(self.scene)

    @property
    def ends(self) -> npt.NDArray[np.datetime64]:
        """Last target of each window; shape `(cutoffs,)`."""
        return self.scene.targets[:, -1]

    @property
    def sizes(self) -> tuple[int, int]:
        """Windows of a trial at its two looks; the first is also how many choose anew."""
        first, second = (
            max(look, times * self.scene.overlap) for look, times in zip(self.options.looks, OVERLAPS, strict=True)
        )
        return first, second

    def since(self, opens: str | None) -> Mask:
        """Complete windows whose cutoff is not before a moment."""
        done = self.scene.complete & np.isfinite(self.z).any(axis=(1, 2))
        return np.asarray(done if opens is None else done & (self.scene.cutoffs >= np.datetime64(opens)))

    def first(self, windows: Mask, count: int) -> Mask:
        """The first so many of some windows."""
        kept = np.zeros_like(windows)
        kept[np.flatnonzero(windows)[:count]] = True
        return kept

    def end_of(self, windows: Mask) -> str:
        """The last target of the newest of some windows: from there on nothing overlaps with them."""
        return str(np.datetime_as_string(self.ends[np.flatnonzero(windows)[-1]], unit="s"))

    def shifts(self, rules: tuple[Rule, ...], windows: Mask, *, cap: float) -> Array:
        """Shifts of some windows, at most `cap` either way; shape `(windows, steps, series)`."""
        facts = {name: fact[windows] if len(fact) == len(windows) else fact for name, fact in self.context.items()}
        return total_shift(rules, facts, (int(windows.sum()), *self.scene.shape[1:]), cap=cap)

    def losses(self, windows: Mask, shift: Array) -> Array:
        """Mean absolute error of some windows after their shifts; shape `(windows,)`."""
        return np.asarray(np.nanmean(np.abs(self.z[windows] - shift), axis=(1, 2)))


def advance(book: Rulebook, scene: Scene, options: RuleOptions) -> Step:
    """What the newest outcomes do to a rulebook.

    Args:
        book: The one that was in force until now, of the same recipe.
        scene: Unruled forecasts and outcomes at all cutoffs up to now; further cutoffs than those before may have
            become complete. Windows are recognised by their cutoffs.
        options: The terms.

    Returns:
        The next rulebook, and the newest search. After the first search, whose windows are shares of all there are,
        the book depends on complete windows only, not on how often it is asked: what is due happens in its order until
        nothing is due, so asked at once for many cutoffs it says the same as asked at each.
    """
    if not options.enabled:
        return Step(book=without_rules(book, "Rules are switched off.", opens=book.opens))
    evidence = _Evidence(scene=scene, z=scene.z, options=options)
    mined = None
    through: list[Rulebook] = []
    while True:
        after, found = _next(book, evidence)
        mined = found or mined
        if after == book:
            return Step(book=book, mined=mined, through=tuple(through))
        book = after
        through.append(book)


def _next(book: Rulebook, evidence: _Evidence) -> tuple[Rulebook, Mined | None]:
    """The one thing that is due: watch a set in force, look at a trial, or learn."""
    if book.rules:
        return _watch(book, evidence), None
    if book.trial is not None:
        return _look(book, book.trial, evidence), None
    return _learn(book, evidence)


def shifts_of(book: Rulebook, scene: Scene, options: RuleOptions) -> Array:
    """Shifts by the rules in force at every cutoff; shape `(cutoffs, steps, series)`, units of the scale."""
    if not book.rules:
        return np.zeros(scene.shape)
    return total_shift(book.rules, context_of(scene), scene.shape, cap=options.largest_shift)


def shifts_now(book: Rulebook, scene: Scene, options: RuleOptions) -> Array:
    """Shifts of the forecasts at the newest cutoff of a scene; shape `(steps, series)`, units of the scale."""
    if not book.rules:
        return np.zeros(scene.points.shape[1:])
    newest = {name: fact[-1:] for name, fact in context_of(scene).items()}
    return np.asarray(total_shift(book.rules, newest, (1, *scene.shape[1:]), cap=options.largest_shift)[0])


def _learn(book: Rulebook, evidence: _Evidence) -> tuple[Rulebook, Mined | None]:
    """Mine and choose, where there are cutoffs enough that have chosen nothing yet."""
    options, scene = evidence.options, evidence.scene
    done = np.flatnonzero(evidence.since(None))
    if book.opens is None:
        first = int(options.mine_share * len(done))
        chosen = done[first : int((options.mine_share + options.select_share) * len(done))]
        if len(chosen) < FEWEST:
            words = f"{len(chosen)} of {FEWEST} windows that could choose among rules are there."
            return replace(book, reason=words), None
    else:
        fewest = evidence.sizes[0]
        chosen = np.flatnonzero(evidence.since(book.opens))[:fewest]
        if len(chosen) < fewest:
            return book, None
    select, mine = np.zeros(len(scene.places), dtype=bool), np.zeros(len(scene.places), dtype=bool)
    select[chosen] = True
    mine[done] = evidence.ends[done] <= scene.cutoffs[chosen[0]]
    if mine.sum() < max(options.least_mine, 2):
        words = f"{int(mine.sum())} of {max(options.least_mine, 2)} windows to learn from are there."
        return replace(book, reason=words), None
    known = np.where((mine | select)[:, None, None], evidence.z, np.nan)
    mined = mine_rules(known, evidence.context, mine=mine, select=select, overlap=scene.overlap, options=options)
    opens = evidence.end_of(select)
    if not mined.rules:
        words = f"None of {len(mined.tries)} rules that were tried gained on later windows; newer ones choose again."
        return without_rules(book, words, opens=opens), mined
    return replace(book, trial=RuleTrial(rules=mined.rules, opens=opens), opens=opens), mined


def _look(book: Rulebook, trial: RuleTrial, evidence: _Evidence) -> Rulebook:
    """Look at a trial where a look is due: apply the set, drop it, or wait."""
    options = evidence.options
    new = evidence.since(trial.opens)
    sizes = evidence.sizes
    for place, size in enumerate(sizes):
        if place < len(trial.looks) or new.sum() < size:
            continue
        windows = evidence.first(new, size)
        look = _judge(trial.rules, evidence, windows, alpha=options.look_alphas[place])
        trial = replace(trial, looks=(*trial.looks, look))
        book = replace(book, trial=trial, opens=evidence.end_of(windows))
        words = f"gain {100 * look.relative:.1f} % over {size} new windows, p = {look.p:.3f}"
        if look.passed:
            watch = _expect(trial.rules, evidence, windows)
            return replace(
                book,
                rules=trial.rules,
                trial=None,
                earned=trial,
                watch=watch,
                reason=f"Passed its trial: {words}.",
            )
        if place == len(sizes) - 1:
            return without_rules(book, f"Failed its trial: {words}; newer windows choose again.", opens=book.opens)
    due = sizes[len(trial.looks)]
    words = f"{int(new.sum())} of {due} windows for the next look at the trial are there."
    return replace(book, reason=words)


def _judge(rules: tuple[Rule, ...], evidence: _Evidence, windows: Mask, *, alpha: float) -> Look:
    overlap, cap = evidence.scene.overlap, evidence.options.largest_shift
    asked = evidence.shifts(rules, windows, cap=np.inf)
    plain = evidence.losses(windows, np.zeros(1))
    gains = plain - evidence.losses(windows, np.clip(asked, -cap, cap))
    low, high = cosine_interval(gains, overlap=overlap)
    p = cosine_p(gains, overlap=overlap)
    bias = np.asarray(evidence.context["last_bias"], dtype=float)[windows]
    bias = np.clip(np.nan_to_num(bias), -BIAS_CLIP, BIAS_CLIP)
    return Look(
        windows=int(windows.sum()),
        gain=float(gains.mean()),
        relative=float(gains.mean() / plain.mean()) if plain.mean() > 0 else 0.0,
        low=low,
        high=high,
        p=p,
        running_bias=float((plain - evidence.losses(windows, bias)).mean()),
        clipped=float(np.mean(np.abs(asked) > cap)),
        passed=bool(p < alpha),
    )


def _expect(rules: tuple[Rule, ...], evidence: _Evidence, windows: Mask) -> Watchfulness:
    """What the trial promises: gains of the windows in which a rule held."""
    gains = _gains(rules, evidence, _held(rules, evidence, windows))
    unit = float(np.sqrt(cosine_variance(gains[:, None], overlap=evidence.scene.overlap)[0]))
    unit = max(unit, float(np.finfo(float).eps * np.abs(gains).max()))  # equal gains have no spread
    return Watchfulness(unit=unit, expected=float(gains.mean()) / unit, missing=0.0, opens=evidence.end_of(windows))


def _watch(book: Rulebook, evidence: _Evidence) -> Rulebook:
    """Add the windows that are new to the sum of missing gain; drop the set where it is too much.

    Source:
        One-sided CUSUM with slack: `C = max(0, C - (x - k))`, `x` the gain over its long-run standard deviation, `k` a
        share of the expected gain; windows in which no rule held leave it alone (reference of rules, 7).
    """
    watch, options = book.watch, evidence.options
    if watch is None:
        return book
    windows = evidence.since(watch.opens)
    if not windows.any():
        return book
    missing, held = watch.missing, _held(book.rules, evidence, windows)
    for window, gain in zip(np.flatnonzero(held), _gains(book.rules, evidence, held), strict=True):
        missing = max(0.0, float(missing - (gain / watch.unit - options.decay_slack * watch.expected)))
        if missing >= options.decay_limit:
            words = f"Dropped: {missing:.1f} standard deviations of a window's gain were missing"
            opens = evidence.end_of(np.arange(len(held)) == window)
            return without_rules(book, f"{words}; newer windows choose again.", opens=opens)
    opens = _after(evidence, windows)
    words = f"In force; {missing:.1f} of {options.decay_limit:g} standard deviations of gain are missing."
    return replace(book, watch=replace(watch, missing=missing, opens=opens), reason=words)


def _held(rules: tuple[Rule, ...], evidence: _Evidence, windows: Mask) -> Mask:
    """Those of some windows in which a rule moved a forecast."""
    held = windows.copy()
    held[windows] = (evidence.shifts(rules, windows, cap=evidence.options.largest_shift) != 0).any(axis=(1, 2))
    return held


def _gains(rules: tuple[Rule, ...], evidence: _Evidence, windows: Mask) -> Array:
    """Fall of the mean absolute error in each of some windows; shape `(windows,)`."""
    shift = evidence.shifts(rules, windows, cap=evidence.options.largest_shift)
    return evidence.losses(windows, np.zeros(1)) - evidence.losses(windows, shift)


def _after(evidence: _Evidence, windows: Mask) -> str:
    """Just after the newest of some cutoffs: the next cutoff counts, these do not again."""
    newest = evidence.scene.cutoffs[np.flatnonzero(windows)[-1]]
    return str(np.datetime_as_string(newest + np.timedelta64(1, "s"), unit="s"))
