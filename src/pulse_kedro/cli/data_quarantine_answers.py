"""What `data quarantine` answers, as plain data."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from pulse_kedro.adapters.quarantine_work import Decided
from pulse_kedro.adapters.stores.quarantine import HeldRow


def list_of(counts: Mapping[tuple[str, str], int], rows: Sequence[HeldRow]) -> dict[str, Any]:
    """Plain answer of `list`.

    Args:
        counts: Rows by source and rule.
        rows: Those to show.
    """
    return {
        "total": sum(counts.values()),
        "counts": [{"source": source, "rule": rule, "rows": number} for (source, rule), number in counts.items()],
        "rows": [row_of(row) for row in rows],
    }


def row_of(row: HeldRow) -> dict[str, Any]:
    """Plain form of one row.

    Args:
        row: As the store has it.
    """
    names = ("id", "source", "ingest", "row", "column", "series", "rule", "reason", "outcome")
    return {
        **{name: getattr(row, name) for name in names},
        "original": dict(row.original),
        "verdicts": [
            {
                "action": one.action,
                "outcome": one.outcome,
                "reason": one.reason,
                "changes": dict(one.changes),
                "snapshot": one.snapshot,
                "actor": one.actor,
                "at": one.at.isoformat(),
            }
            for one in row.verdicts
        ],
    }


def decided_of(made: Decided) -> dict[str, Any]:
    """Plain answer of `fix`, `release` and `drop`.

    Args:
        made: What came of the rows.
    """
    return {
        "rows": made.rows,
        "outcomes": dict(made.outcomes),
        "reasons": dict(made.reasons),
        "snapshots": list(dict.fromkeys(made.snapshots)),
    }


def cells_of(said: Sequence[str]) -> dict[str, object]:
    """Corrected cells as they were typed.

    Args:
        said: Texts such as `y=1.5`.

    Raises:
        UsageError: One has no equals sign.

    Example:
        >>> cells_of(["y=1.5", "title=Total = all", "note=null"])
        {'y': 1.5, 'title': 'Total = all', 'note': None}
    """
    cells = {}
    for text in said:
        column, sign, value = text.partition("=")
        if not sign or not column.strip():
            message = f"--set needs COLUMN=VALUE, got {text!r}."
            raise click.UsageError(message)
        cells[column.strip()] = _value(value)
    return cells


def _value(text: str) -> object:
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError:
        return text
    return value
