"""The part of a fetched table that a request may see; above all, nothing that became known after `as_of`."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.data_management.fetching import Request
from pulse_kedro.domain.data_management.parsing import parse_moments, parse_periods, parse_text
from pulse_kedro.domain.data_management.source import SEPARATOR, SourceOptions
from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import AVAILABLE_AT

Mask = npt.NDArray[np.bool_]


class NoKnowledgeTime(InvalidInput):
    """A source was asked what it knew at a moment, and neither it nor its declaration says when values appear."""

    def __init__(self, source: str) -> None:
        """Keep the name of the source."""
        super().__init__(source)
        self.source = source

    def __str__(self) -> str:
        """Say what to declare."""
        return (
            f"Asking source {self.source!r} for a past moment failed: got neither a column {AVAILABLE_AT!r} nor a "
            "`table` with a release lag, expected one of them. Declare `table` in its entry in sources.yml."
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Narrowed:
    """Rows that a request may see, and how many were left out for which reason.

    `outside` counts rows of other periods or series, `later` rows that became known after `as_of`, `undated` rows
    whose moment of becoming known cannot be read; these can be shown to nobody who asks for a past moment.
    """

    table: pd.DataFrame
    outside: int
    later: int
    undated: int


def narrow(source: str, table: pd.DataFrame, request: Request, options: SourceOptions | None) -> Narrowed:
    """Rows of a table inside a request.

    Rows with an unreadable period or a missing series stay: setting them aside, with the reason, is the work of those
    who validate. Where each value column is a series, a request for some series leaves the columns as they are.

    Args:
        source: Name for messages.
        table: As the source has it.
        request: What was asked for.
        options: Declaration of the columns; without one, only `as_of` narrows.

    Returns:
        Rows in their order with a fresh index, and the counts of those left out.

    Raises:
        NoKnowledgeTime: `as_of` is set, and nothing says when the values became known.
    """
    later, undated = _unknown_then(source, table, request, options)
    outside = _outside(table, request, options) & ~later & ~undated
    kept = ~(outside | later | undated)
    return Narrowed(
        table=table if kept.all() else table.loc[kept].reset_index(drop=True),
        outside=int(outside.sum()),
        later=int(later.sum()),
        undated=int(undated.sum()),
    )


def known_since(table: pd.DataFrame, options: SourceOptions | None) -> pd.Series | None:
    """Moment at which each row of a table became known.

    Args:
        table: As the source has it.
        options: Its declaration, where there is one.

    Returns:
        `datetime64[ns, UTC]`, `NaT` where the moment cannot be read: the column of moments where there is one (text
        without an offset is UTC), else the end of the period and the release lag. `None` where neither is known.
    """
    column = moment_column(options)
    if column in table.columns:
        known: pd.Series = parse_moments(table[column], None).dt.tz_localize("UTC")
        return known
    if options is None or options.columns.ds not in table.columns:
        return None
    return options.release(_periods(table, options))


def moment_column(options: SourceOptions | None) -> str:
    """Column with the moment of publication: the declared one, else `available_at`."""
    return (options.columns.available_at if options else None) or AVAILABLE_AT


def _unknown_then(
    source: str, table: pd.DataFrame, request: Request, options: SourceOptions | None
) -> tuple[Mask, Mask]:
    nothing = np.zeros(len(table), dtype=bool)
    if request.as_of is None:
        return nothing, nothing
    known = known_since(table, options)
    if known is None:
        raise NoKnowledgeTime(source)
    return known.gt(request.as_of).to_numpy(dtype=bool), known.isna().to_numpy(dtype=bool)


def _outside(table: pd.DataFrame, request: Request, options: SourceOptions | None) -> Mask:
    out = np.zeros(len(table), dtype=bool)
    if options is None or table.empty:
        return out
    if options.columns.ds in table.columns and (request.start is not None or request.end is not None):
        out |= _other_period(_periods(table, options), request, options)
    names = options.columns.unique_id
    if request.variables and names and set(names) <= set(table.columns):
        out |= _other_series(table, request.variables, names)
    return out


def _other_period(periods: pd.Series, request: Request, options: SourceOptions) -> Mask:
    out = np.zeros(len(periods), dtype=bool)
    if request.start is not None:
        out |= periods.lt(options.step.shift(request.start, 0)).to_numpy(dtype=bool)
    if request.end is not None:
        out |= periods.gt(request.end).to_numpy(dtype=bool)
    return out


def _other_series(table: pd.DataFrame, variables: tuple[str, ...], names: tuple[str, ...]) -> Mask:
    """Series are named as in the panel: the parts joined; with several value columns, theirs is the last part."""
    first, *others = (parse_text(table[name]) for name in names)
    joined = first
    for part in others:
        joined = joined.str.cat(part, sep=SEPARATOR)
    wanted = {*variables, *(name.rpartition(SEPARATOR)[0] for name in variables)}
    return (~joined.isin(wanted) & joined.notna()).to_numpy(dtype=bool)


def _periods(table: pd.DataFrame, options: SourceOptions) -> pd.Series:
    return parse_periods(table[options.columns.ds], options.step, options.date_format)
