"""What `status` and `why` say to people."""

import copy

from pulse_kedro.cli.wording import explain, facts_of, score_rows

SCORES = {
    "champion.mase": 0.370,
    "champion.coverage_80": 0.803,
    "champion.coverage_95": 0.951,
    "seasonal_naive.mase": 0.5,
    "seasonal_drift.mase": 0.4,
}
WHY = {
    "as_of": "2019-02-01",
    "cycle": "c3",
    "champion": {
        "digest": "b" * 64,
        "version": 3,
        "recipe": "r" * 64,
        "revision": 3,
        "since": "2018-12-01",
        "reason": "Revision.",
        "chosen": None,
    },
    "decision": {"verdict": "REVISION", "reason": "147 new observations.", "gate": None},
    "chosen": {"as_of": "2018-12-01", "cycle": "c1", "decision": {"verdict": "BOOTSTRAP", "reason": "First champion."}},
    "plan": {"cause": "1 new period with 147 observations"},
    "scores": SCORES,
    "backtest": {"cutoffs": 60.0, "series": 147.0},
    "live": {"champion.mase": 0.21, "champion.coverage_80": 0.81},
    "ledger": {"issued": 5292, "resolved": 441, "pending": 4851},
    "rules": {"active": 0},
    "terms": {"effect_floor": 0.02, "alpha": 0.05, "min_effective_origins": 30},
}
NOTHING = {
    "as_of": None,
    "cycle": {"key": None, "status": None, "seconds": None, "committed_at": None},
    "champion": {},
    "ledger": {"issued": 0, "resolved": 0, "pending": 0},
    "scores": {},
    "rules": {"active": 0},
    "faults": {"open": 0, "newest": None},
    "attempt": {"status": None, "at": None, "cycle": None, "command": None},
}


def test_status_before_the_first_cycle_says_what_to_do() -> None:
    facts = dict(facts_of(NOTHING))

    assert ["cycle", "faults"] == list(facts)
    assert "make run" in facts["cycle"]


def test_status_shows_the_newest_fault_with_its_next_step() -> None:
    answer = copy.deepcopy(NOTHING)
    newest = {"at": "now", "code": "storage.not_found", "node": "training.x", "message": "No file.", "next_step": "Go."}
    answer["faults"] = {"open": 2, "newest": newest}

    facts = dict(facts_of(answer))

    assert "2 open" == facts["faults"]
    assert "now storage.not_found in training.x: No file. Next: Go." == facts["newest fault"]


def test_models_are_ranked_by_their_error() -> None:
    assert ["champion", "seasonal drift", "seasonal naive"] == [row[0] for row in score_rows(SCORES)]


def test_why_says_who_since_when_and_compared_with_what() -> None:
    text = explain(WHY)

    assert "recipe rrrrrrrrrrrr in revision 3, in charge since 2018-12-01 (version 3, bundle bbbbbbbbbbbb)" in text
    assert "Why this recipe: bootstrap as of 2018-12-01. First champion." in text
    assert "Newest decision: revision as of 2019-02-01. 147 new observations." in text
    assert "(60 cutoffs, 147 series) it has MASE 0.370, seasonal drift 0.400 (8 % less error)" in text
    assert "80.3 % fell into the 80 % interval and 95.1 % fell into the 95 % interval" in text
    assert (
        "5,292 forecasts, of which 441 have come due with MASE 0.210, 81.0 % of them inside the 80 % interval" in text
    )


def test_why_says_what_would_change_it() -> None:
    text = explain(WHY)

    assert "at least 2 % smaller by more than chance (level 0.05 or less), on at least 30 cutoffs" in text


def test_why_names_the_next_decision_on_a_challenger() -> None:
    gate = {"due": "2020-05-01T00:00:00", "challenger": "q" * 64}
    decision = {"verdict": "INSUFFICIENT_EVIDENCE", "reason": "Too few.", "gate": gate}

    text = explain(WHY | {"decision": decision})

    assert "insufficient evidence as of 2019-02-01. Too few." in text
    assert "The decision on recipe qqqqqqqqqqqq comes up again as of 2020-05-01." in text


def test_why_without_a_backtest_says_so() -> None:
    assert "the history is too short for a backtest" in explain(
        WHY | {"scores": {}, "backtest": {}, "live": {}, "terms": None}
    )
