"""One run at a time in one data root, and nobody locked out by what is gone."""

import os
import pickle
from pathlib import Path

import pytest

from pulse_kedro.adapters import lock
from pulse_kedro.adapters.lock import DataRootLock, RunInProgress


def test_a_second_run_is_refused_until_the_first_one_ends(tmp_path: Path) -> None:
    first = DataRootLock(tmp_path / "data")

    with pytest.raises(
        RunInProgress, match=f"got process {os.getpid()} at work in .*data, expected no other"
    ) as caught:
        DataRootLock(tmp_path / "data")

    first.release()
    first.release()
    DataRootLock(tmp_path / "data").release()
    assert str(caught.value) == str(pickle.loads(pickle.dumps(caught.value)))  # noqa: S301  (our own bytes)


def test_two_data_roots_know_nothing_of_each_other(tmp_path: Path) -> None:
    locks = [DataRootLock(tmp_path / "a"), DataRootLock(tmp_path / "b"), DataRootLock(None), DataRootLock(None)]

    for one in locks:
        one.release()


def test_a_file_system_without_locks_is_worked_on_without_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)

    DataRootLock(tmp_path).release()
    DataRootLock(tmp_path).release()


def test_leftovers_of_a_killed_run_are_cleared_once_the_lock_is_held(tmp_path: Path) -> None:
    half = tmp_path / "06_models" / "bundles" / ".draft-abc"
    half.mkdir(parents=True)
    (half / "part.safetensors").write_bytes(b"half")
    kept = tmp_path / "06_models" / "bundles" / "whole"
    kept.mkdir()

    DataRootLock(tmp_path).release()

    assert not half.exists()
    assert kept.exists()
