"""Rows that were set aside: what they said, which rule they break, and when there are too many of them."""

from collections import defaultdict
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.data_management.observations import AT, COLUMN, RULE
from pulse_kedro.domain.data_management.parsing import FIRST_YEAR, LAST_YEAR, parse_text
from pulse_kedro.domain.data_management.source import CONFIGURATION, SourceOptions
from pulse_kedro.domain.data_management.steps import spell
from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, TARGET, TIME

_DATE = f"a date between {FIRST_YEAR} and {LAST_YEAR} in the format source.date_format (ISO 8601 when null)"
SENTENCES = {
    "missing_id": (ID, "column {column!r} is empty"),
    "missing_date": (TIME, "column {column!r} is empty"),
    "unreadable_date": (TIME, "column {column!r} holds {cell!r}, expected " + _DATE),
    "missing_value": (TARGET, "column {column!r} is empty"),
    "text_value": (TARGET, "column {column!r} holds {cell!r}, expected a number"),
    "infinite_value": (TARGET, "column {column!r} holds {cell!r}, expected a finite number"),
    "missing_release": (AVAILABLE_AT, "column {column!r} is empty"),
    "unreadable_release": (AVAILABLE_AT, "column {column!r} holds {cell!r}, expected a moment in ISO 8601"),
    "early_release": (AVAILABLE_AT, "column {column!r} holds {cell!r}, expected no moment before the period ends"),
}
"""For each rule about one cell, the column it looks at and the sentence it leaves."""
REPEAT_RULES = ("duplicate", "conflict")
"""Rules about rows that share series and period, and publication where it is known: equal values, different values."""


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


Expects = Callable[[str, str, SourceOptions], str]
"""What a rule about a variable expects of a series: its id, the rule and the declaration to words."""


def set_aside(
    source: pd.DataFrame, observed: pd.DataFrame, options: SourceOptions, expects: Expects | None = None
) -> pd.DataFrame:
    """The observations that break a rule, as text, with rule and reason in front.

    Args:
        source: The table as it was read, default index.
        observed: Its observations, each with the rule it breaks.
        options: What the source declares.
        expects: Says what rules about variables expect, where there are any.

    Returns:
        `row` (counted from 1), `series` (missing where it has no name), `rule`, `reason` and every column of the source
        as text, in source order. A source column that is called like one of the first four gets the prefix `source.`.
    """
    broken = observed.take(in_source_order(observed))
    cells = source.loc[broken[AT]].apply(parse_text) if len(broken) else source.iloc[:0]
    text = cells.astype(object).where(cells.notna(), None).reset_index(drop=True)
    front = pd.DataFrame(
        {
            "row": broken[AT].to_numpy() + 1,
            "series": broken[ID].to_numpy(dtype=object),
            "rule": broken[RULE].astype(object).to_numpy(),
            "reason": _reasons(source, broken, options, expects),
        }
    )
    text.columns = pd.Index([f"source.{name}" if name in front else str(name) for name in text.columns])
    return pd.concat([front, text], axis=1)


def in_source_order(observed: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Positions of the observations that break a rule, in the order of the source."""
    broken = np.flatnonzero(observed[RULE].notna())
    order: npt.NDArray[np.int64] = np.lexsort(
        (observed[COLUMN].cat.codes.to_numpy()[broken], observed[AT].to_numpy()[broken])
    )
    return broken[order]


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


def _reasons(source: pd.DataFrame, broken: pd.DataFrame, options: SourceOptions, expects: Expects | None) -> list[str]:
    """Why each observation was set aside, in words."""
    if AVAILABLE_AT not in broken:
        broken = broken.assign(**{AVAILABLE_AT: np.datetime64("NaT", "ns")})
    repeats = broken.loc[broken[RULE].isin(REPEAT_RULES)]
    values: dict[tuple[str, pd.Timestamp, pd.Timestamp], set[float]] = defaultdict(set)
    for series, when, value, released in zip(*(repeats[name] for name in _CELL), strict=True):
        values[series, when, released].add(value)
    columns = (AT, COLUMN, RULE, ID, TIME, AVAILABLE_AT)
    return [
        _repeated(series, when, released, rule, sorted(values[series, when, released]))
        if rule in REPEAT_RULES
        else (
            _unreadable(source, at, str(column), rule, options)
            if rule in SENTENCES or expects is None
            else f"column {column!r} holds {source[column].iloc[at]!s}, expected {expects(series, rule, options)}"
        )
        for at, column, rule, series, when, released in zip(*(broken[name] for name in columns), strict=True)
    ]


def _unreadable(source: pd.DataFrame, at: int, column: str, rule: str, options: SourceOptions) -> str:
    """The sentence about one cell: its column, what it holds, and what was expected."""
    role, sentence = SENTENCES[rule]
    columns = options.columns
    place = {TIME: columns.ds, TARGET: column, AVAILABLE_AT: columns.available_at}.get(role)
    place = place or _unnamed(source, at, options)
    return sentence.format(column=place, cell=str(source[place].iloc[at]))


def _unnamed(source: pd.DataFrame, at: int, options: SourceOptions) -> str:
    """The first column that should name the series and is empty."""
    names = options.columns.unique_id
    return next((name for name in names if parse_text(source[name].iloc[[at]]).isna().iloc[0]), names[0])


def _repeated(series: str, when: pd.Timestamp, released: pd.Timestamp, rule: str, values: list[float]) -> str:
    """The sentence about observations of one series and period, published at one moment where that is known."""
    cell = f"series {series!r}, period {spell(when)}"
    known = not pd.isna(released)
    if known:
        cell += f", published {released.isoformat()}Z"
    if rule == "duplicate":
        earlier = " published no later" if known else ""
        return f"{cell}: the same value stands in another row{earlier}, which is kept"
    shown = ", ".join(str(value) for value in values[:3])
    more = ", …" if len(values) > len(values[:3]) else ""
    return f"{cell}: {len(values)} different values ({shown}{more}), so none is kept"


_CELL = (ID, TIME, TARGET, AVAILABLE_AT)
