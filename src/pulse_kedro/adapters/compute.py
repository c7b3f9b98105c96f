"""The processors of this machine: how many may be used, and keeping numeric libraries to that number."""

import os
from contextlib import suppress
from pathlib import Path

CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


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
