"""What `simulate` says to people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulse_kedro.adapters.replay_page import what_rules_did
from pulse_kedro.cli.printing import number, print_lines, table


def print_replay(answer: Mapping[str, Any], plot: Path | None) -> None:
    """A table for people."""
    titles = ["policy", "MASE", "CPU s", "retrainings", "alarms", "promotions", "false", "80 % covers"]
    rows = [
        [
            name,
            number(one["mase"], ".4f"),
            number(one["cpu_seconds"], ".2f"),
            *(str(one[key]) for key in ("retrainings", "alarms", "promotions", "false_promotions")),
            number(one["coverage_80"], ".1%"),
        ]
        for name, one in answer["policies"].items()
    ]
    print_lines(
        f"{answer['n_series']} series, {answer['horizon']} steps ahead, {len(answer['origins'])} origins from "
        f"{answer['origins'][0]} to {answer['origins'][-1]}",
        table(titles, rows, numbers=titles[1:]),
        *_differences(answer),
        *what_rules_did(answer),
        *_recoveries(answer),
        *_equals(answer.get("aa")),
        *([f"Page: {plot}"] if plot else []),
    )


def _differences(answer: Mapping[str, Any]) -> list[str]:
    pairs = [*answer["differences"].items(), *answer["gains_of_rules"].items()]
    told = {(name, one["against"]): one for name, one in pairs}
    return [
        f"{name}: {100 * one['gain']:+.2f} % better than {rival} [{100 * one['low']:+.2f}, {100 * one['high']:+.2f}]"
        for (name, rival), one in told.items()
    ]


def _recoveries(answer: Mapping[str, Any]) -> list[str]:
    if answer["broken"] is None:
        return []
    words = [f"Break of the {answer['broken']['kind']} at origin {answer['broken']['origin']}:"]
    for name, one in answer["policies"].items():
        after = one["recovered_after"]
        words.append(f"  {name} " + ("did not recover" if after is None else f"recovered after {after} origins"))
    return words


def _equals(found: Mapping[str, Any] | None) -> list[str]:
    if not found:
        return []
    words = {
        "evidence": "the gate `evidence`",
        "threshold": "the old rule `threshold`",
        "naive_2_percent": "the rule `2 % better`",
    }
    return [
        f"A/A, {found['pairs']} pairs of equal recipes: {words[name]} promoted {found[name]['false_promotions']} times "
        f"in {found[name]['tests']} tests"
        + ("" if found[name]["tests"] else f" ({found[name]['decisions']} decisions found too little evidence to test)")
        + "."
        for name in words
    ]
