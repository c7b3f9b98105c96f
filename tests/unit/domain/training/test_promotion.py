"""The gate between two recipes: planted gains, twins, too little evidence, and every fixed edge case."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError

from gate_samples import TERMS
from pulse_kedro.domain.panel import frequency
from pulse_kedro.domain.training.contest import Contest, PastDecision, pair_losses
from pulse_kedro.domain.training.guards import Guard, GuardOptions, State
from pulse_kedro.domain.training.promotion import PromotionDecision, PromotionOptions, weigh

MONTHLY = frequency("monthly")
AS_OF = pd.Timestamp("2018-12-01")
OPTIONS = PromotionOptions(**TERMS)


def contest(champion: np.ndarray, challenger: np.ndarray, *, horizon: int = 1) -> Contest:
    cutoffs = pd.date_range("1950-01-01", periods=len(champion), freq="MS")
    sides = {"champion": champion, "challenger": challenger}
    table = pd.concat(
        [pd.DataFrame({"recipe": name, "cutoff": cutoffs, "loss": loss, "n_series": 3}) for name, loss in sides.items()]
    )
    return pair_losses(table, champion="champion", challenger="challenger", horizons=(horizon, horizon), freq=MONTHLY)


def losses(
    n: int, gain: float = 0.0, *, rho: float = 0.9, horizon: int = 1, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Absolute errors of two models with correlated MA(horizon - 1) errors, the second smaller by `gain`."""
    rng = np.random.default_rng(seed)
    shared, own, rival = (
        np.convolve(rng.normal(size=n + horizon - 1), np.ones(horizon), mode="valid") / np.sqrt(horizon)
        for _ in range(3)
    )
    errors = [np.sqrt(rho) * shared + np.sqrt(1 - rho) * part for part in (own, rival)]
    return np.abs(errors[0]), (1 - gain) * np.abs(errors[1])


def verdict(
    champion: np.ndarray, challenger: np.ndarray, *, horizon: int = 1, options: PromotionOptions = OPTIONS
) -> PromotionDecision:
    return weigh(
        contest(champion, challenger, horizon=horizon), (), as_of=AS_OF, freq=MONTHLY, faults=(), options=options
    )


def past(
    newest_origin: str, *, as_of: str = "2018-11-01", alpha: float = 0.05, challenger: str = "challenger"
) -> PastDecision:
    return PastDecision(
        as_of=pd.Timestamp(as_of),
        champion="champion",
        challenger=challenger,
        newest_origin=pd.Timestamp(newest_origin),
        alpha=alpha,
    )


def test_truly_better_recipe_is_promoted() -> None:
    champion, challenger = losses(480, gain=0.1, horizon=12)

    decision = verdict(champion, challenger, horizon=12)

    assert decision.verdict == "PROMOTE"
    assert decision.amount.n_eff == 40
    assert "better by more than chance" in decision.reason


def test_identical_twin_of_a_promoted_recipe_is_held() -> None:
    _, twin = losses(480, gain=0.1, horizon=12)

    decision = verdict(twin, twin.copy(), horizon=12)

    assert decision.verdict == "HOLD"
    assert decision.evidence is not None
    assert decision.evidence.p == 0.5
    assert "both lose exactly the same at 480 origins" in decision.reason


def test_truly_worse_recipe_is_rejected() -> None:
    challenger, champion = losses(480, gain=0.1, horizon=12)

    decision = verdict(champion, challenger, horizon=12)

    assert decision.verdict == "REJECT"
    assert "worse by more than chance" in decision.reason


def test_equally_good_recipe_is_promoted_in_at_most_five_per_cent() -> None:
    """K37: the rule "at least 2 % better" alone promotes it in 10 to 47 %."""
    runs = [losses(60, seed=10_000 + seed) for seed in range(400)]

    promoted = sum(verdict(*run).verdict == "PROMOTE" for run in runs)
    naive_rule = sum(1 - challenger.mean() / champion.mean() >= 0.02 for champion, challenger in runs)

    assert promoted / 400 <= 0.05
    assert 0.10 < naive_rule / 400 < 0.47


def test_gain_below_the_floor_is_held_however_certain() -> None:
    champion, _ = losses(1000)
    noise = np.random.default_rng(1).normal(scale=1e-4, size=1000)

    decision = verdict(champion + 1, (champion + 1) * 0.99 + noise)

    assert decision.verdict == "HOLD"
    assert "the gain stays below 2.0 %" in decision.reason


def test_too_few_origins_is_a_verdict_with_numbers() -> None:
    decision = verdict(*losses(120, gain=0.03, horizon=12), horizon=12)

    assert decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert (120, 10, 10) == (decision.amount.n, decision.amount.n_eff, decision.amount.n_new_eff)
    assert (240, pd.Timestamp("2038-12-01"), 0.0) == (decision.wait, decision.due, decision.alpha)
    assert decision.reason.startswith(
        "Insufficient evidence: 120 origins count as 10 that do not overlap (horizon 12, step 1), 10 of them new, and "
        "30 are needed, 30 of them new, smallest detectable gain "
    )
    assert decision.reason.endswith("; next decision in 240 origins (2038-12-01).")


def test_gain_too_small_to_be_seen_names_the_origins_that_would_confirm_it() -> None:
    champion, challenger = losses(34, gain=0.03, seed=18)

    decision = verdict(champion, challenger)

    assert decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert decision.evidence is not None
    found = decision.evidence.relative
    assert found is not None
    assert found.needed is not None
    assert found.detectable > found.gain > 0
    assert found.low < found.gain < found.high
    assert f"observed {100 * found.gain:.1f} % [{100 * found.low:.1f}, {100 * found.high:.1f}]" in decision.reason
    assert "confirming a gain of this size needs about" in decision.reason
    assert "next decision in 30 origins (2021-06-01)" in decision.reason


def test_detectable_gain_matches_the_published_table() -> None:
    """`operations.md` 1.5: one series, rho .9, level .05: 26, 19, 13 % at 30, 60, 120 origins."""
    for n, expected in ((30, 0.26), (60, 0.19), (120, 0.13)):
        sizes = [
            decision.evidence.relative.detectable
            for seed in range(60)
            if (decision := verdict(*losses(n, seed=seed))).evidence and decision.evidence.relative
        ]
        assert abs(np.mean(sizes) - expected) < 0.05


@pytest.mark.parametrize("n", [0, 1, 2])
def test_almost_no_origin_is_insufficient_and_no_exception(n: int) -> None:
    decision = verdict(*losses(n) if n else (np.array([]), np.array([])))

    assert decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert (decision.evidence is None) == (n < 2)
    assert decision.wait == 30 - n


def test_champion_without_error_cannot_be_replaced() -> None:
    decision = verdict(np.zeros(40), np.zeros(40) + 0.1)

    assert decision.verdict == "HOLD"
    assert decision.evidence is not None
    assert decision.evidence.relative is None
    assert "nothing can be gained" in decision.reason


def test_constant_gain_is_judged_by_its_size_and_flagged() -> None:
    champion, _ = losses(60)

    decision = verdict(champion + 1, champion + 0.9)

    assert decision.verdict == "PROMOTE"
    assert decision.evidence is not None
    assert decision.evidence.degenerate
    assert "always by the same amount" in decision.reason
    assert decision.to_dict()["statistic"] is None


@pytest.mark.parametrize("side", ["champion", "challenger"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_loss_that_is_not_finite_is_never_promoted(side: str, value: float) -> None:
    champion, challenger = losses(60, gain=0.5)
    {"champion": champion, "challenger": challenger}[side][3] = value

    decision = verdict(champion, challenger)

    assert decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert "not every loss is a finite number" in decision.reason
    assert json.dumps(decision.to_dict(), allow_nan=False)


@pytest.mark.parametrize("kept", [0, 1])
def test_champion_without_losses_on_common_cutoffs_is_kept(kept: int) -> None:
    champion, challenger = losses(60, gain=0.5)
    cutoffs = pd.date_range("1950-01-01", periods=60, freq="MS")
    sides = {"champion": (champion[:kept], cutoffs[:kept]), "challenger": (challenger, cutoffs)}
    rows = [
        pd.DataFrame({"recipe": name, "cutoff": when, "loss": loss, "n_series": 3})
        for name, (loss, when) in sides.items()
        if len(loss)
    ]
    lone = pair_losses(pd.concat(rows), champion="champion", challenger="challenger", horizons=(1, 1), freq=MONTHLY)

    decision = weigh(lone, (), as_of=AS_OF, freq=MONTHLY, faults=(), options=OPTIONS)

    assert decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert (kept, 60 - kept, None) == (decision.amount.n, decision.unmatched, decision.evidence)


def test_same_recipe_is_never_promoted() -> None:
    same = replace(contest(*losses(60, gain=0.5)), challenger="champion")

    decision = weigh(same, (), as_of=AS_OF, freq=MONTHLY, faults=(), options=OPTIONS)

    assert decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert "the same recipe" in decision.reason


def test_other_horizon_is_not_comparable() -> None:
    other = replace(contest(*losses(60, gain=0.5)), challenger_horizon=3)

    decision = weigh(other, (), as_of=AS_OF, freq=MONTHLY, faults=(), options=OPTIONS)

    assert decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert "forecasts of 1 steps do not compare with forecasts of 3" in decision.reason


def test_better_recipe_with_a_faulty_bundle_is_rejected() -> None:
    decision = weigh(
        contest(*losses(60, gain=0.5)), (), as_of=AS_OF, freq=MONTHLY, faults=("hash differs",), options=OPTIONS
    )

    assert decision.verdict == "REJECT"
    assert "(hash differs)" in decision.reason
    assert decision.alpha == 0


def test_origins_of_the_previous_test_do_not_count_again() -> None:
    pair = contest(*losses(60, gain=0.5))
    earlier = past(pair.cutoffs[49].isoformat())

    decision = weigh(pair, (earlier,), as_of=AS_OF, freq=MONTHLY, faults=(), options=OPTIONS)

    assert decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert (60, 10, 20) == (decision.amount.n, decision.amount.n_new, decision.wait)


def test_test_of_another_challenger_leaves_the_origins_new() -> None:
    pair = contest(*losses(60, gain=0.5))
    earlier = past(pair.cutoffs[49].isoformat(), challenger="other")

    decision = weigh(pair, (earlier,), as_of=AS_OF, freq=MONTHLY, faults=(), options=OPTIONS)

    assert decision.verdict == "PROMOTE"


def test_spent_budget_stops_promotions_until_old_tests_leave_the_year() -> None:
    pair, terms = contest(*losses(60, gain=0.5)), PromotionOptions(**TERMS | {"budget": 0.1})
    tests = [past("1949-01-01", as_of=when, challenger="other") for when in ("2018-02-01", "2018-06-01")]

    now = weigh(pair, tests, as_of=AS_OF, freq=MONTHLY, faults=(), options=terms)
    later = weigh(pair, tests, as_of=pd.Timestamp("2019-03-01"), freq=MONTHLY, faults=(), options=terms)

    assert ("INSUFFICIENT_EVIDENCE", 0.0) == (now.verdict, now.alpha)
    assert "budget of 0.1 expected false promotions a year is spent" in now.reason
    assert "PROMOTE" == later.verdict
    assert later.alpha == pytest.approx(0.05 / 11)


def test_record_is_json_with_everything_that_was_weighed() -> None:
    record = verdict(*losses(60, gain=0.1)).to_dict()

    assert record == json.loads(json.dumps(record, allow_nan=False))
    expected = {
        "verdict",
        "reason",
        "champion",
        "challenger",
        "evaluation_set",
        "mode",
        "n",
        "n_eff",
        "horizon",
        "step",
    }
    expected |= {"champion_loss", "challenger_loss", "gain", "low", "high", "p", "alpha", "budget_left", "detectable"}
    expected |= {"seed", "policy", "needed", "block", "draws", "unmatched", "newest_origin", "wait", "due", "loss"}
    assert set() == expected - set(record)


def test_options_of_a_good_configuration_are_accepted() -> None:
    assert OPTIONS == TypeAdapter(PromotionOptions).validate_python(TERMS)


@pytest.mark.parametrize(
    "wrong", [{"alpha": 0.9}, {"effect_floor": -0.1}, {"draws": 3}, {"catastrophic_ratio": 0.5}, {"alhpa": 0.05}]
)
def test_options_out_of_range_or_misspelt_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        TypeAdapter(PromotionOptions).validate_python(TERMS | wrong)


def guard(state: State, value: float | None = 0.1) -> Guard:
    return Guard(name="worst horizon", state=state, value=value, limit=0.05, detail="steps 10 to 12: 1.1 against 1")


def guarded(found: Guard, *, gain: float = 0.1, **changes: object) -> PromotionDecision:
    options = PromotionOptions(**TERMS | {"guards": GuardOptions(**changes)})
    pair = contest(*losses(480, gain=gain, horizon=12), horizon=12)
    return weigh(pair, (), as_of=AS_OF, freq=MONTHLY, faults=(), options=options, guards=(found,))


def test_failed_guard_rejects_what_would_be_promoted() -> None:
    decision = guarded(guard("FAIL"))

    assert "REJECT" == decision.verdict
    assert "fails worst horizon (steps 10 to 12: 1.1 against 1)" in decision.reason
    assert "FAIL" == decision.to_dict()["guards"][0]["state"]


def test_guards_promote_nobody() -> None:
    assert "PROMOTE" != guarded(guard("PASS"), gain=0.0).verdict


def test_open_guard_holds_only_where_proof_is_asked_for() -> None:
    assert "PROMOTE" == guarded(guard("INCONCLUSIVE")).verdict
    assert "HOLD" == guarded(guard("INCONCLUSIVE"), mode="strict").verdict
    assert "HOLD" == guarded(guard("INCONCLUSIVE", None), mode="strict").verdict, "what nobody scored shows nothing"
    unmeasured = replace(guard("INCONCLUSIVE", None), name="latency")
    assert "PROMOTE" == guarded(unmeasured, mode="strict").verdict
