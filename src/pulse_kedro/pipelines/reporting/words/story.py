"""What happened in this cycle, in plain words; every number in a sentence comes from the facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from pulse_kedro.domain.training.probation import FIRST_LOOK
from pulse_kedro.pipelines.reporting.scores import short
from pulse_kedro.pipelines.reporting.wording import (
    COMBINATION,
    MISSING,
    NAME,
    TITLE,
    change,
    counted,
    is_number,
    model_name,
    number,
    percent,
    period,
    season,
    shorten,
    span,
    steps,
)
from pulse_kedro.pipelines.reporting.words.facts import Facts, Outlook, count_of, section

Tone = Literal["plain", "good", "watch"]
PLANS = {
    "bootstrap": "A forecaster was built",
    "update": "The forecaster in charge took in what is new",
    "nothing": "There was nothing to learn",
}
VERDICTS = {
    "BOOTSTRAP": "This is the first forecaster in charge; nothing served before it.",
    "REVISION": "The forecaster in charge stays. It was brought up to date; its recipe did not change.",
    "PROMOTE": "A challenger took over: it is better by more than chance.",
    "HOLD": "The forecaster in charge stays: the challenger offered no gain worth a change.",
    "INSUFFICIENT_EVIDENCE": "The forecaster in charge stays: there is not enough evidence yet to replace it.",
    "REJECT": "What was offered was refused.",
    "ERROR": "The forecaster in charge stays: comparing it with the challenger failed.",
    "ROLLBACK": "The forecaster that was promoted last was sent back; the one before it is in charge again.",
}
REPLAY = " This cycle is a replay of the past: it changed nothing about who is in charge today."


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure at the top of the report."""

    label: str
    value: str
    note: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A question and its answer, or a term and its meaning."""

    term: str
    text: str


def headline(facts: Facts) -> dict[str, str]:
    """Title, date and the line below it."""
    when = period(facts.period.as_of, facts.frequency)
    horizon = steps(facts.horizon, facts.frequency)
    return {
        "title": shorten(facts.options.title, TITLE),
        "as_of": when,
        "subtitle": f"Forecasts of {counted(facts.forecast_series, 'series', 'series')} for the next {horizon}, "
        f"made from what was known for {when} and before.",
    }


def tiles(facts: Facts) -> list[Tile]:
    """The four figures a hurried reader takes away."""
    first = [_outlook_tile(outlook, facts) for outlook in facts.outlooks[:1]]
    return [*first, _skill_tile(facts), _coverage_tile(facts), _earlier_tile(facts)]


def _outlook_tile(outlook: Outlook, facts: Facts) -> Tile:
    when = period(outlook.target, facts.frequency, short=True)
    interval = f"80 % interval {span(outlook.low, outlook.high, outlook.digits)} {facts.source.unit}"
    moved = f"; {change(outlook.change)} on the {season(facts.frequency)} before" if is_number(outlook.change) else ""
    label = f"{shorten(outlook.title, NAME)}, {when}"
    return Tile(label=label, value=number(outlook.forecast, outlook.digits), note=interval + moved)


def _skill_tile(facts: Facts) -> Tile:
    reference, skill = model_name(facts.options.reference).lower(), facts.skill(facts.options.reference)
    if not is_number(skill):
        return Tile(label=f"Error against {reference}", value=MISSING, note="not measured in this cycle")
    ours, theirs = (number(facts.score(name, "mase"), 3) for name in (COMBINATION, facts.options.reference))
    errors = f"MASE {ours} against {theirs}"
    tone: Tone = "good" if skill > 0 else "watch"
    note = f"{errors}, over {counted(len(facts.cutoffs), 'past cutoff')}"
    return Tile(label=f"Error against {reference}", value=_compared(skill), note=note, tone=tone)


def _compared(skill: float) -> str:
    return f"{percent(abs(skill))} {'smaller' if skill > 0 else 'larger'}"


def _coverage_tile(facts: Facts) -> Tile:
    hit, wide = facts.score(COMBINATION, "coverage_80"), facts.score(COMBINATION, "coverage_95")
    note = f"of outcomes in the backtest; the 95 % intervals held {percent(wide, 1)}"
    is_right = abs(hit - 0.8) <= facts.options.coverage_tolerance
    tone: Tone = "plain" if not is_number(hit) else "good" if is_right else "watch"
    return Tile(label="80 % intervals held", value=percent(hit, 1), note=note, tone=tone)


def _earlier_tile(facts: Facts) -> Tile:
    if not facts.earlier.due:
        note = "the first cycle has nothing to look back on" if not facts.earlier.issued else "none has come due"
        return Tile(label="Earlier forecasts", value="none yet", note=note)
    note = f"of {number(facts.earlier.issued)} have come due; {_live_error(facts)}"
    return Tile(label="Earlier forecasts", value=number(facts.earlier.due), note=note)


def tell(facts: Facts) -> list[Entry]:
    """The course of the cycle, question by question."""
    return [
        Entry(term="What was known", text=_known(facts)),
        Entry(term="What was done", text=_plan(facts)),
        Entry(term="Who is in charge, and why", text=_decision(facts)),
        Entry(term="How good it is", text=_quality(facts)),
        *(Entry(term="What it expects", text=_expectation(outlook, facts)) for outlook in facts.outlooks[:1]),
        Entry(term="How earlier forecasts did", text=_earlier(facts)),
    ]


def _known(facts: Facts) -> str:
    rows, series = section(facts.quality, "rows"), section(facts.quality, "series")
    values, total = count_of(rows, "known"), count_of(series, "total")
    when, bad = period(facts.period.as_of, facts.frequency), count_of(rows, "quarantined")
    text = f"{counted(values, 'observation')} of {counted(total, 'series', 'series')} from {facts.source.name}"
    aside = f" {counted(bad, 'row')} could not be used and {'was' if bad == 1 else 'were'} set aside." if bad else ""
    return f"{text}, up to {when}. Nothing later was looked at.{aside}"


def _plan(facts: Facts) -> str:
    plan = section(facts.decision, "plan")
    cause = str(plan.get("cause", "")).strip().rstrip(".")
    text = PLANS.get(str(plan.get("action")), f"Plan: {plan.get('action')}")
    return f"{text}. Cause: {cause}." if cause else f"{text}."


def _decision(facts: Facts) -> str:
    verdict = str(facts.decision.get("verdict"))
    meaning = VERDICTS.get(verdict, f"Verdict: {verdict}.")
    since = period(pd.Timestamp(facts.cycle.since), facts.frequency)
    who = (
        f"Recipe {short(facts.cycle.recipe)}, in charge since {since}, now in revision {number(facts.cycle.revision)}."
    )
    replay = REPLAY if facts.cycle.line == "replay" else ""
    record = f"On record: “{facts.decision.get('reason', MISSING)}”"
    return " ".join(filter(None, (meaning, who, record + replay, probation(facts.decision, facts.frequency))))


def probation(decision: Mapping[str, object], frequency: str) -> str:
    """How a champion on probation does beside the one it replaced; empty where none is on probation.

    Args:
        decision: Record of the decision.
        frequency: Name of the frequency.
    """
    found = section(decision, "probation")
    if not found or decision.get("verdict") == "ROLLBACK":
        return ""
    since = period(pd.Timestamp(str(found["since"])), frequency)
    told = f"It is on probation since {since}, beside recipe {short(str(found['predecessor']))} that it replaced"
    if not found["k"]:
        return f"{told}; nothing came true since."
    new, old, k, total, limit = (float(str(found[name])) for name in ("new", "old", "k", "total", "boundary"))
    told += f": mean loss one period ahead {number(new, 3)} against {number(old, 3)} over {number(k)} forecasts"
    if k < FIRST_LOOK:
        return f"{told}; before {FIRST_LOOK} of them nothing is taken back."
    return f"{told}; the sum of differences is {number(total, 2)}, and at {number(limit, 2)} it is sent back."


def _quality(facts: Facts) -> str:
    if not facts.cutoffs:
        return "There was not enough history for a backtest, so nothing can be said about its errors yet."
    first, last = (period(when, facts.frequency, short=True) for when in (facts.cutoffs[0], facts.cutoffs[-1]))
    compared = [
        f"{_compared(facts.skill(name))} than those of {model_name(name).lower()}"
        for name in facts.options.baselines
        if is_number(facts.skill(name))
    ]
    tested = (
        f"It was made to forecast from {counted(len(facts.cutoffs), 'past cutoff')} ({first} to {last}), each time "
        "knowing only what was known then."
    )
    errors = f" Its errors were {', '.join(compared)}." if compared else ""
    hit = facts.score(COMBINATION, "coverage_80")
    return f"{tested}{errors} Its 80 % intervals held {percent(hit, 1)} of the outcomes."


def _expectation(outlook: Outlook, facts: Facts) -> str:
    last, target = (period(when, facts.frequency) for when in (outlook.last_period, outlook.target))
    text = (
        f"{outlook.title} stood at {number(outlook.last, outlook.digits)} in {last} and is expected at "
        f"{number(outlook.forecast, outlook.digits)} in {target} ({facts.source.unit}); with 80 % probability between "
        f"{number(outlook.low, outlook.digits)} and {number(outlook.high, outlook.digits)}."
    )
    if not is_number(outlook.miss_at_end):
        return text
    return f"{text} Past forecasts this far ahead missed by {number(outlook.miss_at_end, outlook.digits)} on average."


def _earlier(facts: Facts) -> str:
    earlier = facts.earlier
    if not earlier.issued:
        return (
            "This is the first cycle: no forecast was issued before. The next cycle compares these with what came true."
        )
    if not earlier.due:
        return f"{counted(earlier.issued, 'forecast')} of earlier cycles, none of them due yet."
    held = percent(earlier.scores.get("coverage_80"), 1)
    return (
        f"Of {counted(earlier.issued, 'forecast')} issued by earlier cycles {number(earlier.due)} have come due: "
        f"{_live_error(facts)}. Their 80 % intervals held {held} of the outcomes."
    )


def _live_error(facts: Facts) -> str:
    live = f"MASE {number(facts.earlier.scores.get('mase'), 3)}"
    expected = facts.earlier.expected
    return f"{live}, where the backtest has {number(expected, 3)} at the same distance" if is_number(expected) else live
