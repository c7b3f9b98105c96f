"""The sources that `conf/…/sources.yml` names, each checked before anything is asked."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kedro.config import AbstractConfigLoader, MissingConfigException
from pydantic import TypeAdapter, ValidationError

from pulse_kedro.adapters.configuration import open_tree
from pulse_kedro.adapters.sources.asking import ask
from pulse_kedro.adapters.sources.kinds import known_kinds
from pulse_kedro.adapters.sources.settings import Given, Kind, Provenance
from pulse_kedro.domain.data_management.fetching import Fetched, Request, Source
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.errors import InvalidConfiguration, nearest
from pulse_kedro.domain.panel import AVAILABLE_AT

SECTION = "sources"
"""Key of the configuration loader."""
TYPE, CREDENTIALS, TABLE, CONTRACT = "type", "credentials", "table", "contract"
MOMENTS = f"{TABLE}.columns.{AVAILABLE_AT}"
WHOLE = ""
"""Key of an entry as a whole."""
SHARED = (TYPE, CREDENTIALS, TABLE, CONTRACT)
"""Keys that an entry of any type may have; all others are options of its type."""


class InvalidSource(InvalidConfiguration):
    """An entry of sources.yml cannot be used."""

    def __init__(self, file: str, key: str, got: str, expected: str, advice: str) -> None:
        """Keep the file, the dotted key, what stands there (never a secret), what should, and the next step."""
        super().__init__(file, key, got, expected, advice)
        self.file, self.key, self.got, self.expected, self.advice = file, key, got, expected, advice

    def __str__(self) -> str:
        """Name file and key."""
        return f"Reading {self.key} in {self.file} failed: got {self.got}, expected {self.expected}. {self.advice}"


class UnknownSource(InvalidConfiguration):
    """A source was asked for that no file names."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        """Keep the name and the sources there are."""
        super().__init__(name, known)
        self.name, self.known = name, known

    def __str__(self) -> str:
        """Name the sources there are."""
        there = ", ".join(self.known) or "no source at all: write one into conf/local/sources.yml"
        return f"Choosing a source failed: got {self.name!r}, expected one of {there}.{nearest(self.name, self.known)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredSource:
    """A source as an entry describes it; it keeps the protocol even where the class behind it does not.

    `location` says where it reads, without secrets. `table` declares its columns; `contract` names the rules that its
    rows are held to. Values of provenance `self` were made by our own models, and have no `table`.
    """

    name: str
    kind: str
    location: str
    source: Source
    table: SourceOptions | None
    contract: str | None
    provenance: Provenance

    async def fetch(self, request: Request) -> Fetched:
        """Rows inside the request; nothing that became known after `as_of`.

        Raises:
            SourceFailed: Whatever went wrong.
        """
        return await ask(self.name, self.source, request, options=self.table)


def configured(loader: AbstractConfigLoader, given: Given | None = None) -> Mapping[str, ConfiguredSource]:
    """Every source of an environment, built and checked; nothing is opened or sent.

    Args:
        loader: Configuration of the environment.
        given: Database, paths and clock; credentials are those of the environment. `None` names no database and counts
            relative paths from the working directory.

    Raises:
        InvalidSource: An entry cannot be used; the first one found is named with file, key and what to write.
    """
    return {name: _build(loader, name, entry, given or Given()) for name, entry in _entries(loader).items()}


def chosen(sources: Mapping[str, ConfiguredSource], names: Sequence[str]) -> Mapping[str, ConfiguredSource]:
    """Some of the sources, in the order of the names; all of them where none is named.

    Raises:
        UnknownSource: There is no source of that name.
    """
    for name in names:
        if name not in sources:
            raise UnknownSource(name, sorted(sources))
    return {name: sources[name] for name in names} if names else sources


def _entries(loader: AbstractConfigLoader) -> Mapping[str, Any]:
    try:
        return {str(name): entry for name, entry in loader[SECTION].items() if not str(name).startswith("_")}
    except MissingConfigException:
        return {}


def _build(loader: AbstractConfigLoader, name: str, entry: object, given: Given) -> ConfiguredSource:
    place = _Place(loader, name)
    if not isinstance(entry, Mapping):
        raise place.wrong(WHOLE, repr(entry), "a group of keys", f"Write `type` below `{name}`.")
    kind = _kind(entry.get(TYPE), place)
    own = {key: value for key, value in entry.items() if key not in SHARED}
    options = _typed(kind.options, own, place, known=(*SHARED, *_fields(kind.options)))
    provenance = kind.provenance(options)
    table = _table(name, entry.get(TABLE), provenance, place)
    if kind.vintages and table is not None and table.columns.available_at is None:
        expected = f"{AVAILABLE_AT!r}, because there is a row for every vintage"
        raise place.wrong(MOMENTS, "nothing", expected, "Add it.")
    contract = entry.get(CONTRACT)
    if contract is not None and not isinstance(contract, str):
        raise place.wrong(CONTRACT, repr(contract), "the name of a contract, or null", "Correct it.")
    held = Given(
        credentials=_credentials(loader, entry.get(CREDENTIALS), place),
        database=given.database,
        place=given.place,
        now=given.now,
    )
    return ConfiguredSource(
        name=name,
        kind=str(entry[TYPE]),
        location=kind.location(options),
        source=_made(kind, name, options, held, place),
        table=table,
        contract=contract,
        provenance=provenance,
    )


def _kind(word: object, place: "_Place") -> Kind:
    known = known_kinds()
    if word not in known:
        got = "nothing" if word is None else repr(word)
        raise place.wrong(TYPE, got, f"one of {', '.join(known)}", f"Correct it.{nearest(str(word), list(known))}")
    kind: object = known[str(word)]()
    if not isinstance(kind, Kind):
        advice = "Correct the entry point of the package that offers it."
        raise place.wrong(TYPE, f"{word!r}, which is {type(kind).__qualname__}", "a `Kind`", advice)
    return kind


def _table(name: str, declared: object, provenance: Provenance, place: "_Place") -> SourceOptions | None:
    if declared is None:
        return None
    if provenance == "self":
        advice = "Remove it; use these values as features."
        raise place.wrong(TABLE, "a declaration", "null, because our own forecasts are never observations", advice)
    if not isinstance(declared, Mapping):
        raise place.wrong(TABLE, repr(declared), "the keys of a declaration", "Copy those of `source`.")
    table: SourceOptions = _typed(SourceOptions, {"name": name, **declared}, place, known=(), above=TABLE)
    return table


def _credentials(loader: AbstractConfigLoader, name: object, place: "_Place") -> Mapping[str, Any]:
    if name is None:
        return {}
    try:
        known: Mapping[str, Any] = loader["credentials"]
    except MissingConfigException:
        known = {}
    if not isinstance(name, str):
        advice = "Put what stands here into conf/local/credentials.yml, and its name here."
        raise place.wrong(CREDENTIALS, type(name).__name__, "the name of an entry of credentials.yml", advice)
    if not isinstance(known.get(name), Mapping):
        advice = f"Write it into conf/local/credentials.yml.{nearest(name, list(known))}"
        raise place.wrong(CREDENTIALS, repr(name), "the name of an entry of credentials.yml", advice)
    return dict(known[name])


def _made(kind: Kind, name: str, options: object, given: Given, place: "_Place") -> Source:
    try:
        return kind.build(name, options, given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the entry"
        advice = "Correct the entry of credentials.yml that it names."
        raise place.wrong(CREDENTIALS, f"unfit credentials ({where})", _rule(first["msg"]), advice) from None
    except ValueError as error:
        raise place.wrong(WHOLE, "these keys", str(error), "Correct them.") from error


def _typed(cls: type, values: Mapping[str, Any], place: "_Place", *, known: Sequence[str], above: str = "") -> Any:  # noqa: ANN401  # an instance of `cls`
    try:
        return TypeAdapter(cls).validate_python(dict(values))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        path = [str(part) for part in first["loc"]]
        key = ".".join([above, *path] if above else path)
        if first["type"] == "unexpected_keyword_argument":
            fields = list(known) if len(path) == 1 and known else _fields_at(cls, path[:-1])
            advice = f"Remove or rename it.{nearest(path[-1], fields)}"
            raise place.wrong(key, "a key that nobody reads", f"one of {', '.join(fields)}", advice) from None
        if first["type"] == "missing":
            raise place.wrong(key, "nothing", "a value", f"Add `{path[-1]}`.") from None
        raise place.wrong(key, _shown(values, path), _rule(first["msg"]), "Correct it.") from None


def _rule(message: str) -> str:
    """What pydantic demands, in the middle of a sentence."""
    text = message.removeprefix("Value error, ").removeprefix("Input should be ")
    return text[:1].lower() + text[1:]


def _shown(values: object, path: Sequence[str]) -> str:
    """The value at a place; a text that could hold a secret is told by its length alone."""
    for part in path:
        if isinstance(values, Mapping):
            values = values.get(part)
        elif isinstance(values, list | tuple) and part.isdigit() and int(part) < len(values):
            values = values[int(part)]
    if isinstance(values, Mapping | list | tuple):
        return "these keys" if isinstance(values, Mapping) else "this list"
    return repr(values) if not isinstance(values, str) or "://" not in values else "this address"


def _fields(cls: type) -> list[str]:
    return list(cls.__pydantic_fields__)  # type: ignore[attr-defined]


def _fields_at(cls: type, path: Sequence[str]) -> list[str]:
    """Keys of the options class at a place below another one."""
    for part in path:
        field = cls.__pydantic_fields__.get(part)  # type: ignore[attr-defined]
        if field is not None and hasattr(field.annotation, "__pydantic_fields__"):
            cls = field.annotation
    return _fields(cls)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an entry stands, looked up only when it has to be told."""

    loader: AbstractConfigLoader
    name: str

    def wrong(self, key: str, got: str, expected: str, advice: str) -> InvalidSource:
        return InvalidSource(self._file(), f"{self.name}.{key}" if key else self.name, got, expected, advice)

    def _file(self) -> str:
        """File that names the entry, the environment before the base."""
        for path, text in self._files():
            if re.search(rf"^[\"']?{re.escape(self.name)}[\"']?\s*:", text, re.MULTILINE):
                return path
        return "sources.yml"

    def _files(self) -> Iterator[tuple[str, str]]:
        source = str(self.loader.conf_source)
        tree, root = open_tree(source)
        for environment in (self.loader.env, "base"):
            for path in sorted(tree.glob(f"{root}/{environment}/**/sources*")) if environment else ():
                if not tree.isdir(path):
                    yield f"conf/{environment}/{str(path).rpartition('/')[2]}", tree.cat_file(path).decode()
