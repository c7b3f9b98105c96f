"""Pairing of losses, and how much of them counts."""

import pandas as pd
import pytest

from pulse_kedro.domain.panel import frequency
from pulse_kedro.domain.training.contest import Contest, PastDecision, allot_alpha, count_evidence, pair_losses

MONTHLY = frequency("monthly")
A, B = "a" * 64, "b" * 64


def table(recipe: str, months: list[str], *, loss: float = 1.0, n_series: int = 3) -> pd.DataFrame:
    return pd.DataFrame({"recipe": recipe[:12], "cutoff": pd.to_datetime(months), "loss": loss, "n_series": n_series})


def pair(*tables: pd.DataFrame, horizon: int = 12) -> Contest:
    return pair_losses(pd.concat(tables), champion=A, challenger=B, horizons=(horizon, horizon), freq=MONTHLY)


def test_only_common_cutoffs_are_compared_and_the_rest_is_counted() -> None:
    contest = pair(
        table(A, ["2018-01-01", "2018-02-01", "2018-03-01"]), table(B, ["2018-02-01", "2018-04-01"], loss=2.0)
    )

    assert ["2018-02-01"] == [f"{when:%Y-%m-%d}" for when in contest.cutoffs]
    assert ([1.0], [2.0], 3) == (
        contest.champion_losses.tolist(),
        contest.challenger_losses.tolist(),
        contest.unmatched,
    )


def test_cutoffs_with_other_series_are_not_comparable() -> None:
    contest = pair(table(A, ["2018-01-01"]), table(B, ["2018-01-01"], n_series=2))

    assert (0, 1) == (len(contest.cutoffs), contest.unmatched)


def test_a_cutoff_that_neither_could_score_stands_in_nobodys_way() -> None:
    nothing = {"loss": float("nan"), "n_series": 0}
    contest = pair(
        table(A, ["2018-01-01"], **nothing),  # type: ignore[arg-type]
        table(A, ["2018-02-01"]),
        table(B, ["2018-01-01"], **nothing),  # type: ignore[arg-type]
        table(B, ["2018-02-01"]),
    )

    assert (True, 1, 1) == (contest.is_finite, len(contest.cutoffs), contest.unmatched)


def test_order_of_the_rows_does_not_matter() -> None:
    months = ["2018-01-01", "2018-02-01", "2018-03-01"]
    forward = pair(table(A, months), table(B, months))
    backward = pair(table(B, months[::-1]), table(A, months[::-1]))

    assert forward.evaluation_set == backward.evaluation_set
    assert forward.cutoffs.equals(backward.cutoffs)


def test_evaluation_set_changes_with_its_content() -> None:
    months = ["2018-01-01", "2018-02-01", "2018-03-01"]
    sets = {
        pair(table(A, months), table(B, months)).evaluation_set,
        pair(table(A, months), table(B, months), horizon=6).evaluation_set,
        pair(table(A, months[:2]), table(B, months[:2])).evaluation_set,
        pair(table(A, months, n_series=4), table(B, months, n_series=4)).evaluation_set,
    }

    assert len(sets) == 4


@pytest.mark.parametrize(
    ("months", "step", "effective", "needed"),
    [(("2017-01-01", "2017-02-01", "2017-03-01"), 1, 0, 360), (("2015-01-01", "2016-01-01", "2017-01-01"), 12, 3, 30)],
)
def test_overlapping_cutoffs_count_less(months: tuple[str, ...], step: int, effective: int, needed: int) -> None:
    contest = pair(table(A, list(months)), table(B, list(months)))

    assert (step, effective, needed) == (contest.step, contest.effective(3), contest.cutoffs_for(30))


def test_missing_counts_what_both_rules_ask_for() -> None:
    months = [f"{when:%Y-%m-%d}" for when in pd.date_range("2010-01-01", periods=50, freq="MS")]
    contest = pair(table(A, months), table(B, months), horizon=1)
    earlier = PastDecision(
        as_of=pd.Timestamp("2014-01-01"), champion=A, challenger=B, newest_origin=pd.Timestamp(months[39]), alpha=0.05
    )

    amount = count_evidence(contest, [earlier], needed=30, new_needed=30)

    assert (50, 50, 10, 20) == (amount.n, amount.n_eff, amount.n_new, amount.missing)


def test_alpha_is_capped_shared_and_renewed() -> None:
    now = pd.Timestamp("2019-01-01")

    def decided(when: str) -> PastDecision:
        return PastDecision(
            as_of=pd.Timestamp(when), champion=A, challenger=B, newest_origin=pd.Timestamp("2010-01-01"), alpha=0.04
        )

    assert allot_alpha([], now, cap=0.05, budget=1, per_year=12) == (0.05, 1)
    assert allot_alpha([decided("2018-06-01")], now, cap=0.05, budget=0.1, per_year=3) == pytest.approx((0.03, 0.06))
    assert allot_alpha([decided("2017-06-01")], now, cap=0.05, budget=0.1, per_year=2) == pytest.approx((0.05, 0.1))
    assert allot_alpha([decided("2018-06-01")] * 3, now, cap=0.05, budget=0.1, per_year=3) == (0.0, 0.0)


def test_decisions_after_as_of_do_not_count() -> None:
    later = PastDecision(
        as_of=pd.Timestamp("2019-06-01"), champion=A, challenger=B, newest_origin=pd.Timestamp("2010-01-01"), alpha=0.04
    )

    assert allot_alpha([later], pd.Timestamp("2019-01-01"), cap=0.05, budget=0.1, per_year=2) == (0.05, 0.1)
