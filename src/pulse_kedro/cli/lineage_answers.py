"""What `lineage` answers, as plain data: exactly what `--json` prints."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Literal

from pulse_kedro.adapters.stores.ancestry import Graph, above, below
from pulse_kedro.cli.printing import short
from pulse_kedro.domain.lineage import Edge

Answer = dict[str, object]
Way = Literal["both", "up", "down"]
NO_LINEAGE: Mapping[str, object] = {"id": None, "ancestors": [], "descendants": [], "edges": [], "mermaid": ""}
"""The answer before anything was stored."""


def lineage_of(graph: Graph, name: str, way: Way, is_lost: Callable[[str], bool]) -> Answer:
    """What something was made from, and what was made from it.

    Args:
        graph: All edges.
        name: Full name, such as `snapshot:s0123`.
        way: Where to look; what was not looked at is `None`.
        is_lost: Whether what a name stands for is gone although nobody took it off the books, as files of a bundle.

    Returns:
        `id`, `ancestors` and `descendants` (the nearest first: `name`, `kind`, `id`, `detail`, `gone`), the `edges`
        among them, and `mermaid`.

    Raises:
        CircularLineage: The edges run in a circle.
    """
    nothing: tuple[tuple[str, ...], tuple[Edge, ...]] = (), ()
    up, over = nothing if way == "down" else above(graph, name)
    down, under = nothing if way == "up" else below(graph, name)
    names = (*reversed(up), name, *down)
    there = {one for one in names if one in graph.there and not is_lost(one)}
    edges = sorted({*over, *under})
    return {
        "id": _node(graph, name, there),
        "ancestors": None if way == "down" else [_node(graph, one, there) for one in up],
        "descendants": None if way == "up" else [_node(graph, one, there) for one in down],
        "edges": [list(edge) for edge in edges],
        "mermaid": mermaid(edges, names, name, there),
    }


def _node(graph: Graph, name: str, there: AbstractSet[str]) -> Answer:
    kind, _, own = name.partition(":")
    detail = graph.details.get(name)
    return {"name": name, "kind": kind, "id": own, "detail": detail, "gone": name not in there}


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
        mark = "" if name in there else " (gone)"
        label = f"{spell(name)}{mark}".replace('"', "#quot;")
        lines.append(f'    {place}["{label}"]')
    lines += [f"    {places[parent]} --> {places[child]}" for parent, child in edges]
    lines.append(f"    style {places[centre]} stroke-width:3px")
    lines += [f"    style {place} stroke-dasharray:4" for name, place in places.items() if name not in there]
    return "\n".join(lines)


def spell(name: str) -> str:
    """A name in lineage as people read it: kind and id, a digest by its first digits.

    Example:
        >>> spell("bundle:" + "ab" * 32), spell("source:a:b"), spell("cycle:c7eb642429ca3f08")
        ('bundle abababababab', 'source a:b', 'cycle c7eb642429ca3f08')
    """
    kind, _, own = name.partition(":")
    is_digest = len(own) == _DIGEST and set(own) <= set("0123456789abcdef")
    return f"{kind} {short(own) if is_digest else own}"


_DIGEST = 64
"""Hexadecimal digits of a sha256."""
