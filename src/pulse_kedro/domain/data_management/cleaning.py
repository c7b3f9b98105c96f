"""What is done about suspicious values before anything learns from them: by rules that a person wrote, and on record.

No rule looks ahead: what becomes of a value depends on values up to its own period. Without rules nothing is changed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass as pydantic_dataclass

from pulse_kedro.domain.cycle import digest
from pulse_kedro.domain.data_management.quality.grid import Block, Layout, blocks, lay_out
from pulse_kedro.domain.data_management.quality.options import QualityOptions
from pulse_kedro.domain.data_management.quality.screening import screen
from pulse_kedro.domain.data_management.quality.stretches import beyond, bounds_of
from pulse_kedro.domain.data_management.snapshots import Snapshot
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.data_management.steps import positions, starts_of
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, TARGET, TIME, Array

Kind = Literal["outlier", "unit", "range", "gap"]
Policy = Literal["keep", "flag", "set_missing", "winsorise", "last_value", "seasonal_last", "rescale"]
LOG_COLUMNS = (ID, TIME, "kind", "policy", "original", "value", "reason")
INVENTED = ("set_missing", "last_value", "seasonal_last")
"""Policies after which nobody observed what stands in the panel."""
ALLOWED: dict[str, tuple[str, ...]] = {
    "outlier": ("keep", "flag", "set_missing", "winsorise", "last_value", "seasonal_last"),
    "unit": ("keep", "flag", "set_missing", "last_value", "seasonal_last", "rescale"),
    "range": ("keep", "flag", "set_missing", "winsorise", "last_value", "seasonal_last"),
    "gap": ("keep", "flag", "last_value", "seasonal_last"),
}
"""Policies that make sense for each kind."""
ORDER = ("unit", "range", "outlier", "gap")
"""Kinds in the order in which they claim a value."""
Truth = npt.NDArray[np.bool_]


@pydantic_dataclass(
    frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True)
)
class CleaningRule:
    """What is done with suspicious values of some series."""

    series: str = Field(min_length=1)
    """Pattern of series ids, such as `CES*`; `*` is all of them. The first rule that fits series and kind counts."""
    kinds: tuple[Kind, ...] = Field(min_length=1)
    """What the rule is about: `outlier`, `unit`, `range` (of `quality.ranges`) or `gap`."""
    policy: Policy
    """`keep` and `flag` change nothing, the latter is logged; `set_missing` makes a gap; `winsorise` moves a value to
    the nearest bound; `last_value` and `seasonal_last` repeat an earlier value; `rescale` undoes a change of unit."""
    max_age: int | None = Field(ge=1)
    """Periods after which an earlier value is too old to be repeated, and the value is missing instead; needed by
    `last_value` and `seasonal_last`."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_interpolation(cls, value: object) -> object:
        given = getattr(value, "kwargs", value)
        if isinstance(given, dict) and str(given.get("policy")) == "interpolate":
            message = "policy interpolate would read values after the gap; last_value and seasonal_last look back only"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _policy_fits(self) -> Self:
        for kind in self.kinds:
            if self.policy not in ALLOWED[kind]:
                message = f"policy {self.policy} does not apply to {kind}, expected one of {', '.join(ALLOWED[kind])}"
                raise ValueError(message)
        if self.policy in {"last_value", "seasonal_last"} and self.max_age is None:
            message = f"policy {self.policy} needs a max_age in periods"
            raise ValueError(message)
        return self


@pydantic_dataclass(
    frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True)
)
class CleaningOptions:
    """Which suspicious values are changed before anything learns from them."""

    rules: tuple[CleaningRule, ...]
    """Rules in the order in which they are tried; an empty list changes nothing."""

    def mark(self, quality: QualityOptions) -> str:
        """What the rules and the thresholds add to the identity of a cycle; empty where nothing can change.

        Args:
            quality: Decides what is suspicious.
        """
        active = [rule for rule in self.rules if rule.policy not in {"keep", "flag"}]
        screening = [quality.threshold, quality.window, quality.minimum_errors, quality.persistence]
        declared = [[one.series, one.low, one.high] for one in quality.ranges]
        rules = [[rule.series, rule.kinds, rule.policy, rule.max_age] for rule in self.rules]
        return f".cleaning.{digest([rules, screening, declared])[:12]}" if active else ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Case:
    """Values of one block that one rule is about, and what they become (`nan`: missing)."""

    rule: CleaningRule
    kind: str
    where: Truth
    value: Array


def clean(
    snapshot: Snapshot, source: SourceOptions, quality: QualityOptions, options: CleaningOptions
) -> tuple[Snapshot, pd.DataFrame]:
    """What a cycle learns from, and what was changed for that.

    Args:
        snapshot: What the cycle knows; rows sorted by series and period. It is not changed.
        source: What the source declares.
        quality: What is suspicious.
        options: What is done about it.

    Returns:
        The snapshot under its own id with cleaned rows, and the log: `LOG_COLUMNS`, one row per value that a rule other
        than `keep` is about. `original` is missing where a gap was filled, `value` where a value was taken out. Every
        row of the snapshot is in the result or in the log with a missing `value`.
    """
    if not options.rules:
        return snapshot, _log([])
    layout = lay_out(snapshot.rows, source.step)
    until = int(positions(pd.Series([snapshot.as_of]), source.step)[0]) if _fills(options) else None
    logs = [
        _logged(case, block, layout)
        for block in blocks(layout, until=until)
        for case in _cases(block, layout, source, quality, options)
    ]
    log = _log(logs)
    changed = log[~log["policy"].eq("flag")]
    return (replace(snapshot, rows=_applied(snapshot.rows, changed, source)) if len(changed) else snapshot), log


def observed(panel: pd.DataFrame, log: pd.DataFrame) -> pd.DataFrame:
    """Rows of a cleaned panel that say what really was: invented values are left out, bounded ones are put back.

    Args:
        panel: The cleaned panel.
        log: What was changed.
    """
    touched = log[log["policy"].isin((*INVENTED, "winsorise"))]
    if touched.empty:
        return panel
    joined = panel.merge(touched[[ID, TIME, "policy", "original"]], on=[ID, TIME], how="left")
    bounded = joined["policy"].eq("winsorise").to_numpy()
    values = np.where(bounded, joined["original"].to_numpy(dtype=float), panel[TARGET].to_numpy())
    return panel.assign(**{TARGET: values}).loc[~joined["policy"].isin(INVENTED).to_numpy()].reset_index(drop=True)


def _fills(options: CleaningOptions) -> bool:
    return any("gap" in rule.kinds and rule.policy not in {"keep", "flag"} for rule in options.rules)


def _cases(
    block: Block, layout: Layout, source: SourceOptions, quality: QualityOptions, options: CleaningOptions
) -> Iterator[_Case]:
    """What each rule does in a block; a value belongs to the first kind of `ORDER` and to the first rule that fits."""
    season = source.step.season_length
    seen = screen(block, season, quality)
    names = layout.names[block.offset : block.offset + block.y.shape[1]]
    low, high = bounds_of(names, quality.ranges)
    marks = {
        "unit": seen.factor != 1,
        "range": beyond(block.y, low, high),
        "outlier": seen.odd,
        "gap": np.isnan(block.y) & (np.cumsum(~np.isnan(block.y), axis=0) > 0),
    }
    bad = marks["unit"] | marks["range"] | marks["outlier"]
    trusted = np.where(bad, np.nan, block.y)
    reach = quality.threshold * seen.spread
    free = np.ones(block.y.shape, dtype=bool)
    for kind in ORDER:
        for rule, columns in _claims(names, kind, options.rules):
            where = marks[kind] & columns & free
            free &= ~where
            if rule.policy == "keep" or not where.any():
                continue
            if rule.policy == "winsorise":
                floor, ceiling = (low, high) if kind == "range" else (seen.expected - reach, seen.expected + reach)
                value = np.clip(block.y, floor, ceiling)
            else:
                value = _replacement(rule, block.y, seen.factor, trusted, season)
            yield _Case(rule=rule, kind=kind, where=where, value=value)


def _claims(names: Sequence[str], kind: str, rules: Sequence[CleaningRule]) -> Iterator[tuple[CleaningRule, Truth]]:
    """Rules about a kind, each with the series that no earlier one claims."""
    free = np.ones(len(names), dtype=bool)
    for rule in rules:
        if kind in rule.kinds:
            fits = free & np.array([fnmatchcase(name, rule.series) for name in names], dtype=bool)
            free &= ~fits
            yield rule, fits


def _replacement(rule: CleaningRule, y: Array, factor: Array, trusted: Array, season: int) -> Array:
    """What stands in the place of every value under a rule, `(periods, series)`."""
    if rule.policy == "flag":
        return y
    if rule.policy == "rescale":
        return y / factor
    if rule.policy == "set_missing":
        return np.full(y.shape, np.nan)
    return repeated(trusted, step=1 if rule.policy == "last_value" else season, max_age=rule.max_age or 1)


def repeated(values: Array, *, step: int, max_age: int) -> Array:
    """The newest earlier value at a distance of whole steps, for every place.

    Args:
        values: `nan` where there is none. Shape `(periods, series)`.
        step: Periods of a step: 1 for the last value, a season for the last one of the same season.
        max_age: Largest distance in periods.

    Returns:
        Same shape, `nan` where there is no such value. Only earlier rows are read.

    Example:
        >>> repeated(np.array([[1.0], [np.nan], [np.nan], [4.0]]), step=1, max_age=2).ravel().tolist()
        [nan, 1.0, 1.0, nan]
    """
    found = np.full(values.shape, np.nan)
    for age in range(step, max_age + 1, step):
        if age >= len(values):
            break
        later = found[age:]
        found[age:] = np.where(np.isnan(later), values[:-age], later)
    return found


def _logged(case: _Case, block: Block, layout: Layout) -> pd.DataFrame:
    """The values of a case, one per row; a gap that could not be filled is no row."""
    when, series = np.nonzero(
        case.where & ~((case.kind == "gap") & np.isnan(case.value) & (case.rule.policy != "flag"))
    )
    names = np.array(layout.names, dtype=object)[series + block.offset]
    return pd.DataFrame(
        {
            ID: names,
            TIME: starts_of(when + block.first, layout.freq),
            "kind": case.kind,
            "policy": case.rule.policy,
            "original": block.y[when, series],
            "value": case.value[when, series],
            "reason": f"{case.kind} of {case.rule.series}: {case.rule.policy}",
        }
    )


def _log(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """All changes by series and period, with the types of an empty log too."""
    kept = [part for part in parts if len(part)]
    texts = dict.fromkeys((ID, "kind", "policy", "reason"), "object")
    types = {**texts, TIME: "datetime64[ns]", "original": "float64", "value": "float64"}
    table = pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=list(LOG_COLUMNS))
    return table.astype(types)[list(LOG_COLUMNS)].sort_values([ID, TIME], kind="stable", ignore_index=True)


def _applied(rows: pd.DataFrame, log: pd.DataFrame, source: SourceOptions) -> pd.DataFrame:
    """Rows with new values, without those that were taken out, and with those that were filled in."""
    filled = log["original"].isna().to_numpy()
    joined = rows[[ID, TIME]].merge(log.loc[~filled, [ID, TIME, "value"]], on=[ID, TIME], how="left", indicator=True)
    touched = joined["_merge"].eq("both").to_numpy()
    values = np.where(touched, joined["value"].to_numpy(dtype=float), rows[TARGET].to_numpy())
    kept = rows.assign(**{TARGET: values}).loc[~np.isnan(values)]
    if not filled.any():
        return pd.DataFrame(kept.reset_index(drop=True))
    new = log.loc[filled, [ID, TIME, "value"]].rename(columns={"value": TARGET}).reset_index(drop=True)
    new[AVAILABLE_AT] = source.release(new[TIME])
    for column in rows.columns.difference(new.columns):
        new[column] = np.full(len(new), None, dtype=object)
    whole: pd.DataFrame = pd.concat([kept, new[list(rows.columns)]], ignore_index=True)
    return whole.sort_values([ID, TIME], ignore_index=True)
