"""Asks several sources at once; one that is slow, hangs or fails costs the others nothing."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

from pulse_kedro.adapters.sources.asking import ask
from pulse_kedro.adapters.sources.configured import ConfiguredSource
from pulse_kedro.adapters.sources.failing import as_failure
from pulse_kedro.adapters.sources.threads import Stop, in_thread
from pulse_kedro.domain.data_management.fetching import Fetched, Request, Source, SourceFailed, SourceTimedOut

logger = logging.getLogger(__name__)

WORKERS = 4
"""Sources that are asked at the same time; the number of the source documents."""
TIMEOUT_S = 300.0
"""Seconds for one source, its retries included; ours."""
Progress = Callable[[str, Fetched | SourceFailed], None]
Outcomes = Mapping[str, Fetched | SourceFailed]


async def fetch_all(
    sources: Mapping[str, Source],
    requests: Request | Mapping[str, Request],
    *,
    timeout: float = TIMEOUT_S,  # noqa: ASYNC109  # per source, not for the call as a whole
    workers: int = WORKERS,
    progress: Progress | None = None,
) -> Outcomes:
    """What each source has, or why it has nothing.

    Every source is asked in a thread and a loop of its own: even code that says `async` and blocks holds up nobody. A
    source that is too slow is cancelled; a driver that does not listen is left behind and ends with the process.

    Args:
        sources: Sources by name.
        requests: What is wanted of all of them, or of each one by name.
        timeout: Seconds for one source.
        workers: How many are asked at the same time, at least 1.
        progress: Called with the name and the outcome whenever a source is done.

    Returns:
        An outcome for every source, in the order of `sources`; failures are values here, nothing is raised for them.

    Raises:
        CancelledError: The whole was cancelled, by Ctrl-C for example; every source was told to stop.
    """
    room = asyncio.Semaphore(max(1, workers))
    outcomes: dict[str, Fetched | SourceFailed] = {}

    async def visit(name: str, request: Request) -> None:
        async with room:
            outcomes[name] = await _outcome(name, sources[name], request, timeout)
        if progress is not None:
            _tell(progress, name, outcomes[name])

    asked = {name: requests if isinstance(requests, Request) else requests[name] for name in sources}
    async with asyncio.TaskGroup() as group:
        for name, request in asked.items():
            group.create_task(visit(name, request))
    return {name: outcomes[name] for name in sources}


def _tell(progress: Progress, name: str, outcome: Fetched | SourceFailed) -> None:
    """Tell who wants to know; it costs the sources nothing when that fails."""
    try:
        progress(name, outcome)
    except Exception:
        logger.warning("told nobody about source %s", name, exc_info=True)


async def _outcome(name: str, source: Source, request: Request, seconds: float) -> Fetched | SourceFailed:
    try:
        async with asyncio.timeout(seconds):
            return await _apart(name, source, request)
    except TimeoutError as error:
        advice = "Ask for less, or allow it more time."
        late = SourceTimedOut(name, f"no answer after {seconds:g} s", "one", advice)
        late.__cause__ = error
        return late
    except Exception as error:  # noqa: BLE001  # a plugin may raise anything; its failure is the answer
        return as_failure(name, error, "a table")


async def _apart(name: str, source: Source, request: Request) -> Fetched:
    """The answer of a source from a loop of its own, which is cancelled as soon as nobody waits for it."""
    visit = _Visit()
    try:
        return await in_thread(lambda stop: visit.run(name, source, request, stop))
    except BaseException:
        visit.cancel()
        raise


class _Visit:
    """One question in a loop of its own."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Fetched] | None = None

    def run(self, name: str, source: Source, request: Request, stop: Stop) -> Fetched:
        """Ask, and wait for the answer; called in the thread of the source."""
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()

            async def asked() -> Fetched:
                self._task = asyncio.current_task()
                if stop.is_set():
                    raise asyncio.CancelledError
                # A configured source keeps the rules itself, and knows its columns.
                return await (
                    source.fetch(request) if isinstance(source, ConfiguredSource) else ask(name, source, request)
                )

            return runner.run(asked())

    def cancel(self) -> None:
        """Stop asking; called from another thread, at any time."""
        loop, task = self._loop, self._task
        if loop is not None and task is not None:
            with suppress(RuntimeError):  # the loop is closed: it is over anyway
                loop.call_soon_threadsafe(task.cancel)
