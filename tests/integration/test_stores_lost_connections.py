"""The server ends a connection in the middle of a promotion or a commit: it is known what happened, nothing is half."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError

from databases import Server, admin_of, postgres_database
from pulse_kedro.adapters.stores import certainty, cycles, leases
from pulse_kedro.adapters.stores.certainty import LostConnection, UnknownOutcome, settle
from pulse_kedro.adapters.stores.engine import open_for_writing, writing
from pulse_kedro.adapters.stores.past import read_past
from pulse_kedro.domain.recovery.faults import classify
from records import NOW
from transition_worlds import MONTHS, commit, next_record, put

pytestmark = pytest.mark.slow


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    with postgres_database(server) as address:
        yield address


@pytest.fixture
def engine(url: str) -> Engine:
    """Two versions that were in charge."""
    engine = open_for_writing(url)
    for as_of in MONTHS:
        commit(engine, as_of)
    return engine


@pytest.fixture
def first(engine: Engine) -> str:
    """The version that served first."""
    return read_past(engine).transitions[0].to_bundle


def end_connections(engine: Engine, server: Server, *, times: int) -> None:
    """Let the server end a connection as it is about to write down who serves."""
    left = iter(range(times))

    def end(connection: Connection, _: object, statement: str, *__: object) -> None:
        if statement.startswith("INSERT INTO transitions") and next(left, None) is not None:
            raw = connection.connection.dbapi_connection
            with admin_of(server).connect() as admin:
                admin.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": raw.info.backend_pid})  # type: ignore[union-attr]

    event.listen(engine, "before_cursor_execute", end)


def lose_the_answer(engine: Engine, then: Callable[[], None] = lambda: None) -> None:
    """Let the next commit reach the server, and the answer to it nobody."""
    send, dialect = engine.dialect.do_commit, engine.dialect

    def commit_unheard(raw: Any) -> None:  # noqa: ANN401  # of the driver
        dialect.do_commit = send  # type: ignore[method-assign]  # the next one is heard
        send(raw)
        raw.dbapi_connection.close()
        then()
        raise psycopg.OperationalError("server closed the connection unexpectedly")  # noqa: TRY003, EM101  # as it is

    dialect.do_commit = commit_unheard  # type: ignore[method-assign]


def test_a_promotion_whose_connection_breaks_once_is_done_again_and_happens_once(
    engine: Engine, first: str, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    end_connections(engine, server, times=1)

    put(engine, first, "promote")

    past = read_past(engine)
    assert (first, 3, 3) == (past.bundle, past.epoch, len(past.transitions))
    assert ["lost the connection while putting bundle"] == [
        " ".join(entry.getMessage().split()[:6]) for entry in caplog.records if entry.levelname == "WARNING"
    ]


def test_a_promotion_whose_connection_breaks_each_time_changes_nothing_and_says_so(
    engine: Engine, first: str, server: Server
) -> None:
    before = read_past(engine)
    end_connections(engine, server, times=certainty.TRIES)

    with pytest.raises(LostConnection, match=r"broke 2 times \(.*\), expected one that lasts. Nothing was") as raised:
        put(engine, first, "promote")

    assert before == read_past(engine)
    assert "network.connection_failed" == classify(raised.value).code
    with writing(engine) as connection:
        assert leases.is_free(leases.look(connection))
    put(engine, first, "promote")
    assert first == cycles.read_head(engine).bundle


def test_a_promotion_whose_answer_is_lost_is_found_by_its_key(engine: Engine, first: str) -> None:
    lose_the_answer(engine)

    put(engine, first, "promote")

    past = read_past(engine)
    assert (first, 3, 3) == (past.bundle, past.epoch, len(past.transitions))


def test_where_the_database_cannot_be_asked_any_more_the_outcome_is_called_unknown(
    engine: Engine, first: str, server: Server
) -> None:
    def allow(word: str) -> None:
        with admin_of(server).connect() as admin:
            admin.execute(text(f"ALTER DATABASE {engine.url.database} ALLOW_CONNECTIONS {word}"))

    lose_the_answer(engine, lambda: allow("false"))
    with pytest.raises(UnknownOutcome, match="look with `kedro pulse status` when the database answers"):
        put(engine, first, "promote")

    allow("true")
    assert first == cycles.read_head(engine).bundle


def test_a_cycle_is_committed_once_whatever_breaks(engine: Engine, server: Server) -> None:
    record = next_record(engine, "2019-02-01")
    lose_the_answer(engine)
    found = cycles.commit(engine, record, now=NOW)
    again = next_record(engine, "2019-03-01")
    end_connections(engine, server, times=1)
    later = cycles.commit(engine, again, now=NOW)

    assert [record.cycle.key, again.cycle.key] == [found.key, later.key]
    assert (4, again.cycle.key) == (cycles.read_head(engine).epoch, cycles.read_head(engine).cycle)


def test_what_the_database_refuses_is_not_tried_again(engine: Engine) -> None:
    tried: list[int] = []

    def work() -> int:
        tried.append(1)
        with writing(engine) as connection:
            connection.execute(text("SELECT no_such_column FROM cycles"))
        return 1

    with pytest.raises(DBAPIError, match="no_such_column"):
        settle(engine, work, lambda _: None, doing="Trying")
    assert [1] == tried
