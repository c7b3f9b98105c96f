"""From sources to the store: fetch, contract, cells, units, vintages, quarantine, events; and a count that adds up."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

import pandas as pd
from sqlalchemy import Engine

from pulse_kedro.adapters import ingest_hooks
from pulse_kedro.adapters.ingest_hooks import Registered
from pulse_kedro.adapters.sources.configured import ConfiguredSource
from pulse_kedro.adapters.sources.fan_out import TIMEOUT_S, WORKERS, fetch_all
from pulse_kedro.adapters.stores import ingests
from pulse_kedro.adapters.stores.ingests import SetAside
from pulse_kedro.adapters.stores.vintages import Appended, VintageStore
from pulse_kedro.domain.data_management.deliveries.contracts import ContractOptions, contract_named
from pulse_kedro.domain.data_management.deliveries.examining import Drift
from pulse_kedro.domain.data_management.deliveries.originals import original_rows, row_id
from pulse_kedro.domain.data_management.deliveries.sifting import CONFLICT, LostRows, Sifted, places_of, refused, sift
from pulse_kedro.domain.data_management.events import JSON, Event
from pulse_kedro.domain.data_management.fetching import Fetched, Request, SourceFailed
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.data_management.variables import EMPTY, Registry
from pulse_kedro.domain.errors import InvalidConfiguration
from pulse_kedro.domain.panel import TIME
from pulse_kedro.domain.recovery.faults import classify

logger = logging.getLogger(__name__)

Status = Literal["stored", "unchanged", "refused", "failed"]
"""`stored`: something new; `unchanged`: nothing new; `refused`: too much of it is wrong, so all of it is set aside;
`failed`: the source or the store did not do its part, and nothing is known of the rows."""
DRIFTS = 20
"""Differences from the contract that are told one by one; ours."""


class NotObserved(InvalidConfiguration):
    """A source was to be ingested that does not say what its columns mean, or whose values our own models made."""

    def __init__(self, source: str, provenance: str) -> None:
        """Keep the source and where its values come from."""
        super().__init__(source, provenance)
        self.source, self.provenance = source, provenance

    def __str__(self) -> str:
        """Say which of the two it is."""
        if self.provenance == "self":
            what, advice = "values of our own models", "Use them as features; they are never observations."
        else:
            what, advice = "no declaration of its columns", "Write `table` into its entry of sources.yml."
        return f"Ingesting source {self.source!r} failed: got {what}, expected declared observations. {advice}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where an ingest works: catalogue and store, what is declared, whom to tell, and the clock.

    `engine` is opened for writing; `contracts` are those of contracts.yml; `now` gives aware moments.
    """

    engine: Engine
    store: VintageStore
    now: Callable[[], datetime]
    registry: Registry = EMPTY
    contracts: Mapping[str, ContractOptions] = field(default_factory=dict)
    hooks: Sequence[Registered] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What became of one source. `rows_in` = `stored` + `duplicates` + `quarantined`, or it is not made.

    `ingest` is the number under which it is recorded, `None` where that was not possible. `by_rule` counts the rows set
    aside, those known before included. `hooks` holds what went wrong while others were told, by name.
    """

    source: str
    status: Status
    ingest: int | None = None
    snapshot: str | None = None
    rows_in: int = 0
    stored: int = 0
    revisions: int = 0
    duplicates: int = 0
    quarantined: int = 0
    by_rule: Mapping[str, int] = field(default_factory=dict)
    drift: tuple[Drift, ...] = ()
    hooks: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Refuse numbers that do not add up.

        Raises:
            LostRows: They do not.
        """
        if self.rows_in != self.stored + self.duplicates + self.quarantined:
            raise LostRows(self.source, self.rows_in, self.stored, self.duplicates, self.quarantined)


def ingest(
    sources: Mapping[str, ConfiguredSource],
    desk: Desk,
    requests: Request | Mapping[str, Request],
    *,
    timeout: float = TIMEOUT_S,
    workers: int = WORKERS,
    fetched: Callable[[str], None] = lambda _: None,
    done: Callable[[Ingested], None] = lambda _: None,
) -> tuple[Ingested, ...]:
    """Ingest some sources. One that fails costs the others nothing.

    Args:
        sources: Which ones, by name.
        desk: Where to work.
        requests: What is wanted of all of them, or of each by name.
        timeout: Seconds for the answer of one source.
        workers: Sources that are asked at the same time.
        fetched: Called with the name of a source that has answered or failed.
        done: Called with what became of a source.

    Returns:
        One answer per source, in the order of `sources`; failures are answers here.
    """
    usable = {name: source for name, source in sources.items() if source.table is not None}
    asked = fetch_all(usable, requests, timeout=timeout, workers=workers, progress=lambda name, _: fetched(name))
    outcomes = dict(asyncio.run(asked))
    answers = []
    for name, source in sources.items():
        answers.append(_answer(source, outcomes.pop(name, None), desk))
        done(answers[-1])
    return tuple(answers)


def take_in(
    table: pd.DataFrame,
    options: SourceOptions,
    desk: Desk,
    *,
    contract: str | None = None,
    facts: Mapping[str, object] | None = None,
    events_at: datetime | None = None,
) -> Ingested:
    """Ingest one table that is at hand.

    Args:
        table: As the source has it.
        options: What the source declares; its name is that of the source.
        desk: Where to work.
        contract: Name of the contract, if there is one.
        facts: What else is known about the delivery, for the version of the contract and for the record.
        events_at: Moment of the events; now by default.

    Returns:
        What became of it. Rows are stored before the ingest is recorded: where recording fails, the same delivery
        again makes the record complete and stores nothing twice.

    Raises:
        UnknownContract: Nobody declared the contract.
    """
    start, began = time.perf_counter(), desk.now()
    known = None if contract is None else (contract, contract_named(contract, desk.contracts))
    sifted = sift(table, options, contract=known, registry=desk.registry, facts=facts)
    too_much = _too_much(sifted, options)
    if too_much is not None:
        sifted = refused(sifted, too_much)
    version = None if known is None else f"{contract}@{known[1].current}"
    appended = _stored(sifted, options, desk, began, version)
    aside = set_aside(table, options.name, sifted, appended)
    made = _counted(options.name, sifted, appended, too_much)
    told = {"by_rule": dict(made.by_rule), "drift": _drift(sifted.drift), "delivery": dict(facts or {})}
    row = {name: getattr(made, name) for name in _RECORDED} | {"contract": version, "facts": told}
    newest = sifted.rows[TIME].max().to_pydatetime() if len(sifted.rows) else None
    moments = {"started": began, "ended": max(began, desk.now())}
    kept = ingests.record(desk.engine, row | moments, aside, newest=newest)
    duplicates = made.duplicates + made.quarantined - kept.fresh
    made = replace(made, ingest=kept.id, quarantined=kept.fresh, duplicates=duplicates)
    hooks = ingest_hooks.failures(ingest_hooks.tell(events_of(made, events_at or began), desk.hooks))
    return replace(made, hooks=hooks, seconds=time.perf_counter() - start)


def set_aside(table: pd.DataFrame, source: str, sifted: Sifted, appended: Appended | None) -> list[SetAside]:
    """Rows of a delivery that were set aside, conflicts with the store included, as they came.

    Args:
        table: The delivery.
        source: Its source.
        sifted: What became of it.
        appended: What the store said; `None` where it was not asked.
    """
    broken = sifted.broken
    if appended is not None and len(appended.conflicts):
        broken = pd.concat([broken, places_of(sifted, appended.conflicts)], ignore_index=True)
    broken = broken.sort_values("at", kind="stable")
    at = broken["at"].to_numpy(dtype="int64")
    columns = (broken[name] for name in ("column", "series", "rule", "reason"))
    return [
        SetAside(
            id=row_id(source, original, column),
            row=int(place) + 1,
            column=column,
            series=None if pd.isna(series) else _storable(str(series)),
            rule=rule,
            reason=_storable(reason),
            original=original,
        )
        for place, original, column, series, rule, reason in zip(at, original_rows(table, at), *columns, strict=True)
    ]


def events_of(made: Ingested, at: datetime) -> tuple[Event, ...]:
    """What others should know of an ingest.

    Args:
        made: What became of it.
        at: Moment at which it happened, aware.

    Returns:
        `data_ingested`, and `rows_rejected` and `schema_drift` where there was any.
    """
    counts: dict[str, JSON] = {name: getattr(made, name) for name in (*_COUNTS, "ingest", "snapshot", "status")}
    events = [Event(kind="data_ingested", at=at, source=made.source, payload=counts)]
    if made.quarantined:
        rules: dict[str, JSON] = {"rows": made.quarantined, "by_rule": dict(made.by_rule), "ingest": made.ingest}
        events.append(Event(kind="rows_rejected", at=at, source=made.source, priority=1, payload=rules))
    if made.drift:
        drift: dict[str, JSON] = {"drift": _drift(made.drift), "ingest": made.ingest}
        events.append(Event(kind="schema_drift", at=at, source=made.source, priority=2, payload=drift))
    return tuple(events)


def _answer(source: ConfiguredSource, outcome: Fetched | SourceFailed | None, desk: Desk) -> Ingested:
    """What became of a source, whatever went wrong with it."""
    start = time.perf_counter()
    try:
        options, delivered = _delivered(source, outcome)
        return take_in(delivered.table, options, desk, contract=source.contract, facts=delivered.facts)
    except Exception as error:  # one source of several: its failure is its answer
        logger.debug("traceback of the failure", exc_info=error)
        said = classify(error)
        sentence = f"{said.message or said.error} {said.next_step}".strip()
        return Ingested(source=source.name, status="failed", error=sentence, seconds=time.perf_counter() - start)


def _delivered(source: ConfiguredSource, outcome: Fetched | SourceFailed | None) -> tuple[SourceOptions, Fetched]:
    """What a source declares and what it delivered."""
    if source.table is None or outcome is None:
        raise NotObserved(source.name, source.provenance)
    if isinstance(outcome, SourceFailed):
        raise outcome
    return replace(source.table, name=source.name), outcome


def _stored(sifted: Sifted, options: SourceOptions, desk: Desk, now: datetime, contract: str | None) -> Appended | None:
    if sifted.rows.empty:
        return None
    return desk.store.append(options.name, sifted.rows, now=now, contract=contract)


def _counted(source: str, sifted: Sifted, appended: Appended | None, too_much: str | None) -> Ingested:
    """The numbers of an ingest before it is known which rows of the quarantine were there already."""
    conflicts = 0 if appended is None else len(appended.conflicts)
    stored = 0 if appended is None else appended.stored
    by_rule = {str(rule): int(count) for rule, count in sifted.broken["rule"].value_counts().items()}
    status: Status = "refused" if too_much is not None else "stored" if stored else "unchanged"
    return Ingested(
        source=source,
        status=status,
        snapshot=None if appended is None else appended.snapshot,
        rows_in=sifted.rows_in,
        stored=stored,
        revisions=0 if appended is None else appended.revisions,
        duplicates=sifted.duplicates + (0 if appended is None else appended.duplicates),
        quarantined=len(sifted.broken) + conflicts,
        by_rule=by_rule | ({CONFLICT: conflicts} if conflicts else {}),
        drift=sifted.drift,
        error=too_much,
    )


def _too_much(sifted: Sifted, options: SourceOptions) -> str | None:
    """Why all of a delivery has to be set aside; `None` where its good rows can be stored."""
    bad, total = len(sifted.broken), sifted.rows_in
    if bad <= options.max_quarantined * total:
        return None
    return (
        f"{bad} of {total} rows of source {options.name!r} cannot be used, expected at most "
        f"{options.max_quarantined:.0%} (max_quarantined): the whole delivery is set aside"
    )


def _storable(text: str) -> str:
    """Text that every database takes: what UTF-8 or PostgreSQL cannot hold is spelled out."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def _drift(found: Sequence[Drift]) -> list[JSON]:
    return [{"kind": one.kind, "what": one.what, "rows": one.rows} for one in found[:DRIFTS]]


_COUNTS = ("rows_in", "stored", "revisions", "duplicates", "quarantined")
_RECORDED = ("source", "status", "snapshot", *_COUNTS, "error")
