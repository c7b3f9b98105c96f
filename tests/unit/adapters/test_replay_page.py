"""The page about a replay, and what it says of rules."""

from typing import Any

from pulse_kedro.adapters.replay_page import draw_replay, what_rules_did

PLAIN: dict[str, Any] = {
    "mase": 0.5,
    "cpu_seconds": 1.0,
    "cycles": 3,
    "mase_by_origin": [0.5, 0.6, 0.4],
    "cpu_seconds_by_origin": [0.2, 0.4, 0.4],
}
RULES: dict[str, Any] = {
    "warm_up_origins": 67,
    "rules_applied": 2,
    "rule_sets_tried": 3,
    "rule_sets_passed": 2,
    "rules_dropped": 1,
    "rules": ["IF step >= 6 THEN forecast += 0.4 scale"],
    "rulebook": "In force.",
}


def test_each_policy_with_rules_has_a_sentence_and_its_rules() -> None:
    answer = {"policies": {"never": PLAIN, "never+rules": PLAIN | RULES}, "broken": None}

    sentence, rule = what_rules_did(answer)

    assert sentence == (
        "never+rules: rules in force at 2 of 3 origins; sets of rules: 3 tried, 2 passed, 1 dropped; "
        "67 earlier origins to learn from. At the end: In force."
    )
    assert "IF step >= 6 THEN forecast += 0.4 scale" == rule.strip()
    assert [] == what_rules_did({"policies": {"never": PLAIN}})


def test_the_page_shows_them_as_text() -> None:
    page = draw_replay("A & B", {"policies": {"never+rules": PLAIN | RULES}, "broken": None})

    assert "IF step &gt;= 6 THEN" in page
    assert "A &amp; B" in page
    assert 3 == page.count("<svg")
