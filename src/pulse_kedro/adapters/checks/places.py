"""The data root: is it there, can it be written, is there room, who works in it, what did killed runs leave."""

import shutil
import tempfile
from pathlib import Path

from pulse_kedro.adapters.checks.findings import Finding, failure, ok, warning
from pulse_kedro.adapters.lock import LEFTOVERS, holder

ELSEWHERE = "the data root is no local folder"
FULL, TIGHT = 200e6, 1e9
"""Bytes: a cycle on the bundled data writes about 40 MB, so five or 25 of them; ours."""


def check_data_root(folder: Path | None) -> Finding:
    """Whether runs can write under the data root: a file is written there and gone at once.

    Args:
        folder: The data root; `None` where it is no local folder.
    """
    if folder is None:
        return ok("data root", ELSEWHERE)
    there = _nearest(folder)
    advice = f"Make {folder} a folder that you may write to, or name another one by PULSE_DATA_ROOT."
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"pulse")
            file.flush()
    except OSError as error:
        return failure("data root", f"{there} cannot be written: {error.strerror or error}", advice)
    if there != folder:
        return ok("data root", f"{folder} is not there yet; {there} can be written", "The first run makes it.")
    return ok("data root", f"{folder} can be written")


def check_disk(folder: Path | None) -> Finding:
    """Whether there is room for more cycles.

    Args:
        folder: The data root; `None` where it is no local folder.
    """
    if folder is None:
        return ok("disk", ELSEWHERE)
    free = shutil.disk_usage(_nearest(folder)).free
    found = f"{free / 1e9:,.1f} GB free"
    advice = "Make room, or name a data root on another disk by PULSE_DATA_ROOT."
    if free < FULL:
        return failure("disk", found, advice)
    return warning("disk", found, advice) if free < TIGHT else ok("disk", found)


def check_lock(folder: Path | None) -> Finding:
    """Whether a run is at work in the data root.

    Args:
        folder: The data root; `None` where it is no local folder.
    """
    process = None if folder is None else holder(folder)
    if process is None:
        return ok("run lock", "free: no run is at work here")
    advice = "Wait until it has ended before you start another run, or give that one a PULSE_DATA_ROOT of its own."
    return warning("run lock", f"held by process {process}: a run is at work in {folder}", advice)


def check_leftovers(folder: Path | None) -> Finding:
    """Whether killed runs left half-written files; while a run is at work, they are its own.

    Args:
        folder: The data root; `None` where it is no local folder.
    """
    if folder is None or holder(folder) is not None:
        return ok("leftovers", "not looked for, while a run may write" if folder else ELSEWHERE)
    left = sorted(path for pattern in LEFTOVERS for path in folder.rglob(pattern))
    if not left:
        return ok("leftovers", "none")
    found = f"{len(left)} half-written folders of killed runs, such as {left[0].relative_to(folder)}"
    return warning("leftovers", found, "Nothing reads them; the next run clears them away.")


def _nearest(folder: Path) -> Path:
    """The folder itself, or the first above it that is there."""
    return next((path for path in (folder, *folder.parents) if path.exists()), folder)
