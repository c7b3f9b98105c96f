"""Sources that answer at once, and a desk to ingest them at: real stores in a folder, a clock that counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from pulse_kedro.adapters.ingest import Desk
from pulse_kedro.adapters.ingest_hooks import Registered
from pulse_kedro.adapters.quarantine_work import Declared
from pulse_kedro.adapters.sources.configured import ConfiguredSource
from pulse_kedro.adapters.stores.blobs import open_blobs
from pulse_kedro.adapters.stores.engine import open_for_writing
from pulse_kedro.adapters.stores.vintages import VintageStore
from pulse_kedro.domain.data_management.deliveries.contracts import ContractOptions
from pulse_kedro.domain.data_management.fetching import Fetched, Request
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.data_management.variables import EMPTY, Registry
from source_samples import declare

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(slots=True)
class Clock:
    """Tells a moment and goes on by a second, or by whatever a test says; also back."""

    now: datetime = NOON
    step: timedelta = field(default=timedelta(seconds=1))

    def __call__(self) -> datetime:
        """The moment, and one step on."""
        self.now += self.step
        return self.now


@dataclass(frozen=True, slots=True)
class Table:
    """A source that gives one table, or fails."""

    table: pd.DataFrame | Exception
    facts: Mapping[str, str] = field(default_factory=dict)

    async def fetch(self, request: Request) -> Fetched:
        """The table, whatever is asked for."""
        assert isinstance(request, Request)
        if isinstance(self.table, Exception):
            raise self.table
        return Fetched(table=self.table, source="x", fetched_at=NOON, facts=self.facts)


def feed(
    table: pd.DataFrame | Exception,
    *,
    name: str = "shops",
    contract: str | None = None,
    options: SourceOptions | None = None,
    declared: bool = True,
    facts: Mapping[str, str] | None = None,
) -> dict[str, ConfiguredSource]:
    source = ConfiguredSource(
        name=name,
        kind="table",
        location="memory",
        source=Table(table, facts or {}),
        table=(options or declare(max_quarantined=1)) if declared else None,
        contract=contract,
        provenance="observed" if declared else "self",
    )
    return {name: source}


@cache
def empty_database() -> bytes:
    """A database with every table and no row; migrating takes a second, copying does not."""
    with TemporaryDirectory() as folder:
        open_for_writing(f"sqlite:///{folder}/pulse.db").dispose()
        return Path(folder, "pulse.db").read_bytes()


def desk(
    folder: Path,
    *,
    contracts: Mapping[str, ContractOptions] | None = None,
    registry: Registry = EMPTY,
    hooks: tuple[Registered, ...] = (),
    now: Callable[[], datetime] | None = None,
) -> Desk:
    file = folder / "pulse.db"
    if not file.exists():
        file.write_bytes(empty_database())
    engine = open_for_writing(f"sqlite:///{file}")
    store = VintageStore(engine, open_blobs(str(folder / "snapshots")))
    return Desk(
        engine=engine, store=store, now=now or Clock(), registry=registry, contracts=contracts or {}, hooks=hooks
    )


def declared(name: str = "shops", contract: str | None = None, **changes: object) -> dict[str, Declared]:
    return {name: Declared(options=declare(**{"max_quarantined": 1, **changes}), contract=contract)}
