"""The old rule "better than the best so far, and by so many per cent", kept for those who compare with it.

It looks at stored scores of other windows, tests nothing, and promotes an equally good challenger in 20 to 47 % of all
retrainings (`benchmarks/promotion.py`, column `naive`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import pandas as pd

from pulse_kedro.domain.cycle import LABEL
from pulse_kedro.domain.history import History
from pulse_kedro.domain.metrics.residuals import COMBINATION
from pulse_kedro.domain.training.contest import Amount, Contest
from pulse_kedro.domain.training.promotion import PromotionDecision, PromotionOptions, Verdict

POLICY = "threshold-1"
BASELINE = "seasonal_naive"
WARNING = (
    "promotion.policy is threshold: it compares stored scores of different windows and promotes an equally good "
    "challenger in 20 to 47 % of all retrainings. `evidence` holds 5 %."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skills:
    """Skill of the challenger now, that stored of the version before, and the best stored; `None` where unknown."""

    challenger: float | None
    previous: float | None
    best: float | None


def skill_of(scores: pd.DataFrame, recipe: str) -> float | None:
    """Skill of a recipe's combination against the seasonal naive forecast: 1 is perfect, 0 is no better.

    Args:
        scores: `SCORE_COLUMNS` of its backtest.
        recipe: Digest of the recipe.

    Returns:
        `1 - MASE / MASE of the seasonal naive forecast`; `None` where one is missing or the latter is 0.
    """
    rows = scores[(scores["recipe"] == recipe[:LABEL]) & (scores["metric"] == "mase") & (scores["level"] == "overall")]
    values = rows.set_index("model")["value"]
    ours, naive = values.get(COMBINATION), values.get(BASELINE)
    if ours is None or naive is None or not naive > 0 or not isfinite(ours):
        return None
    return 1.0 - float(ours) / float(naive)


def skills_of(scores: pd.DataFrame, recipe: str, history: History, ancestors: Sequence[str]) -> Skills:
    """Skill of a challenger beside what earlier cycles stored about the versions that served.

    Args:
        scores: Of this cycle's backtest.
        recipe: Digest of the challenger's recipe.
        history: All committed cycles.
        ancestors: Keys of the cycles that count, the newest first.
    """
    stored = [history.committed(key).decision.get("skill") for key in ancestors]
    known = [float(value) for value in stored if isinstance(value, int | float)]
    previous = stored[0] if stored and isinstance(stored[0], int | float) else None
    return Skills(challenger=skill_of(scores, recipe), previous=previous, best=max(known, default=None))


def weigh_by_threshold(
    contest: Contest, skills: Skills, *, as_of: pd.Timestamp, faults: Sequence[str], options: PromotionOptions
) -> PromotionDecision:
    """Verdict of the old rule.

    Args:
        contest: The two recipes; their losses are not looked at.
        skills: What is compared.
        as_of: Newest period known.
        faults: What the checks of the challenger's bundle found.
        options: The terms.

    Returns:
        PROMOTE where swapping is on, the skill is above the best stored one, and above the previous one by at least
        `min_improvement_threshold` per cent of it. Nothing of the budget of false promotions is counted.

    Source:
        `operations.md` 1.4: the swap rule of the source design.
    """
    verdict, words = _compare(contest, skills, faults, options)
    return PromotionDecision(
        verdict=verdict,
        reason=words,
        champion=contest.champion,
        challenger=contest.challenger,
        evaluation_set=contest.evaluation_set,
        amount=Amount(n=len(contest.cutoffs), n_eff=contest.effective(len(contest.cutoffs)), **_NOT_COUNTED),
        unmatched=contest.unmatched,
        step=contest.step,
        horizon=contest.horizon,
        newest_origin=contest.cutoffs[-1] if len(contest.cutoffs) else None,
        alpha=0.0,
        budget_left=float("nan"),
        evidence=None,
        wait=0,
        due=as_of,
        seed=options.seed,
        loss="skill",
        mode="stored",
        policy=POLICY,
    )


_NOT_COUNTED: Mapping[str, int] = {"n_new": 0, "n_new_eff": 0, "missing": 0}


def _compare(contest: Contest, skills: Skills, faults: Sequence[str], options: PromotionOptions) -> tuple[Verdict, str]:
    if faults:
        return "REJECT", f"Reject: the challenger's bundle failed its checks ({'; '.join(faults)})."
    if contest.champion == contest.challenger:
        return "INSUFFICIENT_EVIDENCE", "Insufficient evidence: champion and challenger are the same recipe."
    new, old, best = skills.challenger, skills.previous, skills.best
    if new is None or old is None or best is None or old == 0:
        return "INSUFFICIENT_EVIDENCE", f"Insufficient evidence: skill {_said(new)} now, {_said(old)} stored before."
    improvement = 100.0 * (new - old) / abs(old)
    needed = options.min_improvement_threshold
    numbers = (
        f"skill {new:.4f} against {old:.4f} stored before ({improvement:+.1f} %, {needed:g} % needed) and {best:.4f} "
        "at best, by the policy threshold, which tests nothing"
    )
    if not options.auto_swap_models:
        return "HOLD", f"Hold: promotion.auto_swap_models is off; {numbers}."
    if new > best and improvement >= options.min_improvement_threshold:
        return "PROMOTE", f"Promote: {numbers}."
    return "HOLD", f"Hold: {numbers}."


def _said(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"
