"""What the quarantine holds, as people read it."""

from collections.abc import Mapping
from typing import Any

from pulse_kedro.cli.printing import grid, print_lines, table

Answer = Mapping[str, Any]
SHOWN_ID = 9
"""Characters of an id that tell rows apart."""
WORDS = {
    "stored": "stored",
    "duplicate": "in the store already",
    "broken": "still broken",
    "dropped": "dropped",
}


def print_list(answer: Answer) -> None:
    """Print how many rows there are by rule, and the first of them.

    Args:
        answer: What `list_of` gave.
    """
    counts = [(one["source"], one["rule"], f"{one['rows']:,}") for one in answer["counts"]]
    rows = [
        (one["id"][:SHOWN_ID], one["source"], str(one["row"]), one["rule"], one["outcome"], one["reason"])
        for one in answer["rows"]
    ]
    print_lines(table(("source", "rule", "rows"), counts, numbers=("rows",)), "")
    print_lines(table(("id", "source", "row", "rule", "state", "reason"), rows, numbers=("row",)))
    if len(rows) < answer["total"]:
        print_lines(f"{answer['total'] - len(rows):,} more; see --limit, --source, --rule.")


def print_row(answer: Answer) -> None:
    """Print one row.

    Args:
        answer: What `row_of` gave.
    """
    names = ("id", "source", "ingest", "row", "series", "rule", "reason", "outcome")
    print_lines(grid((name, str(answer[name] if answer[name] is not None else "-")) for name in names), "")
    print_lines("as it came:", grid((name, _cell(cell)) for name, cell in answer["original"].items()))
    for verdict in answer["verdicts"]:
        changes = ", ".join(f"{name}={_cell(cell)}" for name, cell in verdict["changes"].items())
        said = f"{verdict['at']} {verdict['actor']}: {verdict['action']} {changes}".rstrip()
        print_lines(f"{said}, {WORDS[verdict['outcome']]}: {verdict['reason']}")


def print_decided(answer: Answer) -> None:
    """Print what came of rows.

    Args:
        answer: What `decided_of` gave.
    """
    outcomes = ", ".join(f"{count:,} {WORDS[outcome]}" for outcome, count in answer["outcomes"].items())
    print_lines(f"{answer['rows']:,} rows: {outcomes}")
    reasons = list(answer["reasons"].items())
    for row, reason in reasons[:5]:
        print_lines(f"  {row[:SHOWN_ID]}: {reason}")
    if len(reasons) > len(reasons[:5]):
        print_lines(f"  {len(reasons) - 5:,} more")


def _cell(cell: object) -> str:
    return "(empty)" if cell is None else str(cell)
