"""Settings of a training that are measured: the batch size that sees most windows per second, a good step size."""

import copy
import itertools
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pulse_kedro.forecasting.fitting import Material, prepare
from pulse_kedro.forecasting.learning import Lesson

if TYPE_CHECKING:
    from torch import Tensor

    from pulse_kedro.forecasting.module import NetworkTraining

SIZES = (64, 128, 256, 512, 1024, 2048, 4096)
"""Batch sizes that are tried; ours, powers of two."""
STEPS = 8
"""Steps timed per size, after two that are not; ours, a second in all."""
RATES = 40
"""Learning rates tried, from the smallest to the largest of the range in equal ratios; ours."""
FALLBACK = 256
"""Batch size while the learning rate is searched and none is known; ours."""


def measure_settings(lesson: Lesson, material: Material) -> Mapping[str, float]:
    """Batch size and learning rate of a lesson: those it names, the others measured.

    Returns:
        `batch_size` and `learning_rate`.
    """
    options = lesson.trainer
    draft = lesson.settled(
        batch_size=options.batch_size or FALLBACK, learning_rate=options.learning_rate or options.learning_rate_range[0]
    )
    training = prepare(draft, material)
    training.move(_device(lesson))
    training.network.to(_device(lesson))
    size = options.batch_size or fastest_size(training, least=options.processes)
    rate = options.learning_rate or steepest_rate(training, draft.settled(batch_size=size, learning_rate=1.0))
    return {"batch_size": float(size), "learning_rate": rate}


def fastest_size(training: "NetworkTraining", *, least: int, sizes: Sequence[int] = SIZES) -> int:
    """Batch size with the most windows per second among those that fit into memory.

    Args:
        training: On the device where it will run.
        least: Number that the size has to be a multiple of.
        sizes: What to try, ascending.
    """
    speeds: dict[int, float] = {}
    windows = len(training.learned.starts)
    for size in dict.fromkeys(max(least, min(size, windows) // least * least) for size in sizes):
        speed = windows_per_second(training, size)
        if speed is None:
            break
        speeds[size] = speed
    return max(speeds, key=lambda size: speeds[size])


def windows_per_second(training: "NetworkTraining", size: int) -> float | None:
    """Speed of whole steps with a batch size; `None` where it does not fit into the memory of the GPU."""
    import torch

    trial = _copy(training)
    optimizer = torch.optim.AdamW(trial.network.parameters(), lr=0.0)
    try:
        started = 0.0
        for step in range(STEPS + 2):
            if step == 2:  # noqa: PLR2004  # the first two warm up
                started = _now()
            _step(trial, _numbers(trial, size, step), optimizer)
        return STEPS * size / (_now() - started)
    except torch.OutOfMemoryError:
        torch.cuda.empty_cache()
        return None


def steepest_rate(training: "NetworkTraining", lesson: Lesson) -> float:
    """Learning rate at which the smoothed loss falls fastest, always within the range of the options.

    Source:
        Smith (2017), learning rate range test; smoothing and the end at four times the best loss as in fastai.
    """
    import torch

    low, high = lesson.trainer.learning_rate_range
    trial, size = _copy(training), lesson.trainer.batch_size or FALLBACK
    optimizer = torch.optim.AdamW(trial.network.parameters(), lr=low)
    rates = [low * (high / low) ** (step / (RATES - 1)) for step in range(RATES)]
    smoothed: list[float] = []
    mean = 0.0
    for step, rate in enumerate(rates):
        for group in optimizer.param_groups:
            group["lr"] = rate
        value = _step(trial, _numbers(trial, size, step), optimizer)
        mean = 0.9 * mean + 0.1 * value
        smoothed.append(mean / (1 - 0.9 ** (step + 1)))
        if not math.isfinite(value) or smoothed[-1] > 4 * min(smoothed):
            break
    falls = [before - after for before, after in itertools.pairwise(smoothed)]
    steepest = max(range(len(falls)), key=lambda step: falls[step], default=0)
    return float(min(max(rates[steepest], low), high))


def _copy(training: "NetworkTraining") -> "NetworkTraining":
    trial = copy.copy(training)
    trial._modules = {"network": copy.deepcopy(training.network)}  # noqa: SLF001  # the rest is shared, only read
    trial.options = replace(training.options, pull=0.0)
    return trial


def _step(training: "NetworkTraining", numbers: "Tensor", optimizer: object) -> float:
    import torch

    assert isinstance(optimizer, torch.optim.Optimizer)  # noqa: S101  # for mypy: torch is not imported above
    value = training.loss_of(numbers)
    optimizer.zero_grad()
    value.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(training.network.parameters(), training.options.clip)
    optimizer.step()
    return float(value.detach())


def _numbers(training: "NetworkTraining", size: int, step: int) -> "Tensor":
    import torch

    generator = torch.Generator().manual_seed(training.options.seed + step)
    numbers = torch.randint(len(training.learned.starts), (size,), generator=generator)
    return numbers.to(training.learned.starts.device)


def _device(lesson: Lesson) -> "torch.device":  # type: ignore[name-defined]  # noqa: F821
    import torch

    on_gpu = lesson.trainer.accelerator != "cpu" and torch.cuda.is_available()
    return torch.device("cuda" if on_gpu else "cpu")


def _now() -> float:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
