"""Every parameter of `conf/base`: value, type, meaning, source and reader, from YAML and from the options classes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from pulse_kedro.domain.data_management.retention import RetentionOptions
from pulse_kedro.forecasting.evaluation import EvaluationOptions
from pulse_reference.markdown import DASH, code, codes, first_line, table
from pulse_reference.project import BASE, readers, settings

LINE = re.compile(r"^(?P<indent> *)(?P<key>[\w-]+):(?P<rest>.*)$")
NOTE = re.compile(r"(?:^|\s)# ?(?P<text>.*)$")
WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", NoneType: "null", dict: "group"}
LIMITS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "min_length": "length ≥", "max_length": "length ≤"}
COMMANDS = {
    "evaluation": (EvaluationOptions, "kedro pulse evaluate"),
    "retention": (RetentionOptions, "kedro pulse data snapshots"),
}
"""Groups that a command reads and no node does: their options class and the command."""
HEADERS = ("key", "value in base", "type", "meaning; and in italics, why this value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What the code says about one key: its field in an options class, or nothing where no class reads it."""

    hint: object
    field: FieldInfo | None


def groups() -> str:
    """A section per top-level key, by file."""
    parts = []
    for file, keys in settings("parameters"):
        notes = comments(file)
        parts.append(f"## `{file}`\n")
        parts += [_section(key, value, notes) for key, value in keys.items()]
    return "\n".join(parts)


def comments(file: str) -> dict[str, str]:
    """The comment beside each key of a file of `conf/base`, by dotted key.

    A comment goes on in lines that hold nothing else and start in the same column.

    Args:
        file: Name of the file.
    """
    found: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    column = -1
    for line in (BASE / file).read_text(encoding="utf-8").splitlines():
        note, key = NOTE.search(line), LINE.match(line)
        if key:
            path = [part for part in path if part[0] < len(key["indent"])] + [(len(key["indent"]), key["key"])]
            found[_dotted(path)] = note["text"] if note else ""
            column = line.index("#", note.start()) if note else -1
        elif note and path and line.index("#") == column:
            found[_dotted(path)] += " " + note["text"]
    return found


def spell(hint: object) -> str:
    """A type in the words of people who write YAML.

    Example:
        >>> spell(str | None), spell(Literal["a", "b"]), spell(tuple[str, ...])
        ('text or null', '`a`, `b`', 'list of text')
    """
    hint = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return codes(inner)
    if origin in {Union, UnionType}:
        return " or ".join(dict.fromkeys(spell(part) for part in inner))
    if origin in {tuple, list, frozenset, set}:
        return "list of " + spell(inner[0])
    if origin in {dict, Mapping} or getattr(origin, "__name__", "") == "Mapping":
        return f"table from {spell(inner[0])} to {spell(inner[1])}"
    if isinstance(hint, type) and is_dataclass(hint):
        return code(hint.__name__)
    return WORDS.get(hint, str(getattr(hint, "__name__", hint)))  # type: ignore[call-overload]


def classes_in(hint: object) -> Iterator[type]:
    """Options classes that a type mentions, at any depth of lists and alternatives."""
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    for part in get_args(hint):
        yield from classes_in(part)


def keys_of(name: str, value: object) -> Iterator[tuple[str, object]]:
    """A key with its value, and every key below it, dotted."""
    yield name, value
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from keys_of(f"{name}.{key}", inner)


def _section(name: str, value: object, notes: Mapping[str, str]) -> str:
    asked = readers().get(name, [])
    hint = asked[0][1] if asked else COMMANDS[name][0]
    found = list(classes_in(hint))
    opening = f"{first_line(found[0])} ({code(found[0].__name__)})\n" if found else ""
    who = f"Read by {codes([node.name for node, _ in asked] or [COMMANDS[name][1]])}.\n"
    rows = [_row(key, inner, notes, hint) for key, inner in keys_of(name, value)]
    rows += [_row(key, None, notes, hint) for key in _unset(name, value, hint)]
    return f"### `{name}`\n\n{opening}\n{who}\n{table(HEADERS, rows)}\n{_lists(name, value, hint)}"


def _row(key: str, value: object, notes: Mapping[str, str], hint: object) -> tuple[str, ...]:
    described = _describe(key.split(".")[1:], hint)
    shown = DASH if isinstance(value, Mapping) else code("null" if value is None else _yaml(value))
    kind = spell(described.hint) + _limits(described.field)
    return code(key), shown, kind, _meaning(described.field, notes.get(key, ""))


def _meaning(field: FieldInfo | None, note: str) -> str:
    """What the code says about a key, then what the file says about its value."""
    said = " ".join((field.description or "").split()) if field else ""
    return " ".join(part for part in (said, f"*{note}*" if note else "") if part)


def _describe(path: list[str], hint: object) -> Described:
    """Follow a path through options classes; a key that no class knows has a plain type."""
    field = None
    for part in path:
        owner = next((found for found in classes_in(hint) if part in found.__pydantic_fields__), None)  # type: ignore[attr-defined]
        if owner is None:
            return Described(hint=dict, field=None)
        field = owner.__pydantic_fields__[part]  # type: ignore[attr-defined]
        hint = field.annotation
    return Described(hint=hint, field=field)


def _unset(name: str, value: object, hint: object) -> Iterator[str]:
    """Keys that an options class knows and the file leaves out."""
    for found in classes_in(hint):
        for key, field in found.__pydantic_fields__.items():  # type: ignore[attr-defined]
            inner = value.get(key) if isinstance(value, Mapping) else None
            if isinstance(value, Mapping) and key not in value:
                yield f"{name}.{key}"
            elif isinstance(inner, Mapping):
                yield from _unset(f"{name}.{key}", inner, field.annotation)


def _lists(name: str, value: object, hint: object) -> str:
    """Tables of what may stand in lists of groups, such as the members of a recipe, and in groups that are not set."""
    parts = []
    for key, inner in keys_of(name, value):
        listed = isinstance(inner, list) and (not inner or isinstance(inner[0], Mapping))
        if listed or inner is None:
            above = f"{key}[]" if listed else key
            for found in classes_in(_describe(key.split(".")[1:], hint).hint):
                fields = list(_fields("", found))
                rows = [_row(f"{name}.{path}", None, {}, found) for path in fields]
                rows = [(code(f"{above}.{path}"), *row[2:4]) for path, row in zip(fields, rows, strict=True)]
                parts.append(f"{first_line(found)}\n\n{table(('key', 'type', 'meaning'), rows)}")
    return "\n".join(parts)


def _fields(above: str, options: type) -> Iterator[str]:
    """Fields of an options class, and dotted below them those of the classes that they hold."""
    for name, field in options.__pydantic_fields__.items():  # type: ignore[attr-defined]
        yield f"{above}{name}"
        inner = list(classes_in(field.annotation))
        if len(inner) == 1:  # alternatives have tables of their own
            yield from _fields(f"{above}{name}.", inner[0])


def _limits(field: FieldInfo | None) -> str:
    found = [
        f"{sign} {getattr(limit, name)}"
        for limit in (field.metadata if field else ())
        for name, sign in LIMITS.items()
        if getattr(limit, name, None) is not None
    ]
    return f", {' and '.join(found)}" if found else ""


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_yaml(inner)}" for key, inner in value.items()) + "}"
    return "null" if value is None else str(value)


def _dotted(path: list[tuple[int, str]]) -> str:
    return ".".join(key for _, key in path)
