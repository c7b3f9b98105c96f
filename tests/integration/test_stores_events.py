"""Events in a real database: kept once, in order, and replayed as they were (D13)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, select

from pulse_kedro.adapters.stores import events as store
from pulse_kedro.adapters.stores.engine import open_for_writing
from pulse_kedro.adapters.stores.tables import events as table
from pulse_kedro.datasets.events_dataset import EventsDataset
from pulse_kedro.domain.data_management.events import KINDS, Event, EventStream

DAY = datetime(2019, 9, 30, tzinfo=UTC)
NOW = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/pulse.db"


@pytest.fixture
def engine(url: str) -> Engine:
    return open_for_writing(url)


def an_event(number: int, *, hours: float = 0.0, priority: int = 0) -> Event:
    at = DAY + timedelta(hours=hours)
    kind = KINDS[number % len(KINDS)]
    return Event(kind=kind, at=at, source=f"s{number % 3}", priority=priority, payload={"n": number, "x": [0.1, None]})


def test_an_event_comes_back_as_it_was_and_twice_is_once(engine: Engine) -> None:
    given = [an_event(2, hours=1.5), an_event(1), an_event(2, hours=1.5)]

    first, second = store.append(engine, given, now=NOW), store.append(engine, given, now=NOW)

    assert ((2, 1), (0, 3)) == ((first.stored, first.duplicates), (second.stored, second.duplicates))
    assert (given[0], given[1]) == store.read(engine)
    with engine.connect() as connection:
        rows = connection.execute(select(table.c.at, table.c.kept_at).order_by(table.c.sequence)).all()
    assert [(DAY + timedelta(hours=1.5), NOW), (DAY, NOW)] == [tuple(row) for row in rows]


def test_events_are_read_by_the_time_at_which_they_happened(engine: Engine) -> None:
    store.append(engine, [an_event(number, hours=6 * number) for number in range(8)], now=NOW)

    day = store.read(engine, start=DAY, end=DAY + timedelta(days=1))

    assert [0, 1, 2, 3] == [event.payload["n"] for event in day]
    assert [6] == [event.payload["n"] for event in store.read(engine, kinds=[KINDS[6]])]


def test_many_events_are_counted(engine: Engine) -> None:
    many = [an_event(number, hours=number / 100) for number in range(1500)]

    store.append(engine, many[:700], now=NOW)
    kept = store.append(engine, many, now=NOW)

    assert (800, 700) == (kept.stored, kept.duplicates)
    assert tuple(many) == store.read(engine)


def listen(stream: EventStream) -> list[tuple[str, str]]:
    """A handler whose result depends on the order: the last word of each source, as it changes."""
    story: list[tuple[str, str]] = []
    stream.subscribe(lambda event: story.append((event.source, event.id)), where=lambda event: event.priority >= 0)
    return story


@pytest.mark.parametrize("seed", range(4))
def test_replaying_a_day_equals_the_live_result(engine: Engine, seed: int) -> None:
    """Events arrive late, in any order, with any priority, some twice; the stream is drained now and then."""
    rng = np.random.default_rng(seed)
    live = EventStream()
    live.subscribe(store.recorder(engine, now=NOW))
    told = listen(live)

    for number in rng.integers(0, 40, size=60).tolist():
        live.publish(an_event(number, hours=23 * ((number * 7) % 40) / 40, priority=number % 5 - 1))
        if rng.random() < 0.2:
            live.drain()
    live.drain()
    again = EventStream()
    replayed = listen(again)
    count = store.replay(engine, again, start=DAY, end=DAY + timedelta(days=1))

    assert told == replayed
    assert count == live.counts().drained


def test_the_dataset_appends_and_loads(url: str) -> None:
    dataset = EventsDataset(url=url)
    assert not dataset.exists()
    assert () == dataset.load()

    dataset.save((an_event(1), an_event(2)))
    dataset.save((an_event(2), an_event(3)))

    assert (an_event(1), an_event(2), an_event(3)) == EventsDataset(url=url).load()
    assert dataset.exists()
    assert (an_event(2),) == EventsDataset(url=url, kinds=[KINDS[2]]).load()
    assert "sqlite" in dataset._describe()["url"]  # noqa: SLF001  # what Kedro prints
