"""What the report says about drift: what changed, since when, and what is done about it."""

from collections.abc import Mapping

import pandas as pd

from pulse_kedro.domain.metrics.drift.report import alarms_by_scope
from pulse_kedro.pipelines.reporting.wording import counted, listing, number, period
from pulse_kedro.pipelines.reporting.words.facts import Facts
from pulse_kedro.pipelines.reporting.words.story import Entry

QUESTIONS = {
    "data": "What models read",
    "prediction": "What the champion says",
    "concept": "How wrong the champion is",
    "label": "What comes true",
}
"""Scopes in plain words."""
ANSWERS = {
    "none": "Nothing has to be done",
    "wait": "The last answer gets time to show an effect",
    "recalibrate": "Let the intervals begin anew",
    "reweight": "Let the members be weighted anew",
    "update": "Forget old data faster",
    "warm_retrain": "Learn on from what is known",
    "retrain": "Learn everything anew",
    "rollback": "Ask for the champion before",
}
"""Rungs of the ladder in plain words."""


def describe_drift(facts: Facts, report: pd.DataFrame) -> list[Entry]:
    """One line per scope, and the answer.

    Args:
        facts: Holds the committed cycle, whose summary has the answer.
        report: The drift report.
    """
    alarms = alarms_by_scope(report)
    entries = [
        Entry(term=question, text=_scope_text(report[report["scope"] == scope], alarms.get(scope), facts))
        for scope, question in QUESTIONS.items()
        if (report["scope"] == scope).any()
    ]
    action = facts.cycle.summary.get("drift")
    return [*entries, Entry(term="The answer", text=_answer(action))] if isinstance(action, Mapping) else entries


def _scope_text(rows: pd.DataFrame, alarm: Mapping[str, object] | None, facts: Facts) -> str:
    asked, silent = rows["series"].nunique(), int(rows["status"].isin(["unknown", "constant"]).sum())
    unknown = f" Of {number(silent)} nothing can be said." if silent else ""
    if alarm is None:
        near = rows["status"].eq("suspected").sum()
        suspected = f" {counted(int(near), 'suspicion')} did not last or matter." if near else ""
        return f"No change that noise would not make, in {counted(asked, 'series and sums', 'series and sums')}." + (
            suspected + unknown
        )
    count, since = int(str(alarm["series"])), alarm["since"]
    who = [counted(count, "series", "series")] if count else []
    who += ["the panel as a whole"] if alarm["panel"] else []
    found = alarm["detectors"]
    kinds = listing([str(name) for name in found] if isinstance(found, list) else [], len(ANSWERS))
    when = f", since {period(pd.Timestamp(since), facts.frequency)} at the earliest" if isinstance(since, str) else ""
    return f"Changed in {' and '.join(who) or 'its categories'} ({kinds}){when}.{unknown}"


def _answer(action: Mapping[str, object]) -> str:
    rung, reason = ANSWERS.get(str(action.get("rung")), str(action.get("rung"))), str(action.get("reason"))
    acts = " The next cycle does so by itself." if action.get("acts") else ""
    evidence = action.get("evidence")
    skill = evidence.get("skill") if isinstance(evidence, Mapping) else None
    worth = f" Its errors are {skill:.0%} of the seasonal naive forecast's." if isinstance(skill, float) else ""
    return f"{rung}: {reason}.{acts}{worth.replace('%', ' %')}"
