"""The stores on PostgreSQL, a server that the tests start themselves: the same rules, real races."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine

from databases import Server, go_back, postgres_database
from ingest_worlds import declared
from pulse_kedro.adapters.ingest import Desk, take_in
from pulse_kedro.adapters.quarantine_work import fix
from pulse_kedro.adapters.stores import (
    cycles,
    edges,
    inventory,
    journal,
    ledger,
    quarantine,
    retention,
    rules,
    snapshots,
)
from pulse_kedro.adapters.stores.account import give_account
from pulse_kedro.adapters.stores.ancestry import above, below, read_graph, with_forecast
from pulse_kedro.adapters.stores.blobs import FileBlobs
from pulse_kedro.adapters.stores.engine import open_for_reading, open_for_writing
from pulse_kedro.adapters.stores.metric_history import MetricNotKept, history
from pulse_kedro.adapters.stores.past import read_past
from pulse_kedro.adapters.stores.quarantine import Wanted
from pulse_kedro.adapters.stores.scoreboard import overall, scored
from pulse_kedro.adapters.stores.summary import summarize
from pulse_kedro.adapters.stores.tables import metadata
from pulse_kedro.adapters.stores.vintages import VintageStore
from pulse_kedro.domain.cycle import Cycle
from pulse_kedro.domain.data_management.conditions import Condition
from pulse_kedro.domain.data_management.retention import RetentionOptions
from pulse_kedro.domain.history import HeadMoved
from pulse_kedro.domain.ledger import FORECAST_COLUMNS
from pulse_kedro.domain.recovery.faults import classify
from pulse_kedro.domain.rules.rulebook import read_rulebook
from records import NOW, a_cycle, a_record, a_snapshot, months, outcomes
from rule_samples import MONDAYS, in_force
from source_samples import declare, monthly
from vintage_samples import moment, rows_of

FIRST = a_cycle("2018-12-01")


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    """Each test has its own database."""
    with postgres_database(server) as url:
        yield url


@pytest.fixture
def empty(server: Server) -> Iterator[str]:
    """A database without tables."""
    with postgres_database(server, empty=True) as url:
        yield url


@pytest.fixture
def engine(url: str) -> Engine:
    return open_for_writing(url)


def test_a_reader_finds_nothing_before_the_first_start(empty: str) -> None:
    assert open_for_reading(empty) is None


def test_the_migrations_make_the_tables_that_the_package_declares(engine: Engine) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with engine.connect() as connection:
        assert [] == compare_metadata(MigrationContext.configure(connection), metadata)


def test_a_cycle_and_its_ledger_read_back_as_they_were(engine: Engine) -> None:
    cycles.commit(engine, a_record(FIRST), now=NOW)
    second = a_cycle("2019-01-01", (FIRST.key,))
    record = a_record(second, known=outcomes(second))

    found = cycles.commit(engine, record, now=NOW)

    log, counts = ledger.read(engine), summarize(engine).ledger
    mine = log.forecasts[log.forecasts["cycle"] == second.key].reset_index(drop=True)
    assert ("main", pd.Timestamp(NOW), record.decision["reason"]) == (
        found.line,
        found.committed_at,
        found.decision["reason"],
    )
    pd.testing.assert_frame_equal(record.forecasts, mine[list(FORECAST_COLUMNS)], check_exact=True)
    assert log.outcomes["available_at"].tolist() == record.outcomes["available_at"].tolist()
    assert (48, 2, 46) == (counts.issued, counts.resolved, counts.pending)
    assert {"mase": 0.5} == overall(engine, second.key)["r1", "combination"]


def test_a_rulebook_comes_back_whole(engine: Engine) -> None:
    book = in_force(MONDAYS)
    cycles.commit(engine, replace(a_record(FIRST), rulebook=book.record()), now=NOW)

    assert book == read_rulebook(rules.read(engine, book.hash))


def test_the_same_cycle_again_changes_nothing(engine: Engine) -> None:
    cycles.commit(engine, a_record(FIRST), now=NOW)

    again = cycles.commit(engine, replace(a_record(FIRST), bundle="another"), now=NOW)

    assert a_record(FIRST).bundle == again.bundle
    assert 1 == cycles.read_head(engine).epoch


def test_the_metric_history_answers_as_on_sqlite(engine: Engine) -> None:
    cycles.commit(engine, a_record(FIRST), now=NOW)

    assert [0.5] == [point.value for point in history(engine, ["mase"])]
    assert {"mase"} <= {point.metric for point in history(engine, [])}
    with pytest.raises(MetricNotKept, match=r"got 'luck', expected one of .*mase"):
        history(engine, ["luck"])


def test_a_back_dated_cycle_leaves_the_champion_alone(engine: Engine) -> None:
    cycles.commit(engine, a_record(FIRST), now=NOW)

    back = cycles.commit(engine, a_record(a_cycle("2018-11-01")), now=NOW)

    assert "replay" == back.line
    assert FIRST.key == cycles.read_head(engine).cycle


def test_faults_and_attempts_are_kept(engine: Engine) -> None:
    attempt = journal.begin(engine, run="r", command="kedro run", now=NOW)
    journal.record(engine, classify(ValueError("no"), node="n"), attempt=attempt, now=NOW)

    opened = journal.open_faults(engine)
    cycles.commit(engine, a_record(FIRST), now=NOW)

    assert [(attempt, NOW)] == [(fault.attempt, fault.at) for fault in opened]
    assert () == journal.open_faults(engine)


def test_a_snapshot_is_kept_once(engine: Engine, tmp_path: Path) -> None:
    for _ in range(2):
        snapshots.keep(engine, tmp_path, a_snapshot(), now=NOW)

    assert 2 == len(snapshots.read(engine, tmp_path, "s0.1"))
    assert 1 == len(edges.read(engine))


def attempt(url: str, cycle: Cycle, answers: Any) -> None:  # noqa: ANN401  # a queue
    """Commit, and say what came of it."""
    try:
        answer = cycles.commit(open_for_writing(url), a_record(cycle), now=NOW).line
    except HeadMoved:
        answer = "lost"
    answers.put(answer)


def at_once(url: str, rivals: list[Cycle]) -> list[str]:
    """What each of several processes says that commit at the same time."""
    context = get_context("fork")
    answers = context.Queue()
    children = [context.Process(target=attempt, args=(url, cycle, answers)) for cycle in rivals]
    for child in children:
        child.start()
    found = sorted(answers.get(timeout=60) for _ in children)
    for child in children:
        child.join()
    return found


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns of threads; the children use none
def test_of_cycles_committed_at_once_one_becomes_the_head(url: str, engine: Engine) -> None:
    cycles.commit(engine, a_record(FIRST), now=NOW)

    found = at_once(url, [a_cycle(as_of, (FIRST.key,)) for as_of in months("2019-01-01", 4)])

    assert 1 == found.count("main")
    assert {"main", "lost", "replay"} >= set(found)
    assert 2 == cycles.read_head(engine).epoch


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns of threads; the children use none
def test_the_same_first_cycle_committed_at_once_on_an_empty_database_is_committed_once(empty: str) -> None:
    found = at_once(empty, [FIRST] * 4)

    assert ["main"] * 4 == found
    assert 1 == cycles.read_head(open_for_writing(empty)).epoch


def test_vintages_are_stored_read_and_cleaned_up(engine: Engine, tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "objects")
    store = VintageStore(engine, blobs)
    # Code points order these names, which the collation of a language does not.
    names = ["B", "a", "é", "Z", "b"]
    store.append("shop", rows_of([(name, "2019-01-01", "2019-02-05", 1.0) for name in names], title="T"), now=NOW)
    store.append("shop", rows_of([("é", "2019-01-01", "2019-03-05", 2.0)], title="T"), now=NOW)
    store.append("old", rows_of([("a", "2019-01-01", "2019-02-05", 1.0)]), now=NOW)
    store.append("old", rows_of([("a", "2019-01-01", "2019-03-05", 2.0)]), now=NOW)

    found = store.read("shop", where=[Condition(column="unique_id", operator=">", value="Z")])
    before = store.read("shop", as_of=moment("2019-03-04"))
    rules = RetentionOptions(max_megabytes=1, clean_up_at=1, max_age_days=30, keep_versions=1)
    done = retention.clean(engine, blobs, rules, now=NOW + timedelta(days=90))

    assert [("a", 1.0), ("b", 1.0), ("é", 2.0)] == list(found[["unique_id", "y"]].itertuples(index=False, name=None))
    assert [1.0] * 5 == before["y"].tolist()
    assert ["old"] == [one.snapshot.source for one in done.plan.going]
    assert 3 == len(inventory.entries(engine)) == len(list(blobs.list()))
    assert 0 == store.append("shop", rows_of([("é", "2019-01-01", "2019-03-05", 2.0)], title="T"), now=NOW).stored


def append_to(url: str, folder: Path, number: int, answers: Any) -> None:  # noqa: ANN401  # a queue
    """A row that all bring, and one of one's own."""
    store = VintageStore(open_for_writing(url), FileBlobs(folder))
    rows = [("shared", "2019-01-01", "2019-02-05", 1.0), (f"own {number}", "2019-01-01", "2019-02-05", 1.0)]
    done = store.append("race", rows_of(rows), now=NOW)
    answers.put((done.stored, done.duplicates))


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns of threads; the children use none
def test_of_appends_at_once_each_row_is_stored_once(url: str, engine: Engine, tmp_path: Path) -> None:
    context = get_context("fork")
    answers = context.Queue()
    children = [context.Process(target=append_to, args=(url, tmp_path, number, answers)) for number in range(4)]
    for child in children:
        child.start()
    found = sorted(answers.get(timeout=60) for _ in children)
    for child in children:
        child.join()

    assert [(1, 1), (1, 1), (1, 1), (2, 0)] == found
    assert 5 == len(VintageStore(engine, FileBlobs(tmp_path)).vintages("race"))


def test_a_database_of_the_first_revision_keeps_its_snapshots(url: str, engine: Engine, tmp_path: Path) -> None:
    for place, y in enumerate((0.5, 0.1)):
        snapshots.keep(engine, tmp_path, a_snapshot(y), now=NOW + timedelta(days=place))
    go_back(engine, "0001")

    upgraded = open_for_writing(url)

    assert 2 == len(snapshots.read(upgraded, tmp_path, "s0.5"))
    assert [("s0.1", 2), ("s0.5", 1)] == [(entry.id, entry.sequence) for entry in inventory.entries(upgraded)]


def test_ingest_and_quarantine_work_on_postgresql(engine: Engine, tmp_path: Path) -> None:
    table = monthly("a", [1.0, "m\x00any", "\ud800"])
    at = Desk(engine=engine, store=VintageStore(engine, FileBlobs(tmp_path)), now=lambda: NOW)

    first, again = (take_in(table, declare(max_quarantined=1), at) for _ in range(2))
    row, other = quarantine.rows(engine, Wanted())
    made = fix(row.id, {"sales": 2.0}, declared(), at, actor="pat")

    assert (1, 2, 0, 3) == (first.stored, first.quarantined, again.quarantined, again.duplicates)
    assert ({"stored": 1}, [other.id]) == (made.outcomes, [one.id for one in quarantine.rows(engine, Wanted())])


def test_decisions_and_lineage_are_read_as_on_sqlite(engine: Engine, tmp_path: Path) -> None:
    second = a_cycle("2019-01-01", [FIRST.key])
    copies = (engine, open_for_writing(f"sqlite:///{tmp_path}/pulse.db"))
    for one in copies:
        for number, cycle in enumerate((FIRST, second, a_cycle("2018-06-01"))):
            known = outcomes(cycle) if cycle is second else None
            cycles.commit(one, a_record(cycle, known=known), now=NOW + timedelta(hours=number))

    here, there = (told_of(one, second) for one in copies)

    assert here == there
    assert 2 == here[0]


def told_of(engine: Engine, cycle: Cycle) -> tuple[object, ...]:
    """Version that serves, the account of a cycle, the lineage of a forecast, whose scores there are."""
    past = read_past(engine)
    (version,) = [one for one in past.cycles if one.key == cycle.key]
    graph, name = with_forecast(engine, read_graph(engine, past), past, past.cycles[-1], "a")
    account, serving = give_account(engine, version), summarize(engine).version
    return serving, account, above(graph, name), below(graph, name), scored(engine, "backtest", "series")
