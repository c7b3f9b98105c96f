"""One lesson from beginning to end: windows, first weights, measured settings, Lightning, and the best weights.

torch and Lightning are imported when a training begins.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from pulse_kedro.domain.errors import PulseError
from pulse_kedro.domain.metrics.diagnostics import converge
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.curriculum import CurriculumOptions, Windows, decay, find_windows, replayed, split
from pulse_kedro.forecasting.learning import Generation, Lesson, Place, TrainerOptions, WarmStart, Workshop
from pulse_kedro.forecasting.network_member import Network, lesson_of
from pulse_kedro.forecasting.ridge import empty_ridge
from pulse_kedro.forecasting.solving import solve

if TYPE_CHECKING:
    from lightning.pytorch import Trainer

    from pulse_kedro.forecasting.module import KeepBest, NetworkTraining
    from pulse_kedro.forecasting.networks import FromRidge


class TrainingInterrupted(PulseError):
    """A training was asked to stop before its end."""

    code: ClassVar[str] = "unknown"
    detail: ClassVar[str] = "interrupted"

    def __init__(self, member: str, epoch: int | None = None) -> None:
        """Keep what was trained, and the epoch it was in, if that is known."""
        super().__init__(member, epoch)
        self.member, self.epoch = member, epoch

    def __str__(self) -> str:
        """Say where it stopped and that nothing is lost."""
        where = "" if self.epoch is None else f" in epoch {self.epoch}"
        return (
            f"Training {self.member} failed: got SIGTERM{where}, expected to reach the end. "
            "Run the same command again: it goes on from the last finished epoch."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Windows of a lesson to learn from and to choose the best weights by, and the first period held out."""

    learned: Windows
    held_out: Windows
    until: int

    @property
    def enough(self) -> bool:
        """Whether there is anything to learn from and to choose by."""
        return len(self.learned) > 0 and len(self.held_out) > 0


def gather(lesson: Lesson) -> Material:
    """Windows of a lesson; where training goes on, new ones and a replay of old ones."""
    schema, curriculum, known = lesson.schema, lesson.curriculum, len(lesson.values)
    season = schema.season_length
    held_out = max(schema.horizon, round(curriculum.validation * season))
    windows = find_windows(schema, lesson.values, stride=curriculum.stride)
    learned, chosen_by = split(windows, schema, known=known, held_out=held_out)
    if lesson.warm and lesson.previous is not None:
        since = int(str(lesson.previous.facts["held_out_from"])) - schema.horizon
        learned = replayed(learned, since=since, options=curriculum, seed=lesson.trainer.seed)
    half_life = curriculum.half_life and curriculum.half_life * season
    weights = decay(learned.origins, half_life=half_life, newest=known - 1)
    weighed = Windows(origins=learned.origins, columns=learned.columns, weights=weights)
    return Material(learned=weighed, held_out=chosen_by, until=known - held_out)


def first_weights(lesson: Lesson, until: int) -> Array:
    """Ridge weights `(features, horizon)` from the values before a period, so that no held-out target is in them."""
    ridge = empty_ridge(lesson.member, lesson.schema, series=lesson.values.shape[1])
    sums = ridge.update(lesson.values[:until], "").sums
    if sums.n <= lesson.schema.features:
        return np.zeros((lesson.schema.features, lesson.schema.horizon))
    return solve(sums, intercept=lesson.schema.intercept).weights


def begin(lesson: Lesson, until: int) -> "FromRidge":
    """The network as training finds it: the ridge and a residual of zero, or what the last generation knew.

    `recursive` takes the ridge map anew from its exact recursion and only the residual from the last generation.
    """
    import torch

    from pulse_kedro.forecasting.networks import build

    torch.manual_seed(lesson.trainer.seed)
    network = build(lesson.kind, lesson.schema, lesson.width)
    if lesson.warm and lesson.previous is not None:
        before = {name: torch.from_numpy(of.astype(np.float32)) for name, of in lesson.previous.weights.items()}
        network.load_state_dict(before)
    if not lesson.warm or lesson.warm_start == "recursive":
        with torch.no_grad():
            network.ridge.weight.copy_(torch.from_numpy(first_weights(lesson, until).T))
    return network


def prepare(lesson: Lesson, material: Material) -> "NetworkTraining":
    """Everything that Lightning trains."""
    import torch

    from pulse_kedro.forecasting.augmentation import with_copies
    from pulse_kedro.forecasting.module import NetworkTraining
    from pulse_kedro.forecasting.sampling import EpochBatches, panel_tensor

    trainer, limit = lesson.trainer, lesson.curriculum.windows_per_epoch
    values, learned, augmentation = lesson.values, material.learned, lesson.curriculum.augmentation
    if augmentation is not None:
        season, until = lesson.schema.season_length, material.until
        values, learned = with_copies(values, learned, augmentation, season=season, until=until, seed=trainer.seed)

    def batches(rank: int, world: int) -> EpochBatches:
        size = trainer.batch_size or 1
        count = len(learned)
        return EpochBatches(count, batch_size=size, limit=limit, seed=trainer.seed, rank=rank, world=world)

    training = NetworkTraining(
        begin(lesson, material.until),
        learned=panel_tensor(lesson.schema, values, learned, until=material.until),
        held_out=panel_tensor(lesson.schema, lesson.values, material.held_out, until=material.until),
        options=trainer,
        batches=batches,
        augmentation=augmentation,
    )
    if lesson.warm and lesson.previous is not None:
        same = lesson.previous.facts.get("network_id") == lesson.network_id
        kept = lesson.previous.optimizer if same and lesson.warm_start == "weights+optimizer" else {}
        training.go_on({name: torch.from_numpy(values.astype(np.float32)) for name, values in kept.items()})
    return training


def learn(lesson: Lesson, *, place: Place | None = None, cores: int = 1) -> Generation | None:
    """What one training learns, in this process or, inside a group of processes, as one of them.

    Args:
        lesson: What to train.
        place: Where checkpoints are; `None` keeps none.
        cores: Processors of this process.

    Returns:
        The weights with the lowest validation loss; `None` where no window is complete, so that the member abstains.

    Raises:
        TrainingDiverged: The loss is no longer a number.
        TrainingInterrupted: SIGTERM arrived; the last finished epoch is kept.
    """
    material = gather(lesson)
    if not material.enough:
        return None
    with _quiet_torch(lesson.trainer.threads or cores):
        settled = _settle(lesson, material, place)
        training = prepare(settled, material)
        best = _fit(settled, training, place)
        return _generation(settled, material, best, lesson.key)


def _settle(lesson: Lesson, material: Material, place: Place | None) -> Lesson:
    """The lesson with batch size and learning rate, measured where they are open; a resumed one measures nothing."""
    if lesson.trainer.batch_size and lesson.trainer.learning_rate:
        return lesson
    known = dict(place.settings()) if place is not None else {}
    if not known:
        from pulse_kedro.forecasting.measuring import measure_settings

        known = dict(measure_settings(lesson, material))
        if place is not None:
            place.settle(known)
    return lesson.settled(batch_size=int(known["batch_size"]), learning_rate=float(known["learning_rate"]))


def make_trainer(options: TrainerOptions, place: Place | None, best: "KeepBest") -> "Trainer":
    """Lightning trainer: no logger, no bar, no files but one checkpoint per epoch at its place."""
    from lightning.pytorch import Trainer

    from pulse_kedro.forecasting.module import SaveEpochs

    on_gpu = options.accelerator == "gpu" or (options.accelerator == "auto" and _has_gpu())
    strategy = "ddp" if options.strategy == "auto" and options.processes > 1 else options.strategy
    return Trainer(
        accelerator="gpu" if on_gpu else "cpu",
        devices=options.devices,
        num_nodes=options.num_nodes,
        strategy=strategy,
        precision=options.precision or ("bf16-mixed" if on_gpu else "32-true"),
        max_epochs=options.epochs,
        gradient_clip_val=options.clip,
        accumulate_grad_batches=options.accumulate,
        callbacks=[best, *([SaveEpochs(place.checkpoint)] if place else [])],
        plugins=list(place.plugins()) if place else None,  # type: ignore[arg-type]  # forecasting knows no file format
        enable_checkpointing=place is not None,
        deterministic=True,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


def _fit(lesson: Lesson, training: "NetworkTraining", place: Place | None) -> "KeepBest":
    from lightning.pytorch.utilities.exceptions import SIGTERMException

    from pulse_kedro.forecasting.module import KeepBest

    best = KeepBest(lesson.trainer.patience)
    trainer = make_trainer(lesson.trainer, place, best)
    resumed = place.checkpoint if place is not None and place.begun() else None
    try:
        trainer.fit(training, ckpt_path=resumed, weights_only=True)
    except SIGTERMException as stop:  # a SystemExit, which would count as success
        raise TrainingInterrupted(lesson.member, trainer.current_epoch) from stop
    return best


def _generation(lesson: Lesson, material: Material, best: "KeepBest", key: str) -> Generation:
    """What is kept of a training under the key of its lesson."""
    keep_moments = lesson.warm_start == "weights+optimizer"
    return Generation(
        trained_until=len(lesson.values),
        weights={name: of.double().numpy() for name, of in best.weights.items()},
        optimizer={name: of.double().numpy() for name, of in best.moments.items()} if keep_moments else {},
        facts={
            "network_id": lesson.network_id,
            "lesson": key,
            "held_out_from": material.until,
            "windows": len(material.learned),
            "held_out": len(material.held_out),
            "epochs": len(best.losses) - 1,
            "first_loss": best.losses[0],
            "best_loss": min(best.losses),
            "convergence": converge(np.array(best.losses)).status,
            "warm_start": lesson.warm_start if lesson.warm else "none",
            "batch_size": lesson.trainer.batch_size,
            "learning_rate": lesson.trainer.learning_rate,
        },
    )


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


@contextmanager
def _quiet_torch(threads: int) -> Iterator[None]:
    """Threads for torch, Lightning without its greetings; random state and switches are put back."""
    import logging
    import warnings

    import lightning.pytorch  # noqa: F401  # sets the level of its logger, which is changed below
    import torch

    before, level = torch.get_num_threads(), logging.getLogger("lightning.pytorch").level
    exact, workspace = torch.are_deterministic_algorithms_enabled(), os.environ.get("CUBLAS_WORKSPACE_CONFIG")
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    torch.set_num_threads(threads)
    try:
        with torch.random.fork_rng(), warnings.catch_warnings():
            # Lightning 2.6 asks torch 2.13 in a way that torch is about to give up; goes with the next Lightning.
            warnings.filterwarnings("ignore", message=r"`isinstance\(treespec, LeafSpec\)` is deprecated")
            yield
    finally:
        torch.set_num_threads(before)
        torch.use_deterministic_algorithms(exact)
        logging.getLogger("lightning.pytorch").setLevel(level)
        if workspace is None:
            os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Teacher:
    """How members learn in one run: settings, and a workshop for checkpoints and processes; `None` keeps nothing."""

    warm_start: WarmStart
    trainer: TrainerOptions
    curriculum: CurriculumOptions
    workshop: Workshop | None = None

    def __call__(self, network: Network, values: Array) -> Generation | None:
        """One more generation of a member from values `(periods, series)`, or `None` where none is complete."""
        settings = {"warm_start": self.warm_start, "trainer": self.trainer, "curriculum": self.curriculum}
        return self.teach(lesson_of(network, values, **settings))

    def teach(self, lesson: Lesson) -> Generation | None:
        """What a lesson leads to, in this process or in several."""
        if self.workshop is None:
            return learn(lesson)
        place = self.workshop.place(lesson.key)
        if lesson.trainer.processes == 1:
            return learn(lesson, place=place, cores=self.workshop.cores)
        material = gather(lesson)
        if not material.enough:
            return None
        with _quiet_torch(self.workshop.cores):
            settled = _settle(lesson, material, place)
        return self.workshop.launch(settled, lesson.key)
