"""Rows of small sources, and a naive store in memory that says what the real one must say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pandas as pd

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
Given = tuple[str, str, str, float]
"""Series, period, moment of publication, value."""


def rows_of(given: Iterable[Given], **static: str) -> pd.DataFrame:
    """A table of the store's columns."""
    table = pd.DataFrame(list(given), columns=["unique_id", "ds", "available_at", "y"])
    table = table.astype({"unique_id": object, "y": "float64"})
    table["ds"] = pd.to_datetime(table["ds"]).dt.as_unit("ns")
    table["available_at"] = pd.to_datetime(table["available_at"], utc=True).dt.as_unit("ns")
    return table[["unique_id", "ds", "y", "available_at"]].assign(**static)


def moment(text: str) -> datetime:
    return pd.Timestamp(text, tz="UTC").to_pydatetime()


@dataclass
class NaiveStore:
    """One value per series, period and moment, in dictionaries; obviously right, and slow."""

    cells: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)

    def append(self, given: Sequence[Given]) -> tuple[int, int, int]:
        """Rows that are stored, duplicates and conflicts."""
        offered: dict[tuple[str, str, str], list[float]] = {}
        for series, period, known, value in given:
            offered.setdefault((series, period, known), []).append(value)
        stored = duplicates = conflicts = 0
        fresh: dict[tuple[str, str], dict[str, float]] = {}
        for (series, period, known), values in offered.items():
            before = self.cells.get((series, period), {})
            if known in before:
                same = sum(value == before[known] for value in values)
                duplicates, conflicts = duplicates + same, conflicts + len(values) - same
            elif len(set(values)) > 1:
                conflicts += len(values)
            else:
                duplicates += len(values) - 1
                fresh.setdefault((series, period), {})[known] = values[0]
        for cell, values in fresh.items():
            new = self._take(cell, values)
            stored, duplicates = stored + new, duplicates + len(values) - new
        return stored, duplicates, conflicts

    def _take(self, cell: tuple[str, str], values: Mapping[str, float]) -> int:
        """Keep the values that tell something new, and say how many do."""
        kept = self.cells.setdefault(cell, {})
        line = sorted({**kept, **values}.items())
        fresh = {
            known: value
            for place, (known, value) in enumerate(line)
            if known in values and not (place and line[place - 1][1] == value)
        }
        kept.update(fresh)
        return len(fresh)

    def read(self, as_of: str | None = None) -> list[tuple[str, str, float]]:
        """Series, period and newest value known, sorted."""
        found = []
        for (series, period), line in self.cells.items():
            known = {when: value for when, value in line.items() if as_of is None or when <= as_of}
            if known:
                found.append((series, period, known[max(known)]))
        return sorted(found)

    def vintages(self) -> list[tuple[str, str, str, float]]:
        """Everything that is stored, sorted."""
        return sorted((*cell, when, value) for cell, line in self.cells.items() for when, value in line.items())


def told(rows: pd.DataFrame, columns: Mapping[str, str]) -> list[tuple[object, ...]]:
    """Rows as tuples, dates as text, in the order of `columns` (name to kind)."""
    shown = [
        rows[name].dt.strftime("%Y-%m-%d").tolist() if kind == "date" else rows[name].tolist()
        for name, kind in columns.items()
    ]
    return list(zip(*shown, strict=True))
