"""Markdown pieces that every generated page is made of."""

from collections.abc import Iterable, Sequence

DASH = "–"


def code(text: object) -> str:
    """Text in the font of code; empty text gives a dash.

    Example:
        >>> code("a"), code("")
        ('`a`', '–')
    """
    return f"`{text}`" if str(text) else DASH


def codes(names: Iterable[object]) -> str:
    """Names in the font of code, separated by commas; a dash where there are none."""
    return ", ".join(code(name) for name in names) or DASH


def cell(text: object) -> str:
    """Text that stays in its cell of a table: on one line, bars and angle brackets as they are."""
    words = " ".join(str(text).split()).replace("|", "\\|")
    parts = words.split("`")
    parts[::2] = [part.replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts) or DASH


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table, or a sentence where it would have no rows.

    Args:
        headers: Names of the columns.
        rows: Cells; Markdown in them counts.
    """
    body = [f"| {' | '.join(map(cell, row))} |" for row in rows]
    if not body:
        return "There are none.\n"
    return "\n".join([f"| {' | '.join(headers)} |", f"|{' --- |' * len(headers)}", *body, ""])


def first_line(thing: object) -> str:
    """First paragraph of a docstring, on one line.

    Raises:
        ValueError: There is none; what is undocumented has no place in a reference.
    """
    text = (getattr(thing, "__doc__", None) or "").strip().partition("\n\n")[0]
    if not text:
        message = f"{thing!r} has no docstring: write one, the reference shows it"
        raise ValueError(message)
    return " ".join(text.split())
