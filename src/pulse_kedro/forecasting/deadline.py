"""A limit on wall-clock time for work that cannot be asked to stop."""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

AGAIN = 0.2
"""Seconds between two interruptions, for code that swallowed the first one; ours."""


class OutOfTime(BaseException):
    """The time is over. No `Exception`, so that a library's own `except Exception` does not take it for a bad model."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt the block in this thread after a number of seconds.

    It works in every thread, also in those of a worker process, where signals do not. One call into compiled code is
    finished first: the limit is as fine as the longest such call.

    Raises:
        OutOfTime: The block did not end in time.
    """
    ended, thread, lock = threading.Event(), threading.get_ident(), threading.Lock()

    def interrupt() -> None:
        wait = max(seconds, 0.0)
        while not ended.wait(wait):
            with lock:
                if not ended.is_set():
                    _throw(thread, OutOfTime)
            wait = AGAIN

    watch = threading.Thread(target=interrupt, daemon=True)
    late = False
    try:
        watch.start()  # in here: a limit of nothing interrupts before the block begins
        yield
    except OutOfTime:
        late = True
    finally:
        late = _disarm(ended, lock, watch) or late
    if late:
        raise OutOfTime


def _disarm(ended: threading.Event, lock: "threading.Lock", watch: threading.Thread) -> bool:
    """End the watch; true when an interruption arrived only now."""
    arrived = False
    with suppress(OutOfTime):
        try:
            with lock:
                ended.set()
            watch.join()
        except OutOfTime:
            arrived = True
            ended.set()
            watch.join()
    return arrived


def _throw(thread: int, error: type[BaseException]) -> None:
    """Raise an error in another thread at its next step of Python."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))
