"""How many processors a run may use, and how much memory it has used."""

from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from pulse_kedro.adapters import compute


@pytest.mark.parametrize(
    ("expected", "quota"), [(1, "50000 100000"), (1, "150000 100000"), (2, "250000 100000"), (8, "max 100000"), (8, "")]
)
def test_a_container_uses_the_processors_it_was_given(
    expected: int, quota: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpu.max").write_text(quota, encoding="ascii")
    monkeypatch.setattr(compute, "CGROUP_QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(compute.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)

    assert expected == compute.usable_cores()


def test_without_a_control_group_the_affinity_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute, "CGROUP_QUOTA", tmp_path / "missing")
    monkeypatch.setattr(compute.os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)

    assert 3 == compute.usable_cores()


def test_threads_are_capped_and_never_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpool_limits(limits=None):
        monkeypatch.setattr(compute, "usable_cores", lambda: 1)
        compute.cap_threads()
        assert {1} == {pool["num_threads"] for pool in threadpool_info()}

        monkeypatch.setattr(compute, "usable_cores", lambda: 64)
        compute.cap_threads()
        assert {1} == {pool["num_threads"] for pool in threadpool_info()}


def test_the_peak_is_that_of_this_process_alone(tmp_path: Path) -> None:
    (tmp_path / "status").write_text("Name:\tpython\nVmPeak:\t  999 kB\nVmHWM:\t  2048 kB\n", encoding="ascii")

    assert 2.0 == compute.peak_memory(tmp_path / "status")


def test_where_the_system_keeps_no_status_the_usage_counts(tmp_path: Path) -> None:
    block = np.ones(2**22)

    assert block.nbytes / 2**20 < compute.peak_memory(tmp_path / "missing") < 2**20
