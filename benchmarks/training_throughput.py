"""How many windows per second does training see? Our linear network beside NLinear of neuralforecast, in one run.

Usage: python benchmarks/training_throughput.py [--json] [--steps N] [--csv PATH] [--peer PYTHON]

Seven hourly series of 11,520 values, shaped like the ETT data (or the numeric columns of `--csv`), look-back 336,
horizon 96, batches of 1,024 windows, one CPU thread. Each side is timed in a process of its own, for ten steps and
for N more; the difference is what the steps cost, without imports and preparation. CPU seconds count, because other
work may run on the same cores. The peer is installed into a virtual environment of its own, because it
holds versions that the project does not want; `--peer` names a Python that has it already.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from protocol.environments import install
from protocol.report import Figures, Floor, heading, speak

from pulse_kedro.domain.panel import Array

LOOK_BACK, HORIZON, BATCH, DAY = 336, 96, 1024, 24
PERIODS, SERIES = 11_520, 7
STEPS = 190
FIRST = 10
"""Steps that are timed to be taken off: what remains is the cost of the others. Both together are epochs of 50."""
PROJECT = Path(__file__).parents[1]
OURS = """
import json, sys, time
import numpy as np
from pulse_kedro.forecasting.curriculum import CurriculumOptions
from pulse_kedro.forecasting.fitting import learn
from pulse_kedro.forecasting.learning import Lesson, TrainerOptions
from pulse_kedro.forecasting.windows import WindowSchema

path, look_back, horizon, batch, day, *steps = [sys.argv[1], *map(int, sys.argv[2:])]
y = np.load(path)
schema = WindowSchema(
    variant="level", look_back=look_back, horizon=horizon, season_length=day, intercept=True, clip=8.0
)
def seconds(count):
    per_epoch = min(count, 50)
    trainer = TrainerOptions(
        loss="huber", loss_parameter=1.0, epochs=count // per_epoch, patience=99, batch_size=batch, learning_rate=1e-3,
        learning_rate_range=(1e-4, 1e-2), weight_decay=0.0, warm_up=0.1, clip=1.0, accumulate=1, frozen_epochs=0,
        pull=0.0, checkpoint_activations=False, seed=1, accelerator="cpu", devices=1, num_nodes=1, rendezvous=None,
        strategy="auto", precision=None, threads=1,
    )
    curriculum = CurriculumOptions(
        stride=1, half_life=None, validation=1.0, windows_per_epoch=per_epoch * batch, replay=1.0, strata=4
    )
    lesson = Lesson(
        member="cycle_linear", kind="cycle_linear", schema=schema, width=64, values=y, previous=None,
        warm_start="none", trainer=trainer, curriculum=curriculum,
    )
    start = time.process_time(), time.perf_counter()
    learn(lesson, cores=1)
    return np.array([time.process_time(), time.perf_counter()]) - start
seconds(steps[0])
few, many = seconds(steps[0]), seconds(steps[0] + steps[1])
import lightning, torch
cpu, wall = many - few
print(json.dumps({
    "cpu_seconds": cpu, "wall_seconds": wall, "lightning": lightning.__version__, "torch": torch.__version__,
}))
"""
PEER = """
import json, logging, sys, time, warnings
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
import numpy as np, pandas as pd, torch
import neuralforecast, pytorch_lightning
from neuralforecast import NeuralForecast
from neuralforecast.models import NLinear

torch.set_num_threads(1)
path, look_back, horizon, batch, day, *steps = [sys.argv[1], *map(int, sys.argv[2:])]
y = np.load(path)
times = pd.date_range("2016-07-01", periods=len(y), freq="h")
frame = pd.concat([pd.DataFrame({"unique_id": str(i), "ds": times, "y": y[:, i]}) for i in range(y.shape[1])])
def seconds(count):
    model = NLinear(
        h=horizon, input_size=look_back, max_steps=count, windows_batch_size=batch, batch_size=y.shape[1],
        learning_rate=1e-3, random_seed=1, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )
    forecaster = NeuralForecast(models=[model], freq="h")
    start = time.process_time(), time.perf_counter()
    forecaster.fit(frame)
    return np.array([time.process_time(), time.perf_counter()]) - start
few, many = seconds(steps[0]), seconds(steps[0] + steps[1])
cpu, wall = many - few
print(json.dumps({
    "cpu_seconds": cpu, "wall_seconds": wall, "lightning": pytorch_lightning.__version__, "torch": torch.__version__,
    "neuralforecast": neuralforecast.__version__,
}))
"""


def like_ett(seed: int = 0) -> Array:
    """Daily and weekly waves, a slow walk and noise; shape `(PERIODS, SERIES)`."""
    rng, t = np.random.default_rng(seed), np.arange(PERIODS)[:, None]
    day, week = (np.sin(2 * np.pi * (t / length + rng.random(SERIES))) for length in (DAY, 7 * DAY))
    walk = rng.normal(scale=0.05, size=(PERIODS, SERIES)).cumsum(axis=0)
    return np.asarray(10 + 3 * day + week + walk + rng.normal(scale=0.5, size=(PERIODS, SERIES)))


def read(path: Path | None) -> Array:
    """Synthetic values, or the numeric columns of a CSV file, its first 11,520 rows."""
    if path is None:
        return like_ett()
    import pandas as pd

    table = pd.read_csv(path, nrows=PERIODS).select_dtypes("number")
    return np.asarray(table.to_numpy(dtype=float))


def wanted() -> list[str]:
    """What the peer is installed from: the torch of this project, so that both compute with the same library."""
    import torch

    return [f"torch=={torch.__version__.split('+')[0]}", "neuralforecast==3.3.0"]


def timed(python: Path, code: str, data: Path, steps: int) -> dict[str, float | str]:
    """Seconds of the further steps of one side, and its versions."""
    sizes = (LOOK_BACK, HORIZON, BATCH, DAY, FIRST, steps)
    found = subprocess.run(  # noqa: S603  # our own lines
        [str(python), "-c", code, str(data), *map(str, sizes)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    return dict(json.loads(found.stdout.splitlines()[-1]))


def measure(given: argparse.Namespace) -> Figures:
    """Both sides, the peer first."""
    with tempfile.TemporaryDirectory(prefix="pulse-throughput-") as folder:
        data = Path(folder, "values.npy")
        np.save(data, read(given.csv))
        peer = timed(given.peer or install(wanted()), PEER, data, given.steps)
        ours = timed(Path(sys.executable), OURS, data, given.steps)
    speeds = {name: given.steps * BATCH / float(side["cpu_seconds"]) for name, side in (("ours", ours), ("peer", peer))}
    ratio = speeds["ours"] / speeds["peer"]
    return {
        **heading(["pulse_kedro", "torch", "lightning", "numpy"]),
        "setting": {"look_back": LOOK_BACK, "horizon": HORIZON, "batch": BATCH, "steps": given.steps, "threads": 1},
        "ours": ours,
        "peer": peer,
        "windows_per_cpu_second": speeds,
        "floors": [Floor(name="windows per CPU second, ours / neuralforecast NLinear", value=ratio, low=50).as_dict()],
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=STEPS, help="steps that are timed: 40, 90, 140, 190 …")
    parser.add_argument("--csv", type=Path, help="file with one column per series, such as ETTh1.csv")
    parser.add_argument("--peer", type=Path, help="Python of an environment with neuralforecast")
    speak(parser, measure)


if __name__ == "__main__":
    main()
