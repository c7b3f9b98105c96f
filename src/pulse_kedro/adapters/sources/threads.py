"""Blocking work in a thread that nobody has to wait for: not when it hangs, and not when the program ends."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Result = TypeVar("Result")
"""What the work returns."""
Stop = threading.Event
"""Set once nobody waits for the work any more; long work looks at it now and then."""


async def in_thread(work: Callable[[Stop], Result]) -> Result:
    """What some blocking work returns, without blocking the others.

    The thread is a daemon of its own, not one of a pool: a driver that never returns holds up neither the next source
    nor the end of the process. It is told to stop, which it may not hear.

    Args:
        work: Called with an event that is set as soon as the caller has given up.

    Raises:
        BaseException: Whatever the work raised.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Result] = loop.create_future()
    stop = Stop()

    def tell(result: Result | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(result)  # type: ignore[arg-type]  # a result of `work`, or there would be an error
        else:
            answer.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = work(stop)
        except BaseException as raised:  # noqa: BLE001  # it is handed to the one who waits
            error = _storable(raised)
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=run, daemon=True, name="source").start()
    try:
        return await answer
    finally:
        stop.set()


def _storable(error: BaseException) -> BaseException:
    """An error that a future can hold: no `StopIteration`, and nothing that would end or cancel the one who waits."""
    if isinstance(error, StopIteration) or not isinstance(error, Exception):
        replacement = RuntimeError(f"the code of the source raised {type(error).__name__}")
        replacement.__cause__ = error
        return replacement
    return error
