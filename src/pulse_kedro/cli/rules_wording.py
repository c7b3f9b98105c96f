"""`rules` as people read it, and the words on rules that other answers share with it."""

from collections.abc import Mapping
from typing import Any

from pulse_kedro.cli.printing import grid, print_lines, short, table

Answer = Mapping[str, Any]
LOOKS = ("windows", "gain", "interval", "p", "running bias", "clipped", "")


def print_rules(answer: Answer) -> None:
    """Print the rulebook of the newest cycle.

    Args:
        answer: What `rules_of` gave.
    """
    facts = [
        ("as of", f"{answer['as_of']} (cycle {answer['cycle']})"),
        ("rulebook", f"{short(answer['hash'])}, of recipe {short(answer['recipe'])}"),
        ("state", str(answer["reason"] or "not recorded")),
    ]
    if answer["missing_gain"] is not None:
        facts.append(("watched", f"{answer['missing_gain']:.1f} standard deviations of gain are missing"))
    parts: list[object] = [grid(facts), "", _listed("In force", answer["rules"])]
    if answer["trial"]:
        parts += ["", _listed("On trial, not applied", answer["trial"]["rules"])]
    for title, found in (("Passed its trial", answer["earned"]), ("Looks so far", answer["trial"])):
        if found and found["looks"]:
            rows = [look_row(one) for one in found["looks"]]
            parts += ["", f"{title}, on windows from {found['opens'][:10]}:", table(LOOKS, rows, numbers=LOOKS[:-1])]
    print_lines(*parts)


def look_row(look: Answer) -> list[str]:
    """One look at a trial as texts, in the order of `LOOKS`.

    Example:
        >>> found = {"windows": 20, "gain": 0.02, "relative": 0.05, "low": 0.01, "high": 0.03, "p": 0.004}
        >>> look_row(found | {"running_bias": 0.0, "clipped": 0.0, "passed": True})
        ['20', '5.0 %', '0.010 to 0.030', '0.004', '0.000', '0 %', 'passed']
    """
    return [
        f"{look['windows']:,}",
        f"{100 * look['relative']:.1f} %",
        f"{look['low']:.3f} to {look['high']:.3f}",
        f"{look['p']:.3f}",
        f"{look['running_bias']:.3f}",
        f"{100 * look['clipped']:.0f} %",
        "passed" if look["passed"] else "not passed",
    ]


def spell_rules(rules: Answer) -> str:
    """Rules in one line: how many are in force or on trial, and why.

    Args:
        rules: What `rules_in_brief` gave.

    Example:
        >>> spell_rules({"active": 0, "on_trial": 2, "words": [], "reason": "6 of 24 windows are there."})
        '0 active, 2 on trial: 6 of 24 windows are there.'
    """
    text = f"{rules['active']} active" + (f", {rules['on_trial']} on trial" if rules["on_trial"] else "")
    return f"{text}: {rules['reason']}" if rules["reason"] else text


def _listed(title: str, rules: list[str]) -> str:
    return "\n".join([f"{title}: {len(rules) or 'no rule'}", *(f"  {rule}" for rule in rules)])
