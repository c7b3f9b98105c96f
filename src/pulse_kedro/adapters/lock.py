"""One run at a time in one data root: runs share its files, so a second one would read what the first one writes."""

import fcntl
import os
import shutil
from io import TextIOWrapper
from pathlib import Path
from typing import ClassVar

from pulse_kedro.domain.errors import PulseError

NAME = ".run.lock"
LEFTOVERS = (".draft-*", ".writing-*")
"""Folders in which files are written before they are renamed into place; a killed run leaves them behind."""


class RunInProgress(PulseError):
    """Another process runs in the same data root."""

    code: ClassVar[str] = "network.timeout"
    detail: ClassVar[str] = "db_locked"

    def __init__(self, folder: str, process: str) -> None:
        """Keep the data root and the number of the process that is at work there."""
        super().__init__(folder, process)
        self.folder, self.process = folder, process

    def __str__(self) -> str:
        """Name the process and the two ways out."""
        return (
            f"Starting a run failed: got process {self.process or 'unknown'} at work in {self.folder}, expected no "
            "other run there. Start this one again when that one has ended, or give it a PULSE_DATA_ROOT of its own."
        )


class UnwritableDataRoot(PulseError):
    """The data root may only be read."""

    code: ClassVar[str] = "storage.permission_denied"

    def __init__(self, folder: str) -> None:
        """Keep the folder."""
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        """Name the folder and the ways out."""
        return (
            f"Starting a run failed: got Permission denied for writing to {self.folder}, expected a data root that "
            "runs may write to. Change its permissions, or set PULSE_DATA_ROOT to another folder; PULSE_TRACKING=off "
            "is enough for looking only."
        )


def require_writable(folder: Path) -> None:
    """Refuse a data root that may only be read, before anything else stumbles over it.

    Args:
        folder: The data root; where it is missing, the nearest folder above it counts.

    Raises:
        UnwritableDataRoot: This user may not write there, or nobody may.
    """
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        raise UnwritableDataRoot(str(folder))


class DataRootLock:
    """Held from its making to its release; the system releases it when the process ends, however it ends."""

    def __init__(self, folder: Path | None) -> None:
        """Take the lock, and clear away what a killed run left half-written.

        Args:
            folder: The data root; `None` where it is no local folder, and nothing is locked.

        Raises:
            RunInProgress: Somebody else has it.
        """
        self._file: TextIOWrapper | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = _occupy(folder / NAME)
        if folder is not None and self._file is not None:
            _sweep(folder)

    def release(self) -> None:
        """Let the next run begin; releasing twice does no harm."""
        if self._file is not None:
            self._file.close()
            self._file = None


def holder(folder: Path) -> str | None:
    """Who is at work in a data root; nothing is written, and nothing is made.

    Args:
        folder: The data root.

    Returns:
        Number of the process, as text; `None` when nobody is.
    """
    try:
        file = (folder / NAME).open(encoding="utf-8")
    except OSError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return file.read().strip() or "unknown"
        except OSError:
            return None  # a file system that knows no locks
    return None


def _sweep(folder: Path) -> None:
    """Remove what nobody writes any more: whoever wrote it held the lock."""
    for pattern in LEFTOVERS:
        for leftover in list(folder.rglob(pattern)):
            shutil.rmtree(leftover, ignore_errors=True)


def _occupy(path: Path) -> TextIOWrapper | None:
    """The open file that holds the lock, with our number in it; `None` on a file system that knows no locks."""
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        with file:
            file.seek(0)
            raise RunInProgress(str(path.parent), file.read().strip()) from error
    except OSError:
        file.close()
        return None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file
