"""Our own ledger as a source: forecasts that were issued, or outcomes that cycles recorded.

A forecast is marked `provenance = self` and its value is called `y_hat`: it is neither a target nor an outcome, and no
declaration can make it one. Otherwise the project would learn from its own opinions.
"""

from typing import TYPE_CHECKING, Literal

import pandas as pd
from pydantic.dataclasses import dataclass

from pulse_kedro.adapters.sources.failing import told
from pulse_kedro.adapters.sources.settings import STRICT, Given, Kind, Provenance
from pulse_kedro.adapters.sources.threads import in_thread
from pulse_kedro.domain.data_management.fetching import Fetched, Request, SourceNotFound
from pulse_kedro.domain.ledger import CUTOFF, CYCLE, POINT, RULED_COLUMNS, STEP
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, TARGET, TIME

if TYPE_CHECKING:
    from sqlalchemy import Engine, Select

PROVENANCE = "provenance"
SELF: Provenance = "self"
OBSERVED: Provenance = "observed"


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class LedgerOptions:
    """The forecasts or the outcomes of the cycles of this environment."""

    rows: Literal["forecasts", "outcomes"]
    """`forecasts`: every step that a cycle of the main line issued. `outcomes`: every value that one recorded."""


class LedgerSource:
    """Reads what committed cycles wrote; replays of the past are left out."""

    def __init__(self, name: str, options: LedgerOptions, given: Given) -> None:
        """Keep which rows; nothing is opened."""
        self._name, self._options, self._given = name, options, given

    async def fetch(self, request: Request) -> Fetched:
        """The rows of the ledger; of forecasts `available_at` is the moment at which their cycle was committed."""
        with told(self._name, "a ledger in the database"):
            table = await in_thread(lambda _: self._read())
        chosen = within(table, request)
        facts = {"location": "the ledger", "provenance": provenance(self._options)}
        return Fetched(table=chosen, source=self._name, fetched_at=self._given.now(), facts=facts)

    def _read(self) -> pd.DataFrame:
        from pulse_kedro.adapters.stores.engine import open_for_reading
        from pulse_kedro.adapters.stores.frames import to_frame

        engine = open_for_reading(self._given.database) if self._given.database else None
        if engine is None:
            advice = "Commit a cycle first, with `kedro run`."
            raise SourceNotFound(self._name, "no database", "one with committed cycles", advice)
        query, dtypes = _forecasts() if self._options.rows == "forecasts" else _outcomes()
        table = to_frame(_rows(engine, query), dtypes)
        return table.assign(**{PROVENANCE: provenance(self._options)})


def provenance(options: LedgerOptions) -> Provenance:
    """Who made the values."""
    return SELF if options.rows == "forecasts" else OBSERVED


def _rows(engine: "Engine", query: "Select[*tuple[object, ...]]") -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def _forecasts() -> "tuple[Select[*tuple[object, ...]], dict[str, str]]":
    from sqlalchemy import select

    from pulse_kedro.adapters.stores.tables import cycles, forecasts

    text, when, value = "object", "datetime64[ns]", "float64"
    dtypes = {CYCLE: text, ID: text, CUTOFF: when, TIME: when, STEP: "int64", POINT: value}
    dtypes |= dict.fromkeys(RULED_COLUMNS, value) | {AVAILABLE_AT: "datetime64[ns, UTC]"}
    columns = [forecasts.c[name] for name in dtypes if name != AVAILABLE_AT]
    query = select(*columns, cycles.c.committed_at).join_from(forecasts, cycles).where(cycles.c.line == "main")
    return query.order_by(forecasts.c.unique_id, forecasts.c.ds, cycles.c.committed_at), dtypes


def _outcomes() -> "tuple[Select[*tuple[object, ...]], dict[str, str]]":
    from sqlalchemy import select

    from pulse_kedro.adapters.stores.tables import cycles, outcomes

    text = "object"
    dtypes = {CYCLE: text, ID: text, TIME: "datetime64[ns]", TARGET: "float64", AVAILABLE_AT: "datetime64[ns, UTC]"}
    columns = [outcomes.c[name] for name in dtypes]
    query = select(*columns).join_from(outcomes, cycles).where(cycles.c.line == "main")
    return query.order_by(outcomes.c.unique_id, outcomes.c.ds, cycles.c.committed_at), dtypes


def within(table: pd.DataFrame, request: Request) -> pd.DataFrame:
    """Rows of the periods and series of a request; what is our own has our own columns."""
    kept = pd.Series(data=True, index=table.index)
    if request.start is not None:
        kept &= table[TIME].ge(request.start)
    if request.end is not None:
        kept &= table[TIME].le(request.end)
    if request.variables:
        kept &= table[ID].isin(request.variables)
    return table[kept].reset_index(drop=True)


LEDGER = Kind(
    options=LedgerOptions,
    build=LedgerSource,
    location=lambda options: f"the {options.rows} in the ledger",
    provenance=provenance,
)
