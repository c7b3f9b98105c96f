"""Writes the reference pages from the project itself, each time the documents are built.

A line `% generated: NAME ARGUMENTS` in a page is replaced by what the function NAME of `GENERATORS` returns, as
Markdown. So a command, parameter, dataset, node or error that is added to the code is in the reference without a hand.
"""

import re
from collections.abc import Callable

from sphinx.application import Sphinx
from sphinx.highlighting import lexer_classes
from sphinx.util.typing import ExtensionMetadata

from pulse_reference import api, catalog, commands, deliveries, errors, frames, glossary, parameters, rooms, sources

GENERATORS: dict[str, Callable[..., str]] = {
    "commands": commands.pulse_commands,
    "run_options": commands.run_options,
    "make_targets": commands.make_targets,
    "exit_codes": commands.exit_codes,
    "catalog": catalog.entries,
    "parameters": parameters.groups,
    "deliveries": deliveries.options,
    "sources": sources.kinds,
    "pipelines": rooms.nodes_by_room,
    "runs": rooms.named_runs,
    "rooms": rooms.room_pages,
    "frames": frames.frames,
    "tables": frames.tables,
    "faults": errors.faults,
    "errors": errors.classes,
    "modules": api.modules,
    "glossary": glossary.rows,
}
REQUEST = re.compile(r"^% generated: (?P<name>\w+)(?P<arguments>.*)$", re.MULTILINE)
CODE_OR_BAR = re.compile(r"(`+[^`]*`+)|\|")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect to the build."""
    app.connect("source-read", fill_page)
    app.connect("autodoc-process-docstring", quote_bars, priority=400)  # before napoleon, which has 500
    lexer_classes["mermaid"] = lexer_classes[
        "none"
    ]  # diagrams are shown as text: drawing them would need a script from elsewhere
    return {"version": "1", "parallel_read_safe": True}


def fill_page(app: Sphinx, _: str, source: list[str]) -> None:
    """Replace every request in a page; such a page is read again in each build, for the code may have changed."""
    text = REQUEST.sub(lambda found: GENERATORS[found["name"]](*found["arguments"].split()), source[0])
    if text != source[0]:
        source[0] = text
        app.env.note_reread()


def quote_bars(_: Sphinx, _what: str, _name: str, _thing: object, _options: object, lines: list[str]) -> None:
    """Keep `|y - x|` in docstrings what it says; reStructuredText would look for a substitution of that name."""
    lines[:] = [line if line.lstrip().startswith((">>>", "...")) else _quote(line) for line in lines]


def _quote(line: str) -> str:
    return CODE_OR_BAR.sub(lambda found: found[1] or "\\|", line)
