"""What a piece of work costs on this machine."""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MIB = 2**20
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in one unit of `ru_maxrss`: macOS counts bytes, Linux counts kibibytes."""


@dataclass(slots=True, kw_only=True)
class Cost:
    """Seconds on the clock, seconds of processor time (threads and finished children), and peak memory so far."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mib: float = 0.0


@contextmanager
def metered() -> Iterator[Cost]:
    """Cost of the block, complete when the block ends; `peak_mib` is the peak of this process since its start."""
    cost, wall, cpu = Cost(), time.perf_counter(), _cpu_seconds()
    yield cost
    cost.wall_seconds, cost.cpu_seconds = time.perf_counter() - wall, _cpu_seconds() - cpu
    cost.peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT / MIB


def _cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
