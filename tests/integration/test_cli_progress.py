"""One bar per run: on a terminal it shows step, count and time; where nobody watches there is none."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tiny_project import kedro, make

BAR = "━"
STEPS = ("training.identify_cycle", "training.work", "recovery.close_cycle")
pytestmark = pytest.mark.slow


def on_a_terminal(folder: Path, *, columns: int = 80) -> tuple[int, str]:
    """Exit code of one `kedro run` on a pseudo-terminal, and what it drew there, without its control sequences."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    own = {"PYTHONPATH": str(Path(__file__).parents[1]), "DO_NOT_TRACK": "1", "PULSE_TRACKING": "off", "TERM": "xterm"}
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")} | own
    command = [str(Path(sys.executable).parent / "kedro"), "run"]
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


def test_on_a_terminal_a_bar_shows_the_step_how_many_and_the_time(tmp_path: Path) -> None:
    code, drawn = on_a_terminal(make(tmp_path))

    assert 0 == code, drawn
    shown = re.findall(rf"{BAR}.* (\d+)/(\d+) (\d:\d\d:\d\d) +(\S+)", drawn.replace("\r", "\n"))
    assert {"3"} == {total for _, total, _, _ in shown}
    assert {step for _, _, _, step in shown} <= set(STEPS)
    assert "recovery.close_cycle" in {step for _, _, _, step in shown}
    counts = [int(count) for count, _, _, _ in shown]
    assert counts == sorted(counts)
    assert "3/3" in drawn


def test_every_line_of_the_bar_fits_a_terminal_of_eighty_columns(tmp_path: Path) -> None:
    _, drawn = on_a_terminal(make(tmp_path))

    lines = [line for line in re.split(r"[\r\n]+", drawn) if BAR in line]
    assert lines
    assert 80 >= max(map(len, lines))


def test_into_a_pipe_there_is_no_bar(tmp_path: Path) -> None:
    done = kedro(make(tmp_path), "run")

    assert 0 == done.returncode, done.stderr
    assert BAR not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr
