"""What `why` answers and says: any decision with its numbers, guards, what it lacked, and who acted since."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from past_samples import FIRST, HEAD, PAST, REPLACED, REPLAY, SECOND
from pulse_kedro.adapters.stores.account import Account, first_of_reign, what_followed
from pulse_kedro.adapters.stores.past import Past, PastCycle
from pulse_kedro.adapters.stores.summary import LedgerCounts
from pulse_kedro.adapters.stores.transitions import Transition
from pulse_kedro.cli.why_answers import NUMBERS, needed_of, why_of
from pulse_kedro.cli.why_wording import event_row, print_why
from pulse_kedro.domain.training.contest import Amount
from pulse_kedro.domain.training.evidence import Evidence, Gain
from pulse_kedro.domain.training.probation import Probation, Watch
from pulse_kedro.domain.training.promotion import PromotionDecision
from pulse_kedro.domain.training.succession import Trial

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
CHALLENGER = "9" * 64
GUARD = {"name": "worst horizon", "state": "FAIL", "value": 0.0712, "limit": 0.05, "detail": "steps 10 to 12: 3 to 2.8"}
GATE: dict[str, Any] = {
    "champion": "f" * 64,
    "challenger": "e" * 64,
    "loss": "mase",
    "champion_loss": 0.4701,
    "challenger_loss": 0.4749,
    "gain": -0.0102,
    "low": -0.02,
    "high": -0.001,
    "detectable": 0.017,
    "p": 0.7,
    "alpha": 0.0,
    "n": 192,
    "n_eff": 16,
    "n_new_eff": 16,
    "missing": 168,
    "needed": 900,
    "horizon": 12,
    "step": 1,
    "wait": 168,
    "due": "2033-02-01T00:00:00",
    "budget_left": 0.75,
    "policy": "evidence-2",
    "evaluation_set": "abcdef0123456789",
    "seed": 1,
    "guards": [GUARD],
}
DECISION = {
    "verdict": "INSUFFICIENT_EVIDENCE",
    "reason": "Too few.",
    "gate": GATE,
    "checks": {"bundles": {"champion": [], "challenger": []}},
    "candidates": {"challenger": {"bundle": CHALLENGER, "recipe": "e" * 64}},
}
SCORES = {
    ("f" * 12, "combination"): {"mase": 0.37, "coverage_80": 0.803, "coverage_95": 0.951, "cutoffs": 60, "series": 147}
}
SCORES |= {("f" * 12, "seasonal_drift"): {"mase": 0.4}}
ACCOUNT = Account(
    plan={"cause": "1 new period"},
    rulebook={},
    ledger=LedgerCounts(issued=5292, resolved=441),
    scores=SCORES,
    live_scores={("f" * 12, "champion"): {"mase": 0.21, "coverage_80": 0.81}},
)
TERMS = {"promotion": {"effect_floor": 0.02, "alpha": 0.05, "min_effective_origins": 30}}


def chained(*row: PastCycle, **facts: object) -> Past:
    """Cycles that build on each other, an hour apart, the last one the head."""
    made: list[PastCycle] = []
    for number, cycle in enumerate(row):
        parent = made[-1].key if made else None
        made.append(replace(cycle, parent=parent, committed_at=BEGIN + timedelta(hours=number)))
    return replace(PAST, cycles=tuple(reversed(made)), head=made[-1].key, bundle=made[-1].bundle, **facts)


def a_transition(number: int, hours: float, start: str | None, end: str, *, actor: str = "ann@desk") -> Transition:
    return Transition(
        id=number,
        at=BEGIN + timedelta(hours=hours),
        epoch=number,
        token=1,
        kind="rollback",
        actor=actor,
        reason="typed in wrong",
        from_bundle=start,
        to_bundle=end,
        from_recipe=None,
        to_recipe="f" * 64,
        cycle=None,
    )


THREE = chained(FIRST, SECOND, replace(HEAD, decision=DECISION))


def said(past: Past, version: PastCycle | None, capsys: pytest.CaptureFixture[str]) -> str:
    print_why(why_of(past, version, ACCOUNT, TERMS))
    return capsys.readouterr().out


def test_the_newest_decision_has_numbers_guards_and_what_it_lacked(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(THREE, None, capsys)

    assert "Champion: recipe ffffffffffff in revision 4, in charge since 2018-12-01 (version 4, bundle bd4444" in text
    assert "Newest decision: insufficient evidence as of 2019-02-01. Too few." in text
    assert "challenger eeeeeeeeeeee with champion ffffffffffff" in text
    assert "mase: challenger 0.4749 against champion 0.4701" in text
    assert "-1.0 % [-2.0 %, -0.1 %], smallest detectable 1.7 %" in text
    assert "0.7, not tested" in text
    assert "192 count as 16 that do not overlap (horizon 12, step 1), 16 of them new; 168 more needed" in text
    assert "0.75 expected false promotions left" in text
    assert "0.0712" in text
    assert "steps 10 to 12: 3 to 2.8" in text
    assert "at least 2 % smaller by more than chance (level 0.05 or less), on at least 30 cutoffs" in text
    assert "The challenger has to pass worst horizon. A test takes 168 more cutoffs." in text
    assert "about 900 cutoffs; there were 192. The decision on recipe eeeeeeeeeeee comes up again as of 2033" in text


def test_scores_and_the_ledger_are_told_beside_rivals(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(THREE, None, capsys)

    assert "(60 cutoffs, 147 series) it has MASE 0.370, seasonal drift 0.400 (8 % less error)" in text
    assert "80.3 % fell into the 80 % interval and 95.1 % fell into the 95 % interval" in text
    assert "Issued so far: 5,292 forecasts, of which 441 have come due with MASE 0.210, 81.0 % of them inside" in text


def test_a_decision_of_the_past_speaks_of_then(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(THREE, THREE.cycles[1], capsys)

    assert "Cycle cb3333, as of 2019-01-01, on the main line. It decided for recipe ffffffffffff in revision 3" in text
    assert "This decision: revision as of 2019-01-01. Reason of cb3333." in text
    assert "Issued by then" in text
    assert "a challenger; this cycle had none, so no gate had to decide" in text


@pytest.mark.parametrize(
    ("cycle", "words"),
    [(REPLACED, "superseded by a newer run"), (REPLAY, "a replay beside the main line, which put nothing in charge")],
)
def test_what_never_stayed_is_said_to(cycle: PastCycle, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in said(PAST, cycle, capsys)


def test_a_challenger_leads_to_the_decision_against_it(capsys: pytest.CaptureFixture[str]) -> None:
    challenger = replace(THREE.cycles[0], bundle=CHALLENGER, recipe="e" * 64, version=None)
    past = replace(THREE, challengers=(challenger,))

    asked = why_of(past, challenger, ACCOUNT, {})["asked"]

    assert "recipe eeeeeeeeeeee, which it did not put in charge, was its challenger." in said(past, challenger, capsys)
    assert {"bundle": CHALLENGER, "recipe": "e" * 64, "role": "challenger", "served": False} == asked


def test_a_champion_on_probation_is_told_with_its_bound(capsys: pytest.CaptureFixture[str]) -> None:
    trial = {"since": "2018-06-01T00:00:00", "predecessor": "d" * 64, "k": 31, "new": 0.5, "old": 0.25}
    trial |= {"total": 7.75, "boundary": 9.5}
    made = {"predecessor": {"bundle": CHALLENGER, "recipe": "d" * 64}}
    decided = {"verdict": "REVISION", "reason": "r", "probation": trial, "candidates": made, "frozen": True}
    past = chained(FIRST, replace(HEAD, decision=decided))
    predecessor = replace(past.cycles[0], bundle=CHALLENGER, recipe="d" * 64, version=None)

    text = said(past, None, capsys)

    assert "since 2018-06-01, beside recipe dddddddddddd: mean loss one period ahead 0.5 against 0.25" in text
    assert "over 31 forecasts, sum of differences 7.75, sent back at 9.5" in text
    assert "Promotions are frozen until a person decides" in text
    assert "was kept beside the champion that is on probation" in said(past, predecessor, capsys)
    fresh = replace(past.cycles[0], decision=decided | {"probation": trial | {"k": 0}})
    assert "beside recipe dddddddddddd: nothing came true since" in said(
        replace(past, cycles=(fresh, *past.cycles[1:])), None, capsys
    )


def test_people_are_named_with_their_reason_and_cycles_by_key(capsys: pytest.CaptureFixture[str]) -> None:
    log = (
        a_transition(1, 0, None, FIRST.bundle, actor="cron"),
        a_transition(2, 1, FIRST.bundle, SECOND.bundle, actor="cron"),
        a_transition(3, 2, SECOND.bundle, HEAD.bundle, actor="cron"),
        a_transition(4, 3, HEAD.bundle, SECOND.bundle),
    )
    past = replace(THREE, transitions=log, bundle=SECOND.bundle)

    assert [2, 3, 4] == [event.transition.id for event in what_followed(past, past.cycles[1])]
    assert [1, 2] == [event.transition.id for event in what_followed(past, past.cycles[2])]
    assert ["cb3333", "cd4444", None] == [event.by_cycle for event in what_followed(past, past.cycles[1])]
    text = said(past, None, capsys)
    assert "ann@desk put it in charge (rollback, 2026-01-01T03:00:00+00:00): typed in wrong." in text
    assert "rollback by ann@desk: bundle bd4444000000 to bundle bb3333000000, because: typed in wrong" in text
    assert "rollback by cycle cb3333: bundle ba1111000000 to bundle bb3333000000\n" in text


def test_a_recipe_that_only_a_person_chose_has_no_decision_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    challenger = replace(THREE.cycles[0], bundle=CHALLENGER, recipe="e" * 64, version=None, revision=1)
    log = (a_transition(1, 3, HEAD.bundle, CHALLENGER),)
    past = replace(THREE, bundle=CHALLENGER, challengers=(challenger,), transitions=log)

    text = said(past, None, capsys)

    assert "recipe eeeeeeeeeeee in revision 1, in charge since 2018-12-01 (bundle 999999999999). ann@desk put" in text
    assert "Why this recipe" not in text
    assert "Newest decision: insufficient evidence" in text
    assert "recipe ffffffffffff has MASE 0.370" in text
    both = replace(ACCOUNT, scores=SCORES | {("e" * 12, "combination"): {"mase": 0.5}})
    assert {"champion.mase": 0.5} == why_of(past, None, both, {})["scores"]


def test_what_a_person_did_while_a_cycle_was_the_newest_is_told_of_it() -> None:
    log = (a_transition(1, 1.5, SECOND.bundle, "other"), a_transition(2, 2.5, "other", "another"))

    past = replace(THREE, transitions=log)

    assert [1] == [event.transition.id for event in what_followed(past, past.cycles[1])]
    assert [2] == [event.transition.id for event in what_followed(past, past.cycles[0])]
    assert [] == [event.transition.id for event in what_followed(past, past.cycles[2])]


def test_a_reign_begins_where_the_recipe_took_over() -> None:
    former = replace(FIRST, recipe="a" * 64)
    past = chained(former, REPLACED, SECOND, HEAD)

    assert REPLACED.key == first_of_reign(past, past.cycles[0]).key
    assert former.key == first_of_reign(past, past.cycles[3]).key


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {},
            {
                "cutoffs": 168,
                "in_all": 900,
                "due": "2033-02-01",
                "guards": ["worst horizon"],
                "problems": [],
                "frozen": False,
            },
        ),
        ({"verdict": "PROMOTE"}, {"due": None, "in_all": None}),
        ({"verdict": "HOLD"}, {"due": "2033-02-01", "in_all": None}),
        ({"gate": None}, {"cutoffs": None, "in_all": None, "due": None, "guards": [], "problems": []}),
        ({"frozen": True}, {"frozen": True}),
        ({"checks": {"bundles": {"challenger": ["not finite"]}}}, {"problems": ["not finite"]}),
        ({"gate": GATE | {"due": "2033-02-01T05:00:00"}}, {"due": "2033-02-01T05:00:00"}),
    ],
)
def test_what_was_lacking_follows_from_the_verdict(changes: dict[str, object], expected: dict[str, object]) -> None:
    found = needed_of(DECISION | changes)

    assert expected == {name: found[name] for name in expected}


def test_an_answer_has_the_same_keys_with_and_without_a_gate_and_is_json() -> None:
    bare, full = why_of(PAST, None, ACCOUNT, {}), why_of(THREE, None, ACCOUNT, TERMS)

    assert set(bare) == set(full)
    assert bare["numbers"] is None
    assert set(NUMBERS) == set(full["numbers"] or ())
    assert full == json.loads(json.dumps(full))


def test_a_decision_without_numbers_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = dict.fromkeys(("gain", "low", "high", "detectable", "p", "budget_left", "champion_loss"))
    past = chained(FIRST, replace(HEAD, decision=DECISION | {"gate": GATE | nothing | {"guards": [], "missing": 0}}))

    text = said(past, None, capsys)

    assert "mase: challenger 0.4749 against champion -" in text
    assert "smallest detectable" not in text
    assert "the history is too short for a backtest" in said_without_scores(past, capsys)


def said_without_scores(past: Past, capsys: pytest.CaptureFixture[str]) -> str:
    print_why(why_of(past, None, replace(ACCOUNT, scores={}, live_scores={}), {}))
    return capsys.readouterr().out


def test_a_first_champion_followed_nothing() -> None:
    row = {"at": "2026-01-01T03:00:00+00:00", "kind": "bootstrap", "actor": "x", "by_cycle": "c" * 16, "reason": "r"}

    assert ("2026-01-01 03:00", "bootstrap by cycle ccccccccc: nothing to bundle aaaaaaaaaaaa") == event_row(
        row | {"from": None, "to": "a" * 64}
    )


def test_the_names_are_those_that_the_gate_and_the_probation_write() -> None:
    gate = {field.name for kind in (PromotionDecision, Amount, Evidence, Gain) for field in fields(kind)}
    watch = {field.name for kind in (Watch, Trial, Probation) for field in fields(kind)}

    assert set(NUMBERS) <= gate
    assert {"since", "predecessor", "k", "new", "old", "total", "boundary"} <= watch
