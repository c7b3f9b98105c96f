"""JSON that came over a network: what is in it, or in a few words why it is no JSON of the expected shape."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pulse_kedro.domain.errors import InvalidInput, nearest

BEGINNING = 80
"""Characters of an unreadable body that people see."""
LOOKED_AT = 4096
"""Characters of it that are searched for secrets; more than any secret and what is shown are long."""


class NotUnderstood(InvalidInput):
    """A body is not what was asked for; it becomes a failure of the source that was asked."""

    def __init__(self, got: str, expected: str, advice: str = "Look at what the service answers.") -> None:
        """Keep what came, what should have come, and the next step."""
        super().__init__(got, expected, advice)
        self.got, self.expected, self.advice = got, expected, advice

    def __str__(self) -> str:
        """Say both."""
        return f"Reading an answer failed: got {self.got}, expected {self.expected}. {self.advice}"


def parse(body: bytes, content_type: str, clean: Callable[[str], str] = str) -> Any:  # noqa: ANN401  # any JSON
    """The content of a body.

    Args:
        body: Bytes as they came, unpacked.
        content_type: Header of that name; its charset counts, else UTF-8 as RFC 8259 demands.
        clean: Takes secrets out of a text, before it is cut: half a secret could not be found.

    Raises:
        NotUnderstood: It is no text in that charset, or no JSON.
    """
    charset = _charset(content_type)
    try:
        text = body.decode("utf-8-sig" if charset == "utf-8" else charset)
    except (UnicodeDecodeError, LookupError) as error:
        raise NotUnderstood(
            got=f"bytes that are no {charset}", expected="JSON text in the charset that the answer names"
        ) from error
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        beginning = " ".join(clean(text[:LOOKED_AT])[:BEGINNING].split())
        kind = "HTML" if text.lstrip()[:1] == "<" else "text"
        raise NotUnderstood(got=f"{kind} that begins with {beginning!r}", expected="JSON") from error


def find(body: Any, path: str | None) -> Any:  # noqa: ANN401  # whatever JSON holds
    """What stands at a place in a body.

    Args:
        body: Content of a body.
        path: Keys with dots between them; `None` is the body itself.

    Raises:
        NotUnderstood: There is no such place.

    Example:
        >>> find({"meta": {"next": "b"}}, "meta.next")
        'b'
    """
    found = body
    for key in path.split(".") if path else ():
        if not isinstance(found, Mapping) or key not in found:
            keys = [str(name) for name in found] if isinstance(found, Mapping) else []
            there = f"the keys {', '.join(keys[:12])}" if keys else type(found).__name__
            raise NotUnderstood(got=there, expected=repr(path), advice=f"Correct the place.{nearest(key, keys)}")
        found = found[key]
    return found


def records(body: Any, path: str | None) -> list[dict[str, Any]]:  # noqa: ANN401  # whatever JSON holds
    """The rows in a body, as flat mappings.

    Args:
        body: Content of a body.
        path: Where the list of rows stands, as in `find`.

    Returns:
        One mapping per row; a mapping inside it is spelled out with dots (`series.id`), a list stays JSON text.

    Raises:
        NotUnderstood: There is no list of mappings.
    """
    rows = find(body, path)
    where = f"a list of objects at {path!r}" if path else "a list of objects"
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise NotUnderstood(got=type(rows).__name__, expected=where)
    for row in rows:
        if not isinstance(row, Mapping):
            raise NotUnderstood(got=f"a list with {type(row).__name__}", expected=where)
    return [_flat(row) for row in rows]


def _flat(row: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{above}{key}.")
        else:
            flat[f"{above}{key}"] = json.dumps(value) if isinstance(value, list) else value
    return flat


def _charset(content_type: str) -> str:
    """Charset that a header names, `utf-8` where it names none."""
    for part in content_type.split(";")[1:]:
        name, _, value = part.strip().partition("=")
        if name.lower() == "charset":
            return value.strip("\"' ").lower() or "utf-8"
    return "utf-8"
