"""What a person should look at, found by stated rules; a quiet cycle says so."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pulse_kedro.pipelines.reporting.wording import (
    COMBINATION,
    NAME,
    counted,
    is_number,
    listing,
    model_name,
    number,
    percent,
    shorten,
)
from pulse_kedro.pipelines.reporting.words.facts import Facts
from pulse_kedro.pipelines.reporting.words.quality import poor_data
from pulse_kedro.pipelines.reporting.words.story import Tone

_FEW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One thing to do or to know, and how urgent it is."""

    text: str
    tone: Tone = "watch"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesErrors:
    """MASE by series of the combination and of the reference, and titles by id."""

    ours: pd.Series
    reference: pd.Series
    titles: Mapping[str, str]

    def name(self, unique_id: object) -> str:
        """Title of a series as far as a sentence has room for it, its id where it has none."""
        return shorten(self.titles.get(str(unique_id), str(unique_id)), NAME)


def advise(facts: Facts, errors: SeriesErrors) -> list[Advice]:
    """What to do and what to watch.

    Args:
        facts: Numbers of the cycle.
        errors: Backtest scores by series.

    Returns:
        The most important first; one reassuring line when no rule found anything.
    """
    found = [
        *_verdict(facts),
        *_coverage(facts),
        *_baselines(facts),
        *_coverage_by_step(facts),
        *_live(facts),
        *_live_coverage(facts),
        *_quarantine(facts),
        *([Advice(text=poor_data(facts.quality))] if poor_data(facts.quality) else []),
        *_weak_series(facts, errors),
        *([Advice(text=f"{facts.leaning} See below where.")] if facts.leaning else []),
        *_silent_series(facts, errors),
    ]
    if any(advice.tone == "watch" for advice in found):
        return found
    return [Advice(text="Nothing needs a person in this cycle.", tone="good"), *found]


def _verdict(facts: Facts) -> list[Advice]:
    verdict = facts.decision.get("verdict")
    if verdict == "REJECT":
        return [Advice(text=f"Something was refused: {facts.decision.get('reason')}")]
    if verdict == "ERROR":
        return [Advice(text=f"Look into this before the next cycle: {facts.decision.get('reason')}")]
    if verdict == "ROLLBACK":
        return [Advice(text=f"A promotion was taken back; look for what changed. {facts.decision.get('reason')}")]
    if verdict == "PROMOTE":
        text = "A new recipe is in charge. Compare its next outcomes with what the backtest promised"
        return [Advice(text=f"{text}; while it is on probation, the former one is kept up to date.")]
    if facts.decision.get("frozen"):
        return [Advice(text=f"Promotions are frozen until a person decides. {facts.decision.get('reason')}")]
    return []


def _coverage(facts: Facts) -> list[Advice]:
    advice = []
    for metric, nominal in (("coverage_80", 0.80), ("coverage_95", 0.95)):
        realised = facts.score(COMBINATION, metric)
        if is_number(realised) and abs(realised - nominal) > facts.options.coverage_tolerance:
            word = "too narrow" if realised < nominal else "too wide"
            text = f"The {percent(nominal)} intervals are {word}: they held {percent(realised, 1)} of the outcomes."
            advice.append(Advice(text=text))
    return advice


def _coverage_by_step(facts: Facts) -> list[Advice]:
    held = [share for share in facts.held_by_step if is_number(share)]
    if not held or max(abs(share - 0.80) for share in held) <= facts.options.coverage_tolerance:
        return []
    narrow, wide = held.index(min(held)) + 1, held.index(max(held)) + 1
    text = (
        f"The 80 % intervals are uneven by distance: in the backtest they held {percent(min(held), 1)} of the outcomes "
        f"at {counted(narrow, 'step')} ahead and {percent(max(held), 1)} at {counted(wide, 'step')}."
    )
    return [Advice(text=text)]


def _live_coverage(facts: Facts) -> list[Advice]:
    held = facts.earlier.scores.get("coverage_80", float("nan"))
    if not is_number(held) or abs(held - 0.80) <= facts.options.live_coverage_tolerance:
        return []
    word = "narrow" if held < 0.80 else "wide"  # noqa: PLR2004  (the nominal share)
    text = (
        f"The 80 % intervals of issued forecasts held {percent(held, 1)} of the outcomes so far: too {word}. "
        "Outcomes of one period move together, so a few periods can mislead."
    )
    return [Advice(text=text)]


def _baselines(facts: Facts) -> list[Advice]:
    better = [name for name in facts.options.baselines if facts.skill(name) < 0]
    names = listing([model_name(name).lower() for name in better])
    return [Advice(text=f"A simple rule does better on average: {names}.")] if better else []


def _live(facts: Facts) -> list[Advice]:
    live, usual = facts.earlier.scores.get("mase", float("nan")), facts.earlier.expected
    if not (is_number(live) and is_number(usual)) or live <= usual * (1 + facts.options.live_tolerance):
        return []
    text = (
        "Forecasts that have come due missed by more than the backtest at the same distance: MASE "
        f"{number(live, 3)} against {number(usual, 3)}. With few outcomes that can be chance; watch the next cycles."
    )
    return [Advice(text=text)]


def _quarantine(facts: Facts) -> list[Advice]:
    rows = facts.quality.get("rows")
    bad = rows.get("quarantined") if isinstance(rows, Mapping) else 0
    if not isinstance(bad, int) or not bad:
        return []
    return [Advice(text=f"{counted(bad, 'row')} of the source could not be used; the reasons stand under Data.")]


def _weak_series(facts: Facts, errors: SeriesErrors) -> list[Advice]:
    excess = (errors.ours / errors.reference).dropna()
    weak = excess[excess > 1].sort_values(ascending=False)
    if weak.empty:
        return []
    names = listing([errors.name(name) for name in weak.index], _FEW)
    text = (
        f"For {number(len(weak))} of {counted(len(excess), 'series', 'series')} "
        f"{model_name(facts.options.reference).lower()} was the better forecast in the backtest: {names}."
    )
    return [Advice(text=text)]


def _silent_series(facts: Facts, errors: SeriesErrors) -> list[Advice]:
    series = facts.quality.get("series")
    if not isinstance(series, Mapping):
        return []
    advice = []
    for status, why in (("ended", "it has ended"), ("short", "it is too short")):
        ids = series.get(status)
        if isinstance(ids, list) and ids:
            names = listing([errors.name(name) for name in ids], _FEW)
            many = why if len(ids) == 1 else why.replace("it has", "they have").replace("it is", "they are")
            advice.append(Advice(text=f"No forecast for {names}, because {many}.", tone="plain"))
    return advice
