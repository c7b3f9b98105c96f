"""The queue before a store that fails: each value lands once or waits, and what waits can be written later."""

import random
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from pulse_kedro.adapters.stores.metric_queue import (
    Measurement,
    MetricQueue,
    QueueOptions,
    bury,
    read_dead,
    replay,
)

QUICK = QueueOptions(delay=0.0)


def values(count: int) -> list[Measurement]:
    return [Measurement(run="r", name=f"m{at}", step=1, value=float(at), at=at) for at in range(count)]


class Shaky:
    """A store that is down now and then; every key is written once by construction, doubles are counted."""

    def __init__(self, share: float) -> None:
        """Fail in this share of all tries."""
        self.kept: dict[tuple[str, str, int], float] = {}
        self.doubles, self.sizes, self._share, self._dice = 0, [], share, random.Random(1)  # noqa: S311  # no secret

    def write(self, batch: Sequence[Measurement]) -> None:
        """Keep a batch, or fail."""
        if self._dice.random() < self._share:
            raise ConnectionError
        self.sizes.append(len(batch))
        self.doubles += sum(one.key in self.kept for one in batch)
        self.kept |= {one.key: one.value for one in batch}


def test_ten_thousand_values_land_once_or_wait(tmp_path: Path) -> None:
    store, dead, wanted = Shaky(0.3), tmp_path / "dead.jsonl", values(10_000)

    with MetricQueue(store.write, dead=dead, options=QueueOptions(delay=0.0, retries=1)) as queue:
        for value in wanted:
            queue.put(value)

    waiting = {one.key for one in read_dead(dead)}
    assert {one.key for one in wanted} == store.kept.keys() | waiting
    assert set() == store.kept.keys() & waiting
    assert (len(store.kept), len(waiting), 0) == (queue.written, queue.dead, store.doubles)
    assert waiting
    assert max(store.sizes) <= 50


def test_what_waits_is_written_by_a_replay(tmp_path: Path) -> None:
    dead, store = tmp_path / "dead.jsonl", Shaky(0.0)
    with MetricQueue(Shaky(1.0).write, dead=dead, options=QUICK) as queue:
        for value in values(120):
            queue.put(value)

    left = replay(dead, store.write)

    assert (0, 120, False) == (left, len(store.kept), dead.exists())


def test_a_replay_that_fails_keeps_everything(tmp_path: Path) -> None:
    dead = tmp_path / "dead.jsonl"
    bury(dead, values(60))

    assert 60 == replay(dead, Shaky(1.0).write)
    assert values(60) == read_dead(dead)


def test_a_line_that_was_cut_off_does_not_hide_the_others(tmp_path: Path) -> None:
    dead = tmp_path / "dead.jsonl"
    bury(dead, values(2))
    with dead.open("a", encoding="utf-8") as stream:
        stream.write('{"run": "r", "na')

    assert values(2) == read_dead(dead)


def test_a_batch_that_is_not_full_is_written_while_the_queue_is_open(tmp_path: Path) -> None:
    written = threading.Event()
    queue = MetricQueue(lambda _: written.set(), dead=tmp_path / "dead", options=QueueOptions(flush=0.01))

    queue.put(values(1)[0])

    assert written.wait(timeout=60)
    queue.close()


def test_a_full_queue_keeps_what_it_cannot_take(tmp_path: Path) -> None:
    gate, dead = threading.Event(), tmp_path / "dead.jsonl"
    options = QueueOptions(flush=0.01, capacity=1, batch=1)
    kept: list[Measurement] = []

    def blocked(batch: Sequence[Measurement]) -> None:
        gate.wait(timeout=60)
        kept.extend(batch)

    with MetricQueue(blocked, dead=dead, options=options) as queue:
        for value in values(5):
            queue.put(value)
        gate.set()

    assert {one.key for one in values(5)} == {one.key for one in kept} | {one.key for one in read_dead(dead)}
    assert queue.dead >= 3


def test_the_default_is_that_of_the_requirement() -> None:
    options = QueueOptions()

    assert (50, 5.0, 3, 1.0) == (options.batch, options.flush, options.retries, options.delay)


def test_an_empty_queue_makes_no_file(tmp_path: Path) -> None:
    with MetricQueue(Shaky(1.0).write, dead=tmp_path / "dead.jsonl"):
        pass

    assert [] == list(tmp_path.iterdir())
    assert [] == read_dead(tmp_path / "dead.jsonl")
    assert 0 == replay(tmp_path / "dead.jsonl", Shaky(0.0).write)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_leaving_the_block_drains_it_also_after_an_error(tmp_path: Path, share: float) -> None:
    store, dead = Shaky(share), tmp_path / "dead.jsonl"

    def fail_inside() -> None:
        with MetricQueue(store.write, dead=dead, options=QUICK) as queue:
            queue.put(values(1)[0])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()

    assert 1 == len(store.kept) + len(read_dead(dead))
