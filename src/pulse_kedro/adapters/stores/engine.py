"""Opens the one database of all stores by its URL: SQLite by default, PostgreSQL where several hosts share it.

SQLite runs with journal mode DELETE and `synchronous=FULL`; WAL is not used because libraries before 3.51.3 can corrupt
it. A writer takes its lock at BEGIN, so that what it read is still true when it writes.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, inspect, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from pulse_kedro.adapters.stores.columns import to_json
from pulse_kedro.domain.errors import InvalidConfiguration, PulseError

logger = logging.getLogger(__name__)

HEAD_REVISION = "0008"
"""Newest migration; a test compares it with the migrations folder, so that opening need not import Alembic."""
BUSY_SECONDS = 20
"""How long a SQLite connection waits for a lock before it gives up."""
_MIGRATION_LOCK = 0x70756C7365  # any fixed number; this one spells "pulse"


class RelativeDatabase(InvalidConfiguration):
    """A SQLite file was named by a relative path, which would follow the working directory."""

    def __init__(self, url: str) -> None:
        """Keep the URL that was configured."""
        super().__init__(url)
        self.url = url

    def __str__(self) -> str:
        """Say how to write the path instead."""
        return (
            f"Opening the database failed: got {self.url!r}, expected an absolute path. "
            'Write "sqlite:///${in_project:data/pulse.db}" in conf/base/globals.yml.'
        )


class DatabaseRevision(PulseError):
    """The database was made by another version of the package than the one that reads it."""

    code: ClassVar[str] = "data.schema_mismatch"

    def __init__(self, found: str, expected: str) -> None:
        """Keep the revision that is stored and the one this package knows."""
        super().__init__(found, expected)
        self.found, self.expected = found, expected

    def __str__(self) -> str:
        """Name both revisions and the two ways out."""
        return (
            f"Opening the database failed: got revision {self.found}, expected {self.expected}. Run `kedro run` once "
            "if the package is the newer one, else install the version of pulse_kedro that wrote it."
        )


def open_for_reading(url: str) -> Engine | None:
    """Engine on a database that exists; creates nothing.

    Args:
        url: SQLAlchemy URL; a SQLite path must be absolute.

    Returns:
        An engine, or `None` where no cycle was ever started: no file, or no tables yet.

    Raises:
        RelativeDatabase: A SQLite path is relative.
        DatabaseRevision: The tables are those of another version.
    """
    file = _sqlite_file(make_url(url))
    if file is not None and not file.exists():
        return None
    engine = _engine(url)
    with engine.connect() as connection:
        found = revision(connection)
    if found is None:
        return None
    if found != HEAD_REVISION:
        raise DatabaseRevision(found, HEAD_REVISION)
    return engine


def open_for_writing(url: str) -> Engine:
    """Engine on a database with the newest tables; creates file and tables, and migrates older ones.

    Args:
        url: SQLAlchemy URL; a SQLite path must be absolute.

    Returns:
        An engine that any store can write to.

    Raises:
        RelativeDatabase: A SQLite path is relative.
        DatabaseRevision: The tables were made by a newer version of this package.
    """
    file = _sqlite_file(make_url(url))
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    engine = _engine(url, mode="rwc")
    with engine.connect() as connection:
        current = revision(connection) == HEAD_REVISION
    if not current:
        _migrate(engine)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that reads and writes: all of it happens, or nothing.

    On SQLite the write lock is taken before the first read, so two writers queue instead of failing half-way.
    """
    with engine.execution_options(pulse_writes=True).begin() as connection:
        yield connection


def revision(connection: Connection) -> str | None:
    """Migration the database is at, `None` while it has no tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def add_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert the rows whose primary key is not there yet; what is there stays as it is.

    Args:
        connection: Inside a transaction.
        table: Where to insert.
        rows: One mapping of column to value per row; may be empty.
    """
    from sqlalchemy.dialects import postgresql, sqlite  # readers need neither

    if rows:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def _migrate(engine: Engine) -> None:
    from pulse_kedro.adapters.stores.migrations.upgrade import upgrade  # Alembic takes time

    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        found = revision(connection)  # again: another process may have been first
        if found != HEAD_REVISION:
            upgrade(connection, found)
            logger.info("migrated the database from revision %s to %s", found or "none", HEAD_REVISION)


def _sqlite_file(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or not Path(url.database).is_absolute():
        raise RelativeDatabase(url.render_as_string(hide_password=True))
    return Path(url.database)


def _engine(url: str, *, mode: str = "rw") -> Engine:
    """Engine without a pool: a connection lives as long as its block, so a fork inherits none."""
    parsed = make_url(url)
    file = _sqlite_file(parsed)
    if file is None:
        return create_engine(parsed, poolclass=NullPool, json_serializer=to_json)
    # A reader opens `rw` as well, not `ro`: it must be able to roll back what a killed writer left half-way.
    address = URL.create("sqlite", database=file.as_uri(), query={"mode": mode, "uri": "true"})
    engine = create_engine(address, poolclass=NullPool, json_serializer=to_json, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver starts no transaction of its own
    cursor = connection.cursor()
    for pragma in ("journal_mode=DELETE", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("pulse_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
