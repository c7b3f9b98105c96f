"""What a retraining brings beside a plain cycle: members that learn, at a few cutoffs, with these settings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.panel import Array, Frequency
from pulse_kedro.forecasting.curriculum import CurriculumOptions
from pulse_kedro.forecasting.fitting import Teacher
from pulse_kedro.forecasting.forecaster import Forecaster, Trained
from pulse_kedro.forecasting.learning import TrainerOptions, WarmStart, Workshop
from pulse_kedro.forecasting.network_member import Network, lesson_of
from pulse_kedro.forecasting.recipe import MemberSettings, RecipeOptions, RecipeSettings
from pulse_kedro.forecasting.search import SearchOptions, search_settings


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class RetrainOptions:
    """What the run `retrain` adds to a cycle: members that learn, and how."""

    members: tuple[MemberSettings, ...] = Field(min_length=1)
    """Members that are added to those of the recipe; their parameters are learned in this run only."""
    every: float | None = Field(gt=0)
    """Seasons after which the plan of a plain cycle asks that the champion's rarely learned members learn once more;
    `null` leaves it to the run `retrain`."""
    generations: int = Field(ge=2)
    """Times a new challenger's members learn: first before the backtest's calibration begins, last from all data."""
    warm_start: WarmStart
    """What a member takes from its last generation: nothing, its weights, the optimizer's moments as well, or the
    residual network's weights beside a ridge map solved anew (`recursive`)."""
    trainer: TrainerOptions
    """How a network is trained."""
    curriculum: CurriculumOptions
    """Which windows it learns from."""
    search: SearchOptions
    """How long better settings of the trainer are looked for first."""


def recipe_with_learners(recipe: RecipeSettings, options: RetrainOptions, freq: Frequency) -> RecipeOptions:
    """The recipe of the settings with the members of a retraining at its end; those it has already are not added."""
    present = set(recipe.members)
    added = tuple(member for member in options.members if member not in present)
    return replace(recipe, members=(*recipe.members, *added)).resolve(freq)


def periods_since_lesson(members: Mapping[str, Forecaster]) -> int | None:
    """Periods that arrived since the member that learned longest ago did; `None` where no member learns rarely."""
    ages = [member.since_lesson for member in members.values() if isinstance(member, Trained)]
    known = [age for age in ages if age is not None]
    return max(known) if known else None


def learning_stops(first: int, last: int, generations: int) -> list[int]:
    """Numbers of known periods at which members learn.

    Args:
        first: Periods known before the backtest's calibration begins.
        last: Periods known now.
        generations: How many.

    Returns:
        Evenly spaced, ascending, `first` and `last` included.

    Example:
        >>> learning_stops(100, 304, 3)
        [100, 202, 304]
    """
    return sorted({int(stop) for stop in np.linspace(first, last, generations).round()})


def teach(
    members: dict[str, Forecaster], y: Array, stops: Sequence[int], options: RetrainOptions, workshop: Workshop
) -> dict[str, Forecaster]:
    """Members of which those with parameters have learned at every stop, each from the values up to there only.

    Args:
        members: By name.
        y: Levels with gaps as `nan`. Shape `(periods, series)`.
        stops: Numbers of known periods, ascending.
        options: How.
        workshop: Where.
    """
    taught = dict(members)
    for name, member in members.items():
        if isinstance(member, Network):
            trainer = _searched(member, y[: stops[0]], options, workshop)
            teacher = Teacher(
                warm_start=options.warm_start, trainer=trainer, curriculum=options.curriculum, workshop=workshop
            )
            pupil = replace(member, teach=teacher)
            for stop in stops:
                pupil = pupil.learn(y, stop)
            taught[name] = replace(pupil, teach=None)
        elif isinstance(member, Trained):
            for stop in stops:
                member = member.learn(y, stop)  # noqa: PLW2901  (states are values: each lesson gives the next one)
            taught[name] = member
    return taught


def _searched(network: Network, values: Array, options: RetrainOptions, workshop: Workshop) -> TrainerOptions:
    """Trainer options for a network, looked for on what its first lesson may see, if a search is asked for."""
    if not options.search.seconds:
        return options.trainer
    given = {"warm_start": options.warm_start, "trainer": options.trainer, "curriculum": options.curriculum}
    return search_settings(lesson_of(network, values, **given), options.search, cores=workshop.cores)
