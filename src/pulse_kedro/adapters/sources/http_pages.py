"""JSON behind HTTP, page by page. This is what the source documents call Iris."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, Self

import pandas as pd
from pydantic import Field, TypeAdapter, field_validator, model_validator
from pydantic.dataclasses import dataclass

from pulse_kedro.adapters.sources.failing import address
from pulse_kedro.adapters.sources.http_client import Client, Limits, connected
from pulse_kedro.adapters.sources.json_bodies import NotUnderstood, parse, records
from pulse_kedro.adapters.sources.paging import Pager, Paging, Step
from pulse_kedro.adapters.sources.settings import STRICT, Given, Kind
from pulse_kedro.domain.data_management.fetching import JSON, Fetched, Request
from pulse_kedro.domain.errors import nearest

SCHEMES = ("http", "https")
PLACES = ("start", "end", "as_of", "variables")
"""What a parameter of the address may take from the request."""
_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class HttpOptions:
    """A service that answers GET with JSON."""

    url: str
    """Address without parameters, user and password."""
    query: Mapping[str, str | int | float | bool] = Field(default_factory=dict)
    """Parameters of the address. A text may hold `{start}`, `{end}` (dates), `{as_of}` (moment in UTC) or `{variables}`
    (names with commas); where the request leaves it open, the parameter is left out."""
    headers: Mapping[str, str] = Field(default_factory=dict)
    """Headers of every request; a secret one belongs into the credentials."""
    records: str | None = None
    """Place of the list of rows in the body, with dots; `null` where the body is the list."""
    paging: Paging = Field(default_factory=Paging)
    """How further pages are found."""
    limits: Limits = Field(default_factory=Limits)
    """How long, how often and how much may be asked."""

    @field_validator("url")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        scheme, _, rest = value.partition("://")
        if scheme not in SCHEMES or not rest or "?" in value or "@" in rest.partition("/")[0]:
            message = "an address that begins with http:// or https://, without user, password and parameters"
            raise ValueError(message)
        return value

    @field_validator("query")
    @classmethod
    def _known_places(cls, value: Mapping[str, object]) -> Mapping[str, object]:
        for text in map(str, value.values()):
            for place in _PLACE.findall(text):
                if place not in PLACES:
                    known = ", ".join(f"{{{name}}}" for name in PLACES)
                    message = f"{{{place}}} is none of {known}.{nearest(place, PLACES)}"
                    raise ValueError(message)
        return value


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class HttpCredentials:
    """What a service wants to see: one of a token, a login, a header or a parameter."""

    token: str | None = None
    """Sent in the header `Authorization`, as a bearer."""
    user: str | None = None
    """User of a login."""
    password: str | None = None
    """Password of a login."""
    header: str | None = None
    """Name of a header that carries `value`."""
    parameter: str | None = None
    """Name of a parameter of the address that carries `value`."""
    value: str | None = None
    """What the header or parameter carries."""

    @field_validator("token", "user", "password", "header", "parameter", "value")
    @classmethod
    def _one_line(cls, value: str | None) -> str | None:
        """A line break from a file would break the header, and the complaint about it would show the secret."""
        if value is not None and (not value.isprintable() or value != value.strip()):
            message = "no line breaks, and no blanks at the ends"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _need_whole_ones(self) -> Self:
        if (self.user is None) != (self.password is None):
            message = "user and password belong together"
            raise ValueError(message)
        if (self.value is None) != (self.header is None and self.parameter is None):
            message = "value belongs to header or parameter"
            raise ValueError(message)
        return self

    def headers(self) -> dict[str, str]:
        """Headers to send."""
        token = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return token | ({self.header: self.value} if self.header and self.value else {})

    def query(self) -> dict[str, str]:
        """Parameters to add."""
        return {self.parameter: self.value} if self.parameter and self.value else {}

    def login(self) -> tuple[str, str] | None:
        """User and password."""
        return (self.user, self.password) if self.user and self.password else None


class HttpSource:
    """Reads all pages of one address."""

    def __init__(self, name: str, options: HttpOptions, given: Given) -> None:
        """Keep the address and how to ask; nothing is sent.

        Raises:
            ValidationError: The credentials are none that a service takes.
        """
        self._name, self._options, self._given = name, options, given
        self._credentials = TypeAdapter(HttpCredentials).validate_python(dict(given.credentials))

    async def fetch(self, request: Request) -> Fetched:
        """The rows of all pages, in the order of the service."""
        options, credentials = self._options, self._credentials
        headers = {**options.headers, **credentials.headers()}
        rows: list[dict[str, Any]] = []
        pages = 0
        async with connected(
            self._name, options.limits, self._given.secrets, headers=headers, login=credentials.login()
        ) as client:
            async for page in self._pages(client, self._query(request)):
                rows += page
                pages += 1
                if request.enough is not None and len(rows) >= request.enough:
                    break
        facts: dict[str, JSON] = {"location": address(options.url), "pages": pages, "rows": len(rows)}
        return Fetched(table=pd.DataFrame(rows), source=self._name, fetched_at=self._given.now(), facts=facts)

    def _query(self, request: Request) -> dict[str, str]:
        filled = {name: _fill(value, request) for name, value in self._options.query.items()}
        return {name: value for name, value in filled.items() if value is not None} | self._credentials.query()

    async def _pages(self, client: Client, asked: Mapping[str, str]) -> AsyncIterator[list[dict[str, Any]]]:
        """The rows of each page, until the service has no more."""
        pager = Pager(self._options.paging, self._options.url, asked)
        step: Step | None = pager.first()
        while step is not None:
            answer = await client.get(step.url, step.query)
            try:
                body = parse(answer.body, answer.content_type, client.clean)
                rows = records(body, self._options.records)
                link = pager.turn(body, answer.next_page, rows)
            except NotUnderstood as error:
                raise client.failed(error.got, error.expected, error.advice) from error
            yield rows
            if link is not None:
                query = {**self._credentials.query(), **link.query}
                link = replace(link, url=client.require_same_host(step.url, link.url), query=query)
            step = link


def _fill(value: object, request: Request) -> str | None:
    """A parameter with the places of the request filled in; `None` where the request leaves one of them open."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    given = {
        "start": _date(request.start),
        "end": _date(request.end),
        "as_of": None if request.as_of is None else request.as_of.tz_localize(None).isoformat() + "Z",
        "variables": ",".join(request.variables) or None,
    }
    if any(given[place] is None for place in _PLACE.findall(text)):
        return None
    return _PLACE.sub(lambda found: str(given[found[1]]), text)


def _date(label: pd.Timestamp | None) -> str | None:
    if label is None:
        return None
    return label.date().isoformat() if label == label.normalize() else label.isoformat()


HTTP = Kind(options=HttpOptions, build=HttpSource, location=lambda options: address(options.url))
