"""A bounded queue in front of a store that may fail: batches, retries, and a file for what could not be written.

What is put here is written by one thread, in order. Nothing is lost silently: a value lands in the store or in the dead
letter file, from which `replay` writes it later. Writing the same value twice must change nothing in the store.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty, Full, Queue
from types import TracebackType
from typing import Self

logger = logging.getLogger(__name__)

DEAD_LETTERS = "dead_metrics.jsonl"
"""Name of the dead letter file below the data root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One value of one metric; `run`, `name` and `step` are its key. `at` is in milliseconds since 1970."""

    run: str
    name: str
    step: int
    value: float
    at: int

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells it from others."""
        return self.run, self.name, self.step


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOptions:
    """How patiently and in what portions a queue writes; numbers of the domain reference, M8."""

    batch: int = 50
    """Values that are written at once."""
    flush: float = 5.0
    """Seconds after which a batch that is not full is written, too."""
    retries: int = 3
    """Further tries of a batch that failed."""
    delay: float = 1.0
    """Seconds between two tries."""
    capacity: int = 10_000
    """Values that may wait; who puts more waits up to `flush` seconds, then the value becomes a dead letter."""


Write = Callable[[Sequence[Measurement]], None]
"""Writes a batch or raises; a batch that was written before changes nothing."""


class MetricQueue:
    """Writes from a thread of its own; leaving the `with` block drains it.

    Example:
        >>> kept = []
        >>> with MetricQueue(kept.extend, dead=Path("/nowhere/dead.jsonl")) as queue:
        ...     queue.put(Measurement(run="r", name="mase", step=1, value=0.5, at=0))
        >>> [one.value for one in kept]
        [0.5]
    """

    def __init__(self, write: Write, *, dead: Path, options: QueueOptions | None = None) -> None:
        """Start the thread.

        Args:
            write: Where batches go.
            dead: File for what could not be written; made when it is needed.
            options: Batches and patience.
        """
        self._write, self._dead, self._options = write, dead, options or QueueOptions()
        self._waiting: Queue[Measurement | None] = Queue(self._options.capacity)
        self._lock = threading.Lock()
        self.written = self.dead = 0
        self._thread = threading.Thread(target=self._run, name="metric-queue", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """The queue itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drain it, also when the block failed."""
        self.close()

    def put(self, value: Measurement) -> None:
        """Hand a value over; it waits while the queue is full, and is kept as a dead letter when that does not end."""
        try:
            self._waiting.put(value, timeout=self._options.flush)
        except Full:
            self._bury([value])

    def close(self) -> None:
        """Write everything that waits, and end the thread."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()

    def _run(self) -> None:
        open_ = True
        while open_:
            batch, open_ = self._take()
            if batch:
                self._deliver(batch)

    def _take(self) -> tuple[list[Measurement], bool]:
        """The next batch, and whether more may come."""
        first = self._waiting.get()
        if first is None:
            return [], False
        batch, until = [first], time.monotonic() + self._options.flush
        while len(batch) < self._options.batch:
            try:
                value = self._waiting.get(timeout=max(until - time.monotonic(), 0.0))
            except Empty:
                break
            if value is None:
                return batch, False
            batch.append(value)
        return batch, True

    def _deliver(self, batch: Sequence[Measurement]) -> None:
        for tries in range(self._options.retries + 1):
            if tries:
                time.sleep(self._options.delay)
            try:
                self._write(batch)
            except Exception:  # any failure of a store, known or not: the values are kept
                logger.debug("a batch of %d metrics failed, try %d", len(batch), tries + 1, exc_info=True)
            else:
                self.written += len(batch)
                return
        self._bury(batch)

    def _bury(self, values: Sequence[Measurement]) -> None:
        with self._lock:
            bury(self._dead, values)
            self.dead += len(values)


def bury(file: Path, values: Sequence[Measurement]) -> None:
    """Append values to a dead letter file, one JSON object a line, durably.

    Args:
        file: The file; it and its folder are made where they are missing.
        values: What could not be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as stream:
        stream.writelines(f"{json.dumps(asdict(value), allow_nan=False)}\n" for value in values)
        stream.flush()
        os.fsync(stream.fileno())


def read_dead(file: Path) -> list[Measurement]:
    """What waits in a dead letter file, each key once, the newest value; a line that was cut off is left out.

    Args:
        file: The file; it may be missing.
    """
    if not file.is_file():
        return []
    found: dict[tuple[str, str, int], Measurement] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            value = Measurement(**json.loads(line))
        except (ValueError, TypeError):
            continue
        found[value.key] = value
    return list(found.values())


def replay(file: Path, write: Write, *, batch: int = 50) -> int:
    """Write what waits; the file keeps only what failed again.

    Args:
        file: Dead letter file.
        write: Where it goes.
        batch: Values at once.

    Returns:
        How many values still wait.
    """
    waiting, left = read_dead(file), list[Measurement]()
    for start in range(0, len(waiting), batch):
        part = waiting[start : start + batch]
        try:
            write(part)
        except Exception:  # as above
            logger.debug("replaying %d metrics failed", len(part), exc_info=True)
            left += part
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    if left:
        bury(fresh, left)
        fresh.replace(file)
    else:
        file.unlink(missing_ok=True)
    return len(left)
