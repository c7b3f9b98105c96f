"""A search for better settings of a training, within a time and on data from before the training's own cutoff."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.errors import InvalidConfiguration
from pulse_kedro.forecasting.fitting import gather, learn
from pulse_kedro.forecasting.learning import Lesson, TrainerOptions

if TYPE_CHECKING:
    from optuna import Trial

BATCHES = (128, 256, 512, 1024)
"""Batch sizes that are tried; ours."""
DECAYS = (1e-5, 1e-1)
"""Smallest and largest weight decay that are tried; ours, around the default of AdamW."""
MOST_FROZEN = 3
"""Most epochs in which the ridge map stays as it is; ours."""


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class SearchOptions:
    """How long better settings of a training are looked for."""

    seconds: float = Field(ge=0)
    """Time for each network; 0 searches nothing. Begun trials end, so it may take a little longer."""
    trials: int = Field(ge=1)
    """Most settings that are tried for each network, within the time."""
    folds: int = Field(ge=1)
    """Inner folds: each ends one validation stretch earlier than the one before, the first with the lesson's data."""


class SearchNotInstalled(InvalidConfiguration):
    """A search was asked for, and the package that searches is not there."""

    def __init__(self, seconds: float) -> None:
        """Keep the time that was asked for."""
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        """Name the extra, and the way without it."""
        return (
            f"Searching for {self.seconds:g} seconds failed: got no package optuna, expected the extra `search`. "
            'Run `pip install "pulse_kedro[search]"`, or set retrain.search.seconds to 0 in conf/.'
        )


def search_settings(lesson: Lesson, options: SearchOptions, *, cores: int = 1) -> TrainerOptions:
    """Trainer options with the smallest mean loss, relative to the ridge, over the inner folds.

    The settings of the lesson are tried first, so the result is never worse than they are on these folds.

    Args:
        lesson: What is to be trained; nothing after its own values is seen.
        options: Time and folds.
        cores: Processors that may be used.

    Raises:
        SearchNotInstalled: The extra is missing.
    """
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise SearchNotInstalled(options.seconds) from error
    folds = inner_folds(lesson, options.folds)
    if not folds:
        return lesson.trainer
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=lesson.trainer.seed))
    study.enqueue_trial(_known(lesson.trainer))

    def loss(trial: "Trial") -> float:
        from pulse_kedro.forecasting.module import TrainingDiverged

        try:
            return _mean_gain([replace(fold, trainer=_suggested(fold.trainer, trial)) for fold in folds], cores)
        except TrainingDiverged as error:
            raise optuna.TrialPruned from error

    study.optimize(loss, timeout=options.seconds, n_trials=options.trials)
    finished = [trial for trial in study.trials if trial.value is not None]
    return replace(lesson.trainer, **study.best_params) if finished else lesson.trainer


def inner_folds(lesson: Lesson, count: int) -> list[Lesson]:
    """Lessons on the values known none, one, two … validation stretches earlier, if there is something to learn."""
    material = gather(lesson)
    stretch = len(lesson.values) - material.until
    known = [len(lesson.values) - number * stretch for number in range(count)]
    folds = [replace(lesson, values=lesson.values[:stop], previous=None) for stop in known if stop > 0]
    single = [replace(fold, trainer=replace(fold.trainer, devices=1, num_nodes=1)) for fold in folds]
    return [fold for fold in single if gather(fold).enough]


def _mean_gain(folds: Sequence[Lesson], cores: int) -> float:
    """Mean over folds of the best loss divided by that of the ridge."""
    ratios = []
    for fold in folds:
        generation = learn(fold, cores=cores)
        if generation is not None:
            facts = generation.facts
            ratios.append(float(str(facts["best_loss"])) / float(str(facts["first_loss"])))
    return sum(ratios) / len(ratios)


def _suggested(options: TrainerOptions, trial: "Trial") -> TrainerOptions:
    low, high = options.learning_rate_range
    return replace(
        options,
        learning_rate=trial.suggest_float("learning_rate", low, high, log=True),
        weight_decay=trial.suggest_float("weight_decay", *DECAYS, log=True),
        batch_size=trial.suggest_categorical("batch_size", BATCHES),
        frozen_epochs=trial.suggest_int("frozen_epochs", 0, MOST_FROZEN),
    )


def _known(options: TrainerOptions) -> dict[str, object]:
    """Settings of a lesson as far as the search would try them."""
    low, high = options.learning_rate_range
    tried: dict[str, object] = {}
    if options.learning_rate is not None and low <= options.learning_rate <= high:
        tried["learning_rate"] = options.learning_rate
    if DECAYS[0] <= options.weight_decay <= DECAYS[1]:
        tried["weight_decay"] = options.weight_decay
    if options.batch_size in BATCHES:
        tried["batch_size"] = options.batch_size
    if options.frozen_epochs <= MOST_FROZEN:
        tried["frozen_epochs"] = options.frozen_epochs
    return tried
