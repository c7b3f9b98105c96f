"""Tables joined by what was known when: never by the position of a row, and nothing is dropped in silence."""

from collections.abc import Mapping, Sequence

import pandas as pd
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.errors import InvalidConfiguration, SchemaMismatch, nearest
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, TIME

PROVENANCE = "provenance"
LIVE, REPLAYED = "live", "backtest"
"""Where a forecast comes from: issued by a committed cycle, or repeated for the past by a backtest."""
_ORDER = {REPLAYED: 0, LIVE: 1}


class UnconfiguredSource(InvalidConfiguration):
    """A table was given for which nobody said which of its columns are wanted, or the other way round."""

    def __init__(self, given: Sequence[str], configured: Sequence[str]) -> None:
        """Keep the names of the tables and those of the settings."""
        super().__init__(given, configured)
        self.given, self.configured = given, configured

    def __str__(self) -> str:
        """Name what has no partner, on either side."""
        lost = [name for name in (*self.given, *self.configured) if (name in self.given) != (name in self.configured)]
        others = [name for name in (*self.given, *self.configured) if name != lost[0]]
        return (
            f"Blending features failed: got tables {', '.join(self.given) or 'none'}, expected those of the settings, "
            f"{', '.join(self.configured) or 'none'}.{nearest(lost[0], others)} Declare columns for each table, or "
            "leave it out: nothing is dropped in silence."
        )


class UnblendableTable(SchemaMismatch):
    """A table cannot be joined by what was known when."""

    def __init__(self, source: str, problem: str, rule: str) -> None:
        """Keep the table, what is wrong, and what is expected."""
        super().__init__(source, problem, rule)
        self.source, self.problem, self.rule = source, problem, rule

    def __str__(self) -> str:
        """Name the table, what is wrong and the rule."""
        return (
            f"Blending the table {self.source!r} failed: got {self.problem}, expected {self.rule}. "
            "Mend the table, or choose other columns of it."
        )


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class BlendOptions:
    """What is taken from one table."""

    columns: tuple[str, ...] = Field(min_length=1)
    """Columns with numbers to take; they become `<table>_<column>`."""
    maximum_age_days: float | None = Field(default=None, gt=0)
    """Days after which a known value is no longer taken; it never ages where this is left open."""


def blend(
    rows: pd.DataFrame,
    sources: Mapping[str, pd.DataFrame],
    wanted: Mapping[str, BlendOptions],
) -> pd.DataFrame:
    """Rows with the newest values of other tables that were known at each of them.

    Args:
        rows: Unique (`unique_id`, `ds`) with `available_at`, the moment at which the row itself is known, in UTC.
        sources: Tables by name. Each has `available_at` in UTC, `provenance`, the wanted columns, and `unique_id`
            where it speaks of single series; without it, all series get the same.
        wanted: What to take of each table; the same names as `sources`.

    Returns:
        The rows in their order, with `<table>_<column>`, `<table>_provenance` and `<table>_known_at` for each table;
        missing where nothing was known yet.

    Raises:
        UnconfiguredSource: Tables and settings do not have the same names.
        UnblendableTable: A column is missing, a moment has no time zone, or two rows of one series were known at the
            same moment from the same provenance.
    """
    if set(sources) != set(wanted):
        raise UnconfiguredSource(tuple(sources), tuple(wanted))
    blended = rows.reset_index(drop=True)
    for name in sorted(sources):
        blended = _join(blended, name, sources[name], wanted[name])
    return blended


def forecast_rows(
    forecasts: pd.DataFrame, source: SourceOptions, *, step: int, provenance: str, model: str | None = None
) -> pd.DataFrame:
    """Forecasts of one step ahead as a table for `blend`: known when the data up to their cutoff were.

    Args:
        forecasts: `unique_id`, `cutoff`, `step` and numbers: of the ledger, or of a backtest.
        source: Gives the moment at which a period is published.
        step: Which step.
        provenance: `live` or `backtest`.
        model: Which model of a backtest; the ledger has only one.

    Returns:
        The rows of that step with `available_at` and `provenance`, the target as `target`.
    """
    chosen = forecasts["step"].eq(step)
    if model is not None:
        chosen &= forecasts["model"].eq(model)
    found = forecasts.loc[chosen].reset_index(drop=True)
    released = source.release(found["cutoff"])
    found = found.rename(columns={TIME: "target"})
    found[AVAILABLE_AT], found[PROVENANCE] = released, provenance
    return found


def _join(rows: pd.DataFrame, name: str, table: pd.DataFrame, options: BlendOptions) -> pd.DataFrame:
    per_series = ID in table
    _require(name, table, options, per_series=per_series)
    keys = [ID] if per_series else []
    right = table[[*keys, AVAILABLE_AT, PROVENANCE, *options.columns]]
    order = right[PROVENANCE].map(_ORDER).fillna(-1)
    right = right.assign(_order=order).sort_values([AVAILABLE_AT, "_order", *keys], kind="mergesort")
    names = {column: f"{name}_{column}" for column in (*options.columns, PROVENANCE)}
    right = right.drop(columns="_order").assign(**{f"{name}_known_at": right[AVAILABLE_AT]}).rename(columns=names)
    left = rows.assign(_place=range(len(rows))).sort_values([AVAILABLE_AT, "_place"], kind="mergesort")
    age = None if options.maximum_age_days is None else pd.Timedelta(days=options.maximum_age_days)
    joined = pd.merge_asof(left, right, on=AVAILABLE_AT, by=keys or None, direction="backward", tolerance=age)
    return joined.sort_values("_place").drop(columns="_place").reset_index(drop=True)


def _require(name: str, table: pd.DataFrame, options: BlendOptions, *, per_series: bool) -> None:
    needed = (AVAILABLE_AT, PROVENANCE, *options.columns)
    for column in needed:
        if column not in table:
            raise UnblendableTable(name, f"columns {', '.join(map(str, table.columns))}", f"{column!r} too")
    if str(table[AVAILABLE_AT].dtype) != "datetime64[ns, UTC]" or table[AVAILABLE_AT].isna().any():
        raise UnblendableTable(
            name, f"available_at of type {table[AVAILABLE_AT].dtype}", "moments in UTC, none missing"
        )
    keys = [*([ID] if per_series else []), AVAILABLE_AT, PROVENANCE]
    twice = table.duplicated(keys)
    if twice.any():
        first = table.loc[twice, keys].iloc[0].tolist()
        raise UnblendableTable(name, f"two rows for {', '.join(map(str, first))}", "one row per moment and provenance")
