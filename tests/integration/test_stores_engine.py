"""How the database is opened: what is created, what is refused, and that writers queue."""

import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from pulse_kedro.adapters.stores import engine as opening
from pulse_kedro.adapters.stores.engine import (
    HEAD_REVISION,
    DatabaseRevision,
    RelativeDatabase,
    open_for_reading,
    open_for_writing,
    writing,
)
from pulse_kedro.adapters.stores.migrations.upgrade import scripts
from pulse_kedro.adapters.stores.tables import metadata


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/pulse.db"


def pragma(engine: Engine, name: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(f"PRAGMA {name}")).scalar()


def test_a_reader_finds_nothing_and_creates_nothing(url: str, tmp_path: Path) -> None:
    assert open_for_reading(url) is None
    assert [] == list(tmp_path.iterdir())


def test_a_file_without_tables_counts_as_nothing(url: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/pulse.db").touch()

    assert open_for_reading(url) is None


def test_a_writer_creates_the_tables_that_the_package_declares(url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with open_for_writing(url).connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert [] == differences


def test_the_newest_revision_is_the_one_the_code_names() -> None:
    assert HEAD_REVISION == scripts().get_current_head()


def test_every_revision_can_be_undone(url: str) -> None:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    with writing(open_for_writing(url)) as connection:
        with Operations.context(MigrationContext.configure(connection)):
            for revision in scripts().walk_revisions():
                revision.module.downgrade()
        left = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()

    assert ["alembic_version"] == left


def test_a_second_writer_finds_the_tables_and_imports_no_alembic(url: str) -> None:
    open_for_writing(url)

    code = (
        "import sys; from pulse_kedro.adapters.stores.engine import open_for_writing as o;"
        f"o({url!r}); sys.exit('alembic' in sys.modules)"
    )
    child = subprocess.run([sys.executable, "-c", code], check=False)  # noqa: S603  # our own words

    assert 0 == child.returncode


def test_sqlite_is_durable_and_keeps_its_references(url: str) -> None:
    engine = open_for_writing(url)

    assert "delete" == pragma(engine, "journal_mode")
    assert 2 == pragma(engine, "synchronous")  # FULL
    assert 1 == pragma(engine, "foreign_keys")
    assert 20_000 == pragma(engine, "busy_timeout")


@pytest.mark.parametrize("relative", ["sqlite:///data/pulse.db", "sqlite://"])
def test_a_relative_path_is_refused_with_what_to_write_instead(relative: str) -> None:
    with pytest.raises(RelativeDatabase, match=r"expected an absolute path.*in_project"):
        open_for_writing(relative)


def test_a_database_of_a_newer_package_is_left_alone(url: str) -> None:
    with writing(open_for_writing(url)) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(DatabaseRevision, match="got revision 9999"):
        open_for_reading(url)
    with pytest.raises(DatabaseRevision, match="got revision 9999"):
        open_for_writing(url)


def test_a_failing_transaction_leaves_nothing(url: str) -> None:
    engine = open_for_writing(url)

    def fail_half_way() -> None:
        with writing(engine) as connection:
            connection.execute(text("INSERT INTO lineage VALUES ('a', 'b')"))
            connection.execute(text("INSERT INTO no_such_table VALUES (1)"))

    with pytest.raises(OperationalError, match="no_such_table"):
        fail_half_way()

    with engine.connect() as connection:
        assert 0 == connection.execute(text("SELECT count(*) FROM lineage")).scalar()


def test_a_writer_holds_its_lock_from_the_first_statement(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_for_writing(url)
    monkeypatch.setattr(opening, "BUSY_SECONDS", 0.05)
    impatient = open_for_writing(url)

    with writing(engine), pytest.raises(OperationalError, match="locked"), writing(impatient):
        pass


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns of threads; the children use none
def test_processes_that_start_together_make_the_tables_once(url: str) -> None:
    context = get_context("fork")
    children = [context.Process(target=open_for_writing, args=(url,)) for _ in range(4)]

    for child in children:
        child.start()
    for child in children:
        child.join()

    assert [0] * 4 == [child.exitcode for child in children]
    assert open_for_reading(url) is not None
