"""Data roots in which cycles were committed already, each test gets a copy of its own; and one PostgreSQL server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cycles import Place, small_source
from databases import Server, postgres_server


@pytest.fixture(scope="session")
def after_one(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """One committed cycle, 2018-12. Copy it, do not use it."""
    place = Place(tmp_path_factory.mktemp("after_one")).offer(small_source())
    place.run("2018-12-01")
    return place


@pytest.fixture(scope="session")
def after_three(after_one: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Three committed cycles, 2018-12 to 2019-02. Copy it, do not use it."""
    place = after_one.copy(tmp_path_factory.mktemp("after_three"))
    place.run("2019-01-01")
    place.run("2019-02-01")
    return place


@pytest.fixture
def served(after_one: Place, tmp_path: Path) -> Place:
    """A place of one cycle."""
    return after_one.copy(tmp_path / "served")


@pytest.fixture
def grown(after_three: Place, tmp_path: Path) -> Place:
    """A place of three cycles."""
    return after_three.copy(tmp_path / "grown")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The PostgreSQL server of all tests of a process."""
    with postgres_server() as server:
        yield server
