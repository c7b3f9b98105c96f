"""How words and tables reach a terminal, a file or another program."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

PIPE_WIDTH = 1000
SHORT = 12
"""Digits of a digest that people see; they tell recipes apart."""


def print_lines(*parts: object) -> None:
    """Fit words and tables to the terminal; lines stay whole where they go to a file or another program.

    Args:
        parts: Texts and rich tables, one below the other.
    """
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    console = Console(markup=False, highlight=False, emoji=False, no_color=True, width=width)
    with console.capture() as text:
        for part in parts:
            console.print(part)
    click.echo("\n".join(line.rstrip() for line in text.get().splitlines()))


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[str] = ()) -> "Table":
    """A table without lines, as narrow as it can be.

    Args:
        titles: Heads of the columns.
        rows: One text per column.
        numbers: Titles of the columns that stand to the right.
    """
    from rich.table import Table

    made = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for title in titles:
        made.add_column(title, justify="right" if title in numbers else "left")
    for row in rows:
        made.add_row(*row)
    return made


def grid(rows: Iterable[tuple[str, str]]) -> "Table":
    """Names and texts side by side; long texts stay in their column.

    Args:
        rows: A name and what there is to say.
    """
    from rich.table import Table

    made = Table.grid("name", "text", padding=(0, 2))
    for name, text in rows:
        made.add_row(name, text)
    return made


def short(digest: object) -> str:
    """The first digits of a digest."""
    return str(digest)[:SHORT]


def number(value: float | None, form: str) -> str:
    """A number as text, a dash where there is none.

    Example:
        >>> number(0.3541, ".3f"), number(None, ".3f")
        ('0.354', '-')
    """
    return "-" if value is None else format(value, form)


def spell_verdict(verdict: object) -> str:
    """A verdict in small letters.

    Example:
        >>> spell_verdict("INSUFFICIENT_EVIDENCE")
        'insufficient evidence'
    """
    return str(verdict or "decision").replace("_", " ").lower()
