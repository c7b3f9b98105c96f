"""What happens in the world and in the data, typed, and the bounded stream that hands it to those who asked for it.

An event carries the moment at which it happened, never the moment at which it arrived. Keeping events is the task of
`adapters.stores.events`.
"""

import heapq
import json
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, TypeAlias

import pandas as pd

from pulse_kedro.domain.cycle import digest
from pulse_kedro.domain.errors import InvalidInput, PulseError, nearest

JSON: TypeAlias = "Mapping[str, JSON] | Sequence[JSON] | str | int | float | bool | None"
"""What JSON can hold."""

KINDS = (
    "news",
    "announcement",
    "market_move",
    "indicator",
    "geopolitical",
    "regulatory",
    "custom",
    "data_ingested",
    "rows_rejected",
    "schema_drift",
    "regime_changed",
    "change_point",
    "drift_detected",
    "data_drift_detected",
)
"""Kinds of events. The first seven come from the world; the others are what our own rooms report."""

Overflow = Literal["drop_newest", "drop_lowest", "refuse"]
"""What a full stream does: leave out what arrives, leave out the least urgent and latest, or raise."""
BOUND = 10_000
"""Events that may wait at once; the bound of domain.md, D13."""
PATIENCE = 1.0
"""Seconds a handler may take for one event before that counts as slow (ours)."""
STRIKES = 3
"""Slow calls after which a handler gets nothing more until it subscribes again (ours)."""


class UnknownKind(InvalidInput):
    """An event has a kind that nobody declared."""

    def __init__(self, kind: str) -> None:
        """Keep the kind that was given."""
        super().__init__(kind)
        self.kind = kind

    def __str__(self) -> str:
        """Name the kinds there are and the nearest one."""
        expected = f"expected one of {', '.join(KINDS)}"
        return f"Making an event failed: got kind {self.kind!r}, {expected}.{nearest(self.kind, KINDS)}"


class MomentWithoutZone(InvalidInput):
    """An event does not say in which time zone it happened."""

    def __init__(self, kind: str, at: str) -> None:
        """Keep the kind of the event and the moment as it was given."""
        super().__init__(kind, at)
        self.kind, self.at = kind, at

    def __str__(self) -> str:
        """Say what a moment needs."""
        return (
            f"Making an event of kind {self.kind!r} failed: got the moment {self.at}, expected one with a time zone. "
            "Give the moment at which it happened in UTC, not the moment at which it arrived."
        )


class UnreadableEvent(InvalidInput):
    """A payload or a line is not what an event can hold."""

    def __init__(self, what: object, reason: object) -> None:
        """Keep what was read and why it cannot be used."""
        super().__init__(what, reason)
        self.what, self.reason = what, reason

    def __str__(self) -> str:
        """Say what an event holds."""
        return (
            f"Reading an event failed: got {str(self.what)[:60]!r}, expected an object of JSON ({self.reason}). "
            "Use text, finite numbers, true, false, null, lists and objects only."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. Two events with equal facts are the same event.

    `kind` is one of `KINDS`; `at` is the event time, aware, kept in UTC and never the time of arrival; a higher
    `priority` is handed out first; `payload` is plain JSON.

    Raises:
        UnknownKind: The kind is not declared.
        MomentWithoutZone: `at` has no time zone.
        UnreadableEvent: The payload is not JSON.

    Example:
        >>> event = Event(kind="indicator", at=datetime(2019, 9, 30, tzinfo=UTC), source="bls", payload={"y": 1.5})
        >>> Event.from_json(event.to_json()) == event
        True
    """

    kind: str
    at: datetime
    source: str
    priority: int = 0
    payload: Mapping[str, JSON] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Check the kind, move the moment to UTC, and copy the payload through JSON."""
        if self.kind not in KINDS:
            raise UnknownKind(self.kind)
        if self.at.tzinfo is None:
            raise MomentWithoutZone(self.kind, str(self.at))
        moment = self.at.to_pydatetime(warn=False) if isinstance(self.at, pd.Timestamp) else self.at
        object.__setattr__(self, "at", moment.astimezone(UTC))
        try:
            copied = json.loads(json.dumps(self.payload, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise UnreadableEvent(self.payload, error) from error
        if not isinstance(copied, dict):
            raise UnreadableEvent(copied, type(copied).__name__)
        object.__setattr__(self, "payload", copied)

    @property
    def id(self) -> str:
        """`e` and the hash of everything the event says: equal events have equal ids."""
        return "e" + digest(self.facts())

    def facts(self) -> dict[str, JSON]:
        """The event as plain JSON; `at` in ISO 8601 with `+00:00`."""
        return {
            "kind": self.kind,
            "at": self.at.isoformat(),
            "source": self.source,
            "priority": self.priority,
            "payload": self.payload,
        }

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(self.facts(), separators=(",", ":"), allow_nan=False, ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> "Event":
        """The event that `to_json` wrote.

        Raises:
            UnreadableEvent: The line is not JSON, or lacks a field.
            UnknownKind: The kind is not declared.
            MomentWithoutZone: The moment has no time zone.
        """
        try:
            facts = json.loads(line)
            return cls(**facts | {"at": datetime.fromisoformat(facts["at"])})
        except (KeyError, TypeError, ValueError) as error:
            raise UnreadableEvent(line, error) from error


Handler = Callable[[Event], object]
Filter = Callable[[Event], bool]


class StreamFull(PulseError):
    """More events wait than the stream may hold, and its policy is to refuse."""

    def __init__(self, bound: int, kind: str) -> None:
        """Keep the bound and the kind of the event that found no place."""
        super().__init__(bound, kind)
        self.bound, self.kind = bound, kind

    def __str__(self) -> str:
        """Say how to make room."""
        return (
            f"Publishing an event of kind {self.kind!r} failed: got {self.bound} waiting events, expected fewer. "
            "Drain the stream more often, or choose the policy `drop_lowest`."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamCounts:
    """What became of events since the stream was made.

    published = waiting + drained + duplicates + dropped. Per handler: events it took, calls that raised, calls that
    were slow, and events it did not get because it was slow too often.
    """

    published: int
    waiting: int
    drained: int
    duplicates: int
    dropped: Mapping[str, int]
    taken: Mapping[str, int]
    failed: Mapping[str, int]
    slow: Mapping[str, int]
    skipped: Mapping[str, int]
    last_errors: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class _Subscription:
    """One handler with its filters and what happened to it."""

    name: str
    handler: Handler
    kinds: frozenset[str] | None
    where: Filter | None
    taken: int = 0
    failed: int = 0
    slow: int = 0
    skipped: int = 0
    last_error: str = ""

    def wants(self, event: Event) -> bool:
        return (self.kinds is None or event.kind in self.kinds) and (self.where is None or bool(self.where(event)))


@dataclass(slots=True)
class EventStream:
    """Events wait here in order of priority, event time and arrival until `drain` hands them to the handlers.

    `overflow` says what happens at the bound. `clock` (seconds, monotonic; such as `time.monotonic`) finds slow
    handlers; without one none is slow. An event whose id was among the last `bound` ones published is a duplicate and
    counted, not handed out again.

    Example:
        >>> stream, seen = EventStream(), []
        >>> stream.subscribe(lambda event: seen.append(event.source), kinds=["news"])
        'handler 1'
        >>> noon = datetime(2019, 9, 30, 12, tzinfo=UTC)
        >>> for source, priority in [("a", 0), ("b", 0), ("c", 5)]:
        ...     _ = stream.publish(Event(kind="news", at=noon, source=source, priority=priority))
        >>> stream.drain().drained, seen
        (3, ['c', 'a', 'b'])
    """

    bound: int = BOUND
    overflow: Overflow = "drop_lowest"
    clock: Callable[[], float] | None = None
    patience: float = PATIENCE
    _heap: list[tuple[tuple[int, float, int], Event]] = field(default_factory=list)
    _subscriptions: list[_Subscription] = field(default_factory=list)
    _known: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _sequence: int = 0
    _drained: int = 0
    _duplicates: int = 0
    _dropped: dict[str, int] = field(default_factory=dict)

    def subscribe(
        self,
        handler: Handler,
        *,
        kinds: Collection[str] | None = None,
        where: Filter | None = None,
        name: str | None = None,
    ) -> str:
        """Ask for events.

        Args:
            handler: Called with one event at a time; what it returns is ignored, what it raises is counted.
            kinds: Kinds it wants; `None` means all.
            where: Takes an event and says whether it is wanted; `None` means all. What it raises counts as a failure.
            name: Under which it is counted; `handler <n>` by default.

        Returns:
            The name.

        Raises:
            UnknownKind: A kind is not declared.
        """
        for kind in kinds or ():
            if kind not in KINDS:
                raise UnknownKind(kind)
        chosen = name or f"handler {len(self._subscriptions) + 1}"
        wanted = None if kinds is None else frozenset(kinds)
        self._subscriptions.append(_Subscription(name=chosen, handler=handler, kinds=wanted, where=where))
        return chosen

    def publish(self, event: Event) -> bool:
        """Let an event wait for the next `drain`.

        Returns:
            Whether it waits now; `False` for a duplicate and for one that the bound left out.

        Raises:
            StreamFull: The stream is full and its policy is `refuse`.
        """
        identity = event.id
        if identity in self._known:
            self._sequence += 1
            self._duplicates += 1
            return False
        full = len(self._heap) >= self.bound
        if full and self.overflow == "refuse":
            raise StreamFull(self.bound, event.kind)
        self._sequence += 1
        entry = ((-event.priority, event.at.timestamp(), self._sequence), event)
        if full and not self._make_room(entry):
            return False
        self._remember(identity)
        heapq.heappush(self._heap, entry)
        return True

    def publish_all(self, events: Iterable[Event]) -> int:
        """Publish many events; how many of them wait now."""
        return sum(self.publish(event) for event in events)

    def drain(self) -> StreamCounts:
        """Hand every waiting event to the handlers that want it, the most urgent first.

        Equal priority goes by event time, equal time by arrival. What handlers publish meanwhile waits for the next
        drain, so that no event can keep a drain going forever.

        Returns:
            The counts since the stream was made.
        """
        batch, self._heap = sorted(self._heap), []  # the sequence is unique: events are never compared
        for _, event in batch:
            self._drained += 1
            for subscription in self._subscriptions:
                self._hand_over(subscription, event)
        return self.counts()

    def counts(self) -> StreamCounts:
        """What became of events since the stream was made."""

        def per_handler(name: str) -> dict[str, int]:
            return {one.name: getattr(one, name) for one in self._subscriptions if getattr(one, name)}

        return StreamCounts(
            published=self._sequence,
            waiting=len(self._heap),
            drained=self._drained,
            duplicates=self._duplicates,
            dropped=dict(self._dropped),
            taken=per_handler("taken"),
            failed=per_handler("failed"),
            slow=per_handler("slow"),
            skipped=per_handler("skipped"),
            last_errors={one.name: one.last_error for one in self._subscriptions if one.last_error},
        )

    def _make_room(self, entry: tuple[tuple[int, float, int], Event]) -> bool:
        """Leave out one event; whether the new one still finds a place."""
        last = max(self._heap) if self.overflow == "drop_lowest" else entry
        if last <= entry:
            self._dropped[entry[1].kind] = self._dropped.get(entry[1].kind, 0) + 1
            return False
        self._heap.remove(last)
        heapq.heapify(self._heap)
        self._known.pop(last[1].id, None)
        self._dropped[last[1].kind] = self._dropped.get(last[1].kind, 0) + 1
        return True

    def _remember(self, identity: str) -> None:
        self._known[identity] = None
        if len(self._known) > self.bound:
            self._known.popitem(last=False)

    def _hand_over(self, subscription: _Subscription, event: Event) -> None:
        before = 0.0 if self.clock is None else self.clock()
        try:
            if not subscription.wants(event):
                return
            if subscription.slow >= STRIKES:
                subscription.skipped += 1
                return
            subscription.handler(event)
            subscription.taken += 1
        except Exception as error:  # noqa: BLE001  # the handler belongs to somebody else: its failure is counted
            subscription.failed += 1
            subscription.last_error = f"{type(error).__name__}: {error}"
        if self.clock is not None and self.clock() - before > self.patience:
            subscription.slow += 1
