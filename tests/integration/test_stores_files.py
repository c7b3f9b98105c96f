"""Files that appear whole: snapshots and pages, damaged and interrupted."""

import os
import signal
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine

from pulse_kedro.adapters.stores import edges, snapshots
from pulse_kedro.adapters.stores.engine import open_for_writing
from pulse_kedro.adapters.stores.files import DamagedFile, write_file
from pulse_kedro.adapters.stores.snapshots import UnknownSnapshot
from records import NOW, a_snapshot, flip_a_bit


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_for_writing(f"sqlite:///{tmp_path}/pulse.db")


def test_a_snapshot_reads_back_bit_for_bit(engine: Engine, tmp_path: Path) -> None:
    snapshots.keep(engine, tmp_path / "s", a_snapshot(), now=NOW)

    pd.testing.assert_frame_equal(a_snapshot().rows, snapshots.read(engine, tmp_path / "s", "s0.1"), check_exact=True)
    assert (("source:us_employment", "snapshot:s0.1"),) == edges.read(engine)


def test_the_same_snapshot_again_leaves_the_file_alone(engine: Engine, tmp_path: Path) -> None:
    snapshots.keep(engine, tmp_path / "s", a_snapshot(), now=NOW)
    before = written(tmp_path / "s/s0.1.parquet")

    snapshots.keep(engine, tmp_path / "s", a_snapshot(), now=NOW)

    assert before == written(tmp_path / "s/s0.1.parquet")


def written(path: Path) -> tuple[int, int, int]:
    """Which file it is and when it was written; when it was read may change."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def test_a_flipped_bit_in_a_snapshot_is_found_and_mended_by_keeping_it_again(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    snapshots.keep(engine, folder, a_snapshot(), now=NOW)
    flip_a_bit(folder / "s0.1.parquet")

    with pytest.raises(DamagedFile, match=r"s0\.1\.parquet failed.*Delete the file"):
        snapshots.read(engine, folder, "s0.1")
    snapshots.keep(engine, folder, a_snapshot(), now=NOW)

    assert 2 == len(snapshots.read(engine, folder, "s0.1"))


def test_a_snapshot_whose_file_is_gone_is_written_again(engine: Engine, tmp_path: Path) -> None:
    snapshots.keep(engine, tmp_path / "s", a_snapshot(), now=NOW)
    (tmp_path / "s/s0.1.parquet").unlink()

    with pytest.raises(FileNotFoundError):
        snapshots.read(engine, tmp_path / "s", "s0.1")
    snapshots.keep(engine, tmp_path / "s", a_snapshot(), now=NOW)

    assert 2 == len(snapshots.read(engine, tmp_path / "s", "s0.1"))


def test_a_snapshot_that_was_never_kept_is_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(UnknownSnapshot, match="got 's9', expected the id of one that was kept"):
        snapshots.read(engine, tmp_path, "s9")


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns of threads; the children use none
def test_a_file_whose_writer_is_killed_keeps_its_old_content(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    write_file(page, lambda draft: draft.write_text("old", encoding="utf-8"))

    def work(draft: Path) -> None:
        draft.write_text("half of the n", encoding="utf-8")
        os.kill(os.getpid(), signal.SIGKILL)

    child = get_context("fork").Process(target=write_file, args=(page, work))
    child.start()
    child.join()

    assert -signal.SIGKILL == child.exitcode
    assert "old" == page.read_text(encoding="utf-8")


def test_a_failed_write_leaves_the_old_content_and_no_litter(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    write_file(page, lambda draft: draft.write_text("old", encoding="utf-8"))

    with pytest.raises(UnicodeEncodeError):
        write_file(page, lambda draft: draft.write_text("\ud800", encoding="utf-8"))

    assert "old" == page.read_text(encoding="utf-8")
    assert [page] == list(tmp_path.iterdir())
