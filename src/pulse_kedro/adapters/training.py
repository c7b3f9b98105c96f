"""Where networks are trained: a folder per lesson for checkpoints, and child processes for several devices.

`python -m pulse_kedro.adapters.training FOLDER` is one of these processes, started by torch's own launcher.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, cast

import numpy as np

from pulse_kedro.adapters.compute import usable_cores
from pulse_kedro.adapters.stores.files import write_file
from pulse_kedro.domain.errors import PulseError
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.fitting import TrainingInterrupted
from pulse_kedro.forecasting.learning import Generation, Lesson, TrainerOptions, below, restore_lesson

CHECKPOINT, SETTINGS, LESSON, RESULT = "last.ckpt", "settings.json", "lesson", "result"
_ERROR = re.compile(r"\b\w*(?:Error|Exception|Interrupted|Diverged)\b.*: ")
_PREFIX = re.compile(r"^\[\w+\]:\[?\w*\]?:?")
STOP_AFTER = 30.0
"""Seconds between SIGTERM and SIGKILL for child processes; `operations.md` 2, rule 5."""


class WorkersFailed(PulseError):
    """The processes of one training did not bring a result."""

    code: ClassVar[str] = "unknown"

    def __init__(self, member: str, code: int, words: str) -> None:
        """Keep what was trained, the exit code, and the last words of the processes."""
        super().__init__(member, code, words)
        self.member, self.exit_code, self.words = member, code, words

    def __str__(self) -> str:
        """Give the exit code and the last words."""
        return (
            f"Training {self.member} in several processes failed: got exit code {self.exit_code}, expected 0. "
            f"Last words: {self.words!r}. Run the same command again to go on from the last finished epoch, or set "
            "retrain.trainer.devices to 1 in conf/."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderPlace:
    """The folder of one training."""

    folder: Path

    @property
    def checkpoint(self) -> str:
        """Path of the newest checkpoint."""
        return str(self.folder / CHECKPOINT)

    def begun(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return (self.folder / CHECKPOINT).exists()

    def plugins(self) -> Sequence[object]:
        """Checkpoints that are written whole."""
        from pulse_kedro.adapters.checkpoints import AtomicCheckpoints

        return [AtomicCheckpoints()]

    def settings(self) -> Mapping[str, float]:
        """What was measured before the training began; empty at first."""
        path = self.folder / SETTINGS
        return cast("dict[str, float]", json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}

    def settle(self, settings: Mapping[str, float]) -> None:
        """Keep what was measured."""
        write_file(self.folder / SETTINGS, lambda draft: draft.write_text(json.dumps(dict(settings)), encoding="utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderWorkshop:
    """A folder that holds a place for each lesson."""

    folder: Path

    @property
    def cores(self) -> int:
        """Processors that may be used."""
        return usable_cores()

    def place(self, key: str) -> FolderPlace:
        """The place of the lesson with this key."""
        return FolderPlace(folder=self.folder / key)

    def launch(self, lesson: Lesson, key: str) -> Generation:
        """What a training in several processes learns; the first of them writes the result.

        The processes are children of torch's launcher, so that the node that asks stays one process: a strategy that
        starts this command again would run the nodes before it twice.

        Args:
            lesson: What to train, all settings known.
            key: Names the place.

        Raises:
            WorkersFailed: The launcher ended otherwise than well.
        """
        place = self.place(key)
        result = place.folder / f"{RESULT}.json"
        if result.exists():
            return read_generation(place.folder)
        write_parts(place.folder, LESSON, lesson.arrays(), lesson.facts())
        child = subprocess.Popen(  # noqa: S603  # our own module and a folder
            launch_command(lesson.trainer, place.folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": str(threads_each(lesson.trainer, self.cores))},
        )
        with _ending_with_us(child, lesson.member):
            _, words = child.communicate()
        if child.returncode or not result.exists():
            raise WorkersFailed(lesson.member, child.returncode, telling_line(words))
        return read_generation(place.folder)

    def keep(self, keys: Collection[str]) -> None:
        """Forget all other places."""
        for folder in self.folder.glob("*"):
            if folder.name not in keys:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _ending_with_us(child: "subprocess.Popen[str]", member: str) -> Iterator[None]:
    """Stop a child when we are stopped: SIGTERM becomes an error here, and no error leaves the child behind."""

    def stop(*_: object) -> None:
        raise TrainingInterrupted(member)

    heard = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, stop) if heard else None
    try:
        yield
    except BaseException:
        child.terminate()
        try:
            child.communicate(timeout=STOP_AFTER)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
        raise
    finally:
        if heard:
            signal.signal(signal.SIGTERM, before)


def telling_line(words: str) -> str:
    """The line of what processes wrote that says what went wrong: the first error, not the launcher's own."""
    errors = [line for line in words.splitlines() if _ERROR.search(line) and "ChildFailedError" not in line]
    return _PREFIX.sub("", errors[0] if errors else "nothing").strip()


def launch_command(options: TrainerOptions, folder: Path) -> list[str]:
    """Command that starts the processes of one machine."""
    meet = (
        ["--standalone"]
        if options.num_nodes == 1
        else [f"--nnodes={options.num_nodes}", "--rdzv-backend=c10d", f"--rdzv-endpoint={options.rendezvous}"]
    )
    launcher = [sys.executable, "-m", "torch.distributed.run", *meet, f"--nproc-per-node={options.devices}"]
    return [*launcher, "--module", "pulse_kedro.adapters.training", str(folder)]


def threads_each(options: TrainerOptions, cores: int) -> int:
    """Processor threads of each process of one machine."""
    return options.threads or max(1, cores // options.devices)


def write_parts(folder: Path, name: str, arrays: Mapping[str, Array], facts: Mapping[str, object]) -> None:
    """Arrays as safetensors and the rest as JSON, the JSON last."""
    from safetensors.numpy import save

    content = save({key: np.ascontiguousarray(values) for key, values in arrays.items()})
    write_file(folder / f"{name}.safetensors", lambda draft: draft.write_bytes(content))
    text = json.dumps(dict(facts), allow_nan=False)
    write_file(folder / f"{name}.json", lambda draft: draft.write_text(text, encoding="utf-8"))


def read_parts(folder: Path, name: str) -> tuple[dict[str, Array], dict[str, object]]:
    """What `write_parts` wrote."""
    from safetensors.numpy import load

    return load((folder / f"{name}.safetensors").read_bytes()), json.loads((folder / f"{name}.json").read_text())


def read_generation(folder: Path) -> Generation:
    """What the first process of a training wrote."""
    arrays, facts = read_parts(folder, RESULT)
    return Generation(
        trained_until=int(cast("int", facts["trained_until"])),
        weights=below("weights.", arrays),
        optimizer=below("optimizer.", arrays),
        facts=cast("dict[str, object]", facts["facts"]),
    )


def work(folder: Path) -> None:
    """Be one of the processes of a training."""
    from pulse_kedro.forecasting.fitting import learn

    arrays, facts = read_parts(folder, LESSON)
    lesson = restore_lesson(facts, arrays)
    cores = threads_each(lesson.trainer, usable_cores())
    generation = learn(lesson, place=FolderPlace(folder=folder), cores=cores)
    if generation is not None and os.environ.get("RANK", "0") == "0":
        found = {f"weights.{name}": values for name, values in generation.weights.items()}
        found |= {f"optimizer.{name}": values for name, values in generation.optimizer.items()}
        told = {"trained_until": generation.trained_until, "facts": dict(generation.facts)}
        write_parts(folder, RESULT, found, told)


if __name__ == "__main__":
    work(Path(sys.argv[1]))
