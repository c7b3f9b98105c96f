"""The vintage store on a real database and disk: faults, kills, races, clocks; and databases of earlier versions."""

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine, event, select

from databases import fresh_database, go_back
from pulse_kedro.adapters.stores import edges, objects, snapshots
from pulse_kedro.adapters.stores.blobs import FileBlobs
from pulse_kedro.adapters.stores.engine import DatabaseRevision, open_for_reading, open_for_writing
from pulse_kedro.adapters.stores.files import DamagedFile
from pulse_kedro.adapters.stores.tables import parts, vintages
from pulse_kedro.adapters.stores.tables import snapshots as catalogue
from pulse_kedro.adapters.stores.vintages import NothingStored, VintageStore
from pulse_kedro.domain.data_management.conditions import Condition, UnknownColumn, UnknownOperator, UnusableValue
from pulse_kedro.domain.data_management.vintages import UnusableRows
from records import NOW, a_snapshot, flip_a_bit
from vintage_samples import Given, moment, rows_of

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # 3.12 warns of threads; children use none

FIRST: list[Given] = [("a", "2019-01-01", "2019-02-05", 1.0), ("b", "2019-01-01", "2019-02-05", 2.0)]
SECOND: list[Given] = [("a", "2019-02-01", "2019-03-05", 3.0), ("b", "2019-01-01", "2019-03-05", 2.5)]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return fresh_database(tmp_path)


def open_store(url: str) -> VintageStore:
    return VintageStore(open_for_writing(url), FileBlobs(Path(url.removeprefix("sqlite:///")).parent / "objects"))


@pytest.fixture
def store(url: str) -> VintageStore:
    store = open_store(url)
    store.append("shop", rows_of(FIRST, title="T"), now=NOW)
    return store


def objects_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "objects").iterdir())


def test_a_revision_is_seen_from_its_publication_on(store: VintageStore) -> None:
    done = store.append("shop", rows_of(SECOND, title="T"), now=NOW)

    assert (2, 0, 1) == (done.stored, done.duplicates, done.revisions)
    assert [1.0, 2.0] == store.read("shop", as_of=moment("2019-03-04"))["y"].tolist()
    assert [1.0, 3.0, 2.5] == store.read("shop", as_of=moment("2019-03-05"))["y"].tolist()
    assert [2.0, 2.5] == store.vintages("shop", where=[Condition(column="unique_id", operator="==", value="b")])[
        "y"
    ].tolist()


def table_below(text: str, heading: str) -> list[list[str]]:
    """Cells of the table whose head begins so."""
    lines = text[text.index(heading) :].splitlines()
    stop = next(place for place, line in enumerate(lines) if not line.startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:stop]]


def test_the_store_says_what_the_documents_say(store: VintageStore, project: Path) -> None:
    page = (project / "docs/explanation/data_store.md").read_text(encoding="utf-8")
    stored = [("s", ds, available, float(y)) for _, ds, y, available in table_below(page, "| stored |")]
    store.append("page", rows_of(stored), now=NOW)

    for as_of, *values in table_below(page, "| read as of |"):
        found = store.read("page", as_of=moment(as_of.split()[0])).set_index("ds")["y"]
        periods = pd.to_datetime(["2019-01-01", "2019-02-01"])
        assert values == [str(found[period]) if period in found.index else "–" for period in periods]


def test_a_conflict_is_given_back_and_nothing_changes(store: VintageStore) -> None:
    done = store.append("shop", rows_of([("a", "2019-01-01", "2019-02-05", 9.0), *FIRST], title="T"), now=NOW)

    assert (None, 0, 2) == (done.snapshot, done.stored, done.duplicates)
    assert [("a", 9.0, "T")] == list(done.conflicts[["unique_id", "y", "title"]].itertuples(index=False, name=None))
    assert [1.0, 2.0] == store.read("shop")["y"].tolist()


def test_a_source_may_gain_a_static_column(store: VintageStore) -> None:
    store.append("shop", rows_of(SECOND, title="T", region="north"), now=NOW)

    found = store.read("shop", columns=["unique_id", "ds", "region"])

    assert [None, "north", "north"] == found["region"].tolist()


def test_two_sources_with_the_same_rows_share_their_objects_and_nothing_else(
    store: VintageStore, tmp_path: Path
) -> None:
    before = objects_in(tmp_path)

    done = store.append("twin", rows_of(FIRST, title="T"), now=NOW)
    store.append("twin", rows_of(SECOND, title="T"), now=NOW)

    assert 2 == done.stored
    assert len(before) + 1 == len(objects_in(tmp_path))
    assert (2, 3) == (len(store.read("shop")), len(store.read("twin")))


def test_a_snapshot_of_a_cycle_with_the_same_rows_is_the_same_object(store: VintageStore, tmp_path: Path) -> None:
    from pulse_kedro.domain.data_management.snapshots import Snapshot, snapshot_id

    rows = rows_of(FIRST, title="T")
    taken = Snapshot(id=snapshot_id(rows), rows=rows, as_of=pd.Timestamp("2019-01-01"), source="shop")
    engine = store._engine  # noqa: SLF001  # the same catalogue

    snapshots.keep(engine, tmp_path / "objects", taken, now=NOW)

    assert [f"{taken.id}.parquet"] == objects_in(tmp_path)
    pd.testing.assert_frame_equal(rows, snapshots.read(engine, tmp_path / "objects", taken.id))


def test_a_clock_that_goes_back_is_noted_and_orders_nothing(store: VintageStore) -> None:
    store.append("shop", rows_of(SECOND, title="T"), now=NOW - timedelta(days=400))
    store.append("shop", rows_of([("c", "2019-01-01", "2019-02-05", 1.0)], title="T"), now=NOW)

    with store._engine.connect() as connection:  # noqa: SLF001  # what readers do not see
        kept = connection.execute(select(catalogue.c.late, catalogue.c.kept_at).order_by(catalogue.c.sequence)).all()

    assert [(False, NOW), (True, NOW - timedelta(days=400)), (False, NOW)] == [tuple(row) for row in kept]
    assert [1.0, 3.0, 2.5, 1.0] == store.read("shop")["y"].tolist()


def test_a_large_snapshot_is_cut_into_parts_and_a_read_touches_few(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(objects, "PART_ROWS", 10)
    store = open_store(url)
    many = [(f"s{n:02d}", f"2019-{m:02d}-01", f"2020-{m:02d}-05", n + m / 100) for n in range(10) for m in range(1, 13)]
    store.append("shop", rows_of(many), now=NOW)
    assert 12 == len(objects_in(tmp_path))
    for path in (tmp_path / "objects").iterdir():
        if ".00000." not in path.name and ".00001." not in path.name:
            path.unlink()

    found = store.read("shop", where=[Condition(column="unique_id", operator="==", value="s00")])

    assert [round(m / 100, 2) for m in range(1, 13)] == found["y"].tolist()
    with pytest.raises(FileNotFoundError):
        store.read("shop")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (rows_of(FIRST).drop(columns="y"), r"got no column y, expected the columns unique_id, ds, y, available_at"),
        (rows_of(FIRST).assign(y=[1.0, np.nan]), r"got 1 rows whose 'y' is missing or infinite"),
        (rows_of(FIRST).assign(y=[1.0, np.inf]), r"got 1 rows whose 'y' is missing or infinite"),
        (rows_of(FIRST).assign(y=["1", "2"]), r"got object in column 'y', expected numbers"),
        (rows_of(FIRST).assign(unique_id=["a", None]), r"got empty cells in column 'unique_id'"),
        (rows_of(FIRST).assign(ds=["2019", "2020"]), r"in column 'ds', expected period starts without time zone"),
        (
            rows_of(FIRST).assign(available_at=pd.Timestamp("2019-02-05")),
            r"in column 'available_at', expected moments with a time zone",
        ),
    ],
)
def test_rows_that_no_contract_would_pass_are_refused(store: VintageStore, rows: pd.DataFrame, message: str) -> None:
    with pytest.raises(UnusableRows, match=message):
        store.append("shop", rows, now=NOW)

    assert 2 == len(store.vintages("shop"))


def test_no_rows_are_no_harm(store: VintageStore) -> None:
    done = store.append("shop", rows_of([], title="T"), now=NOW)

    assert (None, 0, 0, 0) == (done.snapshot, done.stored, done.duplicates, len(done.conflicts))


@pytest.mark.parametrize(
    ("condition", "error", "message"),
    [
        (("unique", "==", "a"), UnknownColumn, r"got the column 'unique'.* Did you mean 'unique_id'\?"),
        (("y", "=<", 1), UnknownOperator, r"got the operator '=<', expected one of == != < <= > >= in between prefix"),
        (("y", "like", 1), UnknownOperator, r"got the operator 'like'"),
        (("y", ">", "many"), UnusableValue, r"by 'y' failed: got 'many', expected a number"),
        (("ds", "==", "someday"), UnusableValue, r"got 'someday', expected a date without time zone"),
        (("available_at", "<", "2019-01-01"), UnusableValue, r"expected a moment with a time zone"),
        (("ds", "prefix", "2019"), UnusableValue, r"got the operator 'prefix', expected an operator for numbers"),
        (("y", "between", [1]), UnusableValue, r"got 1 values, expected two values"),
        (("unique_id", "in", "ab"), UnusableValue, r"got 'ab', expected several values"),
        (("unique_id", "==", 1), UnusableValue, r"got 1, expected text"),
    ],
)
def test_a_condition_that_cannot_be_read_is_named(
    store: VintageStore, condition: tuple[str, str, object], error: type[Exception], message: str
) -> None:
    column, operator, value = condition

    with pytest.raises(error, match=message):
        store.read("shop", where=[Condition(column=column, operator=operator, value=value)])


def test_an_unknown_source_or_column_is_named_with_the_nearest(store: VintageStore) -> None:
    with pytest.raises(NothingStored, match=r"got source 'shopp', expected one of shop\. Did you mean 'shop'\?"):
        store.read("shopp")
    with pytest.raises(UnknownColumn, match="Did you mean 'title'"):
        store.read("shop", columns=["titel"])


@pytest.mark.parametrize("damage", ["flipped bit", "half written", "gone"])
def test_a_damaged_object_is_refused_and_the_same_payload_mends_it(
    store: VintageStore, tmp_path: Path, damage: str
) -> None:
    (path,) = (tmp_path / "objects").iterdir()
    if damage == "flipped bit":
        flip_a_bit(path)
    elif damage == "half written":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        path.unlink()

    with pytest.raises(FileNotFoundError if damage == "gone" else DamagedFile):
        store.read("shop")
    path.unlink(missing_ok=True)  # as the message advises
    done = store.append("shop", rows_of(FIRST, title="T"), now=NOW)

    assert (0, 2) == (done.stored, done.duplicates)
    assert [1.0, 2.0] == store.read("shop")["y"].tolist()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def append_in_a_child(url: str, rows: pd.DataFrame, arm: Callable[[Engine], None]) -> int | None:
    def work() -> None:
        engine = open_for_writing(url)
        arm(engine)
        VintageStore(engine, FileBlobs(Path(url.removeprefix("sqlite:///")).parent / "objects")).append(
            "shop", rows, now=NOW
        )

    child = get_context("fork").Process(target=work)
    child.start()
    child.join()
    return child.exitcode


def before_statement(number: int) -> Callable[[Engine], None]:
    def arm(engine: Engine) -> None:
        sent = iter(range(1_000))
        event.listen(engine, "before_cursor_execute", lambda *_: die() if next(sent) == number else None)

    return arm


@pytest.mark.slow
def test_an_append_killed_before_any_statement_leaves_the_old_state(store: VintageStore, url: str) -> None:
    before, rows = store.vintages("shop"), rows_of(SECOND, title="T")

    survived = -1
    for number in range(100):
        if append_in_a_child(url, rows, before_statement(number)) == 0:
            survived = number
            break
        pd.testing.assert_frame_equal(before, store.vintages("shop"))

    assert survived >= 10
    assert 4 == len(store.vintages("shop"))
    assert 0 == store.append("shop", rows, now=NOW).stored


def at_every_file(engine: Engine) -> None:
    """Die while the object is flushed, before it has its name."""
    assert engine is not None
    os.fsync = lambda _: die()  # type: ignore[assignment]  # in a child that ends here


def before_the_commit(engine: Engine) -> None:
    event.listen(engine, "commit", lambda _: die())


@pytest.mark.parametrize("moment_of_death", [at_every_file, before_the_commit])
def test_an_append_killed_while_it_writes_can_be_repeated(
    store: VintageStore, url: str, moment_of_death: Callable[[Engine], None]
) -> None:
    rows = rows_of(SECOND, title="T")

    assert -signal.SIGKILL == append_in_a_child(url, rows, moment_of_death)

    assert 2 == len(store.vintages("shop"))
    done = store.append("shop", rows, now=NOW)
    assert (2, 0) == (done.stored, done.duplicates)


def append_many(url: str, number: int, answers: object) -> None:
    """Twelve appends, half of them the same as those of the others."""
    store, counts = open_store(url), np.zeros(3, dtype=int)
    for month in range(1, 7):
        shared = rows_of([("shared", f"2019-{month:02d}-01", "2020-01-05", float(month))])
        own = rows_of([(f"own {number}", f"2019-{month:02d}-01", "2020-01-05", 1.0)])
        for rows in (shared, own):
            done = store.append("race", rows, now=NOW)
            counts += (done.stored, done.duplicates, len(done.conflicts))
    answers.put(counts.tolist())  # type: ignore[attr-defined]  # a queue


@pytest.mark.slow
def test_of_appends_at_once_nothing_is_lost_or_doubled(url: str) -> None:
    context, writers = get_context("fork"), 3
    open_store(url)
    answers = context.Queue()
    children = [context.Process(target=append_many, args=(url, number, answers)) for number in range(writers)]

    for child in children:
        child.start()
    found = np.array([answers.get(timeout=120) for _ in children])
    for child in children:
        child.join()

    kept = open_store(url).vintages("race")
    assert 6 * (writers + 1) == len(kept) == found[:, 0].sum()
    assert 12 * writers == found.sum()
    assert 0 == kept.duplicated(["unique_id", "ds"]).sum()


def test_a_database_of_the_first_revision_keeps_its_snapshots(url: str, tmp_path: Path) -> None:
    engine = open_for_writing(url)
    for place, y in enumerate((0.5, 0.1)):
        snapshots.keep(engine, tmp_path / "objects", a_snapshot(y), now=NOW + timedelta(days=place))
    go_back(engine, "0001")
    with pytest.raises(DatabaseRevision):
        open_for_reading(url)

    upgraded = open_for_writing(url)

    for y in (0.1, 0.5):
        pd.testing.assert_frame_equal(
            a_snapshot(y).rows, snapshots.read(upgraded, tmp_path / "objects", a_snapshot(y).id)
        )
    with upgraded.connect() as connection:
        order = connection.execute(select(catalogue.c.id).order_by(catalogue.c.sequence)).scalars().all()
        assert ["s0.5", "s0.1"] == order
        assert 2 == len(connection.execute(select(parts)).all())
        assert [] == connection.execute(select(vintages)).all()
    assert 2 == len(edges.read(upgraded))
    snapshots.keep(upgraded, tmp_path / "objects", a_snapshot(0.7), now=NOW)
    assert 2 == open_store(url).append("shop", rows_of(FIRST), now=NOW).stored
