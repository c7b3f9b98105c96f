"""What `rules` answers, and what `status` and `why` say about rules, as plain data: exactly what `--json` prints."""

from collections.abc import Mapping
from typing import Any

Answer = dict[str, object]
LOOK = ("windows", "gain", "relative", "low", "high", "p", "running_bias", "clipped", "passed")
"""What a look at a trial found, as the rulebook names it."""
NO_RULES: Mapping[str, object] = {
    "as_of": None,
    "cycle": None,
    "hash": None,
    "recipe": None,
    "active": 0,
    "reason": None,
    "rules": [],
    "earned": None,
    "trial": None,
    "missing_gain": None,
}
"""The answer before the first cycle."""


def rules_of(record: Mapping[str, Any], *, as_of: str | None, cycle: str | None) -> Answer:
    """Rules in force, the set on trial, and why the book is as it is.

    Args:
        record: Of the rulebook that a cycle made; empty where none was kept.
        as_of: Period of the cycle.
        cycle: Its key.

    Returns:
        `as_of`, `cycle`, `hash`, `recipe`, `active` (rules in force), `reason`, `rules` in words, `earned` and `trial`
        (rules, first cutoff and looks; null where there is none), and `missing_gain` (standard deviations of a window
        that the rules in force owe; null without rules).
    """
    words, watch = list(record.get("words") or ()), record.get("watch")
    return dict(NO_RULES) | {
        "as_of": as_of,
        "cycle": cycle,
        "hash": record.get("hash"),
        "recipe": record.get("recipe"),
        "active": len(words),
        "reason": record.get("reason"),
        "rules": words,
        "earned": _trial(record.get("earned"), words),
        "trial": _trial(record.get("trial"), list(record.get("trial_words") or ())),
        "missing_gain": watch["missing"] if watch else None,
    }


def rules_in_brief(record: Mapping[str, Any]) -> Answer:
    """What `status` and `why` say: how many rules are in force and on trial, which, and why.

    Args:
        record: Of a rulebook; may be empty.

    Example:
        >>> rules_in_brief({"words": [], "trial_words": ["IF a", "IF b"], "reason": "3 of 20 windows are there."})
        {'active': 0, 'on_trial': 2, 'words': [], 'reason': '3 of 20 windows are there.'}
    """
    words = list(record.get("words") or ())
    on_trial = len(record.get("trial_words") or ())
    return {"active": len(words), "on_trial": on_trial, "words": words, "reason": record.get("reason")}


def _trial(found: Mapping[str, Any] | None, words: list[str]) -> Answer | None:
    if found is None:
        return None
    return {
        "rules": words,
        "opens": found["opens"],
        "looks": [{name: one[name] for name in LOOK} for one in found["looks"]],
    }
