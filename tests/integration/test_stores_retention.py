"""A clean-up deletes what the rules let go and nothing else, also when it is killed."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from databases import fresh_database
from pulse_kedro.adapters.stores import cycles, edges, inventory, retention, snapshots
from pulse_kedro.adapters.stores.blobs import FileBlobs
from pulse_kedro.adapters.stores.engine import open_for_writing
from pulse_kedro.adapters.stores.vintages import VintageStore
from pulse_kedro.domain.cycle import Cycle
from pulse_kedro.domain.data_management.retention import RetentionOptions
from pulse_kedro.domain.data_management.snapshots import Snapshot, snapshot_id
from records import NOW, a_cycle, a_record, a_snapshot
from vintage_samples import Given, rows_of

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # 3.12 warns of threads; children use none

LATER = NOW + timedelta(days=400)
RULES = RetentionOptions(max_megabytes=1000, clean_up_at=0.9, max_age_days=30, keep_versions=1)


@dataclass(frozen=True, slots=True)
class Room:
    """A catalogue, a folder of objects, and what tests do with them."""

    folder: Path
    engine: Engine

    @property
    def blobs(self) -> FileBlobs:
        """The folder of objects."""
        return FileBlobs(self.folder / "objects")

    @property
    def store(self) -> VintageStore:
        """Sources."""
        return VintageStore(self.engine, self.blobs)

    def keep(self, y: float, *, source: str = "us_employment", parents: tuple[str, ...] = ()) -> str:
        """A cycle's snapshot with a real id."""
        rows = a_snapshot(y).rows
        taken = Snapshot(id=snapshot_id(rows), rows=rows, as_of=a_snapshot().as_of, source=source, parents=parents)
        snapshots.keep(self.engine, self.blobs, taken, now=NOW)
        return taken.id

    def commit(self, snapshot: str, as_of: str, ancestors: tuple[str, ...] = (), recipe: str = "r1") -> Cycle:
        """A committed cycle that knew a snapshot."""
        cycle = replace(a_cycle(as_of, ancestors, recipe=recipe), snapshot=snapshot)
        cycles.commit(self.engine, replace(a_record(cycle), recipe=recipe), now=NOW)
        return cycle

    def ids(self) -> set[str]:
        """Snapshots in the catalogue."""
        return {entry.id for entry in inventory.entries(self.engine)}

    def files(self) -> set[str]:
        """Snapshots on disk."""
        return {blob.name.removesuffix(".parquet") for blob in self.blobs.list()}

    def clean(self, rules: RetentionOptions = RULES) -> retention.CleanUp:
        """Clean up, 400 days later."""
        return retention.clean(self.engine, self.blobs, rules, now=LATER)

    def look(self, rules: RetentionOptions = RULES) -> retention.CleanUp:
        """Only look."""
        return retention.look(self.engine, self.blobs, rules, now=LATER)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path, open_for_writing(fresh_database(tmp_path)))


def test_the_champion_the_one_before_and_the_former_recipe_keep_their_data(room: Room) -> None:
    former, old, previous, current, newest = (room.keep(y) for y in (0.1, 0.2, 0.3, 0.4, 0.5))
    first = room.commit(former, "2018-12-01")
    second = room.commit(old, "2019-01-01", (first.key,), recipe="r2")
    third = room.commit(previous, "2019-02-01", (second.key, first.key), recipe="r2")
    room.commit(current, "2019-03-01", (third.key, second.key, first.key), recipe="r2")

    done = room.clean()

    assert [old] == [one.snapshot.id for one in done.plan.going]
    assert {former, previous, current, newest} == room.ids() == room.files()
    assert {
        current: "cited by the champion",
        previous: "cited by the previous champion",
        former: "cited by the champion before the last promotion",
    } == done.plan.spared


def test_what_a_cited_snapshot_was_drawn_from_stays(room: Room) -> None:
    stored = room.store.append("shop", rows_of([("a", "2019-01-01", "2019-02-05", 1.0)]), now=NOW).snapshot
    room.store.append("shop", rows_of([("a", "2019-01-01", "2019-03-05", 2.0)]), now=NOW)
    assert stored is not None
    drawn = room.keep(0.1, parents=(stored,))
    room.keep(0.2)
    room.commit(drawn, "2018-12-01")

    done = room.clean()

    assert () == done.plan.going
    assert {drawn, stored} == set(done.plan.spared)
    assert (f"snapshot:{stored}", f"snapshot:{drawn}") in edges.read(room.engine)


@pytest.mark.parametrize("pinned", ["snapshot", "cycle", "bundle"])
def test_a_pin_keeps_what_it_names_until_it_is_taken_away(room: Room, pinned: str) -> None:
    one, other, newest = (room.keep(y) for y in (0.1, 0.2, 0.3))
    back = room.commit(newest, "2019-03-01")
    replay = room.commit(one, "2018-12-01")  # a back-dated run
    node = {"snapshot": one, "cycle": replay.key, "bundle": f"bundle of {replay.key}"}[pinned]
    inventory.pin(room.engine, f"{pinned}:{node}", now=NOW)

    room.clean()

    assert {one, newest} == room.ids()
    assert inventory.unpin(room.engine, f"{pinned}:{node}")
    assert [one] == [gone.snapshot.id for gone in room.clean().plan.going]
    assert other not in room.files()
    assert back.key == cycles.read_head(room.engine).cycle


def test_a_value_that_nothing_has_replaced_stays(room: Room) -> None:
    first: list[Given] = [("a", "2019-01-01", "2019-02-05", 1.0)]
    whole, replaced = (
        room.store.append("shop", rows_of(rows), now=NOW).snapshot
        for rows in ([("b", "2019-01-01", "2019-02-05", 7.0)], first)
    )
    room.store.append("shop", rows_of([("a", "2019-01-01", "2019-03-05", 2.0)]), now=NOW)
    before = room.store.read("shop")

    done = room.clean()

    assert [replaced] == [one.snapshot.id for one in done.plan.going]
    assert {whole: retention.LIVE} == done.plan.spared
    assert before.equals(room.store.read("shop"))
    assert 1 == room.store.append("shop", rows_of(first), now=NOW).stored  # forgotten, so it may come again


def test_size_lets_the_oldest_go_first_and_only_as_many_as_needed(room: Room) -> None:
    ids = [room.keep(y / 10) for y in range(1, 7)]
    sizes = {entry.id: entry.bytes or 0 for entry in inventory.entries(room.engine)}
    total = sum(sizes.values())
    fits = (total - sizes[ids[0]] - sizes[ids[1]] / 2) / 1e6
    rules = replace(RULES, max_megabytes=fits / 0.9, max_age_days=10_000)

    done = room.clean(rules)

    assert ids[:2] == [one.snapshot.id for one in done.plan.going]
    assert "take more than" in done.plan.going[0].reason
    assert total - sizes[ids[0]] - sizes[ids[1]] == done.plan.bytes_after


def test_a_dry_run_names_exactly_what_goes_and_changes_nothing(room: Room) -> None:
    for y in (0.1, 0.2, 0.3):
        room.keep(y)
    orphan, young = room.folder / "objects/s0123456789abcdef.parquet", room.folder / "objects/sfedcba9876543210.parquet"
    (room.folder / "objects/somebody_elses.parquet").write_bytes(b"1")
    orphan.write_bytes(b"1")
    young.write_bytes(b"1")
    os.utime(orphan, (LATER.timestamp() - 200_000,) * 2)
    os.utime(young, (LATER.timestamp() - 60,) * 2)
    before = room.files()

    said = room.look()

    assert before == room.files()
    assert said == room.clean()
    assert [orphan.name] == [blob.name for blob in said.orphans]
    assert before - {orphan.stem, *(one.snapshot.id for one in said.plan.going)} == room.files()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def clean_in_a_child(room: Room, arm: Callable[[Engine], None]) -> int | None:
    def work() -> None:
        engine = open_for_writing(f"sqlite:///{room.folder}/pulse.db")
        arm(engine)
        Room(room.folder, engine).clean()

    child = get_context("fork").Process(target=work)
    child.start()
    child.join()
    return child.exitcode


@pytest.mark.slow
def test_a_clean_up_killed_at_any_statement_is_finished_by_the_next(tmp_path: Path) -> None:
    survived = -1
    for number in range(0, 60, 3):
        folder = tmp_path / str(number)
        room = Room(folder, open_for_writing(fresh_database(folder)))
        kept = [room.keep(y) for y in (0.1, 0.2, 0.3)]

        def before_statement(engine: Engine, number: int = number) -> None:
            sent = iter(range(1_000))
            event.listen(engine, "before_cursor_execute", lambda *_: die() if next(sent) == number else None)

        if clean_in_a_child(room, before_statement) == 0:
            survived = number
            break
        room.clean()
        assert {kept[-1]} == room.ids() == room.files(), f"killed before statement {number}"

    assert survived >= 10


def test_a_clean_up_killed_between_object_and_row_is_finished_and_unseen(room: Room) -> None:
    old, new = room.keep(0.1), room.keep(0.2)

    def after_the_objects(_: Engine) -> None:
        FileBlobs.delete = lambda self, name: (self._path(name).unlink(), die())  # type: ignore[method-assign,assignment]

    assert -signal.SIGKILL == clean_in_a_child(room, after_the_objects)

    assert {new} == room.files()
    with pytest.raises(snapshots.UnknownSnapshot):
        snapshots.read(room.engine, room.blobs, old)
    assert (old,) == room.look().unfinished
    assert old == room.keep(0.1)  # the same content comes back while it is marked
    assert 2 == len(snapshots.read(room.engine, room.blobs, old))
    assert {old, new} == room.ids() == room.files()


def test_a_read_that_meets_a_clean_up_looks_again(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    for day, y in (("2019-02-05", 1.0), ("2019-03-05", 2.0)):
        room.store.append("shop", rows_of([("a", "2019-01-01", day, y)]), now=NOW)
    get = FileBlobs.get

    def clean_then_get(self: FileBlobs, name: str) -> bytes:
        monkeypatch.setattr(FileBlobs, "get", get)
        room.clean()
        return get(self, name)

    monkeypatch.setattr(FileBlobs, "get", clean_then_get)

    assert [2.0] == room.store.vintages("shop")["y"].tolist()


def test_a_snapshot_cited_while_the_plan_is_made_is_spared(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    old, _ = room.keep(0.1), room.keep(0.2)
    look = retention.look

    def look_then_pin(*given: object, **named: object) -> retention.CleanUp:
        found = look(*given, **named)  # type: ignore[arg-type]
        inventory.pin(room.engine, f"snapshot:{old}", now=NOW)
        return found

    monkeypatch.setattr(retention, "look", look_then_pin)

    assert () == room.clean().plan.going
    assert old in room.files()
