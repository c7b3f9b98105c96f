"""Rows that were set aside: what they said, which rule they break, and when there are too many of them."""

from collections import defaultdict
from collections.abc import Mapping

import pandas as pd

from pulse_kedro.domain.data_management.parsing import FIRST_YEAR, LAST_YEAR, parse_text
from pulse_kedro.domain.data_management.source import CONFIGURATION, SourceOptions
from pulse_kedro.domain.data_management.steps import spell
from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import ID, TARGET, TIME

_DATE = f"a date between {FIRST_YEAR} and {LAST_YEAR} in the format source.date_format (ISO 8601 when null)"
CELL_RULES = {
    "missing_id": (ID, "column {column!r} is empty"),
    "missing_date": (TIME, "column {column!r} is empty"),
    "unreadable_date": (TIME, "column {column!r} holds {cell!r}, expected " + _DATE),
    "missing_value": (TARGET, "column {column!r} is empty"),
    "text_value": (TARGET, "column {column!r} holds {cell!r}, expected a number"),
    "infinite_value": (TARGET, "column {column!r} holds {cell!r}, expected a finite number"),
}
"""Rules about one cell, in the order in which they count: the column they look at and the sentence they leave."""
REPEAT_RULES = ("duplicate", "conflict")
"""Rules about rows that share series and period: equal values, different values."""


class TooManyBadRows(InvalidInput):
    """More rows of a source were set aside than its declaration allows."""

    def __init__(self, source: str, total: int, limit: float, counts: Mapping[str, int], example: str) -> None:
        """Keep the source, its number of rows, the allowed share, the bad rows by rule, and one reason."""
        super().__init__(source, total, limit, counts, example)
        self.source, self.total, self.limit, self.counts, self.example = source, total, limit, counts, example

    def __str__(self) -> str:
        """Say how many rows are bad, why most of them are, and what to correct."""
        bad = sum(self.counts.values())
        by_rule = ", ".join(f"{rule} {count}" for rule, count in self.counts.items())
        allowed = "some that can" if bad == self.total else f"at most {self.limit:.0%} (source.max_quarantined)"
        return (
            f"Reading source {self.source!r} failed: got {bad} of {self.total} rows that cannot be used ({by_rule}), "
            f"expected {allowed}. Most common: {self.example}. Correct these rows, or `source` in {CONFIGURATION}."
        )


def set_aside(source: pd.DataFrame, parsed: pd.DataFrame, rule: pd.Series, options: SourceOptions) -> pd.DataFrame:
    """The rows that break a rule, as text, with rule and reason in front.

    Args:
        source: The table as it was read, default index.
        parsed: The same rows as text, period starts and numbers.
        rule: Rule that each row breaks; missing where the row can be used.
        options: What the source declares.

    Returns:
        `row` (counted from 1), `rule`, `reason` and every column of the source as text, in source order. A source
        column that is called like one of the first three gets the prefix `source.`.
    """
    broken = rule.dropna()
    cells = source.apply(parse_text).loc[broken.index] if len(broken) else source.iloc[:0]
    text = cells.astype(object).where(cells.notna(), None)
    reasons = pd.concat([_cell_reasons(source, broken, options), _repeat_reasons(parsed, broken)])
    front = pd.DataFrame({"row": broken.index + 1, "rule": broken.astype(object), "reason": reasons.loc[broken.index]})
    text.columns = pd.Index([f"source.{name}" if name in front else str(name) for name in text.columns])
    return pd.concat([front, text], axis=1).reset_index(drop=True)


def refuse(quarantine: pd.DataFrame, total: int, options: SourceOptions) -> TooManyBadRows:
    """The error that tells why a source cannot be used.

    Args:
        quarantine: What `set_aside` returned, at least one row.
        total: Rows of the source.
        options: What the source declares.

    Returns:
        An error with the bad rows counted by rule, most common first, and an example of the most common one.
    """
    counts = {str(rule): int(count) for rule, count in quarantine["rule"].value_counts().items()}
    first = quarantine.loc[quarantine["rule"].eq(next(iter(counts)))].iloc[0]
    example = f"row {first['row']}, {first['reason']}"
    return TooManyBadRows(options.name, total, options.max_quarantined, counts, example)


def _cell_reasons(source: pd.DataFrame, broken: pd.Series, options: SourceOptions) -> pd.Series:
    """Reasons of the rows that break a rule about one cell, indexed like the source."""
    columns = {ID: options.columns.unique_id, TIME: options.columns.ds, TARGET: options.columns.y}
    reasons = {
        row: sentence.format(column=columns[role], cell=str(cell))
        for rule, (role, sentence) in CELL_RULES.items()
        for row, cell in source.loc[broken.index[broken.eq(rule)], columns[role]].items()
    }
    return pd.Series(reasons, dtype=object)


def _repeat_reasons(parsed: pd.DataFrame, broken: pd.Series) -> pd.Series:
    """Reasons of the rows that share series and period with another row, indexed like the source."""
    rule = broken.loc[broken.isin(REPEAT_RULES)]
    repeats = parsed.loc[rule.index]
    cells = list(zip(repeats[ID], repeats[TIME], rule, strict=True))
    values: dict[tuple[str, pd.Timestamp, str], set[float]] = defaultdict(set)
    for cell, value in zip(cells, repeats[TARGET], strict=True):
        values[cell].add(value)
    sentences = {cell: _sentence(*cell, sorted(given)) for cell, given in values.items()}
    return pd.Series([sentences[cell] for cell in cells], index=repeats.index, dtype=object)


def _sentence(series: str, when: pd.Timestamp, rule: str, values: list[float]) -> str:
    cell = f"series {series!r}, period {spell(when)}"
    if rule == "duplicate":
        return f"{cell}: the same value stands in another row, which is kept"
    shown = ", ".join(str(value) for value in values[:3])
    more = ", …" if len(values) > len(values[:3]) else ""
    return f"{cell}: {len(values)} different values ({shown}{more}), so none is kept"
