"""What `data snapshots` and `data lineage` answer, as plain data: exactly what `--json` prints."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from pulse_kedro.domain.lineage import Edge, ancestors, descendants

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


def lineage_of(edges: Sequence[Edge], name: str, there: AbstractSet[str]) -> Answer:
    """What something was made from, and what was made from it.

    Args:
        edges: All edges, (parent, child).
        name: Full name, such as `snapshot:s0123`.
        there: Names that still exist.

    Returns:
        `id`, `ancestors` and `descendants` (the nearest first: `name`, `kind`, `id`, `gone`), the `edges` among them,
        and `mermaid`.

    Raises:
        CircularLineage: The edges run in a circle.
    """
    above, below = ancestors(edges, name), descendants(edges, name)
    upward, downward = {name, *above}, {name, *below}
    among = sorted({edge for edge in edges if set(edge) <= upward or set(edge) <= downward})
    return {
        "id": _node(name, there),
        "ancestors": [_node(one, there) for one in above],
        "descendants": [_node(one, there) for one in below],
        "edges": [list(edge) for edge in among],
        "mermaid": mermaid(among, (*reversed(above), name, *below), name, there),
    }


def _node(name: str, there: AbstractSet[str]) -> Answer:
    kind, _, own = name.partition(":")
    return {"name": name, "kind": kind, "id": own, "gone": name not in there}


def mermaid(edges: Iterable[Edge], names: Sequence[str], centre: str, there: AbstractSet[str]) -> str:
    """A flow chart from left to right, what was asked for with a thick border, what is gone with a dashed one.

    Args:
        edges: What to draw.
        names: Every node once.
        centre: The node that was asked for.
        there: Names that still exist.

    Example:
        >>> print(
        ...     mermaid([("source:a:b", "snapshot:s1")], ["source:a:b", "snapshot:s1"], "snapshot:s1", {"source:a:b"})
        ... )
        flowchart LR
            n0["source a:b"]
            n1["snapshot s1 (gone)"]
            n0 --> n1
            style n1 stroke-width:3px
            style n1 stroke-dasharray:4
    """
    places = {name: f"n{number}" for number, name in enumerate(names)}
    lines = ["flowchart LR"]
    for name, place in places.items():
        kind, _, own = name.partition(":")
        mark = "" if name in there else " (gone)"
        label = f"{kind} {own}{mark}".replace('"', "#quot;")
        lines.append(f'    {place}["{label}"]')
    lines += [f"    {places[parent]} --> {places[child]}" for parent, child in edges]
    lines.append(f"    style {places[centre]} stroke-width:3px")
    lines += [f"    style {place} stroke-dasharray:4" for name, place in places.items() if name not in there]
    return "\n".join(lines)
