"""What must hold whenever nobody is at work, whatever was killed before (I1 to I5 and I9 of operations.md 4).

The content of a bundle is compared with its hashes: a flipped bit is found.
"""

import hashlib
import json
import socket
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from sqlalchemy import Engine, func, select

from pulse_kedro.adapters.bundles import MANIFEST
from pulse_kedro.adapters.lock import LEFTOVERS
from pulse_kedro.adapters.stores import transitions
from pulse_kedro.adapters.stores.processes import start_of
from pulse_kedro.adapters.stores.tables import attempts, champion, cycles
from pulse_kedro.adapters.stores.transitions import Head, Transition


def broken(engine: Engine, bundles: Path) -> tuple[str, ...]:
    """Which invariants do not hold, each with what was found; empty when all do.

    Args:
        engine: Any engine on the stores.
        bundles: Folder of all bundles.
    """
    with engine.connect() as connection:
        counted = select(champion.c.slot, func.count()).group_by(champion.c.slot)
        slots = {str(row[0]): int(row[1]) for row in connection.execute(counted)}
        head = transitions.read_head(connection)
        own = connection.execute(select(cycles.c.bundle).where(cycles.c.key == head.cycle)).scalar()
        running = connection.execute(
            select(attempts.c.id, attempts.c.pid, attempts.c.process, attempts.c.host).where(
                attempts.c.status == "RUNNING"
            )
        ).all()
    log = transitions.read(engine)
    dead = [row.id for row in running if row.host == socket.gethostname() and start_of(row.pid) != row.process]
    return (
        *_slots(slots, head, own),
        *_artifact("I2", "the champion", head.bundle, bundles),
        *_log(log, head),
        *_artifact("I4", "the version before it", head.previous_bundle, bundles),
        *(f"I5: attempt {number} counts as running, and its process is gone" for number in dead[1:]),
    )


def strays(root: Path) -> tuple[str, ...]:
    """Files and folders that a killed writer left (I9); a new run sweeps them.

    Args:
        root: The data root.
    """
    return tuple(sorted(str(path) for pattern in LEFTOVERS for path in root.rglob(pattern)))


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


def _slots(slots: dict[str, int], head: Head, own: str | None) -> Iterator[str]:
    if any(count != 1 for count in slots.values()) or not slots:
        yield f"I1: expected one champion per slot, found {slots}"
    if (head.cycle is None) != (head.bundle is None) or (head.cycle is not None and own is None):
        yield f"I1: the champion row names cycle {head.cycle} and bundle {head.bundle}"


def _artifact(name: str, whose: str, digest: str | None, bundles: Path) -> Iterator[str]:
    found = None if digest is None else damage(bundles, digest)
    if found is not None:
        yield f"{name}: bundle {str(digest)[:12]} of {whose} cannot be loaded: {found}"


def _log(log: tuple[Transition, ...], head: Head) -> Iterator[str]:
    """I3, and that the log ends at what serves and never breaks."""
    if any(after.epoch <= before.epoch for before, after in pairwise(log)) or (log and log[-1].epoch > head.epoch):
        yield "I3: epochs of transitions do not rise strictly up to that of the champion row"
    if any(after.from_bundle != before.to_bundle for before, after in pairwise(log)):
        yield "I3: a transition starts from a bundle that did not serve"
    if head.bundle is not None and (not log or log[-1].to_bundle != head.bundle):
        yield f"I3: bundle {head.bundle[:12]} serves and no transition says so"
