"""Telling processes apart."""

import os
import subprocess
import sys

import pytest

from pulse_kedro.adapters.stores import processes
from pulse_kedro.adapters.stores.processes import start_of

NO_SUCH_PROCESS = 2**22 + 1


def test_a_process_keeps_its_mark() -> None:
    assert start_of(os.getpid()) is not None
    assert start_of(os.getpid()) == start_of(os.getpid())


def test_two_processes_have_different_marks() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)  # our own words
    mark = start_of(child.pid)
    child.communicate(b"\n")

    assert mark is not None
    assert mark != start_of(os.getpid())


def test_a_process_that_is_gone_has_none() -> None:
    assert start_of(NO_SUCH_PROCESS) is None


def test_a_process_that_ended_and_waits_to_be_collected_has_none() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)  # our own words
    assert child.stdout is not None
    child.stdout.read()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert start_of(child.pid) is None
    child.communicate()


@pytest.mark.skipif(not os.access("/bin/ps", os.X_OK), reason="this system has no ps")
def test_a_system_without_proc_is_asked_through_ps() -> None:
    assert processes._from_ps(os.getpid()) is not None  # noqa: SLF001  # the other branch of `start_of`
    assert processes._from_ps(NO_SUCH_PROCESS) is None  # noqa: SLF001
