"""Which process is meant: a number is given again after a reboot or an exit, its start is not."""

import subprocess
from pathlib import Path

_PROC = Path("/proc")
_START_FIELD = 19  # of /proc/<pid>/stat, counted after the name in brackets: clock ticks from boot to start
_STATE_FIELD = 0


def start_of(pid: int) -> str | None:
    """When a process on this host started, as a mark to compare.

    Args:
        pid: Number of the process.

    Returns:
        A text that no other process of this host ever shares with it; `None` when there is no such process, or it has
        ended and only waits to be collected.
    """
    return _from_proc(pid) if (_PROC / "self" / "stat").exists() else _from_ps(pid)


def _from_proc(pid: int) -> str | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    if fields[_STATE_FIELD] in {"Z", "X"}:
        return None
    boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    return f"{boot}:{fields[_START_FIELD]}"


def _from_ps(pid: int) -> str | None:
    """The same from `ps`, where the system has no /proc (macOS)."""
    command = ("/bin/ps", "-o", "lstart=", "-p", str(pid))
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # fixed words, a number
    return " ".join(answer.stdout.split()) or None
