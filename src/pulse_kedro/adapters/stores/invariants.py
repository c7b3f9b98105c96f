"""What must hold whenever nobody is at work, whatever was killed before: I1 to I10 of the operations design.

I8 (what waits to be delivered) and the temporary files of I9 are looked at by the checks of `doctor`, which know where
they are; I10 in MLflow by its check of tracking. The content of a bundle is compared with its hashes: a flipped bit is
found.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, select, text

from pulse_kedro.adapters.bundles import MANIFEST
from pulse_kedro.adapters.stores import journal, transitions
from pulse_kedro.adapters.stores.past import Past, read_past
from pulse_kedro.adapters.stores.tables import SLOT, champion, cycles, ingests, leases
from pulse_kedro.adapters.stores.transitions import Head, Transition

APPEND_ONLY: Final = ("transitions", "forecasts", "outcomes")
"""Tables that triggers protect; the migrations make them."""
GRACE = 86_400.0
"""Seconds until a bundle that no cycle names counts as left behind: a run that makes one takes less (ours)."""
_TRIGGERS: Final = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D' AND NOT tgisinternal",
}


def broken(engine: Engine, bundles: Path) -> tuple[str, ...]:
    """Which invariants do not hold, each with what was found; empty when all do.

    Args:
        engine: Any engine on the stores.
        bundles: Folder of all bundles.
    """
    with engine.connect() as connection:
        slots = connection.execute(select(champion.c.slot)).scalars().all()
        if slots != [SLOT]:
            return (f"I1: expected the slot {SLOT} and no other, found {', '.join(slots) or 'none'}",)
        head = transitions.read_head(connection)
        own = connection.execute(select(cycles.c.bundle).where(cycles.c.key == head.cycle)).scalar()
        token = connection.execute(select(leases.c.token).where(leases.c.role == SLOT)).scalar_one()
        dead = journal.find_dead(connection)
        rows = (*_lost_rows(connection), *_unprotected(connection), *_untied(connection))
    log = transitions.read(engine)
    return (
        *_one_champion(head, own),
        *_artifact("I2", "the champion", head.bundle, bundles),
        *_rising(log, head, token),
        *_artifact("I4", "the version before it", head.previous_bundle, bundles),
        *(f"I5: attempt {number} counts as running, and its process is gone" for number in dead[1:]),
        *rows,
        *_chain(log),
        *_on_record(log, head),
    )


def orphans(engine: Engine, bundles: Path, *, now: float | None = None) -> tuple[str, ...]:
    """Bundles on disk that no cycle made and that are older than `GRACE` (I9): a killed run left them.

    Args:
        engine: Any engine on the stores.
        bundles: Folder of all bundles; it need not exist.
        now: Seconds since 1970; the clock where it is not given.

    Returns:
        Their digests, sorted.
    """
    known = _named(read_past(engine))
    oldest = (time.time() if now is None else now) - GRACE
    found = [path for path in bundles.glob("[!.]*") if path.is_dir() and path.name not in known]
    return tuple(sorted(path.name for path in found if path.stat().st_mtime < oldest))


def _named(past: Past) -> set[str]:
    made = {cycle.bundle for cycle in (*past.cycles, *past.challengers)}
    return made | {one.to_bundle for one in past.transitions}


def damage(bundles: Path, digest: str) -> str | None:
    """What is wrong with the files of a bundle, in words; `None` when each has the hash that its manifest names.

    Args:
        bundles: Folder of all bundles.
        digest: Name of the folder, the hash of the manifest.
    """
    folder = bundles / digest
    try:
        text = (folder / MANIFEST).read_bytes()
        files = json.loads(text)["files"]
        if hashlib.sha256(text).hexdigest() != digest:
            return "its manifest has another hash"
        wrong = [name for name, sha in files.items() if hashlib.sha256((folder / name).read_bytes()).hexdigest() != sha]
    except (OSError, ValueError, KeyError) as error:
        return f"{type(error).__name__}: {error}"
    return f"{wrong[0]} has another hash" if wrong else None


def _one_champion(head: Head, own: str | None) -> Iterator[str]:
    if (head.cycle is None) != (head.bundle is None) or (head.cycle is not None and own is None):
        yield f"I1: the champion row names cycle {head.cycle} and bundle {head.bundle}"


def _artifact(name: str, whose: str, digest: str | None, bundles: Path) -> Iterator[str]:
    found = None if digest is None else damage(bundles, digest)
    if found is not None:
        yield f"{name}: bundle {str(digest)[:12]} of {whose} cannot be loaded: {found}"


def _rising(log: tuple[Transition, ...], head: Head, token: int) -> Iterator[str]:
    """I3: epochs rise strictly, and no older lease acts after a newer one."""
    if any(after.epoch <= before.epoch for before, after in pairwise(log)) or (log and log[-1].epoch > head.epoch):
        yield "I3: epochs of transitions do not rise strictly up to that of the champion row"
    tokens = [*(one.token for one in log), head.token, token]
    if any(after < before for before, after in pairwise(tokens)):
        yield "I3: tokens of the lease fall: somebody acted who had lost it"


def _lost_rows(connection: Connection) -> Iterator[str]:
    """I6: each row of a delivery was stored, recognised or set aside, once."""
    counted = ingests.c.stored + ingests.c.duplicates + ingests.c.quarantined
    query = select(ingests.c.id, ingests.c.source).where(ingests.c.rows_in != counted).order_by(ingests.c.id)
    for row in connection.execute(query):
        yield f"I6: ingest {row.id} of {row.source} does not account for each row once"


def _unprotected(connection: Connection) -> Iterator[str]:
    """I7: what only grows is protected by the database itself."""
    present = {str(row[0]) for row in connection.execute(text(_TRIGGERS[connection.dialect.name]))}
    for table in APPEND_ONLY:
        missing = [verb for verb in ("update", "delete") if f"{table}_no_{verb}" not in present]
        if missing:
            yield f"I7: nothing refuses to {' or '.join(missing)} rows of {table}"


def _untied(connection: Connection) -> Iterator[str]:
    """I7: each transition has the hash that it and the one before it give."""
    for epoch in transitions.untied(connection):
        yield f"I7: transition {epoch} has another hash than it and the one before it give; one was lost or changed"


def _chain(log: tuple[Transition, ...]) -> Iterator[str]:
    """I7: each transition begins where the one before it ended, from nothing to what serves."""
    ends = [(None, None), *((one.to_bundle, one.to_recipe) for one in log)]
    for place, one in enumerate(log):
        if (one.from_bundle, one.from_recipe) != ends[place]:
            yield f"I7: transition {one.epoch} does not begin where the one before it ended; one was lost or changed"


def _on_record(log: tuple[Transition, ...], head: Head) -> Iterator[str]:
    """I10: what serves was put in charge last, and what one step back would serve was in charge before."""
    if head.bundle is not None and (not log or log[-1].to_bundle != head.bundle):
        yield f"I10: bundle {head.bundle[:12]} serves and no transition says so"
    if head.previous_bundle is not None and head.previous_bundle not in {one.to_bundle for one in log}:
        yield f"I10: bundle {head.previous_bundle[:12]} was never in charge, and one step back would serve it"
