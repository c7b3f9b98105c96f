"""A pseudo-terminal in which commands believe that a person watches."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Sequence
from pathlib import Path


def on_a_terminal(command: Sequence[str], folder: Path, *, columns: int = 80) -> tuple[int, str]:
    """Exit code of a command on a pseudo-terminal, and what it drew there, without its control sequences."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    own = {"PYTHONPATH": str(Path(__file__).parent), "DO_NOT_TRACK": "1", "PULSE_TRACKING": "off", "TERM": "xterm"}
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")} | own
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as run:  # noqa: S603 our own
        os.close(theirs)
        drawn = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return run.returncode, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode())


def _read(terminal: int) -> bytes:
    """What comes next; nothing once the other end is closed, which Linux tells by an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
