"""Brings a database to the newest revision, inside the transaction of the caller."""

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from pulse_kedro.adapters.stores.engine import HEAD_REVISION, DatabaseRevision


def scripts() -> ScriptDirectory:
    """The revisions that come with the package."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def upgrade(connection: Connection, found: str | None) -> None:
    """Apply every revision after `found`; nothing is committed here.

    Args:
        connection: Inside a transaction that holds the write lock.
        found: Revision the database is at; `None` for an empty one.

    Raises:
        DatabaseRevision: This package does not know the revision: a newer one made the database.
    """
    directory = scripts()
    try:
        directory.get_revision(found or "base")
    except CommandError as unknown:
        raise DatabaseRevision(str(found), HEAD_REVISION) from unknown

    def steps(revision: str | tuple[str, ...], _: MigrationContext) -> list[RevisionStep]:
        return directory._upgrade_revs("head", revision)  # type: ignore[arg-type]  # noqa: SLF001  # as Alembic does

    with EnvironmentContext(Config(), directory, fn=steps) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()
