"""The decision page: what changed since the last cycle, what to do, and when the next one is due."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from pulse_kedro.domain.data_management.steps import spell
from pulse_kedro.domain.panel import frequency
from pulse_kedro.pipelines.reporting.scores import short
from pulse_kedro.pipelines.reporting.wording import (
    NAME,
    change,
    counted,
    is_number,
    moment,
    number,
    percent,
    period,
    season,
    shorten,
    steps,
)
from pulse_kedro.pipelines.reporting.words.advice import Advice
from pulse_kedro.pipelines.reporting.words.facts import Facts, Outlook, count_of, section
from pulse_kedro.pipelines.reporting.words.news import Arrival
from pulse_kedro.pipelines.reporting.words.story import REPLAY, VERDICTS, Entry

SHOWN = 4
"""Advices that fit on the decision page; the others follow in the next section."""
CHARGES = {
    "BOOTSTRAP": "The first forecaster is in charge.",
    "PROMOTE": "A challenger took over.",
    "REJECT": "Something was refused.",
    "ERROR": "A comparison failed.",
    "ROLLBACK": "A promotion was taken back.",
}


def front_page(facts: Facts, advice: Sequence[Advice]) -> dict[str, Any]:
    """Everything the decision page says.

    Args:
        facts: Numbers of the cycle.
        advice: What to do and to watch, the most important first.

    Returns:
        `lead`, the page in two or three sentences; `changes` and `entries`; `todo` and the advice `left` for later;
        `next` and `command`, when the next cycle is due and what makes it; `picture`, the series that is drawn.
    """
    outlook = facts.outlooks[0] if facts.outlooks else None
    since = facts.news.since
    told = "What this first cycle says" if since is None else f"What changed since {period(since, facts.frequency)}"
    return {
        "lead": _lead(facts, advice),
        "changes": told,
        "entries": [
            asdict(entry)
            for entry in (
                Entry(term="What came in", text=_came_in(outlook, facts)),
                Entry(term="Who is in charge", text=_in_charge(facts)),
                *([Entry(term="What is expected", text=_expected(outlook, facts))] if outlook else []),
            )
        ],
        "todo": [asdict(one) for one in advice[:SHOWN]],
        "left": [asdict(one) for one in advice[SHOWN:]],
        "next": _next_cycle(facts),
        "command": f"kedro run --params as_of={spell(facts.period.first_target)}",
        "picture": shorten(outlook.title, NAME) if outlook else "",
    }


def _lead(facts: Facts, advice: Sequence[Advice]) -> str:
    when = period(facts.period.as_of, facts.frequency)
    arrival = facts.news.arrival
    name = shorten(facts.outlooks[0].title, NAME) if facts.outlooks else ""
    met = f"{name} came in {_against(arrival, facts)}, for {when}." if arrival else ""
    charge = CHARGES.get(str(facts.decision.get("verdict")), "The forecaster in charge stays.")
    count = sum(one.tone == "watch" for one in advice)
    needs = "need" if count > 1 else "needs"
    look = f"{counted(count, 'thing')} {needs} a look." if count else "Nothing needs a person."
    return " ".join(part for part in (met, charge, look) if part)


def _against(arrival: Arrival, facts: Facts) -> str:
    """Where the newest value lies, seen from the forecast."""
    digits = facts.outlooks[0].digits
    distance = number(abs(arrival.actual - arrival.expected), digits)
    side = "above" if arrival.actual > arrival.expected else "below"
    where = f"{distance} {side} the forecast" if distance != number(0, digits) else "just as forecast"
    return f"{where}, {'inside' if arrival.is_inside else 'outside'} its 80 % interval"


def _came_in(outlook: Outlook | None, facts: Facts) -> str:
    news, rows = facts.news, section(facts.quality, "rows")
    total = count_of(section(facts.quality, "series"), "total")
    when = period(facts.period.as_of, facts.frequency)
    if news.since is None:
        known = f"{counted(count_of(rows, 'known'), 'observation')} of {counted(total, 'series', 'series')}"
        return f"{known} up to {when}. No forecast was issued before, so there is nothing to compare them with yet."
    held = (
        f"Of {counted(news.due, 'series', 'series')} that came in, {number(news.inside)} fell inside their 80 % "
        f"intervals ({percent(news.inside / news.due)})."
        if news.due
        else f"The last cycle had issued no forecast of {when}, or nothing came in for it."
    )
    arrival = news.arrival
    if arrival is None or outlook is None:
        return held
    low, high, actual, expected = (
        number(value, outlook.digits) for value in (arrival.low, arrival.high, arrival.actual, arrival.expected)
    )
    return (
        f"{shorten(outlook.title, NAME)} came in at {actual} {facts.source.unit} for {when}, "
        f"{_against(arrival, facts)}: the last cycle had expected {expected}, between {low} and {high}. {held}"
    )


def _in_charge(facts: Facts) -> str:
    verdict = str(facts.decision.get("verdict"))
    since = period(pd.Timestamp(facts.cycle.since), facts.frequency)
    who = f"Recipe {short(facts.cycle.recipe)}, in charge since {since}, revision {number(facts.cycle.revision)}."
    return f"{VERDICTS.get(verdict, f'Verdict: {verdict}.')} {who}{REPLAY if facts.cycle.line == 'replay' else ''}"


def _expected(outlook: Outlook, facts: Facts) -> str:
    digits, target = outlook.digits, period(outlook.target, facts.frequency)
    low, high = number(outlook.low, digits), number(outlook.high, digits)
    moved = f" ({change(outlook.change)} on the {season(facts.frequency)} before)" if is_number(outlook.change) else ""
    text = f"{number(outlook.forecast, digits)} for {target}{moved}; with 80 % probability between {low} and {high}."
    move = facts.news.move
    if move is None:
        return text
    now, before = number(move.now, digits), number(move.before, digits)
    shift = f" ({change(move.change, 2)})" if is_number(move.change) else ""
    same = f"For {period(move.target, facts.frequency)}, the last period that both cycles reach, the forecast"
    return f"{text} {same} moved from {before} to {now}{shift}." if now != before else f"{text} {same} did not move."


def _next_cycle(facts: Facts) -> str:
    following, freq = facts.period.first_target, frequency(facts.frequency)
    name, lag = period(following, facts.frequency), facts.source.release_lag_days
    if facts.cycle.line == "replay":
        return f"This replay delays nothing: the main line goes on from its own newest cycle. The same for {name}:"
    if count_of(section(facts.quality, "rows"), "after_as_of"):
        return f"It can run now: the source already holds values of {name} or later."
    due = freq.shift(following, 1) + pd.Timedelta(days=lag)
    why = f", {counted(round(lag), 'day')} after it ends" if round(lag) else ", when it has ended"
    horizon = steps(facts.horizon, facts.frequency)
    return (
        f"When {name} is in. It is expected on {moment(due)}{why}. "
        f"Until then these forecasts of the next {horizon} stand."
    )
