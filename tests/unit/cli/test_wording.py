"""What `status` says to people."""

import copy

from pulse_kedro.cli.wording import facts_of, score_rows

SCORES = {
    "champion.mase": 0.370,
    "champion.coverage_80": 0.803,
    "champion.coverage_95": 0.951,
    "seasonal_naive.mase": 0.5,
    "seasonal_drift.mase": 0.4,
}
NOTHING = {
    "as_of": None,
    "cycle": {"key": None, "status": None, "seconds": None, "committed_at": None},
    "champion": {},
    "ledger": {"issued": 0, "resolved": 0, "pending": 0},
    "scores": {},
    "rules": {"active": 0, "on_trial": 0, "words": [], "reason": None},
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
