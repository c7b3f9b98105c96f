"""Who serves: the first champion, a revision, or the winner of the gate; and what stops a cycle."""

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd
import pytest

from pulse_kedro.domain.history import CommittedCycle, History
from pulse_kedro.domain.training.charge import (
    CatastrophicLoss,
    FaultyBundle,
    NewestLoss,
    inspect,
    newest_loss,
    past_tests,
    take_charge,
)
from pulse_kedro.domain.training.triggers import Role, TrainingJob, TrainingPlan
from records import a_cycle, committed

A, B = "a" * 64, "b" * 64
SCORES = pd.DataFrame(
    [
        (A[:12], "combination", "overall", "", 0, "mase", 0.3731, 10),
        (A[:12], "combination", "overall", "", 0, "cutoffs", 60.0, 10),
        (A[:12], "combination", "overall", "", 0, "coverage_80", 0.8019, 10),
        (A[:12], "seasonal_drift", "overall", "", 0, "mase", 0.389, 10),
        (A[:12], "seasonal_naive", "overall", "", 0, "mase", 0.5501, 10),
        (A[:12], "combination", "horizon", "", 1, "mase", 0.1, 10),
        (A[:12], "combination", "horizon", "", 2, "mase", 0.2, 10),
        (B[:12], "combination", "horizon", "", 1, "mase", 9.0, 10),
    ],
    columns=["recipe", "model", "level", "unique_id", "step", "metric", "value", "n"],
)


@dataclass
class FakeBundle:
    """A bundle that says what it is told to say."""

    digest: str = "d" * 64
    recipe_digest: str = A
    found: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        """What it was told to find."""
        return self.found


def plan(*roles: Role) -> TrainingPlan:
    jobs = (TrainingJob(role=role, recipe_digest=A, mode="update", cause=f"cause of the {role}") for role in roles)
    return TrainingPlan(jobs=tuple(jobs))


def sound(_: str) -> Mapping[str, object]:
    return {"ok": True, "problems": [], "seconds": 0.1}


def serve(role: Role, *, newest: NewestLoss | None = None, scores: pd.DataFrame = SCORES) -> dict[str, object]:
    return take_charge(
        plan(role), {role: FakeBundle()}, {role: ()}, gate=None, newest=newest, scores=scores, limit=10.0
    )


def test_first_champion_says_in_numbers_why_it_serves() -> None:
    decision = serve("challenger")

    assert ("BOOTSTRAP", "challenger", A, "d" * 64) == tuple(
        decision[key] for key in ("verdict", "serves", "recipe", "bundle")
    )
    assert decision["reason"] == (
        "First champion: combination MASE 0.373 against 0.389 (seasonal drift) and 0.550 (seasonal naive) over 60 "
        "backtest cutoffs, 80 % intervals covered 80.2 %."
    )
    assert decision["gate"] is None
    assert decision["plan"] == {"action": "bootstrap", "cause": "cause of the challenger"}


def test_revision_tells_its_cause_and_how_the_newest_outcomes_went() -> None:
    decision = serve("champion", newest=NewestLoss(loss=0.12, expected=0.1, n=147))

    assert ("REVISION", "champion") == (decision["verdict"], decision["serves"])
    assert str(decision["reason"]).startswith(
        "Revision of the champion (cause of the champion): combination MASE 0.373"
    )
    assert str(decision["reason"]).endswith(
        "; the 147 newest outcomes were missed by 0.120 of the usual seasonal change, backtest 0.100 at the same steps."
    )


def test_history_too_short_for_a_backtest_still_has_a_reason() -> None:
    decision = serve("challenger", scores=SCORES.head(0))

    assert decision["reason"] == "First champion: no backtest yet, for the history is too short."


@pytest.mark.parametrize("role", ["champion", "challenger"])
def test_faulty_bundle_that_would_have_to_serve_stops_the_cycle(role: Role) -> None:
    with pytest.raises(
        FaultyBundle, match=f"{role} bundle dddddddddddd in charge failed: got no finite forecast.*previous"
    ):
        take_charge(
            plan(role),
            {role: FakeBundle()},
            {role: ("no finite forecast for a",)},
            gate=None,
            newest=None,
            scores=SCORES,
            limit=10.0,
        )


def test_catastrophic_loss_on_the_newest_outcomes_stops_a_revision() -> None:
    with pytest.raises(
        CatastrophicLoss, match=r"147 newest outcomes of 20\.0 times.*at most 10 times.*catastrophic_ratio"
    ):
        serve("champion", newest=NewestLoss(loss=2.0, expected=0.1, n=147))


def test_bad_month_is_not_a_catastrophe() -> None:
    assert serve("champion", newest=NewestLoss(loss=0.7, expected=0.1, n=147))["verdict"] == "REVISION"


@pytest.mark.parametrize("error", [FaultyBundle("champion", "d", ["x"]), CatastrophicLoss(20.0, 10.0, 3)])
def test_errors_survive_a_worker_process(error: Exception) -> None:
    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    ("check", "own", "expected"),
    [
        (sound, [], ()),
        (sound, ["quantiles cross"], ("quantiles cross",)),
        (lambda _: {"ok": False, "problems": ["hash differs"]}, [], ("hash differs",)),
        (lambda _: {"ok": False}, [], ("the check of the stored copy gave no answer",)),
        (lambda _: {}, [], ("the check of the stored copy gave no answer",)),
    ],
)
def test_bundle_is_sound_only_when_both_checks_say_so(
    check: Callable[[str], Mapping[str, object]], own: list[str], expected: tuple[str, ...]
) -> None:
    assert expected == inspect(FakeBundle(found=own), check("digest"))


def live(*rows: tuple[str, int, float, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["level", "step", "value", "n"])
    return frame.assign(recipe="", model="champion", unique_id="", metric="mase")


def test_newest_loss_is_compared_at_the_same_steps() -> None:
    newest = newest_loss(live(("newest", 1, 0.2, 3), ("newest", 2, 0.6, 1), ("horizon", 1, 9.0, 50)), SCORES, A)

    assert newest is not None
    assert (4, pytest.approx(0.3), pytest.approx(0.125)) == (newest.n, newest.loss, newest.expected)
    assert newest.ratio == pytest.approx(2.4)


@pytest.mark.parametrize("rows", [(), (("newest", 7, 0.2, 3),), (("newest", 1, float("nan"), 0),)])
def test_nothing_new_has_no_newest_loss(rows: tuple[tuple[str, int, float, int], ...]) -> None:
    assert newest_loss(live(*rows), SCORES, A) is None


def test_only_tests_that_spent_budget_are_past_tests() -> None:
    gate = {"champion": A, "challenger": B, "newest_origin": "2018-01-01T00:00:00", "alpha": 0.05}
    decisions = [{"gate": gate}, {"gate": gate | {"alpha": 0.0, "newest_origin": None}}, {"gate": None}, {"gate": gate}]
    cycles: list[CommittedCycle] = []
    for month, decision in enumerate(decisions, start=1):
        cycle = a_cycle(f"2019-0{month}-01", [cycle.key for cycle in reversed(cycles)])
        cycles.append(replace(committed(cycle), decision=decision))
    *known, head = [cycle.key for cycle in cycles]

    history = History(cycles=tuple(cycles), head=head)
    found = past_tests(history, known[::-1], as_of=pd.Timestamp("2019-04-01"), pair=(A, B))

    assert [(A, B, pd.Timestamp("2018-01-01"), 0.05)] == [
        (test.champion, test.challenger, test.newest_origin, test.alpha) for test in found
    ]


def test_a_second_try_at_the_same_period_is_not_free() -> None:
    """Three challengers, one after the other, with the same parent: the third finds the budget that two have left."""
    gate = {"champion": A, "challenger": B, "newest_origin": "2018-12-01T00:00:00", "alpha": 0.05}
    parent = committed(a_cycle("2018-12-01", []))
    tries = [
        replace(
            committed(a_cycle("2019-01-01", [parent.key])),
            key=f"try{number}",
            line=line,
            decision={"gate": gate | {"challenger": str(number) * 64}},
        )
        for number, line in enumerate(["main", "main", "replay"])
    ]
    history = History(cycles=(parent, *tries), head=tries[1].key)

    def spent(challenger: str) -> list[str]:
        now = pd.Timestamp("2019-01-01")
        return [one.challenger for one in past_tests(history, [parent.key], as_of=now, pair=(A, challenger))]

    assert ["0" * 64, "1" * 64] == spent(B)
    assert ["1" * 64] == spent("0" * 64), "the same two on the same data are the same test"
    later = past_tests(history, [tries[1].key, parent.key], as_of=pd.Timestamp("2019-02-01"), pair=(A, B))
    assert ["0" * 64, "1" * 64] == [one.challenger for one in later]
