"""`data snapshots` as people read it."""

from collections.abc import Mapping
from typing import Any

from pulse_kedro.cli.printing import grid, number, print_lines, table

Answer = Mapping[str, Any]
TITLES = ("snapshot", "kind", "source", "rows", "series", "MB", "kept at", "")
NUMBERS = ("rows", "series", "MB")
MEGABYTE = 10**6


def print_snapshots(answer: Answer) -> None:
    """Print the snapshots.

    Args:
        answer: What `snapshots_of` gave.
    """
    shown = answer["snapshots"]
    if not shown:
        print_lines("No snapshot fits. Leave out --source and --kind to see all.")
        return
    of = "" if len(shown) == answer["total"] else f"{len(shown)} of "
    summary = f"{of}{answer['total']} snapshots, {answer['bytes'] / MEGABYTE:,.1f} MB."
    print_lines(table(TITLES, [_row(row) for row in shown], numbers=NUMBERS), "", summary)


def _row(row: Answer) -> list[str]:
    size = None if row["bytes"] is None else row["bytes"] / MEGABYTE
    marks = {"pinned": row["pinned"], "clock went back": row["clock_went_back"], "being deleted": row["being_deleted"]}
    return [
        row["id"],
        row["kind"],
        ", ".join(row["sources"]) or row["source"],
        format(row["rows"], ","),
        format(row["series"], ","),
        number(size, ",.2f"),
        row["kept_at"].replace("T", " ")[:16],
        ", ".join(name for name, held in marks.items() if held),
    ]


def print_clean_up(answer: Answer) -> None:
    """Print what was deleted, or would be.

    Args:
        answer: What `clean_up_of` gave.
    """
    verb = "Would delete" if answer["dry_run"] else "Deleted"
    gone = [
        (one["id"], f"{one['source']}, {one['bytes'] / MEGABYTE:,.2f} MB: {one['reason']}") for one in answer["deleted"]
    ]
    gone += [(name, "left over by a clean-up that was interrupted") for name in answer["unfinished"]]
    gone += [(one["name"], "an object that nothing names") for one in answer["orphans"]]
    kept = [(one["id"], one["reason"]) for one in answer["spared"]]
    before, after = (answer[name] / MEGABYTE for name in ("bytes_before", "bytes_after"))
    print_lines(
        f"{verb}: {len(gone) or 'nothing'}.",
        grid(gone),
        *(["", "Stays, although the rules would let it go:", grid(kept)] if kept else []),
        "",
        f"Before {before:,.1f} MB, after {after:,.1f} MB.",
    )
