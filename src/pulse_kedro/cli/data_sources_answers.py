"""What `data sources` answers, as plain data: exactly what `--json` prints."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from pulse_kedro.adapters.sources.fan_out import fetch_all
from pulse_kedro.domain.data_management.fetching import Fetched, Request, SourceFailed
from pulse_kedro.domain.data_management.narrowing import known_since
from pulse_kedro.domain.data_management.parsing import parse_periods
from pulse_kedro.domain.recovery.faults import classify

if TYPE_CHECKING:
    from pulse_kedro.adapters.sources.configured import ConfiguredSource
    from pulse_kedro.adapters.sources.last_ingest import LastIngest
    from pulse_kedro.domain.data_management.source import SourceOptions

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """What came of asking a source, and how many seconds after the first one was asked."""

    result: Fetched | SourceFailed
    seconds: float


def ask_all(sources: "Mapping[str, ConfiguredSource]", *, enough: int, timeout: float) -> dict[str, Outcome]:
    """Ask every source for a few rows, several at once.

    Args:
        sources: Sources by name.
        enough: Rows after which a source may stop.
        timeout: Seconds for each source.
    """
    begin = time.monotonic()
    outcomes: dict[str, Outcome] = {}

    def note(name: str, result: Fetched | SourceFailed) -> None:
        outcomes[name] = Outcome(result=result, seconds=time.monotonic() - begin)

    asyncio.run(fetch_all(sources, Request(enough=enough), timeout=timeout, progress=note))
    return outcomes


def sources_of(
    sources: "Mapping[str, ConfiguredSource]", ingested: "Mapping[str, LastIngest]", outcomes: Mapping[str, Outcome]
) -> Answer:
    """Every source, when it was last ingested, and what came of asking it.

    Args:
        sources: Sources by name.
        ingested: The last ingest by name, where there was one.
        outcomes: What came of asking, by name; empty where nobody asked.

    Returns:
        `sources` (whose `check` is null where nobody asked) and `failed`, how many failed.
    """
    rows = [_source(source, ingested.get(name), outcomes.get(name)) for name, source in sources.items()]
    failed = sum(isinstance(outcome.result, SourceFailed) for outcome in outcomes.values())
    return {"sources": rows, "failed": failed}


def _source(source: "ConfiguredSource", ingested: "LastIngest | None", outcome: Outcome | None) -> Answer:
    return {
        "name": source.name,
        "type": source.kind,
        "location": source.location,
        "contract": source.contract,
        "provenance": source.provenance,
        "declared": source.table is not None,
        "last_ingest": ingested and _ingest(ingested),
        "check": outcome and _check(source, outcome),
    }


def _ingest(last: "LastIngest") -> Answer:
    facts = {"status": last.status, "rows_in": last.rows_in, "stored": last.stored}
    return {"at": last.ended.isoformat(timespec="seconds"), **facts}


def _check(source: "ConfiguredSource", outcome: Outcome) -> Answer:
    if isinstance(outcome.result, SourceFailed):
        fault = classify(outcome.result)
        told = {"status": "failed", "code": fault.code, "message": fault.message, "next_step": fault.next_step}
        return {**told, "seconds": round(outcome.seconds, 3)}
    table = outcome.result.table
    return {
        "status": "ok",
        "rows": len(table),
        "columns": [str(name) for name in table.columns],
        **_newest(table, source.table),
        "seconds": round(outcome.seconds, 3),
    }


def _newest(table: pd.DataFrame, options: "SourceOptions | None") -> Answer:
    """Newest period and newest moment of publication among the rows that came; null where they cannot be told."""
    known = known_since(table, options)
    period = None
    if options is not None and options.columns.ds in table.columns:
        period = parse_periods(table[options.columns.ds], options.step, options.date_format).max()
    moment = None if known is None else known.max()
    return {
        "newest_period": None if period is None or pd.isna(period) else period.isoformat(),
        "newest_available": None if moment is None or pd.isna(moment) else moment.isoformat(),
    }
