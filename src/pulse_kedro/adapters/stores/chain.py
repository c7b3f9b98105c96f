"""Hashes that tie rows which are only ever added: each covers its row and the hash of the row before it.

The formula is a format: rows of every age are verified by it, so changing it takes a migration.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from pulse_kedro.adapters.stores.columns import plain

START: Final = ""
"""What stands for the hash before the first row."""
NOT_COVERED: Final = frozenset({"id", "hash"})
"""Columns that are not part of what is said: the number of the row, which the database gives, and the hash itself."""


def link(before: str, row: Mapping[str, object]) -> str:
    """Hash of a row in a chain.

    Args:
        before: Hash of the row before it; `START` for the first one.
        row: All columns by name; moments are aware.

    Returns:
        SHA-256 in hexadecimal digits, of the hash before and the row as JSON with sorted keys; moments in UTC.

    Source:
        The audit log of the operations design: `hash = sha256(prev_hash || canonical JSON of all other columns)`.

    Example:
        >>> link(START, {"id": 1, "kind": "bootstrap"}) == link(START, {"id": 2, "kind": "bootstrap"})
        True
        >>> link(START, {"kind": "bootstrap"})[:12]
        'f0b8c029b219'
    """
    covered = {name: _in_utc(value) for name, value in row.items() if name not in NOT_COVERED}
    text = json.dumps(plain(covered), sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=True)
    return hashlib.sha256(f"{before}{text}".encode()).hexdigest()


def breaks(rows: Iterable[Mapping[str, object]]) -> list[int]:
    """Places of rows, from 0, whose hash is not the one that they and the row before them give.

    Args:
        rows: In order, each with its `hash`. A row that was changed is told, and the one after a row that is gone; not
            that the last rows are gone, nor that somebody wrote every hash anew.
    """
    before, found = START, list[int]()
    for place, row in enumerate(rows):
        if row["hash"] != link(before, row):
            found.append(place)
        before = str(row["hash"])
    return found


def _in_utc(value: object) -> object:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value
