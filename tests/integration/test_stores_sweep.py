"""`kill -9` at every failpoint there is, on both databases: the old or the new version serves, and all holds."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

import pulse_kedro
from databases import fresh_database, postgres_database
from pulse_kedro.adapters import failpoints
from pulse_kedro.adapters.failpoints import POINTS
from pulse_kedro.adapters.stores import invariants
from pulse_kedro.adapters.stores.engine import open_for_writing
from pulse_kedro.adapters.stores.past import read_past
from transition_worlds import MONTHS, Work, back, commit, in_a_child, put

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # 3.12 warns of threads; children use none

NEXT = "2019-02-01"


def commit_next(engine: Engine, bundles: Path) -> None:
    commit(engine, NEXT, bundles)


def promote_the_first(engine: Engine, _: Path) -> None:
    put(engine, read_past(engine).transitions[0].to_bundle, "promote")


def roll_back(engine: Engine, _: Path) -> None:
    back(engine)


OPERATIONS: dict[str, Work] = {"commit": commit_next, "promote": promote_the_first, "rollback": roll_back}
"""What passes the points of a family; a new family needs an entry. That of MLflow has its sweep beside its tests."""
SWEPT = [point for point in POINTS if point.partition(".")[0] != "projection"]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        yield open_for_writing(fresh_database(tmp_path))
    else:
        with postgres_database(request.getfixturevalue("server")) as url:
            yield open_for_writing(url)


@pytest.mark.parametrize("point", SWEPT)
def test_killed_at_any_point_the_old_or_the_new_version_serves(
    engine: Engine, tmp_path: Path, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundles, work = tmp_path / "bundles", OPERATIONS[point.partition(".")[0]]
    made = [commit(engine, as_of, bundles).bundle for as_of in MONTHS]
    before = read_past(engine)
    monkeypatch.setenv(failpoints.VARIABLE, f"{point}=kill")

    assert -signal.SIGKILL == in_a_child(work, engine, bundles)

    monkeypatch.delenv(failpoints.VARIABLE)
    found, happened = read_past(engine), point.endswith(".done")
    assert () == invariants.broken(engine, bundles)
    assert happened == (found != before)
    assert before.epoch + happened == found.epoch
    if not happened:
        work(engine, bundles)
    after = read_past(engine)
    assert () == invariants.broken(engine, bundles)
    assert before.epoch + 1 == after.epoch
    assert [*made, after.bundle] == [one.to_bundle for one in after.transitions]
    if point.startswith("commit"):
        work(engine, bundles)  # the same cycle again
        assert after == read_past(engine)


def test_every_point_in_the_code_is_registered() -> None:
    """A point that is swept must be passed, or its child would live; one that is passed must be in the registry."""
    source = Path(pulse_kedro.__file__).parent
    texts = (path.read_text(encoding="utf-8") for path in source.rglob("*.py"))
    calls = [name for text in texts for name in re.findall(r'failpoint\("(.+?)"\)', text)]

    assert calls
    assert set(calls) <= set(POINTS)
    assert set(OPERATIONS) | {"projection"} == {point.partition(".")[0] for point in POINTS}
