"""Networks in a trial: a lesson of a few epochs tells what all of them will cost, before they are begun."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.curriculum import CurriculumOptions
from pulse_kedro.forecasting.fitting import Teacher
from pulse_kedro.forecasting.learning import TrainerOptions
from pulse_kedro.forecasting.members import create_member
from pulse_kedro.forecasting.network_member import Network
from pulse_kedro.forecasting.recipe import MemberOptions, RecipeOptions

FEW = 5
"""Series of the lesson that pays for what is loaded once; ours."""
PROBE = 3
"""Epochs of the lesson that tells the cost; ours. What a lesson costs besides epochs counts as part of them, so that
the estimate is rather too high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """How networks are trained, as in a retraining."""

    trainer: TrainerOptions
    curriculum: CurriculumOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class OverBudget:
    """Why a member that was begun did not join."""

    reason: str


def spend_on_network(
    options: MemberOptions,
    recipe: RecipeOptions,
    values: Array,
    stops: Sequence[int],
    *,
    lessons: Lessons,
    left: Callable[[], float],
) -> Array | OverBudget:
    """Forecasts `(stops, H, S)` of a network that learned at the first stop and at the last, unless it costs too much.

    Args:
        options: The member.
        recipe: Horizon and season.
        values: What is known. Shape `(rows, series)`.
        stops: Numbers of known rows at the origins, ascending.
        lessons: How it is trained, in one thread and one process.
        left: CPU seconds that may still be spent; looked at before each lesson.
    """
    generations = sorted({stops[0], stops[-1]})
    trainer = replace(lessons.trainer, threads=1, devices=1, num_nodes=1, accelerator="cpu", strategy="auto")

    def taught(part: Array, known: Sequence[int], epochs: int) -> Network | None:
        network = cast("Network", create_member(options, recipe, series=part.shape[1]))
        kept = replace(trainer, epochs=epochs)
        pupil = replace(network, teach=Teacher(warm_start="none", trainer=kept, curriculum=lessons.curriculum))
        for stop in known:
            if left() <= 0:
                return None
            pupil = pupil.learn(part, stop)
        return pupil

    taught(values[:, :FEW], generations[-1:], 1)
    before = left()
    taught(values, generations[-1:], PROBE)
    expected = (before - left()) / PROBE * trainer.epochs * len(generations)
    if expected > left() > 0:
        return OverBudget(reason=f"it would take about {expected:.1f} CPU s, {left():.1f} are left")
    network = taught(values, generations, trainer.epochs)
    if network is None:
        return OverBudget(reason="the budget was spent before it had learned")
    return network.recall(values, stops)
