"""Functions that want to know what an ingest did: registered by a decorator, called with events, and kept apart.

A hook that raises, hangs or takes long costs the ingest nothing but the seconds it is allowed; what became of it is
counted.
"""

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points
from typing import Any, ClassVar

from sqlalchemy import Engine

from pulse_kedro.domain.data_management.events import KINDS, Event, EventStream, StreamCounts, UnknownKind
from pulse_kedro.domain.errors import PulseError

GROUP = "pulse_kedro.ingest"
"""Group of entry points; each names a module that registers hooks or up-converters when it is imported."""
PATIENCE_S = 5.0
"""Seconds that one call of a hook may take before it is left behind; ours."""
Hook = Callable[[Event], object]
"""Takes an event; may be asynchronous. What it gives back is ignored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A hook with its name and the kinds of events that it wants."""

    name: str
    hook: Hook
    kinds: frozenset[str]


class HookTooSlow(PulseError):
    """A hook did not come back in time and was left behind."""

    code: ClassVar[str] = "network.timeout"

    def __init__(self, name: str, seconds: float) -> None:
        """Keep the hook and how long it may take."""
        super().__init__(name, seconds)
        self.name, self.seconds = name, seconds

    def __str__(self) -> str:
        """Say how long it was waited for."""
        return (
            f"Calling hook {self.name} failed: got no answer, expected one within {self.seconds:g} s. The ingest went "
            "on; let the hook hand long work to something else."
        )


class HookRaised(PulseError):
    """A hook failed."""

    def __init__(self, name: str, problem: str) -> None:
        """Keep the hook and what it raised."""
        super().__init__(name, problem)
        self.name, self.problem = name, problem

    def __str__(self) -> str:
        """Say what it raised."""
        return (
            f"Calling hook {self.name} failed: got {self.problem}, expected no error. Correct it; the ingest went on."
        )


_HOOKS: dict[str, Registered] = {}


def on(*kinds: str) -> Callable[[Hook], Hook]:
    """Decorator that registers a function for some kinds of events.

    Args:
        kinds: Such as `data_ingested`, `rows_rejected` or `schema_drift`; none means all.

    Raises:
        UnknownKind: There is no such kind.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise UnknownKind(kind)

    def register(hook: Hook) -> Hook:
        name = f"{getattr(hook, '__module__', '')}.{getattr(hook, '__qualname__', type(hook).__name__)}"
        _HOOKS[name] = Registered(name=name, hook=hook, kinds=frozenset(kinds or KINDS))
        return hook

    return register


def forget(hook: Hook) -> None:
    """Take a hook away, if it is there."""
    for name in [name for name, known in _HOOKS.items() if known.hook is hook]:
        del _HOOKS[name]


def registered() -> tuple[Registered, ...]:
    """Every hook there is, those of installed packages included."""
    for point in entry_points(group=GROUP):
        point.load()
    return tuple(_HOOKS.values())


def keeper(engine: Engine, now: Callable[[], datetime]) -> Registered:
    """Hook that keeps every event in the store of events.

    Args:
        engine: Opened for writing.
        now: Tells the moment of arrival, aware.
    """
    from pulse_kedro.adapters.stores import events

    def keep(event: Event) -> None:
        events.append(engine, [event], now=now())

    return Registered(name="keep_events", hook=keep, kinds=frozenset(KINDS))


def tell(events: Sequence[Event], hooks: Sequence[Registered], *, patience: float = PATIENCE_S) -> StreamCounts:
    """Hand events to the hooks that want them, each call apart from the others.

    Args:
        events: In the order in which they happened.
        hooks: Whom to tell.
        patience: Seconds for one call.

    Returns:
        How many calls went well, raised (a hook that was left behind counts here), and what was said last.
    """
    stream = EventStream()
    for known in hooks:
        stream.subscribe(_apart(known, patience), kinds=known.kinds, name=known.name)
    stream.publish_all(events)
    return stream.drain()


def failures(counts: StreamCounts) -> Mapping[str, str]:
    """What went wrong, by name of the hook."""
    return {name: counts.last_errors[name] for name in counts.failed}


def _apart(known: Registered, patience: float) -> Hook:
    """The hook in a thread of its own, which ends with the process if it never comes back."""

    def call(event: Event) -> None:
        raised: list[BaseException] = []
        thread = threading.Thread(target=_run, args=(known.hook, event, raised), daemon=True, name=known.name)
        thread.start()
        thread.join(patience)
        if thread.is_alive():
            raise HookTooSlow(known.name, patience)
        if raised:
            raise HookRaised(known.name, repr(raised[0])) from raised[0]

    return call


def _run(hook: Hook, event: Event, raised: list[BaseException]) -> None:
    try:
        answer = hook(event)
        if inspect.iscoroutine(answer):
            asyncio.run(_waited(answer))
    except BaseException as error:  # noqa: BLE001  # whatever it is, it ends here and is told by the caller
        raised.append(error)


async def _waited(answer: Coroutine[Any, Any, object]) -> None:
    await answer
