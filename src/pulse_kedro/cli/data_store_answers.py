"""What `data snapshots` answers, as plain data: exactly what `--json` prints."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulse_kedro.adapters.stores.inventory import Entry
    from pulse_kedro.adapters.stores.retention import CleanUp

Answer = dict[str, object]
NO_SNAPSHOTS: Answer = {"total": 0, "bytes": 0, "snapshots": []}
"""The answer before anything was stored."""


def snapshots_of(found: "Sequence[Entry]", *, source: str | None, kind: str | None, limit: int) -> Answer:
    """Snapshots, the newest first.

    Args:
        found: All there are.
        source: Only those of this source.
        kind: Only `cycle` or `stored` ones.
        limit: How many to list.

    Returns:
        `total` and `bytes` of those that fit, and `snapshots`.
    """
    fitting = [
        entry
        for entry in found
        if (source is None or source in (*entry.sources, *(() if entry.sources else (entry.source,))))
        and (kind is None or (kind == "stored") == entry.stored)
    ]
    return {
        "total": len(fitting),
        "bytes": sum(entry.bytes or 0 for entry in fitting),
        "snapshots": [_entry(entry) for entry in fitting[:limit]],
    }


def _entry(entry: "Entry") -> Answer:
    return {
        "id": entry.id,
        "kind": "stored" if entry.stored else "cycle",
        "source": entry.source,
        "sources": list(entry.sources),
        "rows": entry.rows,
        "series": entry.series,
        "revisions": entry.revisions,
        "bytes": entry.bytes,
        "contract": entry.contract,
        "sequence": entry.sequence,
        "kept_at": entry.kept_at.isoformat(timespec="seconds"),
        "clock_went_back": entry.late,
        "pinned": entry.pinned,
        "being_deleted": entry.doomed_at is not None,
    }


def clean_up_of(found: "CleanUp", *, dry_run: bool) -> Answer:
    """What was deleted, or would be.

    Args:
        found: What the clean-up did or would do.
        dry_run: Which of the two.
    """
    plan = found.plan
    deleted = [
        {
            "id": one.snapshot.id,
            "source": one.snapshot.source,
            "bytes": one.snapshot.bytes,
            "kept_at": one.snapshot.kept_at.isoformat(timespec="seconds"),
            "reason": one.reason,
        }
        for one in plan.going
    ]
    return {
        "dry_run": dry_run,
        "deleted": deleted,
        "unfinished": list(found.unfinished),
        "orphans": [{"name": blob.name, "bytes": blob.size} for blob in found.orphans],
        "spared": [{"id": name, "reason": reason} for name, reason in plan.spared.items()],
        "bytes_before": plan.bytes_before,
        "bytes_after": plan.bytes_after,
    }
