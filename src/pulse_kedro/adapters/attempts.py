"""One start of the program, from its first row in the journal to the last word about how it ended."""

import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from pulse_kedro.adapters.lock import DataRootLock
from pulse_kedro.adapters.stores import journal, leases
from pulse_kedro.adapters.stores.engine import open_for_writing
from pulse_kedro.domain.errors import PulseError
from pulse_kedro.domain.recovery.faults import Fault, classify, severity

logger = logging.getLogger(__name__)

REPEAT_WINDOW = timedelta(hours=1)
EXPOSED = ("metrics.decide", "metrics.choose_serving_bundle", "inference.", "recovery.close_cycle")
"""Nodes that promote or serve, by the beginning of their name: a failure there is one step more severe."""
LEVELS = {1: logging.WARNING, 2: logging.WARNING, 3: logging.ERROR, 4: logging.CRITICAL, 5: logging.CRITICAL}


class AnotherRun(PulseError):
    """Two runs work in one data root at the same time, and one of them reads what the other wrote."""

    code: ClassVar[str] = "data.invalid_input"

    def __init__(self, cycle: str, found: str) -> None:
        """Keep the cycle of this run and the one that was found in its place."""
        super().__init__(cycle, found)
        self.cycle, self.found = cycle, found

    def __str__(self) -> str:
        """Name both cycles and the two ways out."""
        return (
            f"Running cycle {self.cycle} failed: got cycle {self.found} on disk in the middle of the run, expected "
            "what this run wrote there. Another run works in the same data root: start this one again when that one "
            "has ended, or give it a PULSE_DATA_ROOT of its own."
        )


class Attempt:
    """An attempt, open until it is closed; one whose process is gone counts as interrupted when the next one begins."""

    def __init__(self, url: str, *, folder: Path | None, run: str, command: str) -> None:
        """Note the start, and keep other runs out of data root and champion row until the attempt is closed.

        Args:
            url: The database.
            folder: The data root; `None` where it is no local folder.
            run: Id of the session.
            command: What was typed.

        Raises:
            RunInProgress: Another process runs in the data root.
            LeaseHeld: A run of another data root or host is at work on the same database.
        """
        self._lock = DataRootLock(folder)
        self._engine = open_for_writing(url)
        self._heart = leases.Heart(self._engine)
        self._process = os.getpid()
        self.number = journal.begin(self._engine, run=run, command=command, now=_now())
        self._open = True
        self._cycle: str | None = None

    def name_cycle(self, key: str) -> None:
        """Note which cycle this is.

        Args:
            key: The same one each time.

        Raises:
            AnotherRun: It was another one before.
        """
        if self._cycle is not None and self._cycle != key:
            raise AnotherRun(self._cycle, key)
        if self._cycle is None:
            self._cycle = key
            journal.name_cycle(self._engine, self.number, key)

    def finish(self) -> None:
        """Note that it ended well."""
        self._close("DONE")

    def interrupt(self) -> None:
        """Note that it was stopped from outside; nothing happens once it is closed, or in a forked process."""
        if self._open and os.getpid() == self._process:
            self._close("INTERRUPTED")

    def fail(self, error: BaseException, *, node: str, context: Mapping[str, object]) -> Fault:
        """Say in one sentence what went wrong and what to do next, and keep it in the journal.

        Args:
            error: What ended the run.
            node: Node that was running, empty outside nodes.
            context: What helps to repeat it.

        Returns:
            The fault. It never raises: where the journal cannot be written, the sentence is in the log at least.
        """
        fault = classify(error, node=node, context=context, exposed=node.startswith(EXPOSED))
        try:
            fault = self._keep(fault, exposed=node.startswith(EXPOSED))
        except Exception:  # whatever stopped the run may stop the journal, too: a full disk, for one
            logger.exception("The journal could not be written; the attempt will count as interrupted.")
            self._lock.release()  # the lease goes with the process
        logger.log(LEVELS[fault.severity], "%s", fault.sentence, extra={"fault": fault.code, "markup": False})
        return fault

    def _keep(self, fault: Fault, *, exposed: bool) -> Fault:
        now = _now()
        times = 1 + journal.repeats(self._engine, fault.fingerprint, since=now - REPEAT_WINDOW)
        weighed = replace(fault, severity=severity(fault.code, fault.detail, exposed=exposed, repeats=times))
        journal.record(self._engine, weighed, attempt=self.number, now=now)
        self._close("FAILED")
        return weighed

    def _close(self, status: journal.Status) -> None:
        journal.finish(self._engine, self.number, status, now=_now())
        self._open = False
        self._heart.release()
        self._lock.release()


def _now() -> datetime:
    return datetime.now(UTC)
