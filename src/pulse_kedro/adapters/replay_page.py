"""A page about a replay: loss over time, what it cost, and when each policy recovered; self-contained HTML."""

import io
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from pulse_kedro.adapters.gallery import HEAD, STYLE

COLOURS = ("#1f5a96", "#d1662b", "#3a8f5c", "#8256a5", "#9a8b1c", "#b03a5b")


def draw_replay(title: str, answer: Mapping[str, Any]) -> str:
    """HTML without scripts and links: MASE per origin, its running sum against the first policy, CPU seconds.

    Args:
        title: Head of the page.
        answer: What `simulate --json` prints.
    """
    policies = answer["policies"]
    reference, first = next(iter(policies.items()))
    losses = {name: np.array(one["mase_by_origin"], dtype=float) for name, one in policies.items()}
    behind = {name: np.nancumsum(loss - losses[reference]) for name, loss in losses.items()}
    spent = {name: np.cumsum(one["cpu_seconds_by_origin"]) for name, one in policies.items()}
    broken = answer["broken"] and answer["broken"]["origin"]
    figures = [
        _figure("MASE at each origin", losses, broken),
        _figure(f"Loss so far, more than {reference}", behind, broken),
        _figure("CPU seconds so far", spent, broken),
    ]
    words = "; ".join(
        f"{name}: MASE {one['mase']:.4f}, {one['cpu_seconds']:.2f} CPU s" for name, one in policies.items()
    )
    head = f"{HEAD}<title>{escape(title)}</title><style>{STYLE}</style><h1>{escape(title)}</h1>"
    told = f"<p>{escape(words)}. {first['cycles']} origins.</p>"
    told += "".join(f"<p>{escape(line)}</p>" for line in what_rules_did(answer))
    return f"{head}{told}<main>{''.join(figures)}</main></html>"


def what_rules_did(answer: Mapping[str, Any]) -> list[str]:
    """Sentences for people about the policies with rules, each set of rules below; none where no policy has them.

    Args:
        answer: What `simulate --json` prints.
    """
    told = []
    for name, one in answer["policies"].items():
        if "rules" not in one:
            continue
        told.append(
            f"{name}: rules in force at {one['rules_applied']} of {one['cycles']} origins; sets of rules: "
            f"{one['rule_sets_tried']} tried, {one['rule_sets_passed']} passed, {one['rules_dropped']} dropped; "
            f"{one['warm_up_origins']} earlier origins to learn from. At the end: {one['rulebook']}"
        )
        told += [f"  {rule}" for rule in one["rules"]]
    return told


def _figure(caption: str, lines: Mapping[str, np.ndarray[Any, np.dtype[np.float64]]], broken: int | None) -> str:
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(6, 3.2), layout="constrained")
    axes = canvas.add_subplot()
    for place, (name, values) in enumerate(lines.items()):
        axes.plot(np.arange(1, len(values) + 1), values, color=COLOURS[place % len(COLOURS)], linewidth=1.3, label=name)
    if broken:
        axes.axvline(broken, color="#888", linewidth=1, linestyle=":")
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=7, frameon=False)
    text = io.StringIO()
    canvas.savefig(text, format="svg")
    drawn = "<svg" + text.getvalue().split("<svg", 1)[1]
    return f"<figure>{drawn}<figcaption>{escape(caption)}</figcaption></figure>"
