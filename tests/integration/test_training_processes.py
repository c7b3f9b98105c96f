"""Trainings that are killed, asked to stop, or shared by processes: what they leave and what they lead to."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from miniature import waves
from network_samples import pupil, teacher, untaught
from pulse_kedro.adapters.training import FolderWorkshop

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parents[1]
PERIODS = 120
SLOWLY = """
import hashlib, json, sys, time
from pathlib import Path
import numpy as np
from miniature import waves
from network_samples import pupil
from pulse_kedro.adapters.training import FolderWorkshop
from pulse_kedro.forecasting import module

step = module.NetworkTraining.training_step

def slower(self, batch, batch_idx):
    if batch_idx == 0:
        print("epoch", self.current_epoch, flush=True)
    time.sleep({pause})
    return step(self, batch, batch_idx)

module.NetworkTraining.training_step = slower
y = waves(0, periods=120, series=4)
workshop = FolderWorkshop(folder=Path(sys.argv[1]))
network = pupil("tsmixer", y, workshop=workshop, epochs=5, patience=5, batch_size=16).learn(y, len(y))
(generation,) = network.generations
weights = b"".join(values.tobytes() for _, values in sorted(generation.weights.items()))
facts = dict(generation.facts)
print(json.dumps([hashlib.sha256(weights).hexdigest(), facts]), flush=True)
"""


def start(folder: Path, pause: float = 0.0) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    return subprocess.Popen(  # noqa: S603  # our own lines
        [sys.executable, "-c", SLOWLY.format(pause=pause), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def stop_in_epoch(folder: Path, epoch: int, how: signal.Signals) -> tuple[int, str]:
    """Exit code and last words of a training that got a signal in the middle of an epoch."""
    child = start(folder, pause=0.05)
    assert child.stdout is not None
    for line in child.stdout:
        if line.strip() == f"epoch {epoch}":
            time.sleep(0.1)
            child.send_signal(how)
            break
    _, words = child.communicate(timeout=60)
    return child.returncode, words


def result(child: "subprocess.Popen[str]") -> tuple[list[str], list[object]]:
    """Epochs that a training went through, and what it learned."""
    out, err = child.communicate()
    assert 0 == child.returncode, err
    *epochs, learned = out.splitlines()
    return epochs, list(json.loads(learned))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    epochs, learned = result(start(tmp_path_factory.mktemp("undisturbed")))
    assert [f"epoch {number}" for number in range(5)] == epochs
    return learned


def test_a_killed_training_goes_on_and_ends_with_the_very_same_weights(
    tmp_path: Path, undisturbed: list[object]
) -> None:
    code, _ = stop_in_epoch(tmp_path, 3, signal.SIGKILL)
    epochs, learned = result(start(tmp_path))

    assert -signal.SIGKILL == code
    assert ["epoch 3", "epoch 4"] == epochs
    assert undisturbed == learned


def test_a_training_that_is_asked_to_stop_fails_with_a_sentence_and_goes_on_later(
    tmp_path: Path, undisturbed: list[object]
) -> None:
    code, words = stop_in_epoch(tmp_path, 2, signal.SIGTERM)
    epochs, learned = result(start(tmp_path))

    assert 1 == code
    assert "TrainingInterrupted: Training tsmixer_24 failed: got SIGTERM in epoch 2" in words
    assert ["epoch 2", "epoch 3", "epoch 4"] == epochs
    assert undisturbed == learned


def test_two_processes_that_share_each_batch_learn_what_one_learns(tmp_path: Path) -> None:
    """Compared by the checkpoint of the last epoch, best or not."""
    from pulse_kedro.adapters.checkpoints import AtomicCheckpoints

    y = waves(0, periods=PERIODS, series=4)
    last, facts = [], []
    for devices in (1, 2):
        workshop = FolderWorkshop(folder=tmp_path / str(devices))
        network = pupil("nhits", y, workshop=workshop, devices=devices).learn(y, PERIODS)
        facts.append(network.generations[0].facts)
        (path,) = (tmp_path / str(devices)).rglob("last.ckpt")
        last.append(AtomicCheckpoints().load_checkpoint(path)["state_dict"])

    for name, values in last[0].items():
        np.testing.assert_allclose(values.numpy(), last[1][name].numpy(), rtol=1e-3, atol=1e-5)
    assert facts[0]["best_loss"] == pytest.approx(facts[1]["best_loss"], rel=1e-4)
    assert facts[0]["lesson"] == facts[1]["lesson"]


def test_processes_that_fail_say_why(tmp_path: Path) -> None:
    from dataclasses import replace

    from pulse_kedro.adapters.training import WorkersFailed

    y = waves(0, periods=PERIODS, series=4)
    wild = teacher(devices=2, learning_rate=1e30, clip=1e30, workshop=FolderWorkshop(folder=tmp_path))

    with pytest.raises(WorkersFailed, match=r"got exit code 1, .*TrainingDiverged: Training a network failed"):
        replace(untaught("nhits", y), teach=wild).learn(y, PERIODS)
