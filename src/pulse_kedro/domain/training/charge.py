"""Which bundle serves: the first champion, its next revision, the winner of the gate, or the champion before it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import pandas as pd

from pulse_kedro.domain.cycle import LABEL
from pulse_kedro.domain.errors import PulseError
from pulse_kedro.domain.history import History
from pulse_kedro.domain.training.contest import PastDecision
from pulse_kedro.domain.training.probation import Watch
from pulse_kedro.domain.training.promotion import PromotionDecision
from pulse_kedro.domain.training.triggers import Role, TrainingPlan

BundleCheck = Callable[[str], Mapping[str, object]]
"""Verifies a stored bundle by its digest in a new process: `ok`, and `problems`, sentences on hash, loading, golden
batch; nothing in it is trusted unless `ok` is true."""
BASELINES = {"seasonal_drift": "seasonal drift", "seasonal_naive": "seasonal naive", "naive": "naive"}


class Servable(Protocol):
    """What is asked of a bundle before it may serve."""

    @property
    def digest(self) -> str:
        """Content digest."""

    @property
    def recipe_digest(self) -> str:
        """Identity of the recipe it was made from."""

    def problems(self) -> Sequence[str]:
        """What makes it unfit to serve; empty when it is sound."""


class FaultyBundle(PulseError):
    """A bundle that had to take charge failed its checks, and nothing else may take its place."""

    code: ClassVar[str] = "model.initialization_failed"

    def __init__(self, role: str, digest: str, problems: Sequence[str]) -> None:
        """Keep the role, the digest and what was found."""
        super().__init__(role, digest, problems)
        self.role, self.digest, self.problems = role, digest, problems

    def __str__(self) -> str:
        """Say what was found and that the last committed cycle still stands."""
        return (
            f"Putting the {self.role} bundle {self.digest[:LABEL]} in charge failed: got {'; '.join(self.problems)}, "
            "expected finite forecasts, ordered quantiles and an unchanged golden batch. Nothing was committed and the "
            "previous champion stays; look at the newest values in `quality_report`, then run the cycle again."
        )


class CatastrophicLoss(PulseError):
    """The newest outcomes are so far from their forecasts that the data or the champion must be looked at first."""

    code: ClassVar[str] = "model.training_diverged"

    def __init__(self, ratio: float, limit: float, n: int) -> None:
        """Keep the ratio to the backtest loss, its limit, and the number of outcomes."""
        super().__init__(ratio, limit, n)
        self.ratio, self.limit, self.n = ratio, limit, n

    def __str__(self) -> str:
        """Say how large the loss is and what lets the cycle pass."""
        return (
            f"Revising the champion failed: got a loss on the {self.n} newest outcomes of {self.ratio:.1f} times the "
            f"backtest loss at the same steps, expected at most {self.limit:g} times. Nothing was committed and the "
            "previous champion stays; compare the newest values with their source, and if they are right, run again "
            "with `--params promotion.catastrophic_ratio=...` above the ratio."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestLoss:
    """Scaled loss of the outcomes that became known in this cycle, and what the backtest expects at their steps."""

    loss: float
    expected: float
    n: int

    @property
    def ratio(self) -> float:
        """Loss as a multiple of the expected one."""
        return self.loss / self.expected if self.expected > 0 else float("nan")


def inspect(bundle: Servable, report: Mapping[str, object]) -> tuple[str, ...]:
    """What speaks against a bundle, in its own process and in a new one.

    Args:
        bundle: The candidate.
        report: What the verification of the stored copy said.

    Returns:
        Findings in words; empty when the bundle is sound.
    """
    found = report.get("problems")
    stored = tuple(str(problem) for problem in found) if isinstance(found, Sequence) else ()
    if report.get("ok") is not True and not stored:
        stored = ("the check of the stored copy gave no answer",)
    return (*bundle.problems(), *stored)


def newest_loss(live_scores: pd.DataFrame, scores: pd.DataFrame, recipe: str) -> NewestLoss | None:
    """How the newest outcomes compare with the backtest of a recipe at the same steps.

    Args:
        live_scores: Scores of issued forecasts; level `newest` holds what became known in this cycle, by step.
        scores: Scores of the backtest.
        recipe: Digest of the recipe.

    Returns:
        `None` when nothing became known, or nothing that the backtest covers.
    """
    live = live_scores[(live_scores["level"] == "newest") & (live_scores["metric"] == "mase")]
    at_steps = _rows(scores, recipe, "combination", "mase", level="horizon").set_index("step")["value"]
    known = live.assign(expected=live["step"].map(at_steps)).dropna(subset=["value", "expected"])
    n = int(known["n"].sum())
    if n == 0:
        return None
    loss, expected = ((known[name] * known["n"]).sum() / n for name in ("value", "expected"))
    return NewestLoss(loss=float(loss), expected=float(expected), n=n)


def past_tests(
    history: History, ancestors: Sequence[str], *, as_of: pd.Timestamp, pair: tuple[str, str]
) -> tuple[PastDecision, ...]:
    """Earlier tests of the promotion gate that count for the next one.

    Args:
        history: All committed cycles.
        ancestors: Keys of the cycles that this one builds on.
        as_of: Newest period that this cycle knows.
        pair: Recipes of champion and challenger; the same two again at the same period are the same test.

    Returns:
        Decisions that spent a part of the budget: of the cycles that this one builds on, and of those that once stood
        in their place or its own and were superseded. A second try would be free otherwise. A decision without enough
        evidence spent none, and a replay beside the line could put nobody in charge.
    """
    line = set(ancestors)
    tries = (
        cycle
        for cycle in history.cycles
        if cycle.key in line or (cycle.line == "main" and cycle.as_of <= as_of and (cycle.parent or "") in line)
    )
    found = ((cycle, cycle.decision.get("gate")) for cycle in tries)
    tests = (
        PastDecision(
            as_of=cycle.as_of,
            champion=str(gate["champion"]),
            challenger=str(gate["challenger"]),
            newest_origin=pd.Timestamp(str(gate["newest_origin"])),
            alpha=float(gate["alpha"]),
        )
        for cycle, gate in found
        if isinstance(gate, Mapping) and gate["alpha"]
    )
    return tuple(test for test in tests if (test.as_of, test.champion, test.challenger) != (as_of, *pair))


def take_charge(
    plan: TrainingPlan,
    candidates: Mapping[str, Servable],
    checks: Mapping[str, Sequence[str]],
    *,
    gate: PromotionDecision | None,
    newest: NewestLoss | None,
    scores: pd.DataFrame,
    limit: float,
    watched: Watch | None = None,
) -> dict[str, object]:
    """Decision on the bundle that serves from now on.

    Args:
        plan: Why there are these candidates.
        candidates: Bundles by role, `champion` (the next revision) and `challenger`.
        checks: Findings of `inspect` by role.
        gate: Verdict between the two recipes; `None` when only one of them was made.
        newest: Loss on the newest outcomes.
        scores: Scores of the backtest, for the reason.
        limit: Largest ratio of the newest loss to the backtest loss.
        watched: How the champion does beside the one it replaced; `None` where it is not on probation.

    Returns:
        `verdict`, `serves` (role), `reason`, `recipe`, `bundle`, `gate`, `probation`, `checks`, `plan`; plain values
        for JSON. A champion on probation that is worse by more than chance, or whose revision failed its checks, gives
        way to its predecessor.

    Raises:
        FaultyBundle: A first champion or a revision failed its checks.
        CatastrophicLoss: The newest outcomes are further from their forecasts than `limit` allows.
    """
    first: Role = "champion" if "champion" in candidates else "challenger"
    former = _former(candidates, checks, watched)
    fall = "" if former is None or watched is None else watched.reason or _unfit(checks[first])
    if checks[first] and not fall:
        raise FaultyBundle(first, candidates[first].digest, checks[first])
    if first == "champion" and not checks[first] and newest is not None and newest.ratio > limit:
        raise CatastrophicLoss(newest.ratio, limit, newest.n)
    verdict, serves, reason = {"champion": "REVISION", "challenger": "BOOTSTRAP"}[first], first, fall
    if former is not None and fall:
        verdict, serves = "ROLLBACK", former
    elif gate is not None:
        verdict, serves, reason = gate.verdict, "challenger" if gate.verdict == "PROMOTE" else first, gate.reason
    bundle = candidates[serves]
    return {
        "verdict": verdict,
        "serves": serves,
        "reason": reason or explain(plan, first, bundle.recipe_digest, newest, scores),
        "recipe": bundle.recipe_digest,
        "bundle": bundle.digest,
        "candidates": {
            role: {"bundle": made.digest, "recipe": made.recipe_digest} for role, made in candidates.items()
        },
        "gate": gate.to_dict() if gate and not fall else None,
        "probation": watched.to_dict() if watched else None,
        "checks": {
            "bundles": {role: list(found) for role, found in checks.items()},
            "newest": None if newest is None else {"mase": newest.loss, "expected": newest.expected, "n": newest.n},
        },
        "plan": {"action": plan.action, "cause": plan.cause},
    }


def _former(
    candidates: Mapping[str, Servable], checks: Mapping[str, Sequence[str]], watched: Watch | None
) -> Role | None:
    """Role whose bundle the predecessor's recipe made, if it is fit to serve."""
    roles: tuple[Role, ...] = ("predecessor", "challenger")
    for role in roles:
        made = candidates.get(role)
        if watched and made and made.recipe_digest == watched.trial.predecessor and not checks[role]:
            return role
    return None


def _unfit(found: Sequence[str]) -> str:
    """Why a champion on probation gives way at once; empty where its checks found nothing."""
    if not found:
        return ""
    return f"Rollback: the next revision of the champion on probation failed its checks ({'; '.join(found)})."


def explain(
    plan: TrainingPlan,
    role: Role,
    recipe: str,
    newest: NewestLoss | None,
    scores: pd.DataFrame,
) -> str:
    """Reason of a decision that no gate had to make, in numbers.

    Args:
        plan: Cause of the training.
        role: Who serves.
        recipe: Digest of its recipe.
        newest: Loss on the newest outcomes.
        scores: Scores of the backtest.
    """
    opening = "First champion" if role == "challenger" else f"Revision of the champion ({plan.jobs[0].cause})"
    sentence = f"{opening}: {_summary(scores, recipe)}"
    if newest is not None:
        sentence += (
            f"; the {newest.n} newest outcomes were missed by {newest.loss:.3f} of the usual seasonal change, "
            f"backtest {newest.expected:.3f} at the same steps"
        )
    return sentence + "."


def _summary(scores: pd.DataFrame, recipe: str) -> str:
    def value(model: str, metric: str) -> float | None:
        rows = _rows(scores, recipe, model, metric, level="overall")["value"].dropna()
        return float(rows.iloc[0]) if len(rows) else None

    loss, cutoffs, covered = (value("combination", metric) for metric in ("mase", "cutoffs", "coverage_80"))
    if loss is None:
        return "no backtest yet, for the history is too short"
    rivals = [
        f"{found:.3f} ({name})" for model, name in BASELINES.items() if (found := value(model, "mase")) is not None
    ]
    text = f"combination MASE {loss:.3f}"
    text += f" against {' and '.join(rivals[:2])}" if rivals else ""
    text += f" over {cutoffs or 0:.0f} backtest cutoffs"
    return text + ("" if covered is None else f", 80 % intervals covered {100 * covered:.1f} %")


def _rows(scores: pd.DataFrame, recipe: str, model: str, metric: str, *, level: str) -> pd.DataFrame:
    return scores[
        (scores["recipe"] == recipe[:LABEL])
        & (scores["model"] == model)
        & (scores["metric"] == metric)
        & (scores["level"] == level)
    ]
