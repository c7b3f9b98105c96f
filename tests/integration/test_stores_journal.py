"""Attempts and faults: who is alive, what is open, and what closes it."""

import os
import signal
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine, text

from pulse_kedro.adapters.stores import cycles, journal, leases
from pulse_kedro.adapters.stores.engine import open_for_writing, writing
from pulse_kedro.adapters.stores.summary import summarize
from pulse_kedro.domain.recovery.faults import Fault, classify
from records import NOW, a_cycle, a_record

CYCLE = a_cycle("2018-12-01")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/pulse.db"


@pytest.fixture
def engine(url: str) -> Engine:
    return open_for_writing(url)


def begin(engine: Engine, run: str = "r") -> int:
    return journal.begin(engine, run=run, command="kedro run", now=NOW)


def a_fault(node: str = "metrics.decide") -> Fault:
    return classify(ValueError("y contains NaN"), node=node, context={"rows": 7, "worst": float("nan")})


def test_an_attempt_is_running_until_it_ends(engine: Engine) -> None:
    attempt = begin(engine)

    running = journal.newest_attempts(engine, 1)[0]
    journal.finish(engine, attempt, "FAILED", now=NOW + timedelta(seconds=5))
    ended = journal.newest_attempts(engine, 1)[0]

    assert ("RUNNING", "kedro run", os.getpid(), None) == (running.status, running.command, running.pid, running.ended)
    assert ("FAILED", NOW + timedelta(seconds=5), NOW) == (ended.status, ended.ended, ended.started)


def test_an_attempt_learns_its_cycle(engine: Engine) -> None:
    journal.name_cycle(engine, begin(engine), CYCLE.key)

    assert CYCLE.key == journal.newest_attempts(engine, 1)[0].cycle


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns of threads; the children use none
def test_the_attempt_of_a_killed_process_is_interrupted_when_the_next_one_begins(url: str, engine: Engine) -> None:
    def work() -> None:
        begin(open_for_writing(url), "killed")
        os.kill(os.getpid(), signal.SIGKILL)

    child = get_context("fork").Process(target=work)
    child.start()
    child.join()
    assert "RUNNING" == journal.newest_attempts(engine, 1)[0].status

    begin(engine, "next")

    assert [("next", "RUNNING"), ("killed", "INTERRUPTED")] == [
        (attempt.run, attempt.status) for attempt in journal.newest_attempts(engine, 5)
    ]


def test_the_attempt_of_a_living_process_goes_on(engine: Engine) -> None:
    begin(engine, "first")
    begin(engine, "second")

    assert ["RUNNING", "RUNNING"] == [attempt.status for attempt in journal.newest_attempts(engine, 5)]


def test_an_attempt_on_another_host_goes_on_while_it_holds_the_lease(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(journal.socket, "gethostname", lambda: "elsewhere")
        elsewhere.setattr(journal, "start_of", lambda _: "then")
        begin(engine)
    there, here = (leases.Contender(engine, f"{host}|{os.getpid()}|then|1") for host in ("elsewhere", "here"))
    there.attempt()

    begin(engine)
    judged = [attempt.status for attempt in journal.newest_attempts(engine, 5)]
    with writing(engine) as connection:  # as when it is released
        connection.execute(text("UPDATE leases SET holder = NULL"))
    here.attempt()
    begin(engine)

    assert ["RUNNING", "RUNNING"] == judged
    assert ["RUNNING", "RUNNING", "INTERRUPTED"] == [one.status for one in journal.newest_attempts(engine, 5)]


def test_a_fault_stays_open_and_reads_back_as_it_was_classified(engine: Engine) -> None:
    attempt, fault = begin(engine), a_fault()
    journal.name_cycle(engine, attempt, CYCLE.key)

    error_id = journal.record(engine, fault, attempt=attempt, now=NOW)

    found = journal.open_faults(engine)[0]
    assert (error_id, attempt, CYCLE.key, NOW) == (found.error_id, found.attempt, found.cycle, found.at)
    assert (fault.code, fault.sentence, fault.fingerprint) == (
        found.fault.code,
        found.fault.sentence,
        found.fault.fingerprint,
    )
    assert {"rows": 7, "worst": None} == found.fault.context


def test_repeats_are_counted_by_fingerprint_within_a_time(engine: Engine) -> None:
    fault = a_fault()
    for minutes in (0, 30, 90):
        journal.record(engine, fault, attempt=None, now=NOW - timedelta(minutes=minutes))

    assert 2 == journal.repeats(engine, fault.fingerprint, since=NOW - timedelta(hours=1))
    assert 0 == journal.repeats(engine, "another", since=NOW - timedelta(hours=1))


def test_a_new_head_resolves_every_fault(engine: Engine) -> None:
    journal.record(engine, a_fault(), attempt=None, now=NOW)
    attempt = begin(engine)
    journal.name_cycle(engine, attempt, "c-other")
    journal.record(engine, a_fault(), attempt=attempt, now=NOW)

    cycles.commit(engine, a_record(CYCLE), now=NOW)

    assert () == journal.open_faults(engine)


def test_a_replay_resolves_its_own_faults_only(engine: Engine) -> None:
    cycles.commit(engine, a_record(CYCLE), now=NOW)
    replay = a_cycle("2018-11-01")
    for key in (replay.key, "c-other"):
        attempt = begin(engine)
        journal.name_cycle(engine, attempt, key)
        journal.record(engine, a_fault(), attempt=attempt, now=NOW)

    cycles.commit(engine, a_record(replay), now=NOW)

    assert ["c-other"] == [fault.cycle for fault in journal.open_faults(engine)]


@pytest.mark.parametrize(("status", "left"), [("DONE", 0), ("FAILED", 1)])
def test_a_fault_after_the_commit_is_resolved_by_the_same_run_ending_well(
    engine: Engine, status: journal.Status, left: int
) -> None:
    cycles.commit(engine, a_record(CYCLE), now=NOW)
    for end in ("FAILED", status):
        attempt = begin(engine)
        journal.name_cycle(engine, attempt, CYCLE.key)
        if end == "FAILED" and not journal.open_faults(engine):
            journal.record(engine, a_fault("reporting.write_report"), attempt=attempt, now=NOW)
        journal.finish(engine, attempt, end, now=NOW)

    assert left == len(journal.open_faults(engine))


def test_a_run_of_some_rooms_that_commits_nothing_resolves_nothing(engine: Engine) -> None:
    journal.record(engine, a_fault(), attempt=None, now=NOW)
    attempt = begin(engine)
    journal.name_cycle(engine, attempt, CYCLE.key)

    journal.finish(engine, attempt, "DONE", now=NOW)

    assert 1 == len(journal.open_faults(engine))


def test_the_summary_tells_how_long_the_head_took_and_what_is_open(engine: Engine) -> None:
    attempt = begin(engine)
    journal.name_cycle(engine, attempt, CYCLE.key)
    cycles.commit(engine, a_record(CYCLE), now=NOW + timedelta(seconds=50))
    journal.record(engine, a_fault(), attempt=attempt, now=NOW + timedelta(seconds=60))
    journal.finish(engine, attempt, "FAILED", now=NOW + timedelta(seconds=61))
    begin(engine, "later")

    found = summarize(engine)

    assert 61.0 == found.seconds
    assert ("later", 1) == (found.last_attempt and found.last_attempt.run, len(found.faults))
    assert pd.Timestamp(NOW + timedelta(seconds=50)) == (found.head and found.head.committed_at)
