"""Rooms, runs and nodes, from the registry, and the page that each room wrote about itself."""

from kedro.pipeline.node import Node

from pulse_reference.markdown import code, codes, first_line, table
from pulse_reference.project import ROOT, pipelines

PIPELINES = ROOT / "src" / "pulse_kedro" / "pipelines"


def named_runs() -> str:
    """What `--pipelines` may name: runs and rooms."""
    from pulse_kedro.pipeline_registry import ROOMS, RUNS

    rows = [(code(name), "run", codes(parts)) for name, parts in RUNS.items()]
    rows += [(code(name), "room", f"{len(pipelines()[name].nodes)} nodes") for name in ROOMS]
    return table(("name", "kind", "holds"), rows)


def nodes_by_room() -> str:
    """A section per room, with a row per node, and one for the nodes that only a named run has."""
    from pulse_kedro.pipeline_registry import ROOMS, RUNS

    rooms = [_nodes(room, pipelines()[room].nodes) for room in ROOMS]
    housed = {node.name for room in ROOMS for node in pipelines()[room].nodes}
    own = {run: [node for node in pipelines()[run].nodes if node.name not in housed] for run in RUNS}
    return "\n".join([*rooms, *(_nodes(f"only in {run}", found) for run, found in own.items() if found)])


def room_pages() -> str:
    """The README of every room, one level lower."""
    from pulse_kedro.pipeline_registry import ROOMS

    texts = [(PIPELINES / room / "README.md").read_text(encoding="utf-8") for room in ROOMS]
    return "\n".join(_lower(text) for text in texts)


def _nodes(room: str, found: list[Node]) -> str:
    rows = [
        (code(node.name), first_line(node.func), codes(sorted(node.inputs)), codes(sorted(node.outputs)))
        for node in found
    ]
    return f"## {room}\n\n{table(('node', 'returns', 'reads', 'writes'), rows)}"


def _lower(text: str) -> str:
    """The same page with its headings one level down; lines inside code stay."""
    lines, inside = [], False
    for line in text.splitlines():
        inside ^= line.startswith("```")
        lines.append(f"#{line}" if line.startswith("#") and not inside else line)
    return "\n".join([*lines, ""])
