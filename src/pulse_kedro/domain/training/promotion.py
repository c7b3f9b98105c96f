"""The promotion gate between two recipes: evidence in, a verdict with its reason in numbers out.

A gain must be large enough to matter, must not be chance, and must rest on enough cutoffs that do not overlap; a plain
"2 % better" promotes an equally good challenger in 10 to 47 % of all retrainings.
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, asdict, dataclass, replace
from math import isfinite
from typing import Literal

import pandas as pd
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as options_dataclass

from pulse_kedro.domain.panel import Frequency
from pulse_kedro.domain.training.contest import Amount, Contest, PastDecision, allot_alpha, count_evidence
from pulse_kedro.domain.training.evidence import Evidence, measure
from pulse_kedro.domain.training.guards import OF_LOSSES, Guard, GuardOptions
from pulse_kedro.domain.training.succession import ProbationOptions

Verdict = Literal["PROMOTE", "HOLD", "INSUFFICIENT_EVIDENCE", "REJECT", "ERROR"]
POLICY = "evidence-2"
"""Name and version of the rule; a change of the rule changes it."""


@options_dataclass(
    frozen=True, kw_only=True, slots=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True)
)
class PromotionOptions:
    """When a challenger's recipe replaces the champion's, and when a revision of the champion is refused."""

    effect_floor: float = Field(ge=0, lt=1)
    """Smallest relative gain worth a swap; no unit."""
    alpha: float = Field(gt=0, lt=0.5)
    """Largest probability of promoting an equally good challenger in one decision."""
    budget: float = Field(gt=0)
    """Expected false promotions in 365 days, over all decisions."""
    decisions_per_year: int | None = Field(ge=1)
    """Decisions that the budget is divided by; `null` takes one per period of the data."""
    min_effective_origins: int = Field(ge=2)
    """Non-overlapping cutoffs a decision needs."""
    min_new_origins: int = Field(ge=1)
    """Non-overlapping cutoffs that the previous decision on the same two recipes has not used."""
    power: float = Field(gt=0.5, lt=1)
    """Probability with which the smallest detectable gain is found."""
    draws: int = Field(ge=99)
    """Resamples of the bootstrap; more are drawn when the level asks for them."""
    seed: int = Field(ge=0)
    """Start of the bootstrap's random numbers."""
    catastrophic_ratio: float = Field(gt=1)
    """Loss on the newest outcomes, as a multiple of the backtest loss at the same steps, that refuses a revision."""
    policy: Literal["evidence", "threshold"] = "evidence"
    """`evidence` tests; `threshold` is the old rule "better than the best so far by so many per cent"."""
    auto_swap_models: bool = True
    """Whether `threshold` may swap at all."""
    min_improvement_threshold: float = Field(default=2.0, ge=0)
    """Per cent by which `threshold` wants the stored skill improved."""
    guards: GuardOptions = Field(default_factory=GuardOptions)
    """What a challenger may not be worse in."""
    probation: ProbationOptions = Field(default_factory=ProbationOptions)
    """How a promotion is watched afterwards, and when promotions are frozen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionDecision:
    """Verdict of the gate, its reason in one sentence, and every number it rests on.

    `alpha` is the level spent on the decision: 0 when no test was made. `wait` counts the further cutoffs after which
    the next decision is due, `due` the period in which they are known. `guards` holds every guard that was stood.
    """

    verdict: Verdict
    reason: str
    champion: str
    challenger: str
    evaluation_set: str
    amount: Amount
    unmatched: int
    step: int
    horizon: int
    newest_origin: pd.Timestamp | None
    alpha: float
    budget_left: float
    evidence: Evidence | None
    wait: int
    due: pd.Timestamp
    seed: int
    loss: str = "mase"
    mode: str = "replay"
    policy: str = POLICY
    guards: tuple[Guard, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON, flat; what is not finite becomes null."""
        nested = asdict(self)
        guards = [{key: plain(value) for key, value in guard.items()} for guard in nested.pop("guards")]
        evidence = nested.pop("evidence") or {}
        nested |= nested.pop("amount") | evidence | (evidence.get("relative") or {})
        nested.pop("relative", None)
        return {key: plain(value) for key, value in nested.items()} | {"guards": guards}


@dataclass(frozen=True, slots=True)
class _Finding:
    verdict: Verdict
    words: str
    _: KW_ONLY
    tested: bool = True


def weigh(
    contest: Contest,
    past: Sequence[PastDecision],
    *,
    as_of: pd.Timestamp,
    freq: Frequency,
    faults: Sequence[str],
    options: PromotionOptions,
    guards: Sequence[Guard] = (),
) -> PromotionDecision:
    """Verdict on whether the challenger's recipe replaces the champion's.

    Args:
        contest: Losses of both on common cutoffs.
        past: Earlier tests that the budget and the new cutoffs are counted from.
        as_of: Newest period known.
        freq: The step of the panel.
        faults: What the checks of the challenger's bundle found; none when it is sound.
        options: The terms.
        guards: What the challenger may not be worse in; they only ever stop a promotion.

    Returns:
        PROMOTE: gain at least the floor, test and bootstrap agree at the level, no guard fails. HOLD: enough power, no
        such gain; or a strict guard could not show what it must. INSUFFICIENT_EVIDENCE: too few cutoffs, or a gain of
        the observed size could not have been found. REJECT: the bundle is faulty, the challenger is worse by more than
        chance, or a guard failed.

    Source:
        Ours; rules G0 to G4. Test: Coroneo & Iacone (2020). Bootstrap: Politis & Romano (1992).
    """
    amount = count_evidence(contest, past, needed=options.min_effective_origins, new_needed=options.min_new_origins)
    alpha, left = allot_alpha(
        past, as_of, cap=options.alpha, budget=options.budget, per_year=options.decisions_per_year or freq.per_year
    )
    evidence = measure(
        contest, alpha=alpha or options.alpha, power=options.power, draws=options.draws, seed=options.seed
    )
    finding = _admit(contest, amount, alpha, faults, options)
    finding = finding or _guarded(_judge(evidence, amount.n, alpha, options.effect_floor), guards, options.guards)
    wait = contest.cutoffs_for(options.min_new_origins) if finding.tested else amount.missing
    due = freq.shift(as_of, wait * contest.step)
    return PromotionDecision(
        verdict=finding.verdict,
        reason=_sentence(finding, evidence, alpha, wait, due),
        champion=contest.champion,
        challenger=contest.challenger,
        evaluation_set=contest.evaluation_set,
        amount=amount,
        unmatched=contest.unmatched,
        step=contest.step,
        horizon=contest.horizon,
        newest_origin=contest.cutoffs[-1] if amount.n else None,
        alpha=alpha if finding.tested else 0.0,
        budget_left=left,
        evidence=evidence,
        wait=wait,
        due=due,
        seed=options.seed,
        guards=tuple(guards),
    )


def freeze(decision: PromotionDecision, failed: Sequence[pd.Timestamp], options: ProbationOptions) -> PromotionDecision:
    """The decision, with HOLD in place of a promotion while promotions are frozen.

    Args:
        decision: Verdict of the gate, by whichever policy.
        failed: Periods in which earlier promotions were taken back.
        options: How many of them freeze.
    """
    if decision.verdict != "PROMOTE" or len(failed) < options.freeze_after:
        return decision
    when = ", ".join(f"{moment:%Y-%m-%d}" for moment in failed)
    reason = (
        f"Hold: promotions are frozen, for {len(failed)} were taken back within {options.freeze_days} days ({when}); "
        f"a person decides (`kedro pulse promote`). Without the freeze: {decision.reason}"
    )
    return replace(decision, verdict="HOLD", reason=reason)


def broken(
    champion: str, challenger: str, error: Exception, *, as_of: pd.Timestamp, options: PromotionOptions
) -> PromotionDecision:
    """Verdict where the comparison itself failed: the champion stays, and nothing of the budget is spent.

    Args:
        champion: Digest of the recipe in charge.
        challenger: Digest of the recipe that wanted its place.
        error: What was raised.
        as_of: Newest period known.
        options: The terms.
    """
    words = " ".join(str(error).split()) or "no message"
    return PromotionDecision(
        verdict="ERROR",
        reason=f"Error: the recipes could not be compared ({type(error).__name__}: {words}); the champion stays.",
        champion=champion,
        challenger=challenger,
        evaluation_set="",
        amount=Amount(n=0, n_eff=0, n_new=0, n_new_eff=0, missing=0),
        unmatched=0,
        step=1,
        horizon=1,
        newest_origin=None,
        alpha=0.0,
        budget_left=float("nan"),
        evidence=None,
        wait=0,
        due=as_of,
        seed=options.seed,
    )


def _guarded(finding: _Finding, guards: Sequence[Guard], options: GuardOptions) -> _Finding:
    """What guards leave of a promotion (rule G3); any other verdict stands."""
    if finding.verdict != "PROMOTE":
        return finding
    failed = [f"{guard.name} ({guard.detail})" for guard in guards if guard.state == "FAIL"]
    if failed:
        return _Finding("REJECT", f"Reject: the challenger is better on average, but fails {', '.join(failed)}")
    unsure = (guard for guard in guards if guard.state == "INCONCLUSIVE")
    open_ones = [guard.name for guard in unsure if guard.value is not None or guard.name in OF_LOSSES]
    if options.mode == "strict" and open_ones:
        return _Finding("HOLD", f"Hold: the gain is real, but not shown to be no worse in {', '.join(open_ones)}")
    return finding


def _admit(
    contest: Contest, amount: Amount, alpha: float, faults: Sequence[str], options: PromotionOptions
) -> _Finding | None:
    """Why the two cannot be compared at all (rules G0 and G4); `None` when they can."""
    if faults:
        return _Finding(
            "REJECT", f"Reject: the challenger's bundle failed its checks ({'; '.join(faults)})", tested=False
        )
    if contest.champion == contest.challenger:
        reason = "champion and challenger are the same recipe"
    elif contest.horizon != contest.challenger_horizon:
        reason = f"forecasts of {contest.horizon} steps do not compare with forecasts of {contest.challenger_horizon}"
    elif not contest.is_finite:
        reason = "not every loss is a finite number"
    elif amount.missing:
        reason = (
            f"{amount.n} origins count as {amount.n_eff} that do not overlap (horizon {contest.horizon}, step "
            f"{contest.step}), {amount.n_new_eff} of them new, and {options.min_effective_origins} are needed, "
            f"{options.min_new_origins} of them new"
        )
    elif alpha == 0:
        reason = f"{amount.n} origins, but the budget of {options.budget:g} expected false promotions a year is spent"
    else:
        return None
    return _Finding("INSUFFICIENT_EVIDENCE", f"Insufficient evidence: {reason}", tested=False)


def _judge(evidence: Evidence | None, n: int, alpha: float, floor: float) -> _Finding:
    """What the numbers say when there are enough of them (rules G1 and G2)."""
    if evidence is None or evidence.relative is None:
        return _Finding("HOLD", f"Hold: the champion made no error at any of {n} origins, nothing can be gained")
    found = evidence.relative
    if evidence.p >= 1 - alpha and found.high < 0:
        return _Finding("REJECT", f"Reject: over {n} origins the challenger is worse by more than chance")
    if evidence.p <= alpha and found.low > 0 and found.gain >= floor:
        note = ", and always by the same amount, so only its size was judged" if evidence.degenerate else ""
        return _Finding("PROMOTE", f"Promote: over {n} origins the challenger is better by more than chance{note}")
    if evidence.degenerate and found.gain == 0:
        return _Finding("HOLD", f"Hold: both lose exactly the same at {n} origins")
    if found.detectable > max(found.gain, floor):
        return _Finding("INSUFFICIENT_EVIDENCE", f"Insufficient evidence: {n} origins")
    words = "the gain could be chance" if found.gain >= floor else f"the gain stays below {_percent(floor)}"
    return _Finding("HOLD", f"Hold: over {n} origins {words}")


def _sentence(finding: _Finding, evidence: Evidence | None, alpha: float, wait: int, due: pd.Timestamp) -> str:
    """The reason: what was found, the numbers it rests on, and what happens next."""
    parts = []
    found = evidence.relative if evidence else None
    if found and evidence:
        parts.append(f"smallest detectable gain {_percent(found.detectable)}")
        parts.append(f"observed {_percent(found.gain)} [{_rounded_percent(found.low)}, {_rounded_percent(found.high)}]")
        parts.append(f"loss {evidence.challenger_loss:.4g} against {evidence.champion_loss:.4g}")
    if finding.tested and evidence:
        parts.append(f"p = {evidence.p:.2g} at level {alpha:.2g}")
    sentence = ", ".join([finding.words, *parts])
    if finding.verdict == "INSUFFICIENT_EVIDENCE" and found and found.needed:
        sentence += f"; confirming a gain of this size needs about {_rounded(found.needed)} origins"
    if wait and finding.verdict != "PROMOTE":
        sentence += f"; next decision in {wait} origins ({due:%Y-%m-%d})"
    return sentence + "."


def _percent(share: float) -> str:
    return f"{_rounded_percent(share)} %"


def _rounded_percent(share: float) -> str:
    return f"{round(100 * share, 1) + 0.0:.1f}"  # + 0.0: no "-0.0"


def _rounded(number: int) -> int:
    """Two significant digits: more would pretend a precision that the estimate lacks."""
    return int(float(f"{number:.2g}"))


def plain(value: object) -> object:
    """A value as JSON has it: moments as ISO 8601, what is not finite as null."""
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return None if isinstance(value, float) and not isfinite(value) else value
