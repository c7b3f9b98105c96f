"""What the report says about rules: which shift the forecasts, what they have shown, and what was tried."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pulse_kedro.pipelines.reporting.wording import counted, number, percent, span
from pulse_kedro.pipelines.reporting.words.tables import Table


def rules_sentence(book: Mapping[str, Any]) -> str:
    """How many rules shift the forecasts or are on trial, and why.

    Args:
        book: Record of the rulebook.
    """
    active, on_trial = len(book.get("words") or ()), len(book.get("trial_words") or ())
    if active:
        text = f"{counted(active, 'rule')} of the serving recipe may shift the forecasts shown here."
    elif on_trial:
        text = f"No rule shifts the forecasts; {counted(on_trial, 'rule')} on trial, which later periods decide about."
    else:
        text = "No rule shifts the forecasts."
    return f"{text} {book.get('reason') or ''}".strip()


def rules_table(book: Mapping[str, Any]) -> Table | None:
    """Every rule in words and where it stands; `None` without one.

    Args:
        book: Record of the rulebook.
    """
    rows = [(str(rule), "in force") for rule in book.get("words") or ()]
    rows += [(str(rule), "on trial") for rule in book.get("trial_words") or ()]
    if not rows:
        return None
    return Table(caption="Rules, in units of the scale of a series", head=("Rule", ""), rows=tuple(rows), texts=(0, 1))


def looks_table(book: Mapping[str, Any]) -> Table | None:
    """What each look at the trial found: of the rules in force, or of those that wait; `None` before the first look.

    Args:
        book: Record of the rulebook.
    """
    trial = book.get("earned") or book.get("trial") or {}
    looks: Sequence[Mapping[str, Any]] = trial.get("looks") or ()
    if not looks:
        return None
    rows = tuple(
        (
            number(look["windows"]),
            percent(look["relative"], 1),
            span(look["low"], look["high"], 3),
            number(look["p"], 3),
            number(look["running_bias"], 3),
            percent(look["clipped"], 0),
            "passed" if look["passed"] else "not passed",
        )
        for look in looks
    )
    head = ("Windows", "Less error", "In units of the scale", "p", "A running mean gains", "At the cap", "Verdict")
    return Table(caption="Looks at the trial; no window in it made the rules", head=head, rows=rows, texts=(6,))


def tried_table(evaluations: pd.DataFrame) -> Table | None:
    """Rules that were tried in this cycle; `None` where nothing was mined.

    Args:
        evaluations: One row per try.
    """
    if evaluations.empty:
        return None
    rows = tuple(
        (
            str(row["rule"]),
            number(float(row["mined_gain"]), 4),
            number(float(row["lower_bound"]), 4),
            number(float(row["later_gain"]), 4),
            number(float(row["p"]), 3),
            number(int(row["cutoffs"])),
            "kept" if row["kept"] else "dropped",
        )
        for row in evaluations.to_dict(orient="records")
    )
    head = ("Rule", "Gain where mined", "Lower bound", "Gain later", "p", "Windows", "")
    return Table(caption="Tries, gains in units of the scale", head=head, rows=rows, texts=(0, 6))
