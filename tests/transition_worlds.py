"""Databases with versions that were in charge, bundles with true hashes behind them, and the ways to change who is."""

import hashlib
import json
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

import pandas as pd
from sqlalchemy import Engine

from pulse_kedro.adapters.bundles import MANIFEST
from pulse_kedro.adapters.stores import cycles
from pulse_kedro.adapters.stores.past import read_past
from pulse_kedro.adapters.takeover import Kind, put_in_charge
from pulse_kedro.domain.history import CycleRecord
from records import NOW, a_cycle, a_record

MONTHS = ("2018-12-01", "2019-01-01")


class Work(Protocol):
    """Something that a child process does with the stores."""

    def __call__(self, engine: Engine, bundles: Path) -> object:
        """Do it."""


def write_bundle(bundles: Path, content: str) -> str:
    """A folder as a bundle is kept, of one file; returns its digest."""
    array = content.encode()
    manifest = json.dumps({"files": {"state": hashlib.sha256(array).hexdigest()}}).encode()
    digest = hashlib.sha256(manifest).hexdigest()
    folder = bundles / digest
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "state").write_bytes(array)
    (folder / MANIFEST).write_bytes(manifest)
    return digest


def next_record(engine: Engine, as_of: str, bundles: Path | None = None) -> CycleRecord:
    """What the next cycle hands over: it builds on what serves, with a bundle on disk where a folder is given."""
    history = cycles.read_history(engine)
    ancestors = history.ancestors(pd.Timestamp(as_of))
    cycle = a_cycle(as_of, ancestors)
    period = replace(cycle.period, serving=history.stand_in(ancestors[0] if ancestors else None))
    record = a_record(replace(cycle, period=period))
    return record if bundles is None else replace(record, bundle=write_bundle(bundles, f"{as_of} {cycle.key}"))


def commit(engine: Engine, as_of: str, bundles: Path | None = None) -> CycleRecord:
    """Commit the next cycle."""
    record = next_record(engine, as_of, bundles)
    cycles.commit(engine, record, now=NOW)
    return record


def put(engine: Engine, bundle: str | None, kind: Kind) -> None:
    """Put a bundle in charge that passes its check."""
    past = read_past(engine)
    version = past.version(bundle)
    assert version is not None
    put_in_charge(engine, past, version, kind=kind, reason="wrong", now=NOW, check=lambda _: {"ok": True})


def back(engine: Engine) -> None:
    """One step back."""
    put(engine, read_past(engine).previous_bundle, "rollback")


def in_a_child(work: Work, engine: Engine, bundles: Path) -> int | None:
    """Exit code of a process that does the work; engines hold no connections, so a fork inherits none."""
    child = get_context("fork").Process(target=work, args=(engine, bundles))
    child.start()
    child.join()
    return child.exitcode
