"""Who is on trial, and when promotions are frozen, read from what committed cycles decided."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
import pytest

from gate_samples import TERMS
from pulse_kedro.domain.cycle import Period
from pulse_kedro.domain.history import CommittedCycle, History
from pulse_kedro.domain.training.contest import Amount
from pulse_kedro.domain.training.promotion import PromotionDecision, PromotionOptions, freeze
from pulse_kedro.domain.training.succession import ProbationOptions, Trial, failed_trials, on_trial
from records import a_cycle, committed

OLD, NEW = "a" * 64, "b" * 64
Story = tuple[tuple[str, str, Mapping[str, str]], ...]
PROMOTED: Story = (
    ("REVISION", OLD, {"champion": "old 1"}),
    ("PROMOTE", NEW, {"champion": "old 2", "challenger": "new 1"}),
)


def told(*story: tuple[str, str, Mapping[str, str]], override: str | None = None) -> tuple[History, Period]:
    """A main line of one cycle a month: verdict, recipe that serves, and bundles by role; and the period after it."""
    cycles: list[CommittedCycle] = []
    for number, (verdict, recipe, made) in enumerate(story):
        ancestors = [cycle.key for cycle in reversed(cycles)]
        candidates = {
            role: {"bundle": name, "recipe": OLD if name.startswith("old") else NEW} for role, name in made.items()
        }
        record = committed(a_cycle(pd.Timestamp("2010-01-01") + pd.DateOffset(months=number), ancestors), number=number)
        decision = {"verdict": verdict, "candidates": candidates}
        serves = next(one["bundle"] for one in candidates.values() if one["recipe"] == recipe)
        cycles.append(replace(record, recipe=recipe, bundle=serves, decision=decision))
    history = History(cycles=tuple(cycles), head=cycles[-1].key, override=override)
    as_of = pd.Timestamp("2010-01-01") + pd.DateOffset(months=len(cycles))
    period = a_cycle(as_of, [cycle.key for cycle in reversed(cycles)]).period
    return history, replace(period, serving=override)


def test_the_cycle_after_a_promotion_tries_the_new_recipe_beside_the_former() -> None:
    expected = Trial(since=pd.Timestamp("2010-02-01"), recipe=NEW, predecessor=OLD, basis="old 2")

    assert expected == on_trial(*told(*PROMOTED), ProbationOptions())


def test_later_cycles_continue_the_newest_bundle_of_the_predecessor() -> None:
    later = ("REVISION", NEW, {"champion": "new 2", "predecessor": "old 3"})
    alone = ("REVISION", NEW, {"champion": "new 3", "challenger": "old 9"})  # conf/ asked for the former recipe

    for story, basis in (((later,), "old 3"), ((later, alone), "old 3"), ((alone,), "old 2")):
        trial = on_trial(*told(*PROMOTED, *story), ProbationOptions())
        assert trial is not None
        assert (pd.Timestamp("2010-02-01"), basis) == (trial.since, trial.basis)


@pytest.mark.parametrize(
    "story",
    [
        (("BOOTSTRAP", OLD, {"challenger": "old 1"}), ("REVISION", OLD, {"champion": "old 2"})),
        (*PROMOTED, ("ROLLBACK", OLD, {"champion": "new 2", "predecessor": "old 3"})),
        (*PROMOTED, *(("REVISION", NEW, {"champion": f"new {n}", "predecessor": f"old {n}"}) for n in range(2, 33))),
        (("REVISION", OLD, {"champion": "old 1"}), ("REVISION", NEW, {"champion": "new 1"})),  # a person's choice
    ],
    ids=["never promoted", "taken back", "over", "by hand"],
)
def test_nobody_is_on_trial(story: Story) -> None:
    assert on_trial(*told(*story), ProbationOptions(length=30)) is None


def test_a_rollback_by_hand_ends_the_trial() -> None:
    assert on_trial(*told(*PROMOTED, override="old 1"), ProbationOptions()) is None


def test_no_trial_where_probation_is_off_or_a_first_cycle_comes() -> None:
    assert on_trial(*told(*PROMOTED), ProbationOptions(enabled=False)) is None
    assert on_trial(History(), a_cycle(pd.Timestamp("2010-01-01")).period, ProbationOptions()) is None


def test_records_of_earlier_versions_name_no_bundles_and_begin_no_trial() -> None:
    history, period = told(*PROMOTED)
    cycles = tuple(replace(cycle, decision={"verdict": cycle.decision["verdict"]}) for cycle in history.cycles)

    assert on_trial(replace(history, cycles=cycles), period, ProbationOptions()) is None


def promotion() -> PromotionDecision:
    return PromotionDecision(
        verdict="PROMOTE",
        reason="Promote: better.",
        champion=OLD,
        challenger=NEW,
        evaluation_set="",
        amount=Amount(n=60, n_eff=60, n_new=60, n_new_eff=60, missing=0),
        unmatched=0,
        step=1,
        horizon=1,
        newest_origin=None,
        alpha=0.05,
        budget_left=1.0,
        evidence=None,
        wait=0,
        due=pd.Timestamp("2010-05-01"),
        seed=1,
    )


def test_two_promotions_that_were_taken_back_freeze_the_third() -> None:
    back = ("ROLLBACK", OLD, {"champion": "new 2", "predecessor": "old 3"})
    options = ProbationOptions(freeze_days=80)

    failed = failed_trials(*told(*PROMOTED, back, *PROMOTED, back), options)
    frozen = freeze(promotion(), failed, replace(options, freeze_after=1))

    assert (pd.Timestamp("2010-06-01"),) == failed  # the first one is 121 days old
    assert 2 == len(failed_trials(*told(*PROMOTED, back, *PROMOTED, back), ProbationOptions()))
    assert promotion() == freeze(promotion(), failed, options)
    assert "HOLD" == frozen.verdict
    assert frozen.reason == (
        "Hold: promotions are frozen, for 1 were taken back within 80 days (2010-06-01); a person decides "
        "(`kedro pulse promote`). Without the freeze: Promote: better."
    )
    assert 0.05 == frozen.alpha  # the test was made, and costs its level


def test_settings_of_conf_are_the_defaults() -> None:
    assert ProbationOptions() == PromotionOptions(**TERMS).probation
