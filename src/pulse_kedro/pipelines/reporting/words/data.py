"""What the report says about the data: how much there is, what is missing, what was set aside, which series ended."""

from collections.abc import Mapping, Sequence

import pandas as pd

from pulse_kedro.domain.panel import ID
from pulse_kedro.pipelines.reporting.wording import counted, listing, number, percent, period, steps
from pulse_kedro.pipelines.reporting.words.facts import Facts, count_of, names_of, section
from pulse_kedro.pipelines.reporting.words.story import Entry
from pulse_kedro.pipelines.reporting.words.tables import Table

SHOWN_GAPS = 8
_NAMED = 12


def describe_data(facts: Facts, series: pd.DataFrame) -> list[Entry]:
    """The state of the data, question by question.

    Args:
        facts: Holds the quality report.
        series: Description of the series, for their titles.
    """
    groups, rows, gaps = (section(facts.quality, name) for name in ("series", "rows", "gaps"))
    entries = [
        Entry(term="Series", text=_series_text(groups)),
        Entry(term="Observations", text=_rows_text(facts, rows)),
        Entry(term="Gaps", text=_gaps_text(gaps, facts)),
        Entry(term="Set aside", text=_quarantine_text(rows)),
    ]
    for key, term in (("constant", "Never changing"), ("lost", "Lost with their bad rows")):
        names = names_of(series, _ids(groups, key))
        entries += [Entry(term=term, text=f"{listing(names, _NAMED)}.")] if names else []
    return entries


def _series_text(groups: Mapping[str, object]) -> str:
    total, alive = (count_of(groups, key) for key in ("total", "alive"))
    text = f"{number(alive)} of {counted(total, 'series', 'series')} are alive and get a forecast"
    silent = [
        f"{number(len(_ids(groups, key)))} {word}"
        for key, word in (("ended", "ended"), ("short", "too short"))
        if _ids(groups, key)
    ]
    return f"{text}; {' and '.join(silent)} {'does' if total - alive == 1 else 'do'} not." if silent else f"{text}."


def _rows_text(facts: Facts, rows: Mapping[str, object]) -> str:
    first, last = (_when(facts, key) for key in ("first_period", "last_period"))
    later = count_of(rows, "after_as_of")
    text = f"{number(count_of(rows, 'known'))} values from {first} to {last}, in {facts.source.unit}."
    return (
        f"{text} {counted(later, 'later value')} of the source {'was' if later == 1 else 'were'} left out."
        if later
        else text
    )


def _when(facts: Facts, key: str) -> str:
    value = facts.quality.get(key)
    return period(pd.Timestamp(value), facts.frequency) if isinstance(value, str) else "an unknown period"


def _gaps_text(gaps: Mapping[str, object], facts: Facts) -> str:
    count, missing = (count_of(gaps, key) for key in ("count", "periods"))
    if not count:
        return "None: every series has a value for every period between its first and its last."
    share = facts.quality.get("missing_share")
    part = f" ({percent(share, 2)} of all periods)" if isinstance(share, float) else ""
    text = f"{counted(count, 'gap')} with {steps(missing, facts.frequency)} in all{part}."
    return f"{text} Gaps are left open, never filled in the data."


def _quarantine_text(rows: Mapping[str, object]) -> str:
    bad, total = (count_of(rows, key) for key in ("quarantined", "in"))
    if not bad:
        return f"None of {counted(total, 'row')}."
    rules = ", ".join(f"{str(rule).replace('_', ' ')}: {count}" for rule, count in section(rows, "by_rule").items())
    return f"{number(bad)} of {counted(total, 'row')} could not be used ({rules})."


def data_tables(facts: Facts, series: pd.DataFrame) -> list[Table]:
    """Ended and short series by name, the longest gaps, and examples of rows that were set aside; only what exists.

    Args:
        facts: Holds the quality report.
        series: Columns unique_id, title, last, n, status.
    """
    silent = series[series["status"].astype(str) != "alive"]
    tables = [
        _silent_table(silent, facts),
        _gap_table(section(facts.quality, "gaps"), series, facts),
        _example_table(facts),
    ]
    return [table for table in tables if table.rows]


def _silent_table(silent: pd.DataFrame, facts: Facts) -> Table:
    rows = tuple(
        (title, str(name), str(status), period(last, facts.frequency, short=True), number(int(count)))
        for title, name, status, last, count in zip(
            map(str, silent["title"]), silent[ID], silent["status"], silent["last"], silent["n"], strict=True
        )
    )
    head = ("Series", "Id", "Status", "Last value", "Values")
    return Table(caption="Series without a forecast", head=head, rows=rows, texts=(0, 1, 2))


def _gap_table(gaps: Mapping[str, object], series: pd.DataFrame, facts: Facts) -> Table:
    longest = gaps.get("longest")
    found = [gap for gap in longest if isinstance(gap, Mapping)] if isinstance(longest, list) else []
    shown = found[:SHOWN_GAPS]
    names = names_of(series, [gap[ID] for gap in shown])
    rows = tuple(
        (
            name,
            period(pd.Timestamp(gap["from"]), facts.frequency, short=True),
            period(pd.Timestamp(gap["to"]), facts.frequency, short=True),
            number(gap["length"]),
        )
        for name, gap in zip(names, shown, strict=True)
    )
    return Table(caption="Longest gaps", head=("Series", "From", "To", "Missing values"), rows=rows)


def _example_table(facts: Facts) -> Table:
    examples = section(section(facts.quality, "rows"), "examples")
    rows = tuple(
        (str(rule).replace("_", " "), str(text))
        for rule, texts in examples.items()
        if isinstance(texts, Sequence) and not isinstance(texts, str)
        for text in texts
    )
    return Table(caption="Rows that were set aside, examples", head=("Rule", "Row and reason"), rows=rows, texts=(0, 1))


def _ids(mapping: Mapping[str, object], key: str) -> list[object]:
    value = mapping.get(key)
    return list(value) if isinstance(value, list) else []
