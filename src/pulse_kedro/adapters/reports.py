"""The report on disk: where it is, and which cycle wrote it."""

import json
from dataclasses import dataclass
from pathlib import Path

CYCLE = "Cycle"
"""Term of the provenance under which a report names its cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOnDisk:
    """Where reports are written; `exists` tells whether one is there, `cycle` is the key of the cycle that wrote it.

    `cycle` is `None` where the summary beside the report does not tell.
    """

    path: Path
    exists: bool
    cycle: str | None


def look(path: Path, summary: Path) -> ReportOnDisk:
    """What stands where reports are written.

    Args:
        path: The page.
        summary: The facts it was made from, written in the same run.
    """
    exists = path.is_file()
    return ReportOnDisk(path=path, exists=exists, cycle=_cycle(summary) if exists else None)


def _cycle(summary: Path) -> str | None:
    try:
        facts = json.loads(summary.read_text(encoding="utf-8"))
        return next((str(entry["text"]) for entry in facts["provenance"] if entry["term"] == CYCLE), None)
    except (OSError, ValueError, KeyError, TypeError):
        return None
