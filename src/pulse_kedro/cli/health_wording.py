"""`doctor` as people read it."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulse_kedro.cli.printing import grid, print_lines

Answer = Mapping[str, Any]

SIGNS = {"ok": "ok", "warning": "warning", "failure": "FAILURE"}


def print_health(answer: Answer) -> None:
    """Print what was found, then what to do.

    Args:
        answer: What `answer_of` gave.
    """
    print_lines(grid(lines(answer)), "", conclude(answer))


def lines(answer: Answer) -> Iterator[tuple[str, str]]:
    """One line per check, and one more where something is to be done.

    Args:
        answer: What `answer_of` gave.

    Yields:
        The level, and what was found.
    """
    for check in answer["checks"]:
        yield SIGNS[check["level"]], f"{check['name']}: {check['found']}"
        if check["next_step"]:
            yield "", f"→ {check['next_step']}"


def conclude(answer: Answer) -> str:
    """How many checks there were, and how they went.

    Args:
        answer: What `answer_of` gave.

    Example:
        >>> conclude({"counts": {"ok": 15, "warning": 1, "failure": 0}})
        '16 checks: nothing failed, 1 warning.'
    """
    counts = answer["counts"]
    failed = f"{counts['failure']} failed" if counts["failure"] else "nothing failed"
    warned = (
        f"{counts['warning']} warning{'s' if counts['warning'] > 1 else ''}" if counts["warning"] else "no warnings"
    )
    return f"{sum(counts.values())} checks: {failed}, {warned}."
