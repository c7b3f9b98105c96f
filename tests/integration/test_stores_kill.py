"""A commit is killed at every statement: what was there before is whole, and the next commit works."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine, event

from pulse_kedro.adapters.stores import cycles, ledger
from pulse_kedro.adapters.stores.engine import open_for_reading, open_for_writing
from pulse_kedro.domain.history import CycleRecord
from records import NOW, a_cycle, a_record, forecasts, outcomes

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # 3.12 warns of threads; children use none

FIRST = a_cycle("2018-12-01")
SECOND = a_cycle("2019-01-01", (FIRST.key,))
STATEMENTS_AT_LEAST = 10


@pytest.fixture
def url(tmp_path: Path) -> str:
    address = f"sqlite:///{tmp_path}/pulse.db"
    cycles.commit(open_for_writing(address), a_record(FIRST), now=NOW)
    return address


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before_statement(number: int) -> Callable[[Engine], None]:
    """Die before the n-th statement of the commit is sent."""

    def arm(engine: Engine) -> None:
        sent = iter(range(1_000))

        def count(*_: object) -> None:
            if next(sent) == number:
                die()

        event.listen(engine, "before_cursor_execute", count)

    return arm


def before_the_commit(engine: Engine) -> None:
    event.listen(engine, "commit", lambda _: die())


def before_the_commit_with_pages_on_disk(engine: Engine) -> None:
    """The same with a page cache so small that half of the transaction is in the file already."""
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA cache_size=3"))
    before_the_commit(engine)


def nowhere(_: Engine) -> None:
    """Survive."""


def commit_in_a_child(url: str, record: CycleRecord, arm: Callable[[Engine], None]) -> int | None:
    def work() -> None:
        engine = open_for_writing(url)
        arm(engine)
        cycles.commit(engine, record, now=NOW)

    child = get_context("fork").Process(target=work)
    child.start()
    child.join()
    return child.exitcode


def state(url: str) -> tuple[str | None, int, int, int]:
    engine = open_for_reading(url)
    assert engine is not None
    log, head = ledger.read(engine), cycles.read_head(engine)
    return head.cycle, head.epoch, len(log.forecasts), len(log.outcomes)


def test_a_commit_killed_before_any_statement_leaves_the_old_cycle_whole(url: str) -> None:
    record, before = a_record(SECOND, known=outcomes(SECOND)), state(url)

    survived = -1
    for number in range(100):
        if commit_in_a_child(url, record, before_statement(number)) == 0:
            survived = number
            break
        assert before == state(url), f"killed before statement {number}"

    assert survived >= STATEMENTS_AT_LEAST
    assert (SECOND.key, 2, 48, 2) == state(url)


@pytest.mark.parametrize("moment", [before_the_commit, before_the_commit_with_pages_on_disk])
def test_a_commit_killed_at_its_last_moment_is_rolled_back_and_can_be_repeated(
    url: str, tmp_path: Path, moment: Callable[[Engine], None]
) -> None:
    series = [f"series {number}" for number in range(200)]
    record = replace(a_record(SECOND, known=outcomes(SECOND)), forecasts=forecasts(SECOND, series))
    before, size = state(url), (tmp_path / "pulse.db").stat().st_size

    assert -signal.SIGKILL == commit_in_a_child(url, record, moment)
    assert (tmp_path / "pulse.db-journal").exists()  # half-way, and known to be
    assert (moment is not before_the_commit) == ((tmp_path / "pulse.db").stat().st_size > size)
    assert before == state(url)
    assert 0 == commit_in_a_child(url, record, nowhere)
    assert (SECOND.key, 2, 24 + 2_400, 2) == state(url)


def test_a_process_killed_after_its_commit_has_committed(url: str) -> None:
    def work() -> None:
        cycles.commit(open_for_writing(url), a_record(SECOND), now=NOW)
        die()

    child = get_context("fork").Process(target=work)
    child.start()
    child.join()

    assert -signal.SIGKILL == child.exitcode
    assert (SECOND.key, 2, 48, 0) == state(url)
    assert SECOND.key == cycles.commit(open_for_writing(url), a_record(SECOND), now=NOW).key


def test_a_start_killed_while_the_tables_are_made_is_made_again(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/new.db"

    def work() -> None:
        event.listen(Engine, "commit", lambda _: die())
        open_for_writing(address)

    child = get_context("fork").Process(target=work)
    child.start()
    child.join()

    assert -signal.SIGKILL == child.exitcode
    assert open_for_reading(address) is None
    assert cycles.commit(open_for_writing(address), a_record(FIRST), now=NOW).as_of == pd.Timestamp("2018-12-01")
