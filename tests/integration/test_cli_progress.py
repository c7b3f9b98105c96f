"""One bar per run: on a terminal it shows step, count and time; where nobody watches there is none."""

import re
import sys
from pathlib import Path

import pytest

from terminal import on_a_terminal
from tiny_project import kedro, make

BAR = "━"
STEPS = ("training.identify_cycle", "training.work", "recovery.close_cycle")
pytestmark = pytest.mark.slow


def run_on_a_terminal(folder: Path) -> tuple[int, str]:
    return on_a_terminal([str(Path(sys.executable).parent / "kedro"), "run"], folder)


def test_on_a_terminal_a_bar_shows_the_step_how_many_and_the_time(tmp_path: Path) -> None:
    code, drawn = run_on_a_terminal(make(tmp_path))

    assert 0 == code, drawn
    shown = re.findall(rf"{BAR}.* (\d+)/(\d+) (\d:\d\d:\d\d) +(\S+)", drawn.replace("\r", "\n"))
    assert {"3"} == {total for _, total, _, _ in shown}
    assert {step for _, _, _, step in shown} <= set(STEPS)
    assert "recovery.close_cycle" in {step for _, _, _, step in shown}
    counts = [int(count) for count, _, _, _ in shown]
    assert counts == sorted(counts)
    assert "3/3" in drawn


def test_every_line_of_the_bar_fits_a_terminal_of_eighty_columns(tmp_path: Path) -> None:
    _, drawn = run_on_a_terminal(make(tmp_path))

    lines = [line for line in re.split(r"[\r\n]+", drawn) if BAR in line]
    assert lines
    assert 80 >= max(map(len, lines))


def test_into_a_pipe_there_is_no_bar(tmp_path: Path) -> None:
    done = kedro(make(tmp_path), "run")

    assert 0 == done.returncode, done.stderr
    assert BAR not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr
