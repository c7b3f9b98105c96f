"""Everything suspicious about the data of a cycle, as one typed table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.data_management.quality.grid import Block, Index, Layout, blocks, lay_out
from pulse_kedro.domain.data_management.quality.options import QualityOptions
from pulse_kedro.domain.data_management.quality.screening import Screen, screen
from pulse_kedro.domain.data_management.quality.stretches import beyond, bounds_of, find_gaps, find_repeats
from pulse_kedro.domain.data_management.quality.units import find_strange_series
from pulse_kedro.domain.data_management.quarantine import REPEAT_RULES
from pulse_kedro.domain.data_management.snapshots import Snapshot
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.data_management.steps import positions, starts_of
from pulse_kedro.domain.panel import ID, TIME

KINDS = {
    "duplicate": "rows that repeat another row; one of them is kept",
    "conflict": "rows that contradict each other; none is kept",
    "gap": "periods without a value",
    "stale": "periods without a value at the end",
    "outlier": "a value that contradicts the past of its series",
    "level_shift": "a new level that lasts",
    "unit": "values that fit after a change of unit or sign",
    "constant": "equal values for longer than usual",
    "range": "values outside the declared range",
    "unchecked": "a series too short, or too still, to be compared with its past",
}
"""Kind of a finding -> what it counts, in the order in which people read them."""
VALUES = ("outlier", "unit", "constant", "range")
"""Kinds that speak against single values, which makes these count as suspicious."""
COLUMNS = (ID, "kind", TIME, "until", "n", "size", "evidence")


NO_PERIOD = np.iinfo(np.int64).min
"""Number of a period that is not known."""
_NO_ROWS: Index = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """What one check found: `(series, kind, first, last, n, size, evidence)` each, and the rows it speaks against."""

    found: Sequence[tuple[object, ...]]
    rows: Index
    checked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Findings:
    """All findings, how many values could be compared with their past, and how many values are suspicious.

    `table` has `COLUMNS`: series, kind, first and last period (missing where no period is known), rows or periods that
    it counts, size in the unit of the kind, and the evidence in a sentence.
    """

    table: pd.DataFrame
    checked: int
    suspicious: int


def find(snapshot: Snapshot, quarantine: pd.DataFrame, source: SourceOptions, options: QualityOptions) -> Findings:
    """Everything suspicious about what a cycle knows.

    Args:
        snapshot: What the cycle knows; rows sorted by series and period.
        quarantine: Rows that were set aside before.
        source: What the source declares.
        options: What is suspicious.
    """
    layout = lay_out(snapshot.rows, source.step)
    parts = [
        _repeated_rows(quarantine),
        _gaps(snapshot.rows, source),
        _silence(snapshot, layout, source),
        _still(layout, options),
        _outside(layout, options),
        _strange(layout),
    ]
    parts += [_screened(block, screen(block, source.step.season_length, options), layout) for block in blocks(layout)]
    return Findings(
        table=_table([line for part in parts for line in part.found], source),
        checked=sum(part.checked for part in parts),
        suspicious=len(np.unique(np.concatenate([part.rows for part in parts]))),
    )


def keep_largest(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """The largest findings of each kind, as many of one kind as of another while there are any, in their order.

    Args:
        table: `COLUMNS`.
        most: How many are kept.
    """
    if len(table) <= most:
        return table
    rank = table["size"].abs().groupby(table["kind"]).rank(ascending=False, method="first")
    return table.loc[rank.sort_values(kind="stable").index[:most].sort_values()].reset_index(drop=True)


def _table(found: list[tuple[object, ...]], source: SourceOptions) -> pd.DataFrame:
    """Findings by series, period and kind."""
    names, kinds, first, last, n, size, evidence = zip(*found, strict=True) if found else ([],) * 7
    table = pd.DataFrame(
        {
            ID: np.array(names, dtype=object),
            "kind": np.array(kinds, dtype=object),
            TIME: _starts(first, source),
            "until": _starts(last, source),
            "n": np.array(n, dtype=np.int64),
            "size": np.array(size, dtype=float),
            "evidence": np.array(evidence, dtype=object),
        }
    )
    return table.sort_values([ID, TIME, "kind"], kind="stable", ignore_index=True, na_position="first")


def _starts(at: Sequence[object], source: SourceOptions) -> pd.DatetimeIndex:
    numbers = np.array(at, dtype=np.int64)
    unknown = numbers == NO_PERIOD
    return pd.DatetimeIndex(starts_of(np.where(unknown, 0, numbers), source.step).where(~unknown))


def _repeated_rows(quarantine: pd.DataFrame) -> Part:
    """Duplicates and conflicts, one line per series and rule; their periods stand in the quarantine."""
    rows = quarantine[quarantine["rule"].isin(REPEAT_RULES)]
    counts = rows.groupby(["series", "rule"], sort=True).size()
    names = [tuple(map(str, key)) for key in counts.index]
    found = [
        (name, rule, NO_PERIOD, NO_PERIOD, count, count, f"{count} rows of the quarantine: {KINDS[rule]}")
        for (name, rule), count in zip(names, counts, strict=True)
    ]
    return Part(found=found, rows=_NO_ROWS)


def _gaps(rows: pd.DataFrame, source: SourceOptions) -> Part:
    gaps = find_gaps(rows, source.step)
    first, last = (positions(gaps[name], source.step) for name in ("from", "to"))
    found = [
        (str(name), "gap", begin, end, n, n, f"{n} missing between two values")
        for name, begin, end, n in zip(gaps[ID], first, last, gaps["length"], strict=True)
    ]
    return Part(found=found, rows=_NO_ROWS)


def _silence(snapshot: Snapshot, layout: Layout, source: SourceOptions) -> Part:
    """Series without a value for more than `stale_after` periods."""
    now = int(positions(pd.Series([snapshot.as_of]), layout.freq)[0])
    last = layout.period[layout.starts[1:] - 1]
    found = [
        (
            layout.names[series],
            "stale",
            last[series] + 1,
            now,
            now - last[series],
            now - last[series],
            f"silent for {now - last[series]} periods, {source.stale_after} are tolerated",
        )
        for series in np.flatnonzero(now - last > source.stale_after)
    ]
    return Part(found=found, rows=_NO_ROWS)


def _still(layout: Layout, options: QualityOptions) -> Part:
    runs = find_repeats(layout, options.constant)
    found = [
        (
            layout.names[s],
            "constant",
            layout.period[a],
            layout.period[b],
            n,
            n,
            f"{n} times {layout.value[a]:.6g} in a row",
        )
        for s, a, b, n in zip(runs.series, runs.first, runs.last, runs.length, strict=True)
    ]
    inside = np.zeros(len(layout.value) + 1, dtype=np.int64)
    inside[runs.first] += 1
    inside[runs.last + 1] -= 1
    return Part(found=found, rows=np.flatnonzero(inside.cumsum()))


def _outside(layout: Layout, options: QualityOptions) -> Part:
    """Values beyond what was declared to be plausible."""
    if not options.ranges:
        return Part(found=[], rows=_NO_ROWS)
    series = layout.series
    low, high = bounds_of(layout.names, options.ranges)
    rows = np.flatnonzero(beyond(layout.value, low[series], high[series]))
    found = []
    for row in rows:
        own, value, at = series[row], layout.value[row], layout.period[row]
        words = f"{value:.6g} lies outside {low[own]:.6g} to {high[own]:.6g}"
        found.append((layout.names[own], "range", at, at, 1, value, words))
    return Part(found=found, rows=rows)


def _strange(layout: Layout) -> Part:
    """Whole series in another unit than the others; their values are counted once, not as suspicious one by one."""
    found = []
    for series, factor in zip(*find_strange_series(layout), strict=True):
        first, last = layout.starts[series], layout.starts[series + 1] - 1
        words = f"the whole series is {spell_factor(factor)} what the other series are"
        n = last - first + 1
        found.append((layout.names[series], "unit", layout.period[first], layout.period[last], n, factor, words))
    return Part(found=found, rows=_NO_ROWS)


def _screened(block: Block, seen: Screen, layout: Layout) -> Part:
    """Outliers, level shifts and changes of unit of some series, and the series about which nothing can be said."""
    checked = ~np.isnan(seen.spread) & ~np.isnan(seen.expected) & ~np.isnan(block.y)
    outliers = seen.odd & ~seen.moved
    found = [*_outliers(outliers, block, seen, layout), *_shifts(block, seen, layout), *_units(block, seen, layout)]
    for series in np.flatnonzero(~checked.any(axis=0)):
        first, last = layout.starts[series + block.offset], layout.starts[series + block.offset + 1] - 1
        n = last - first + 1
        words = f"{n} values do not tell how much this series usually changes"
        name = layout.names[series + block.offset]
        found.append((name, "unchecked", layout.period[first], layout.period[last], n, n, words))
    when, series = np.nonzero(outliers | (seen.factor != 1))
    return Part(found=found, rows=_rows_at(when, series, block, layout), checked=int(checked.sum()))


def _rows_at(when: Index, series: Index, block: Block, layout: Layout) -> Index:
    """Rows of the panel that hold some observed values of a block."""
    step = 1 + int(layout.period.max() - layout.period.min()) if len(layout.period) else 1
    base = int(layout.period.min()) if len(layout.period) else 0
    keys = layout.series * step + layout.period - base
    return np.searchsorted(keys, (series + block.offset) * step + when + block.first - base)


def _outliers(
    marked: npt.NDArray[np.bool_], block: Block, seen: Screen, layout: Layout
) -> Iterator[tuple[object, ...]]:
    for when, series in zip(*np.nonzero(marked), strict=True):
        expected, spread, value = seen.expected[when, series], seen.spread[when, series], block.y[when, series]
        size = (value - expected) / spread
        words = f"{value:.6g}, expected {expected:.6g} ± {spread:.3g}: {abs(size):.1f} spreads away"
        at = when + block.first
        yield layout.names[series + block.offset], "outlier", at, at, 1, size, words


def _shifts(block: Block, seen: Screen, layout: Layout) -> Iterator[tuple[object, ...]]:
    for when, series in zip(*np.nonzero(seen.level), strict=True):
        level, spread = seen.level[when, series], seen.spread[when, series]
        ends = ~np.isnan(block.y[when:, series]) & ~seen.moved[when:, series]
        ends[1:] |= seen.level[when + 1 :, series] != 0
        run = seen.moved[when : when + int(ends.argmax()) if ends.any() else None, series]
        last, n = int(np.flatnonzero(run)[-1]), int(run.sum())
        words = f"a new level by {level:+.6g} ({abs(level / spread):.1f} spreads), kept for {n} values in a row"
        first = when + block.first
        yield layout.names[series + block.offset], "level_shift", first, first + last, n, level / spread, words


def _units(block: Block, seen: Screen, layout: Layout) -> Iterator[tuple[object, ...]]:
    """Neighbouring values with one factor are one finding; gaps do not part them."""
    for series in np.flatnonzero((seen.factor != 1).any(axis=0)):
        when = np.flatnonzero(~np.isnan(block.y[:, series]))
        factors = seen.factor[when, series]
        for run in np.split(np.arange(len(when)), np.flatnonzero(np.diff(factors)) + 1):
            factor, first, last = factors[run[0]], when[run[0]], when[run[-1]]
            if factor != 1:
                value, expected = block.y[first, series], seen.expected[first, series]
                words = f"{value:.6g}, expected {expected:.6g}: {spell_factor(factor)} what it was"
                place = (first + block.first, last + block.first)
                yield layout.names[series + block.offset], "unit", *place, len(run), factor, words


def spell_factor(factor: float) -> str:
    """A factor in words.

    Example:
        >>> spell_factor(1000.0), spell_factor(0.01), spell_factor(-1.0)
        ('1,000 times', 'a 100th of', 'minus')
    """
    if factor < 0:
        return "minus"
    return f"{factor:,.0f} times" if factor > 1 else f"a {1 / factor:,.0f}th of"
