"""Data roots in which cycles were committed already, each test gets a copy of its own; and one PostgreSQL server."""

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cycles import Place, small_source
from databases import Server, postgres_server


def made_once(folder: Path, name: str, make: Callable[[Place], None]) -> Place:
    """A place that the first worker of a test run makes while the others wait for it."""
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    place, finished = Place(shared / name), shared / f"{name}.finished"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not finished.exists():
            make(place)
            finished.touch()
    return place


@pytest.fixture(scope="session")
def after_one(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """One committed cycle, 2018-12. Copy it, do not use it."""
    return made_once(
        tmp_path_factory.getbasetemp(), "after_one", lambda place: place.offer(small_source()).run("2018-12-01")
    )


@pytest.fixture(scope="session")
def after_three(after_one: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Three committed cycles, 2018-12 to 2019-02. Copy it, do not use it."""

    def make(place: Place) -> None:
        after_one.copy(place.root)
        place.run("2019-01-01")
        place.run("2019-02-01")

    return made_once(tmp_path_factory.getbasetemp(), "after_three", make)


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
