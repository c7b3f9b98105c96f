"""What a cycle trains: the five modes, each with a cause that a person understands."""

import pandas as pd
import pytest

from pulse_kedro.domain.panel import content_hash
from pulse_kedro.domain.training.triggers import ChampionFacts, TrainingPlan, plan_jobs, plan_retraining


def a_panel(months: int, series: tuple[str, ...] = ("a", "b")) -> pd.DataFrame:
    times = pd.date_range("2001-01-01", periods=months, freq="MS").as_unit("ns")
    parts = [pd.DataFrame({"unique_id": name, "ds": times, "y": range(months)}) for name in series]
    return pd.concat(parts, ignore_index=True).astype({"y": float})


def a_champion(panel: pd.DataFrame, *, recipe: str = "r1", plain: str | None = None) -> ChampionFacts:
    return ChampionFacts(
        digest="b1",
        recipe_digest=recipe,
        plain_digest=plain or recipe,
        known_until=panel["ds"].max(),
        panel_digest=content_hash(panel),
    )


def summary(plan: TrainingPlan) -> list[tuple[str, str, str]]:
    return [(job.role, job.mode, job.recipe_digest) for job in plan.jobs]


def test_without_a_champion_everything_is_learned_from_the_beginning() -> None:
    plan = plan_jobs(None, "r1", a_panel(5))

    assert [("challenger", "bootstrap", "r1")] == summary(plan)
    assert ("bootstrap", "no champion serves yet: everything is learned from the beginning") == (
        plan.action,
        plan.cause,
    )


@pytest.mark.parametrize(
    ("expected", "months"),
    [("1 new period with 2 observations", 6), ("3 new periods with 6 observations", 8)],
)
def test_new_periods_update_the_champion(expected: str, months: int) -> None:
    plan = plan_jobs(a_champion(a_panel(5)), "r1", a_panel(months))

    assert [("champion", "update", "r1")] == summary(plan)
    assert ("update", expected) == (plan.action, plan.cause)


def test_a_series_that_begins_later_is_new_data_and_no_revision() -> None:
    panel = a_panel(8, ("a", "b", "new"))
    late = panel[(panel["unique_id"] != "new") | (panel["ds"] > "2001-05-01")]

    plan = plan_jobs(a_champion(a_panel(5)), "r1", late)

    assert [("champion", "update", "r1")] == summary(plan)
    assert "3 new periods with 9 observations" == plan.cause


def test_nothing_new_asks_for_nothing() -> None:
    plan = plan_jobs(a_champion(a_panel(5)), "r1", a_panel(5))

    assert [("champion", "nothing", "r1")] == summary(plan)
    assert ("nothing", "no observation after 2001-05-01") == (plan.action, plan.cause)


@pytest.mark.parametrize("change", ["value", "late row", "lost row", "lost series"])
def test_a_past_that_changed_is_recomputed_and_the_cause_says_so(change: str) -> None:
    old, new = a_panel(5), a_panel(6)
    if change == "value":
        new.loc[1, "y"] += 1e-9
    elif change == "late row":
        old = old.drop(index=2)
    elif change == "lost row":
        new = new.drop(index=2)
    else:
        new = new[new["unique_id"] == "a"]

    plan = plan_jobs(a_champion(old), "r1", new)

    assert [("champion", "recompute", "r1")] == summary(plan)
    assert plan.cause.startswith("revision: values up to ")
    assert "changed since the champion saw them" in plan.cause
    assert "update" == plan.action


def test_another_recipe_adds_a_challenger_and_the_champion_goes_first() -> None:
    plan = plan_jobs(a_champion(a_panel(5), recipe="r" * 64), "q" * 64, a_panel(6))

    assert [("champion", "update", "r" * 64), ("challenger", "bootstrap", "q" * 64)] == summary(plan)
    assert (
        "1 new period with 2 observations; recipe qqqqqqqqqqqq of conf/ differs from the champion's rrrrrrrrrrrr"
        == (plan.cause)
    )
    assert "update" == plan.action


def test_another_recipe_on_the_same_data_is_worth_training() -> None:
    plan = plan_jobs(a_champion(a_panel(5), recipe="r"), "q", a_panel(5))

    assert [("champion", "nothing", "r"), ("challenger", "bootstrap", "q")] == summary(plan)
    assert "update" == plan.action


def test_a_plain_cycle_does_not_miss_members_that_only_a_retraining_brings() -> None:
    champion = a_champion(a_panel(5), recipe="with networks", plain="r1")

    assert [("champion", "update", "with networks")] == summary(plan_jobs(champion, "r1", a_panel(6)))
    assert ["update", "bootstrap"] == [job.mode for job in plan_jobs(champion, "r2", a_panel(6)).jobs]


def test_a_retraining_without_a_champion_learns_everything() -> None:
    plan = plan_retraining(None, "r1", a_panel(5))

    assert [("challenger", "retrain", "r1")] == summary(plan)
    assert "bootstrap" == plan.action


def test_a_retraining_of_the_same_recipe_makes_the_champion_learn_whatever_is_new() -> None:
    champion = a_champion(a_panel(5))

    for months in (5, 6):
        plan = plan_retraining(champion, "r1", a_panel(months))
        assert [("champion", "retrain", "r1")] == summary(plan)
        assert "update" == plan.action
    assert "slow members learn from all data (1 new period with 2 observations)" in plan.cause


def test_a_retraining_of_another_recipe_adds_a_challenger_that_learns() -> None:
    plan = plan_retraining(a_champion(a_panel(5), recipe="plain"), "with networks", a_panel(6))

    assert [("champion", "update", "plain"), ("challenger", "retrain", "with networks")] == summary(plan)
    assert "recipe with network has slow members that learn" in plan.cause
