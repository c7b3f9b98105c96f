"""A table, a view or one query of a database that SQLAlchemy can speak to; it is only read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from pulse_kedro.adapters.sources.failing import address, told
from pulse_kedro.adapters.sources.settings import STRICT, Given, Kind
from pulse_kedro.adapters.sources.threads import Stop, in_thread
from pulse_kedro.domain.data_management.fetching import Fetched, Request, SourceNotFound, SourceTooLarge
from pulse_kedro.domain.errors import nearest
from pulse_kedro.domain.recovery.redaction import redact

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Executable

CONNECTION = "con"
"""Key of the credentials that holds the URL of the database, as Kedro's SQL datasets call it."""
ASKED = ("start", "end", "as_of")
"""Parameters that a query may use without declaring them; each is bound to what the request says."""
EARLIEST, LATEST = datetime(1, 1, 1), datetime(9999, 12, 31)  # noqa: DTZ001  # labels, which have no zone
"""Bound where a request leaves a side open, so that a query needs no case for it."""


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class SqlOptions:
    """A table, a view or one query of a database."""

    url: str | None = None
    """SQLAlchemy URL without a password; one with a password is the value of `con` in the credentials. The path of a
    SQLite file counts from the project."""
    relation: str | None = None
    """Table or view, with its schema as `schema.name`; or `null` where `query` is given."""
    query: str | None = None
    """One SELECT. Values come into it as parameters only: `:start` and `:end` (period labels), `:as_of` (moment in UTC)
    and those of `parameters`. An open side of a request is bound to year 1 or 9999."""
    parameters: Mapping[str, str | int | float | bool] = Field(default_factory=dict)
    """Further parameters of the query and their values."""
    chunk_rows: int = Field(default=50_000, ge=1)
    """Rows that are carried over at once; ours."""
    max_rows: int = Field(default=20_000_000, ge=1)
    """Rows beyond which the source is refused rather than cut off; ours: twice the largest panel we measured."""
    timeout_s: float = Field(default=300, gt=0)
    """Seconds for connecting, and for the statement where the database can limit it (PostgreSQL); ours."""

    @model_validator(mode="after")
    def _need_one_of_both(self) -> Self:
        if (self.relation is None) == (self.query is None):
            message = "one of relation and query is needed, not both"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _refuse_password(self) -> Self:
        if self.url is not None and (_password(self.url) or redact(self.url) != self.url):
            message = f"url may not hold a password: put the URL into the credentials, as {CONNECTION}"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _refuse_unknown_parameters(self) -> Self:
        if self.query is not None:
            used = _bound(self.query)
            known = [*ASKED, *self.parameters]
            for name in sorted(used - set(known)):
                message = f"the query uses :{name}, which is neither of {', '.join(known)}.{nearest(name, known)}"
                raise ValueError(message)
        return self


class SqlSource:
    """Reads in chunks, inside one transaction that cannot write."""

    def __init__(self, name: str, options: SqlOptions, given: Given) -> None:
        """Keep where the rows are; nothing is opened.

        Raises:
            ValueError: Neither the options nor the credentials hold a URL that can be read.
        """
        url = str(given.credentials.get(CONNECTION, "")) or options.url
        if not url:
            message = f"url is needed, or credentials with {CONNECTION}"
            raise ValueError(message)
        self._name, self._options, self._given, self._url = name, options, given, url
        self._secrets = (*given.secrets, _password(url))

    async def fetch(self, request: Request) -> Fetched:
        """Every row of the table, or what the query gives for the request."""
        where = address(self._url)
        advice = "Correct `url`, `relation` or `query` in its entry."
        with told(self._name, f"rows from {where}", self._secrets, advice=advice):
            table = await in_thread(lambda stop: self._read(request, stop))
        return Fetched(table=table, source=self._name, fetched_at=self._given.now(), facts={"location": where})

    def _read(self, request: Request, stop: Stop) -> pd.DataFrame:
        engine = _engine(self._url, self._given, self._options.timeout_s)
        try:
            with engine.connect() as connection:
                _forbid_writing(connection)
                return self._collect(connection, request, stop)
        finally:
            engine.dispose()

    def _collect(self, connection: "Connection", request: Request, stop: Stop) -> pd.DataFrame:
        options = self._options
        streamed = connection.execution_options(
            stream_results=True, yield_per=min(options.chunk_rows, request.enough or options.chunk_rows)
        )
        result = streamed.execute(*self._statement(connection, request))
        names, parts, count = list(result.keys()), [], 0
        for rows in result.partitions():
            count += len(rows)
            if count > options.max_rows:
                advice = "Narrow the query, or raise `max_rows`."
                raise SourceTooLarge(
                    self._name, f"more than {options.max_rows} rows", f"at most {options.max_rows}", advice
                )
            columns = enumerate(zip(*rows, strict=True))
            parts.append(pd.DataFrame({place: _typed(cells) for place, cells in columns}).set_axis(names, axis=1))
            if stop.is_set() or (request.enough is not None and count >= request.enough):
                break  # nobody waits for the rest
        return _joined(parts) if parts else pd.DataFrame(columns=names)

    def _statement(self, connection: "Connection", request: Request) -> "tuple[Executable, dict[str, object]]":
        from sqlalchemy import bindparam, select, table, text

        if self._options.query is None:
            schema, _, relation = str(self._options.relation).rpartition(".")
            self._require(connection, relation, schema or None)
            return select(text("*")).select_from(table(relation, schema=schema or None)), {}
        used = _bound(self._options.query)
        asked = _asked(request, connection.dialect.name)
        typed = [bindparam(name, type_=asked[name][1]) for name in ASKED if name in used]
        values = {name: asked[name][0] for name in ASKED if name in used}
        return text(self._options.query).bindparams(*typed), {**self._options.parameters, **values}

    def _require(self, connection: "Connection", relation: str, schema: str | None) -> None:
        from sqlalchemy import inspect

        found = inspect(connection)
        known = [*found.get_table_names(schema), *found.get_view_names(schema)]
        if relation not in known:
            advice = f"Correct `relation`.{nearest(relation, known)}"
            raise SourceNotFound(self._name, f"no table {self._options.relation!r}", "one that exists", advice)


def _typed(cells: Sequence[object]) -> pd.Series:
    """One column of a chunk; whole numbers beside a missing value stay objects, for large fractions are inexact."""
    column = pd.Series(cells, dtype=object)
    present = column.dropna()
    exact = len(present) < len(column) and pd.api.types.is_integer_dtype(present.infer_objects())
    return column if exact else column.infer_objects()


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """All chunks below one another; a column that has several types stays what each cell is."""
    mixed = [place for place in range(parts[0].shape[1]) if len({str(part.dtypes.iloc[place]) for part in parts}) > 1]
    if mixed:
        parts = [part.astype({part.columns[place]: object for place in mixed}) for part in parts]
    return pd.concat(parts, ignore_index=True)


def _asked(request: Request, dialect: str) -> dict[str, tuple[object, Any]]:
    """What each parameter of a request is bound to, and its type.

    SQLite keeps dates as text of one of several spellings; the bounds are spelled so that none of them is left out.
    """
    from sqlalchemy import DateTime, String

    start = EARLIEST if request.start is None else request.start.to_pydatetime()
    end = LATEST if request.end is None else request.end.to_pydatetime()
    as_of = LATEST if request.as_of is None else request.as_of.tz_localize(None).to_pydatetime()
    if dialect == "sqlite":
        first = start.isoformat(" ").removesuffix(" 00:00:00")
        return {"start": (first, String()), "end": (_last(end), String()), "as_of": (_last(as_of), String())}
    return {
        "start": (start, DateTime()),
        "end": (end, DateTime()),
        "as_of": (pd.Timestamp(as_of, tz="UTC").to_pydatetime() if as_of != LATEST else as_of, DateTime(timezone=True)),
    }


def _last(when: datetime) -> str:
    return f"{when.isoformat('T')}Z"


def _engine(url: str, given: Given, timeout_s: float) -> "Engine":
    """An engine without a pool, which opens a SQLite file for reading only."""
    from sqlalchemy import URL, create_engine, make_url
    from sqlalchemy.pool import NullPool

    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        file = Path(given.place(str(parsed.database)))
        if not file.exists():
            raise FileNotFoundError(2, "No such file or directory", str(parsed.database))
        parsed = URL.create("sqlite", database=file.as_uri(), query={"mode": "ro", "uri": "true"})
        return create_engine(parsed, poolclass=NullPool, connect_args={"timeout": timeout_s})
    arguments: dict[str, object] = {}
    if parsed.get_backend_name() == "postgresql":
        limits = f"-c timezone=UTC -c statement_timeout={max(1, round(timeout_s * 1000))}"
        arguments = {"options": limits, "connect_timeout": max(1, round(timeout_s))}
    return create_engine(parsed, poolclass=NullPool, connect_args=arguments)


def _forbid_writing(connection: "Connection") -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
    elif connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only=ON")


def _bound(query: str) -> set[str]:
    """Names of the parameters in a query."""
    from sqlalchemy import text

    return set(text(query).compile().params)


def _password(url: str) -> str:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return str(make_url(url).password or "")
    except ArgumentError as error:
        message = "a URL of SQLAlchemy, such as sqlite:///data/rows.db"
        raise ValueError(message) from error


def _location(options: SqlOptions) -> str:
    what = options.relation or "a query"
    return f"{what} at {address(options.url) if options.url else 'the database of its credentials'}"


SQL = Kind(options=SqlOptions, build=SqlSource, location=_location)
