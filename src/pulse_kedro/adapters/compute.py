"""This machine: how many processors may be used, keeping numeric libraries to that number, and memory that was used."""

import os
import re
import sys
from contextlib import suppress
from pathlib import Path

CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")
STATUS = Path("/proc/self/status")
KIB, MIB = 1024, 2**20


def usable_cores() -> int:
    """Processors this process may use, at least one.

    Returns:
        The smaller of the affinity of the process and the quota of its container: a container that is given two
        processors of a large host still sees all of them, and a thread for each makes it slower.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, _quota(allowed)))


def _quota(otherwise: int) -> int:
    """Whole processors of the control group (version 2), or `otherwise` where none is set."""
    with suppress(OSError, ValueError):
        quota, period = CGROUP_QUOTA.read_text(encoding="ascii").split()
        return max(1, int(quota) // int(period))
    return otherwise


def cap_threads() -> None:
    """Let the numeric libraries that are loaded use no more threads than there are cores; more are left alone."""
    from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]  # ships none

    cores = usable_cores()
    if any(pool["num_threads"] > cores for pool in threadpool_info()):
        threadpool_limits(limits=cores)


def peak_memory(status: Path = STATUS) -> float:
    """Largest memory that this process has held so far, in MiB.

    Returns:
        `VmHWM` of Linux where there is one: `ru_maxrss` begins there with the memory of the process that started this
        one. Elsewhere `ru_maxrss`, in bytes on macOS and in KiB on other systems.
    """
    with suppress(OSError):
        found = re.search(r"^VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii"), re.MULTILINE)
        if found:
            return int(found[1]) * KIB / MIB
    import resource

    unit = 1 if sys.platform == "darwin" else KIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MIB
