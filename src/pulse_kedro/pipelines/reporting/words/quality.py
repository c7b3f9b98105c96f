"""What the report says about suspicious values: shares against their limits, findings by kind, and what was cleaned."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pulse_kedro.domain.data_management.quality.findings import KINDS
from pulse_kedro.domain.panel import ID
from pulse_kedro.pipelines.reporting.pictures.suspicions import MARKS, kind_name, worst_series
from pulse_kedro.pipelines.reporting.wording import counted, listing, number, percent
from pulse_kedro.pipelines.reporting.words.facts import count_of, section, titles_of
from pulse_kedro.pipelines.reporting.words.story import Entry
from pulse_kedro.pipelines.reporting.words.tables import Table

MEASURES = {
    "quality": ("Quality", "of the expected values are there and not suspicious", "at least"),
    "outliers": ("Outliers", "of the compared values contradict the past of their series", "at most"),
    "duplicates": ("Repeated rows", "of the rows repeat or contradict another row", "at most"),
}
"""Measure -> its name, what the share is of, and which side of the limit is good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One of the series with the most suspicious values."""

    unique_id: str
    title: str
    note: str


def describe_quality(quality: Mapping[str, object]) -> list[Entry]:
    """Each share with its limit, and what was done about suspicious values; nothing where the report has no score.

    Args:
        quality: The quality report.
    """
    entries = []
    for key, (name, words, side) in MEASURES.items():
        measure = section(section(quality, "score"), key)
        value, limit = measure.get("value"), measure.get("limit")
        if isinstance(value, int | float) and isinstance(limit, int | float):
            verdict = "" if measure.get("holds") else "; this is beyond the limit"
            entries.append(Entry(term=name, text=f"{percent(value, 2)} {words} ({side} {percent(limit)}{verdict})."))
    cleaned = section(quality, "cleaning")
    if entries:
        parts = [f"{str(policy).replace('_', ' ')}: {count}" for policy, count in cleaned.items()]
        text = f"{listing(parts)} values." if parts else "Nothing: no rule of cleaning changed a value."
        entries.append(Entry(term="Cleaned", text=text))
    return entries


def findings_table(quality: Mapping[str, object]) -> Table:
    """Findings by kind with what they count; no rows where nothing was found.

    Args:
        quality: The quality report.
    """
    by_kind = section(section(quality, "findings"), "by_kind")
    rows = tuple(
        (
            kind_name(kind).capitalize(),
            number(count_of(section(by_kind, kind), "count")),
            number(count_of(section(by_kind, kind), "n")),
            words,
        )
        for kind, words in KINDS.items()
        if kind in by_kind
    )
    return Table(
        caption="What is suspicious", head=("Kind", "Findings", "Counted", "What is counted"), rows=rows, texts=(0, 3)
    )


def worst_cards(findings: pd.DataFrame, series: pd.DataFrame) -> list[Card]:
    """The series with the most suspicious values, in the order of their pictures.

    Args:
        findings: One row per finding.
        series: Description of the series, for their titles.
    """
    titles = titles_of(series)
    cards = []
    for name in worst_series(findings):
        kinds = findings.loc[findings[ID].eq(name) & findings["kind"].isin(MARKS), "kind"].value_counts()
        parts = [counted(int(kinds[kind]), kind_name(kind), f"{kind_name(kind)}s") for kind in MARKS if kind in kinds]
        cards.append(Card(unique_id=name, title=titles.get(name, name), note=listing(parts)))
    return cards


def poor_data(quality: Mapping[str, object]) -> str:
    """The sentence that warns of data beyond a limit; empty where all limits hold."""
    score = section(quality, "score")
    broken = [MEASURES[key][0].lower() for key in MEASURES if section(score, key).get("holds") is False]
    return f"The data are poor: {listing(broken)} beyond the limit. See the section Data." if broken else ""
