"""The old rule: better than the best so far and by two per cent, inclusive; nothing is tested."""

import json

import pandas as pd
import pytest

from gate_samples import TERMS
from pulse_kedro.domain.training.contest import Contest
from pulse_kedro.domain.training.promotion import PromotionDecision, PromotionOptions
from pulse_kedro.domain.training.thresholds import Skills, skill_of, weigh_by_threshold

AS_OF = pd.Timestamp("2018-12-01")


def decide(
    challenger: float | None,
    previous: float | None = 0.5,
    best: float | None = 0.5,
    *,
    same: bool = False,
    faults: tuple[str, ...] = (),
    **changes: object,
) -> PromotionDecision:
    contest = Contest(
        champion="a",
        challenger="a" if same else "b",
        cutoffs=pd.date_range("2000-01-01", periods=3, freq="MS"),
        champion_losses=pd.Series([1.0, 1.0, 1.0]).to_numpy(),
        challenger_losses=pd.Series([1.0, 1.0, 1.0]).to_numpy(),
        unmatched=0,
        step=1,
        horizon=1,
        challenger_horizon=1,
        evaluation_set="e",
    )
    skills = Skills(challenger=challenger, previous=previous, best=best)
    options = PromotionOptions(**TERMS | {"policy": "threshold"} | changes)
    return weigh_by_threshold(contest, skills, as_of=AS_OF, faults=faults, options=options)


@pytest.mark.parametrize(
    ("challenger", "previous", "best", "verdict"),
    [
        (0.51, 0.5, 0.5, "PROMOTE"),  # two per cent, inclusive
        (0.5099, 0.5, 0.5, "HOLD"),
        (0.55, 0.5, 0.6, "HOLD"),  # the ratchet: better than before, not than the best
        (-0.1, -0.2, -0.2, "PROMOTE"),  # relative to the absolute value
        (0.6, None, 0.5, "INSUFFICIENT_EVIDENCE"),
        (None, 0.5, 0.5, "INSUFFICIENT_EVIDENCE"),
        (0.6, 0.0, 0.0, "INSUFFICIENT_EVIDENCE"),
    ],
)
def test_the_rule(challenger: float | None, previous: float | None, best: float | None, verdict: str) -> None:
    assert verdict == decide(challenger, previous, best).verdict


def test_soundness_still_counts() -> None:
    assert "REJECT" == decide(0.9, faults=("hash differs",)).verdict
    assert "INSUFFICIENT_EVIDENCE" == decide(0.9, same=True).verdict
    assert "HOLD" == decide(0.9, auto_swap_models=False).verdict


def test_the_decision_says_by_which_rule() -> None:
    told = decide(0.6).to_dict()

    assert ("threshold-1", "stored", 0) == (told["policy"], told["mode"], told["alpha"])
    assert "tests nothing" in str(told["reason"])
    json.dumps(told, allow_nan=False)


def test_skill_is_against_the_seasonal_naive_forecast() -> None:
    scores = pd.DataFrame({"model": ["combination", "seasonal_naive"], "value": [0.3, 1.2]})
    scores = scores.assign(recipe="a" * 12, metric="mase", level="overall")

    assert 0.75 == skill_of(scores, "a" * 64)
    assert skill_of(scores[scores["model"] != "seasonal_naive"], "a" * 64) is None
