"""`promote` and `rollback` as people read them."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulse_kedro.cli.printing import grid, print_lines, short

Answer = Mapping[str, Any]


def print_takeover(answer: Answer) -> None:
    """Print what serves now and what the next cycle builds on.

    Args:
        answer: What `answer_of` gave.
    """
    print_lines(grid(lines(answer)))


def lines(answer: Answer) -> Iterator[tuple[str, str]]:
    """What a person reads, line by line.

    Args:
        answer: What `answer_of` gave.

    Yields:
        A name and a text.
    """
    yield "serves now", _version(answer["serving"])
    yield "served before", _version(answer["from"])
    yield "one step back", _version(answer["previous"])
    yield "by", f"{answer['actor']}: {answer['reason']}"
    yield (
        "next cycle",
        "`kedro run` on newer data builds on what serves now, and takes all data since then into account",
    )
    if answer["tracked"] is False:
        yield "MLflow", "was not told; the next run or `kedro pulse doctor --repair` does it"


def _version(told: Answer | None) -> str:
    if told is None:
        return "none"
    return (
        f"bundle {short(told['bundle'])}, recipe {short(told['recipe'])}, revision {told['revision']} "
        f"(cycle {told['cycle']}, as of {told['as_of']})"
    )
