"""The data root in every state it may be found in; looking leaves no trace."""

import os
from pathlib import Path

import pytest

from pulse_kedro.adapters.checks import places
from pulse_kedro.adapters.lock import NAME, DataRootLock, holder


def test_a_folder_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    assert "ok" == places.check_data_root(tmp_path).level
    assert [] == list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    found = places.check_data_root(tmp_path / "deep" / "data")

    assert ("ok", "The first run makes it.") == (found.level, found.next_step)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["file", "kernel"])
def test_a_place_that_cannot_be_written_fails_with_the_way_out(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "data" if kind == "file" else Path("/proc")  # there even root makes no file
    if kind == "file":
        place.write_text("no folder", encoding="utf-8")
    elif not place.is_dir():
        pytest.skip("this system has no /proc")

    found = places.check_data_root(place)

    assert "failure" == found.level
    assert f"{place} cannot be written" in found.found
    assert "PULSE_DATA_ROOT" in found.next_step


def test_a_read_only_folder_fails(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("this user may write anywhere")

    assert "failure" == places.check_data_root(tmp_path).level


@pytest.mark.parametrize(("full", "tight", "level"), [(0, 0, "ok"), (0, 1e30, "warning"), (1e30, 1e30, "failure")])
def test_little_room_is_told_before_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: float, tight: float, level: str
) -> None:
    monkeypatch.setattr(places, "FULL", full)
    monkeypatch.setattr(places, "TIGHT", tight)

    assert level == places.check_disk(tmp_path / "not" / "there").level


def test_a_held_lock_is_a_warning_that_names_the_process(tmp_path: Path) -> None:
    lock = DataRootLock(tmp_path)

    found = places.check_lock(tmp_path)

    assert "warning" == found.level
    assert f"held by process {os.getpid()}" in found.found
    assert str(os.getpid()) == (tmp_path / NAME).read_text(encoding="utf-8").strip()
    lock.release()
    assert "ok" == places.check_lock(tmp_path).level
    DataRootLock(tmp_path).release()


def test_asking_who_holds_the_lock_makes_nothing(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    assert [] == list(tmp_path.iterdir())


def test_leftovers_are_named_and_left_unless_somebody_is_at_work(tmp_path: Path) -> None:
    half = tmp_path / "06_models" / ".draft-x"
    half.mkdir(parents=True)

    found = places.check_leftovers(tmp_path)

    assert "warning" == found.level
    assert "1 half-written folders of killed runs, such as 06_models/.draft-x" == found.found
    assert half.is_dir()
    lock = DataRootLock(tmp_path)
    half.mkdir()
    assert "ok" == places.check_leftovers(tmp_path).level
    lock.release()


def test_a_data_root_elsewhere_is_not_looked_at() -> None:
    looks = (places.check_data_root, places.check_disk, places.check_lock, places.check_leftovers)

    assert {"ok"} == {look(None).level for look in looks}
