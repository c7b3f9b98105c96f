"""Every kind of source with its options, and the options classes inside them."""

from collections.abc import Iterator
from dataclasses import MISSING

from pydantic.fields import FieldInfo

from pulse_reference.markdown import DASH, code, first_line, table
from pulse_reference.parameters import classes_in, spell

HEADERS = ("key", "type", "if it is left out", "meaning")
CREDENTIALS = {"http": "HttpCredentials", "fred": "FredCredentials"}
"""Classes of credentials, in the module of their kind."""


def kinds() -> str:
    """A section per kind, then one per group of options that kinds share."""
    from pulse_kedro.adapters.sources.kinds import KINDS

    found = {name: load() for name, load in KINDS.items()}
    parts = [section(f"`{name}`", kind.options, _credentials(name, kind.build)) for name, kind in found.items()]
    inner = {cls.__name__: cls for kind in found.values() for cls in _inside(kind.options)}
    return "\n".join([*parts, *(section(f"`{name}`", cls, None) for name, cls in sorted(inner.items()))])


def _credentials(name: str, build: object) -> type | None:
    from importlib import import_module

    if name not in CREDENTIALS:
        return None
    found: type = getattr(import_module(str(getattr(build, "__module__", ""))), CREDENTIALS[name])
    return found


def section(title: str, cls: type, credentials: type | None) -> str:
    """A heading, the first line of an options class, and a table of its keys, those of its credentials included."""
    text = f"## {title}\n\n{first_line(cls)}\n\n{table(HEADERS, _rows(cls))}"
    return text + (f"\nIts credentials:\n\n{table(HEADERS, _rows(credentials))}" if credentials else "")


def _rows(cls: type) -> Iterator[tuple[str, ...]]:
    for name, field in cls.__pydantic_fields__.items():  # type: ignore[attr-defined]
        meaning = " ".join((field.description or "").split())
        yield code(name), spell(field.annotation), _default(field), meaning


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "it is needed"
    if field.default_factory is not None:
        return DASH
    value = field.default
    return code("null" if value in {None, MISSING} else str(value).lower() if isinstance(value, bool) else value)


def _inside(cls: type) -> Iterator[type]:
    for field in cls.__pydantic_fields__.values():  # type: ignore[attr-defined]
        for inner in classes_in(field.annotation):
            yield inner
            yield from _inside(inner)
