"""`data sources` as people read it."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulse_kedro.cli.printing import grid, print_lines, table

Answer = Mapping[str, Any]

NOTHING = "No source is configured. Next: write one into conf/local/sources.yml."
TITLES = ("source", "type", "contract", "last ingest", "reads")


def print_sources(answer: Answer) -> None:
    """Print the sources, then what came of asking them.

    Args:
        answer: What `sources_of` gave.
    """
    if not answer["sources"]:
        print_lines(NOTHING)
        return
    print_lines(table(TITLES, map(source_row, answer["sources"])))
    checks = list(checked(answer))
    if checks:
        print_lines("", grid(checks), "", conclude(answer))


def source_row(row: Answer) -> list[str]:
    """One source, a text per entry of `TITLES`.

    Args:
        row: An entry of `sources`.
    """
    last = row["last_ingest"]
    ingested = f"{last['at'][:16].replace('T', ' ')}, {last['status']}" if last else "never"
    return [row["name"], row["type"], row["contract"] or "-", ingested, row["location"]]


def checked(answer: Answer) -> Iterator[tuple[str, str]]:
    """A line per source that was asked, and one more where something is to be done.

    Args:
        answer: What `sources_of` gave.

    Yields:
        `ok` or `FAILED`, and what came.
    """
    for row in answer["sources"]:
        check = row["check"]
        if check is None:
            continue
        if check["status"] == "failed":
            yield "FAILED", check["message"]
            yield "", f"→ {check['next_step']}"
        else:
            newest = f", newest period {check['newest_period'][:10]}" if check["newest_period"] else ""
            columns = ", ".join(check["columns"][:8]) or "none"
            yield "ok", f"{row['name']}: {check['rows']} rows{newest}, columns {columns}"


def conclude(answer: Answer) -> str:
    """How many sources were asked, and how many failed.

    Args:
        answer: What `sources_of` gave.
    """
    asked = sum(row["check"] is not None for row in answer["sources"])
    return f"{asked} asked, {answer['failed']} failed."
