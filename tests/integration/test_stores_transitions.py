"""Who serves: one swap at a time, every change on record, a rejected version never comes back as the previous one."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine, Table, delete, select, text, update
from sqlalchemy.exc import DBAPIError

from databases import fresh_database, go_back, postgres_database
from pulse_kedro.adapters import failpoints
from pulse_kedro.adapters.stores import cycles, leases, transitions
from pulse_kedro.adapters.stores.engine import open_for_writing, writing
from pulse_kedro.adapters.stores.past import read_past
from pulse_kedro.adapters.stores.tables import forecasts, outcomes
from pulse_kedro.adapters.stores.tables import transitions as table
from pulse_kedro.adapters.stores.transitions import ChampionMoved, Change, Fenced
from pulse_kedro.adapters.takeover import AlreadyInCharge, NoPreviousVersion, UnfitVersion, put_in_charge
from pulse_kedro.domain.history import HeadMoved
from records import NOW, a_cycle, a_record
from records import outcomes as seen_by
from transition_worlds import back, commit, next_record, put

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # 3.12 warns of threads; children use none
TRIES = {"sqlite": 100, "postgresql": 25}
"""Of each of four processes. SQLite lets one write at a time; on a server each costs a connection."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database with all tables."""
    if request.param == "sqlite":
        yield fresh_database(tmp_path)
    else:
        with postgres_database(request.getfixturevalue("server")) as address:
            yield address


@pytest.fixture
def engine(url: str) -> Engine:
    return open_for_writing(url)


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


def test_the_log_is_tied_by_hashes_and_so_is_what_an_earlier_version_wrote(url: str, engine: Engine) -> None:
    for as_of in ("2018-12-01", "2019-01-01"):
        commit(engine, as_of)
    back(engine)
    with engine.connect() as connection:
        hashes = connection.execute(select(table.c.hash).order_by(table.c.epoch)).scalars().all()
        assert (3, ()) == (len(set(hashes)), transitions.untied(connection))

    go_back(engine, "0006")
    again = open_for_writing(url)

    with again.connect() as connection:
        assert hashes == connection.execute(select(table.c.hash).order_by(table.c.epoch)).scalars().all()
    commit(again, "2019-02-01")
    with again.connect() as connection:
        assert () == transitions.untied(connection)
    with pytest.raises(DBAPIError, match="rows are added, never changed"), writing(again) as connection:
        connection.execute(update(table).values(hash="0" * 64))


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


@pytest.mark.parametrize("log", [table, forecasts, outcomes], ids=lambda log: log.name)
def test_what_only_grows_is_never_changed(engine: Engine, log: Table) -> None:
    commit(engine, "2018-12-01")
    second = next_record(engine, "2019-01-01")
    cycles.commit(engine, replace(second, outcomes=seen_by(second.cycle)), now=NOW)
    changes = [update(log).values({"cycle": "another"}), delete(log)]
    if engine.dialect.name == "postgresql":
        changes.append(text(f"TRUNCATE {log.name} CASCADE"))

    for change in changes:
        with pytest.raises(DBAPIError, match="rows are added, never changed"), writing(engine) as connection:
            connection.execute(change)

    with engine.connect() as connection:
        assert set(connection.execute(select(log.c.cycle)).scalars()) <= set(cycles.read_history(engine).by_key)


def test_what_moved_the_head_before_transitions_existed_is_carried_over(url: str, engine: Engine) -> None:
    made = [commit(engine, as_of) for as_of in ("2018-12-01", "2019-01-01")]
    go_back(engine, "0004")

    past = read_past(open_for_writing(url))

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
    for _ in range(TRIES[engine.dialect.name]):
        try:
            seen = cycles.read_head(engine)
            assert seen.bundle == in_charge_at(engine, seen.epoch)  # whoever looks finds what was put in charge
            bundle = f"b{me}-{seen.epoch}"
            change = Change(kind="promote", bundle=bundle, recipe="r", cycle=None, actor="a", reason="race")
            with writing(engine) as connection:
                token = leases.take_within(connection)
                won.append(transitions.swap(connection, seen, change, token=token, now=NOW))
        except ChampionMoved:
            pass
    answers.put(won)


def in_charge_at(engine: Engine, epoch: int) -> str | None:
    with engine.connect() as connection:
        return connection.execute(select(table.c.to_bundle).where(table.c.epoch == epoch)).scalar()


@pytest.mark.slow
def test_of_four_processes_exactly_one_wins_each_epoch(url: str, engine: Engine) -> None:
    commit(engine, "2018-12-01")
    context = get_context("fork")
    answers = context.Queue()
    children = [context.Process(target=race, args=(url, number, answers)) for number in range(4)]
    for child in children:
        child.start()
    won = [epoch for _ in children for epoch in answers.get(timeout=200)]
    for child in children:
        child.join()

    assert [0] * 4 == [child.exitcode for child in children]
    assert list(range(2, cycles.read_head(engine).epoch + 1)) == sorted(won)
    assert sorted(won) == [one.epoch for one in transitions.read(engine)][1:]


def test_a_promotion_that_was_decided_on_an_older_look_is_refused(engine: Engine) -> None:
    made = [commit(engine, as_of).bundle for as_of in ("2018-12-01", "2019-01-01")]
    old = read_past(engine)
    back(engine)
    put(engine, made[1], "promote")

    version = old.version(made[0])
    assert version is not None
    with pytest.raises(ChampionMoved, match="got a decision made while epoch 2 served, expected one about epoch 4"):
        put_in_charge(engine, old, version, kind="promote", reason="late", now=NOW, check=lambda _: {"ok": True})
    with pytest.raises(AlreadyInCharge, match="serves already"):
        put(engine, made[1], "promote")
    assert 4 == cycles.read_head(engine).epoch


def test_while_a_living_run_holds_the_lease_nobody_is_promoted(engine: Engine) -> None:
    made = [commit(engine, as_of).bundle for as_of in ("2018-12-01", "2019-01-01")]
    heart = leases.Heart(engine, renewal=60)
    before = read_past(engine)

    with pytest.raises(leases.LeaseHeld, match=f"got process .* on {socket.gethostname()} at work"):
        put(engine, made[0], "promote")
    assert before == read_past(engine)
    heart.release()
    put(engine, made[0], "promote")

    assert made[0] == cycles.read_head(engine).bundle


def test_a_lease_of_a_process_that_died_here_is_taken_at_once(engine: Engine) -> None:
    dead = leases.Contender(engine, f"{socket.gethostname()}|{2**22 + 1}|then|1").attempt()
    contender = leases.Contender(engine, leases.name_holder(), clock=lambda: 0.0)

    assert int(dead or 0) + 1 == contender.attempt()
    assert not leases.beat(engine, int(dead or 0))


def test_a_failpoint_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, "rollback.done=kil")
    with pytest.raises(failpoints.UnknownFailpoint, match="expected `point=kill`"):
        failpoints.failpoint("rollback.done")
