"""Events and their stream (D13, K8): order, bound, isolation, round trip."""

import json
import pickle
from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_kedro.domain.data_management.events import (
    BOUND,
    KINDS,
    Event,
    EventStream,
    MomentWithoutZone,
    StreamFull,
    UnknownKind,
    UnreadableEvent,
)

NOON = datetime(2019, 9, 30, 12, tzinfo=UTC)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
events = st.builds(
    Event,
    kind=st.sampled_from(KINDS),
    at=st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    source=st.text(max_size=8),
    priority=st.integers(-3, 3),
    payload=st.dictionaries(st.text(max_size=5), json_values, max_size=3),
)


def news(source: str, *, minutes: int = 0, priority: int = 0, **payload: object) -> Event:
    return Event(kind="news", at=NOON + timedelta(minutes=minutes), source=source, priority=priority, payload=payload)


@settings(max_examples=60, deadline=None)
@given(event=events)
def test_an_event_survives_json_and_pickle(event: Event) -> None:
    assert event == Event.from_json(event.to_json())
    assert event.id == Event.from_json(event.to_json()).id
    assert event == pickle.loads(pickle.dumps(event))  # noqa: S301  (our own bytes)


@settings(max_examples=40, deadline=None)
@given(arrivals=st.lists(st.tuples(st.integers(-1, 1), st.integers(0, 2)), max_size=25))
def test_order_is_priority_then_event_time_then_arrival(arrivals: list[tuple[int, int]]) -> None:
    stream, seen = EventStream(), []
    stream.subscribe(seen.append)

    for place, (priority, minutes) in enumerate(arrivals):
        stream.publish(news(f"{place:02d}", priority=priority, minutes=minutes))
    stream.drain()

    expected = sorted(range(len(arrivals)), key=lambda place: (-arrivals[place][0], arrivals[place][1], place))
    assert [f"{place:02d}" for place in expected] == [event.source for event in seen]


@settings(max_examples=40, deadline=None)
@given(sources=st.lists(st.integers(0, 12), max_size=40), overflow=st.sampled_from(["drop_newest", "drop_lowest"]))
def test_counts_add_up(sources: list[int], overflow: str) -> None:
    stream = EventStream(bound=4, overflow=overflow)  # type: ignore[arg-type]

    for place, source in enumerate(sources):
        stream.publish(news(str(source), priority=source % 3))
        if place % 7 == 6:
            stream.drain()
    counts = stream.counts()

    assert len(sources) == counts.published
    assert counts.published == counts.waiting + counts.drained + counts.duplicates + sum(counts.dropped.values())


def test_equal_priority_and_time_do_not_raise_and_keep_their_order() -> None:  # K8
    stream, seen = EventStream(), []
    stream.subscribe(seen.append)

    stream.publish(news("b", nested={"list": [1]}))
    stream.publish(news("a", nested={"list": [2]}))
    stream.drain()

    assert ["b", "a"] == [event.source for event in seen]


def test_a_handler_gets_what_its_filters_let_through() -> None:
    stream, seen = EventStream(), []
    stream.subscribe(seen.append, kinds=["news"], where=lambda event: event.source == "wanted")

    stream.publish_all([news("wanted"), news("other"), Event(kind="custom", at=NOON, source="wanted")])

    assert {"handler 1": 1} == stream.drain().taken
    assert ["wanted"] == [event.source for event in seen]


def test_a_raising_handler_and_a_raising_filter_stop_nobody() -> None:
    def fail(event: Event) -> bool:
        raise ValueError(event.source)

    stream, seen = EventStream(), []
    stream.subscribe(fail, name="raises")
    stream.subscribe(seen.append, where=fail, name="filter raises")
    stream.subscribe(seen.append, name="well")
    stream.publish_all([news("a"), news("b", minutes=1)])

    counts = stream.drain()

    assert {"raises": 2, "filter raises": 2} == counts.failed
    assert {"well": 2} == counts.taken
    assert counts.last_errors["raises"] == "ValueError: b"
    assert ["a", "b"] == [event.source for event in seen]


def test_a_slow_handler_is_set_aside_after_three_slow_calls_and_the_others_go_on() -> None:
    now = [0.0]

    def slow(_: Event) -> None:
        now[0] += 5.0

    stream, seen = EventStream(clock=lambda: now[0], patience=1.0), []
    stream.subscribe(slow, name="slow")
    stream.subscribe(seen.append, name="quick")
    stream.publish_all(news(str(place), minutes=place) for place in range(10))

    counts = stream.drain()

    assert ({"slow": 3}, {"slow": 7}, 10, 15.0) == (counts.slow, counts.skipped, len(seen), now[0])


def test_overflow_follows_the_policy_and_is_counted() -> None:
    newest, lowest = EventStream(bound=2, overflow="drop_newest"), EventStream(bound=2, overflow="drop_lowest")
    strict = EventStream(bound=2, overflow="refuse")
    arriving = [news("a"), news("b", minutes=1), news("urgent", minutes=2, priority=9), news("late", minutes=3)]

    kept = {}
    for name, stream in (("newest", newest), ("lowest", lowest)):
        kept[name] = []
        stream.subscribe(kept[name].append)
        stream.publish_all(arriving)
        assert {"news": 2} == stream.drain().dropped
    strict.publish_all(arriving[:2])

    assert ["a", "b"] == [event.source for event in kept["newest"]]
    assert ["urgent", "a"] == [event.source for event in kept["lowest"]]
    with pytest.raises(StreamFull, match="got 2 waiting events"):
        strict.publish(arriving[2])
    assert strict.counts().published == 2


def test_the_bound_of_the_requirement_holds() -> None:
    stream = EventStream()
    stream.publish_all(news(str(place), minutes=place) for place in range(BOUND + 5))

    assert (BOUND, {"news": 5}) == (stream.counts().waiting, stream.counts().dropped)


def test_what_a_handler_publishes_waits_for_the_next_drain() -> None:
    stream = EventStream()
    stream.subscribe(lambda event: stream.publish(news(event.source + "+")))
    stream.publish(news("a"))

    assert (1, 1) == (stream.drain().drained, stream.counts().waiting)


def test_the_same_event_twice_is_one() -> None:
    stream = EventStream()

    assert [True, False] == [stream.publish(news("a", nested=[{"x": 1}])) for _ in range(2)]
    assert stream.drain().drained == 1
    assert not stream.publish(news("a", nested=[{"x": 1}]))
    assert stream.counts().duplicates == 2


def test_the_moment_is_kept_in_utc_whatever_zone_it_came_in() -> None:
    there = timezone(timedelta(hours=2))

    assert NOON == Event(kind="news", at=datetime(2019, 9, 30, 14, tzinfo=there), source="a").at
    assert type(NOON) is type(Event(kind="news", at=pd.Timestamp("2019-09-30 14:00+02:00"), source="a").at)
    assert "2019-09-30T12:00:00+00:00" == json.loads(news("a").to_json())["at"]


def test_a_payload_is_a_copy_and_equal_events_have_equal_hashes() -> None:
    facts = {"y": [1.0]}
    event = Event(kind="news", at=NOON, source="a", payload=facts)

    facts["y"].append(2.0)

    assert {"y": [1.0]} == event.payload
    assert 1 == len({event, Event(kind="news", at=NOON, source="a", payload={"y": [1.0]})})


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Event(kind="nws", at=NOON, source="a"), UnknownKind, "Did you mean 'news'"),
        (lambda: Event(kind="news", at=NOON.replace(tzinfo=None), source="a"), MomentWithoutZone, "in UTC"),
        (lambda: news("a", y=float("nan")), UnreadableEvent, "finite numbers"),
        (lambda: news("a", y=object()), UnreadableEvent, "not JSON serializable"),
        (lambda: Event(kind="news", at=NOON, source="a", payload=[1]), UnreadableEvent, "list"),
        (lambda: Event.from_json("{"), UnreadableEvent, "object of JSON"),
        (lambda: Event.from_json('{"kind": "news"}'), UnreadableEvent, "at"),
        (lambda: EventStream().subscribe(print, kinds=["regime_change"]), UnknownKind, "regime_changed"),
    ],
)
def test_bad_input_is_refused_with_its_reason(make: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()  # type: ignore[operator]
