"""Databases that are fresh, or as earlier versions of the package left them."""

import functools
import tempfile
from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text

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
