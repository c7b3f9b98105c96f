"""Who serves: one swap at a time, every change on record, a rejected version never comes back as the previous one."""

import signal
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine, delete, update
from sqlalchemy.exc import IntegrityError

from databases import fresh_database, go_back
from pulse_kedro.adapters import failpoints
from pulse_kedro.adapters.stores import cycles, leases, transitions
from pulse_kedro.adapters.stores.engine import open_for_writing, writing
from pulse_kedro.adapters.stores.past import read_past
from pulse_kedro.adapters.stores.tables import transitions as table
from pulse_kedro.adapters.stores.transitions import ChampionMoved, Change, Fenced
from pulse_kedro.adapters.takeover import NoPreviousVersion, UnfitVersion, put_in_charge
from pulse_kedro.domain.history import CycleRecord, HeadMoved
from records import NOW, a_cycle, a_record

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # 3.12 warns of threads; children use none
TRIES = 100


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_for_writing(fresh_database(tmp_path))


def commit(engine: Engine, as_of: str) -> CycleRecord:
    history = cycles.read_history(engine)
    ancestors = history.ancestors(pd.Timestamp(as_of))
    cycle = a_cycle(as_of, ancestors)
    period = replace(cycle.period, serving=history.stand_in(ancestors[0] if ancestors else None))
    record = a_record(replace(cycle, period=period))
    cycles.commit(engine, record, now=NOW)
    return record


def back(engine: Engine) -> None:
    past = read_past(engine)
    assert past.previous is not None
    put_in_charge(engine, past, past.previous, kind="rollback", reason="wrong", now=NOW, check=lambda _: {"ok": True})


def test_a_rollback_undoes_one_step_and_what_it_rejected_is_never_previous(engine: Engine) -> None:
    made = [commit(engine, as_of) for as_of in ("2018-12-01", "2019-01-01", "2019-02-01")]
    back(engine)

    past = read_past(engine)
    assert (made[1].bundle, made[0].bundle) == (past.bundle, past.previous_bundle)
    assert made[1].bundle == cycles.read_history(engine).stand_in(made[2].cycle.key)

    fourth = commit(engine, "2019-03-01")

    past = read_past(engine)
    assert (fourth.bundle, made[1].bundle, None) == (past.bundle, past.previous_bundle, past.chosen)
    assert ["bootstrap", "revision", "revision", "rollback", "revision"] == [one.kind for one in past.transitions]
    assert all(one.from_bundle != one.to_bundle for one in past.transitions)


def test_one_version_has_none_before_it(engine: Engine) -> None:
    commit(engine, "2018-12-01")

    assert read_past(engine).previous is None
    assert "got none" in str(NoPreviousVersion("b" * 64))


def test_a_damaged_version_changes_nothing(engine: Engine) -> None:
    commit(engine, "2018-12-01")
    commit(engine, "2019-01-01")
    past = read_past(engine)
    assert past.previous is not None

    with pytest.raises(UnfitVersion, match="got hash differs"):
        put_in_charge(
            engine, past, past.previous, kind="rollback", reason="wrong", now=NOW,
            check=lambda _: {"ok": False, "problems": ["hash differs"]},
        )  # fmt: skip

    assert past == read_past(engine)


def test_a_cycle_that_does_not_build_on_what_serves_is_refused(engine: Engine) -> None:
    commit(engine, "2018-12-01")
    commit(engine, "2019-01-01")
    unaware = a_record(a_cycle("2019-02-01", cycles.read_history(engine).ancestors(pd.Timestamp("2019-02-01"))))
    back(engine)

    with pytest.raises(HeadMoved, match="another bundle put in charge"):
        cycles.commit(engine, unaware, now=NOW)


@pytest.mark.parametrize("change", [update(table).values(reason="nicer"), delete(table)])
def test_transitions_are_never_changed(engine: Engine, change: object) -> None:
    commit(engine, "2018-12-01")

    with pytest.raises(IntegrityError, match="rows are added, never changed"), writing(engine) as connection:
        connection.execute(change)


def test_what_moved_the_head_before_transitions_existed_is_carried_over(engine: Engine, tmp_path: Path) -> None:
    made = [commit(engine, as_of) for as_of in ("2018-12-01", "2019-01-01")]
    go_back(engine, "0004")

    past = read_past(open_for_writing(f"sqlite:///{tmp_path}/pulse.db"))

    assert (made[1].bundle, made[0].bundle) == (past.bundle, past.previous_bundle)
    assert [("bootstrap", 1), ("revision", 2)] == [(one.kind, one.epoch) for one in past.transitions]


def test_a_holder_that_slept_changes_no_row(engine: Engine) -> None:
    commit(engine, "2018-12-01")
    seen = cycles.read_head(engine)
    change = Change(kind="promote", bundle="b2", recipe="r", cycle=None, actor="a", reason="r")
    now = [0.0]
    first = leases.Contender(engine, "elsewhere|1|x|1", clock=lambda: now[0]).attempt()
    second = leases.Contender(engine, "elsewhere|2|x|2", clock=lambda: now[0])
    assert first is not None
    assert second.attempt() is None
    now[0] = leases.TTL

    assert first + 1 == second.attempt()
    with pytest.raises(Fenced, match="Nothing was changed"), writing(engine) as connection:
        transitions.swap(connection, seen, change, token=first, now=NOW)
    assert seen == cycles.read_head(engine)


def test_a_holder_that_beats_keeps_the_lease(engine: Engine) -> None:
    now = [0.0]
    token = leases.Contender(engine, "elsewhere|1|x|1", clock=lambda: now[0]).attempt()
    contender = leases.Contender(engine, "elsewhere|2|x|2", clock=lambda: now[0])
    assert contender.attempt() is None
    assert leases.beat(engine, int(token or 0))
    now[0] = 2 * leases.TTL

    with pytest.raises(leases.LeaseHeld, match="process 1 on elsewhere"):
        contender.attempt()


def race(url: str, me: int, answers: object) -> None:
    engine = open_for_writing(url)
    won: list[int] = []
    for _ in range(TRIES):
        try:
            seen = cycles.read_head(engine)
            bundle = f"b{me}-{seen.epoch}"
            change = Change(kind="promote", bundle=bundle, recipe="r", cycle=None, actor="a", reason="race")
            with writing(engine) as connection:
                token = leases.take_within(connection)
                won.append(transitions.swap(connection, seen, change, token=token, now=NOW))
        except ChampionMoved:
            pass
    answers.put(won)


@pytest.mark.slow
def test_of_four_processes_exactly_one_wins_each_epoch(engine: Engine, tmp_path: Path) -> None:
    commit(engine, "2018-12-01")
    context = get_context("fork")
    answers = context.Queue()
    url = f"sqlite:///{tmp_path}/pulse.db"
    children = [context.Process(target=race, args=(url, number, answers)) for number in range(4)]
    for child in children:
        child.start()
    won = [epoch for _ in children for epoch in answers.get(timeout=200)]
    for child in children:
        child.join()

    assert [0] * 4 == [child.exitcode for child in children]
    assert list(range(2, cycles.read_head(engine).epoch + 1)) == sorted(won)
    assert sorted(won) == [one.epoch for one in transitions.read(engine)][1:]


@pytest.mark.parametrize("point", ["rollback.verified", "rollback.before_cas", "rollback.after_cas", "rollback.done"])
def test_a_rollback_killed_anywhere_happened_or_did_not(
    engine: Engine, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [commit(engine, as_of) for as_of in ("2018-12-01", "2019-01-01")]
    monkeypatch.setenv(failpoints.VARIABLE, f"{point}=kill")
    child = get_context("fork").Process(target=back, args=(engine,))
    child.start()
    child.join()
    monkeypatch.delenv(failpoints.VARIABLE)

    assert -signal.SIGKILL == child.exitcode
    past = read_past(engine)
    assert made[0 if point == "rollback.done" else 1].bundle == past.bundle == past.transitions[-1].to_bundle
    if point != "rollback.done":
        back(engine)
    assert made[0].bundle == cycles.read_head(engine).bundle


def test_a_failpoint_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, "rollback.done=kil")
    with pytest.raises(failpoints.UnknownFailpoint, match="expected `point=kill`"):
        failpoints.failpoint("rollback.done")
