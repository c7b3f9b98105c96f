"""`history` and `versions` as people read them."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulse_kedro.cli.printing import grid, number, print_lines, short, spell_verdict, table

Answer = Mapping[str, Any]

CYCLES = ("as of", "cycle", "place", "decision", "recipe", "rev", "s", "issued", "known", "MASE", "live")
VERSIONS = ("version", "", "recipe", "rev", "since", "bundle", "files", "cycle", "as of")
NUMBERS = ("rev", "s", "issued", "known", "MASE", "live", "version", "MLflow")
BRIEF = 8
"""Digits of a digest in a table that shall fit a terminal; `compare` takes them."""


def print_history(answer: Answer) -> None:
    """Print the committed cycles.

    Args:
        answer: What `history_of` gave.
    """
    print_lines(
        table(CYCLES, map(cycle_row, answer["cycles"]), numbers=NUMBERS), "", grid(reasons(answer)), *_rest(answer)
    )


def print_versions(answer: Answer, *, registry: bool) -> None:
    """Print the bundles that became champion.

    Args:
        answer: What `versions_of` gave.
        registry: Whether versions of the MLflow registry were asked for.
    """
    titles = (*VERSIONS, "MLflow") if registry else VERSIONS
    rows = ([*version_row(row), *([row["registry"] or "-"] if registry else [])] for row in answer["versions"])
    print_lines(table(titles, rows, numbers=NUMBERS))


def cycle_row(row: Answer) -> list[str]:
    """One cycle, a text per entry of `CYCLES`.

    Args:
        row: An entry of `cycles`.
    """
    return [
        row["as_of"],
        row["key"][: BRIEF + 1],
        "head" if row["head"] else row["line"],
        spell_verdict(row["verdict"]),
        row["recipe"][:BRIEF],
        str(row["revision"]),
        number(row["seconds"], ".0f"),
        format(row["forecasts"], ","),
        format(row["outcomes"], ","),
        number(row["mase"]["backtest"], ".3f"),
        number(row["mase"]["live"], ".3f"),
    ]


def reasons(answer: Answer) -> Iterator[tuple[str, str]]:
    """Why each cycle decided as it did.

    Args:
        answer: What `history_of` gave.

    Yields:
        The beginning of the key and the reason.
    """
    for row in answer["cycles"]:
        yield row["key"][: BRIEF + 1], str(row["reason"] or "no reason on record")


def version_row(row: Answer) -> list[str]:
    """One version, a text per entry of `VERSIONS`.

    Args:
        row: An entry of `versions`.
    """
    mark = row["mark"] or ("superseded" if row["line"] == "superseded" else "")
    recipe, bundle = row["recipe"][:BRIEF], short(row["bundle"])
    facts = [str(row["revision"]), row["since"], bundle, row["files"], row["cycle"][: BRIEF + 1], row["as_of"]]
    return [str(row["version"] or "-"), mark, recipe, *facts]


def _rest(answer: Answer) -> Iterator[str]:
    """What is not shown."""
    shown = len(answer["cycles"])
    if shown < answer["count"]:
        yield ""
        yield f"{shown} of {answer['count']} cycles; `--limit {answer['count']}` shows all."
