"""Settings under which a network trains in a second, and small members to train."""

from dataclasses import replace
from typing import Any

from miniature import a_matrix, a_recipe
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.backtest import fit_members
from pulse_kedro.forecasting.curriculum import CurriculumOptions
from pulse_kedro.forecasting.fitting import Teacher
from pulse_kedro.forecasting.forecaster import Forecaster
from pulse_kedro.forecasting.kinds import NETWORK_KINDS, MemberKind
from pulse_kedro.forecasting.learning import Lesson, TrainerOptions, WarmStart, Workshop
from pulse_kedro.forecasting.network_member import Network, lesson_of
from pulse_kedro.forecasting.recipe import MemberOptions, MemberSettings
from pulse_kedro.forecasting.retraining import RetrainOptions
from pulse_kedro.forecasting.search import SearchOptions

TRAINER = TrainerOptions(
    loss="huber",
    loss_parameter=1.0,
    epochs=3,
    patience=3,
    batch_size=64,
    learning_rate=3e-3,
    learning_rate_range=(1e-4, 1e-2),
    weight_decay=0.01,
    warm_up=0.1,
    clip=1.0,
    accumulate=1,
    frozen_epochs=1,
    pull=1e-4,
    checkpoint_activations=False,
    seed=7,
    accelerator="cpu",
    devices=1,
    num_nodes=1,
    rendezvous=None,
    strategy="auto",
    precision=None,
    threads=1,
)
CURRICULUM = CurriculumOptions(stride=1, half_life=None, validation=1.0, windows_per_epoch=None, replay=1.0, strata=4)
RIDGE_OF: dict[str, MemberKind] = {"cycle_linear": "level_ridge", "nhits": "drift_ridge", "tsmixer": "drift_ridge"}
"""The ridge that reads the same windows as each kind of network."""


def trainer(**changes: Any) -> TrainerOptions:  # noqa: ANN401  # any field
    return replace(TRAINER, **changes)


def teacher(
    *,
    warm_start: WarmStart = "recursive",
    workshop: Workshop | None = None,
    **changes: Any,  # noqa: ANN401  # any field
) -> Teacher:
    return Teacher(warm_start=warm_start, trainer=trainer(**changes), curriculum=CURRICULUM, workshop=workshop)


def members(kind: MemberKind, y: Array, *, look_back: int = 24) -> dict[str, Forecaster]:
    """An untaught network and the ridge it begins as, both after the whole panel."""
    options = [MemberOptions(kind=each, look_back=look_back) for each in (kind, RIDGE_OF[kind])]
    return fit_members(a_recipe(options), a_matrix(y))


def untaught(kind: MemberKind, y: Array, *, look_back: int = 24) -> Network:
    network = members(kind, y, look_back=look_back)[f"{kind}_{look_back}"]
    assert isinstance(network, Network)
    return network


def pupil(kind: MemberKind, y: Array, **settings: Any) -> Network:  # noqa: ANN401  # those of a teacher
    return replace(untaught(kind, y), teach=teacher(**settings))


def lesson(kind: MemberKind, y: Array, **changes: Any) -> Lesson:  # noqa: ANN401  # any field of the trainer
    settings = {"warm_start": "none", "trainer": trainer(**changes), "curriculum": CURRICULUM}
    return lesson_of(untaught(kind, y), y, **settings)


def retrain_options(**changes: Any) -> RetrainOptions:  # noqa: ANN401  # any field of the trainer
    return RetrainOptions(
        members=tuple(MemberSettings(kind=kind, look_back=12) for kind in NETWORK_KINDS),
        every=None,
        generations=2,
        warm_start="recursive",
        trainer=trainer(epochs=2, **changes),
        curriculum=CURRICULUM,
        search=SearchOptions(seconds=0, trials=1, folds=1),
    )
