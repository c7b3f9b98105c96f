"""`lineage` as people read it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulse_kedro.cli.lineage_answers import spell
from pulse_kedro.cli.printing import grid, print_lines

Answer = Mapping[str, Any]


def print_lineage(answer: Answer, limit: int) -> None:
    """Print ancestors and descendants.

    Args:
        answer: What `lineage_of` gave.
        limit: How many to name in each direction.
    """
    print_lines(
        ": ".join(part for part in introduce(answer["id"]) if part),
        *_list("Made from, the nearest first:", answer["ancestors"], limit),
        *_list("What was made from it, the nearest first:", answer["descendants"], limit),
    )


def introduce(node: Answer) -> tuple[str, str]:
    """What something is called and what there is to say about it.

    Example:
        >>> introduce({"name": "cycle:c1", "detail": "as of 2019-01-01, main", "gone": True})
        ('cycle c1 (gone)', 'as of 2019-01-01, main')
    """
    return f"{spell(node['name'])}{' (gone)' if node['gone'] else ''}", node["detail"] or ""


def _list(title: str, nodes: Sequence[Answer] | None, limit: int) -> Iterator[object]:
    if nodes is None:
        return
    yield ""
    yield title
    yield grid((f"  {name}", text) for name, text in map(introduce, nodes[:limit])) if nodes else "  nothing"
    if len(nodes) > limit:
        yield f"  and {len(nodes) - limit:,} more; `--limit {len(nodes)}` names them."
