"""Where networks are trained: checkpoints that are whole or refused, places, and the command that starts processes."""

import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from miniature import waves
from network_samples import lesson, pupil, trainer
from pulse_kedro.adapters import training
from pulse_kedro.adapters.checkpoints import AtomicCheckpoints
from pulse_kedro.adapters.stores.files import DamagedFile
from pulse_kedro.adapters.training import (
    FolderWorkshop,
    WorkersFailed,
    launch_command,
    read_parts,
    telling_line,
    threads_each,
    write_parts,
)
from pulse_kedro.forecasting.fitting import TrainingInterrupted
from pulse_kedro.forecasting.learning import restore_lesson

CONTENT = {"epoch": 3, "weights": torch.arange(4.0)}


def test_a_checkpoint_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a" / "last.ckpt"
    AtomicCheckpoints().save_checkpoint(CONTENT, path)

    loaded = AtomicCheckpoints().load_checkpoint(path)

    assert (3, [0.0, 1.0, 2.0, 3.0]) == (loaded["epoch"], loaded["weights"].tolist())
    assert [path] == list(path.parent.iterdir())


@pytest.mark.parametrize("place", [0, 40, -1])
def test_a_checkpoint_that_was_damaged_is_refused(tmp_path: Path, place: int) -> None:
    path = tmp_path / "last.ckpt"
    AtomicCheckpoints().save_checkpoint(CONTENT, path)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)

    with pytest.raises(DamagedFile, match=r"Reading .*last.ckpt failed: got"):
        AtomicCheckpoints().load_checkpoint(path)


def test_a_refused_write_leaves_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "last.ckpt"
    AtomicCheckpoints().save_checkpoint(CONTENT, path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        AtomicCheckpoints().save_checkpoint({"epoch": 4}, path)

    assert before == path.read_bytes()


def test_a_checkpoint_holds_no_code(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    AtomicCheckpoints().save_checkpoint({"code": Path}, path)

    with pytest.raises(Exception, match="Weights only load failed"):
        AtomicCheckpoints().load_checkpoint(path, weights_only=False)


def test_a_checkpoint_can_be_removed_twice(tmp_path: Path) -> None:
    AtomicCheckpoints().save_checkpoint(CONTENT, tmp_path / "last.ckpt")

    for _ in range(2):
        AtomicCheckpoints().remove_checkpoint(tmp_path / "last.ckpt")
        assert [] == list(tmp_path.iterdir())


def test_what_was_measured_is_kept_at_its_place(tmp_path: Path) -> None:
    place = FolderWorkshop(folder=tmp_path).place("a1")
    assert {} == place.settings()

    place.settle({"batch_size": 64.0})

    assert {"batch_size": 64.0} == FolderWorkshop(folder=tmp_path).place("a1").settings()
    assert not place.begun()


def test_places_of_other_lessons_are_forgotten(tmp_path: Path) -> None:
    workshop = FolderWorkshop(folder=tmp_path)
    for key in ("a1", "b2", "c3"):
        workshop.place(key).settle({})

    workshop.keep({"b2"})

    assert ["b2"] == [path.name for path in tmp_path.iterdir()]


def test_a_workshop_that_was_never_used_forgets_nothing(tmp_path: Path) -> None:
    FolderWorkshop(folder=tmp_path / "absent").keep(set())


def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    y = waves(0, periods=110, series=3)
    workshop = FolderWorkshop(folder=tmp_path)
    one = pupil("nhits", y, workshop=workshop).learn(y, 110).generations[0]
    checkpoint = next(tmp_path.rglob("last.ckpt"))
    before = checkpoint.stat().st_mtime_ns

    two = pupil("nhits", y, workshop=workshop).learn(y, 110).generations[0]

    assert before == checkpoint.stat().st_mtime_ns
    assert one.facts == two.facts
    for name, values in one.weights.items():
        assert values.tolist() == two.weights[name].tolist()


def test_a_lesson_goes_through_files(tmp_path: Path) -> None:
    given = lesson("tsmixer", waves(0, periods=60, series=2))
    write_parts(tmp_path, "lesson", given.arrays(), given.facts())

    arrays, facts = read_parts(tmp_path, "lesson")

    assert given.key == restore_lesson(facts, arrays).key


def test_processes_of_one_machine_meet_by_themselves() -> None:
    expected = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=4", "--module"]

    command = launch_command(trainer(devices=4, batch_size=64), Path("here"))

    assert [sys.executable, *expected, "pulse_kedro.adapters.training", "here"] == command


def test_processes_of_several_machines_meet_at_the_rendezvous() -> None:
    command = launch_command(trainer(devices=2, num_nodes=2, rendezvous="host:29400"), Path("here"))

    assert ["--nnodes=2", "--rdzv-backend=c10d", "--rdzv-endpoint=host:29400", "--nproc-per-node=2"] == command[3:7]


def test_processes_end_when_the_run_is_asked_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = tmp_path / "pid"
    endless = f"import os, time; open({str(said)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    monkeypatch.setattr(training, "launch_command", lambda *_: [sys.executable, "-c", endless])
    before = signal.getsignal(signal.SIGTERM)

    def stop_us_when_it_runs() -> None:
        while not (said.exists() and said.read_text(encoding="utf-8")):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    other = threading.Thread(target=stop_us_when_it_runs)
    other.start()
    with pytest.raises(TrainingInterrupted, match="Training nhits_24 failed: got SIGTERM, expected to reach the end"):
        FolderWorkshop(folder=tmp_path).launch(lesson("nhits", waves(0, periods=60, series=2)), "a1")
    other.join()

    with pytest.raises(ProcessLookupError):
        os.kill(int(said.read_text(encoding="utf-8")), 0)
    assert before == signal.getsignal(signal.SIGTERM)


def test_processes_share_the_cores() -> None:
    assert [4, 2, 1, 3] == [
        threads_each(replace(trainer(devices=devices, batch_size=None), threads=threads), 4)
        for devices, threads in ((1, None), (2, None), (8, None), (2, 3))
    ]


def test_the_first_error_of_the_processes_is_told() -> None:
    words = """\
[rank1]: Traceback (most recent call last):
[rank1]:   File "x.py", line 3
[rank1]: pulse_kedro.forecasting.module.TrainingDiverged: Training a network failed: got loss nan
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
"""

    line = telling_line(words)

    assert "pulse_kedro.forecasting.module.TrainingDiverged: Training a network failed: got loss nan" == line
    assert "nothing" == telling_line("")
    assert "got exit code 1, expected 0. Last words: 'nothing'" in str(WorkersFailed("nhits_36", 1, "nothing"))
