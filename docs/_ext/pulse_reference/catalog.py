"""Every entry of the catalog: what it is, where it lies, who writes and who reads it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulse_reference.markdown import DASH, code, codes, first_line, table
from pulse_reference.project import BASE, nodes, settings

PLACES = ("filepath", "path", "url", "fs_args")


def entries() -> str:
    """A section per catalog file, with a table per entry."""
    return "\n".join(f"## `{file}`\n\n" + "\n".join(_sections(file, kept)) for file, kept in settings("catalog"))


def comments(file: str) -> dict[str, str]:
    """Comment lines that stand directly above each entry of a file of `conf/base`.

    Args:
        file: Name of the file.
    """
    found: dict[str, str] = {}
    above: list[str] = []
    for line in (BASE / file).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            above.append(line.lstrip("# "))
        else:
            name = re.match(r"(\w+):", line)
            if name:
                found[name[1]] = " ".join(above)
            above = []
    return found


def _sections(file: str, kept: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    said = comments(file)
    for name, entry in kept.items():
        writers = [node for node in nodes() if name in node.outputs]
        what = said.get(name) or (first_line(writers[0].func) if writers else "")
        rows = [
            ("type", code(_kind(entry))),
            ("layer", code((entry.get("metadata") or {}).get("kedro-viz", {}).get("layer", ""))),
            ("file", code(_place(entry))),
            ("validator", code(_validator(entry))),
            ("written by", codes(node.name for node in writers)),
            ("read by", codes(node.name for node in nodes() if name in node.inputs)),
        ]
        facts = table(("", ""), [row for row in rows if row[1] != DASH])
        yield f"### `{name}`\n\n{what}\n\n{facts}"


def _kind(entry: Mapping[str, Any]) -> str:
    inner = entry.get("dataset")
    return f"{entry['type']} of {inner['type']}" if isinstance(inner, Mapping) else str(entry["type"])


def _place(entry: Mapping[str, Any]) -> str:
    inner = entry.get("dataset")
    described = entry | inner if isinstance(inner, Mapping) else entry
    return ", ".join(str(described[name]) for name in PLACES if described.get(name))


def _validator(entry: Mapping[str, Any]) -> str:
    given = entry.get("validator") or ""
    return str(given.get("class", "")) if isinstance(given, Mapping) else str(given)
