"""Databases as earlier versions of the package left them."""

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text

from pulse_kedro.adapters.stores.engine import writing
from pulse_kedro.adapters.stores.migrations.upgrade import scripts


def go_back(engine: Engine, revision: str) -> None:
    """Undo every migration after one, so that the database is one of that revision."""
    with writing(engine) as connection:
        with Operations.context(MigrationContext.configure(connection)):
            for later in scripts().iterate_revisions("heads", revision):
                later.module.downgrade()
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
