"""What a command costs when it runs as a process of its own, children included."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from protocol.meter import MIB, PEAK_UNIT

PAUSE = 0.05
"""Seconds between two looks at the memory; ours, short against anything that allocates much."""


class CommandFailed(RuntimeError):
    """A measured command did not succeed, so there is nothing to report."""

    def __init__(self, command: Sequence[str], code: int, output: str) -> None:
        """Keep the command, its exit code and the end of what it wrote to standard error."""
        super().__init__(command, code, output)
        self.command, self.code, self.output = command, code, output

    def __str__(self) -> str:
        """Say what ran, how it ended, and its last words."""
        return f"Measuring {' '.join(self.command)!r} failed: got exit code {self.code}, expected 0.\n{self.output}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A command that succeeded: what it printed and what it took.

    `cpu_seconds` counts the process and every child it waited for. `peak_mib` is the largest memory of any one of them,
    `together_mib` of all at the same moment with shared pages counted once (`None` where the system cannot say).
    """

    output: str
    wall_seconds: float
    cpu_seconds: float
    peak_mib: float
    together_mib: float | None

    def cost(self) -> dict[str, float | None]:
        """Everything but the output."""
        names = ("wall_seconds", "cpu_seconds", "peak_mib", "together_mib")
        return {name: getattr(self, name) for name in names}


def run_command(command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> Finished:
    """Run a command to its end and measure it.

    Args:
        command: Program and arguments.
        folder: Working directory.
        environment: All its variables.

    Raises:
        CommandFailed: The exit code is not 0.
    """
    with TemporaryFile("w+", encoding="utf-8") as out, TemporaryFile("w+", encoding="utf-8") as err:
        start = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603  # our own command
            command, cwd=folder, env=dict(environment), stdout=out, stderr=err, start_new_session=True
        )
        together, done, status = None, 0, 0
        while not done:
            time.sleep(PAUSE)
            together = max(filter(None, (together, memory_of_session(process.pid))), default=None)
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
        wall, process.returncode = time.perf_counter() - start, os.waitstatus_to_exitcode(status)
        for stream in (out, err):
            stream.seek(0)
        if process.returncode:
            raise CommandFailed(command, process.returncode, err.read()[-2000:])
        return Finished(
            output=out.read(),
            wall_seconds=wall,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_mib=usage.ru_maxrss * PEAK_UNIT / MIB,
            together_mib=together,
        )


def memory_of_session(session: int) -> float | None:
    """Proportional memory of all processes of a session in MiB, or `None` where `/proc` does not tell."""
    if not sys.platform.startswith("linux"):
        return None
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(folder.name)) == session:
                lines = (folder / "smaps_rollup").read_text(encoding="ascii").splitlines()
                total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total * 1024 / MIB or None
