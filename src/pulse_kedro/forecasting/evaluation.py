"""One forecast of the default forecaster for many histories, and what it is worth against what came true.

Histories of different lengths end at the same row, so that every origin lies the same number of steps before the end
of each. The origins lie one horizon apart and are replayed in one additive pass, as in a cycle.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as pydantic_dataclass

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.metrics.competition import scale as error_scale
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.backtest import Replay, outcomes, replay_member
from pulse_kedro.forecasting.combination import combine_by_nested_choice
from pulse_kedro.forecasting.costs import cpu_seconds
from pulse_kedro.forecasting.evidence import Loss
from pulse_kedro.forecasting.recipe import MemberOptions, MemberSettings, RecipeOptions
from pulse_kedro.forecasting.sizing import usable
from pulse_kedro.forecasting.slow_members import NOTHING_SLOW, Budget, join_slow_members
from pulse_kedro.forecasting.trial import Trial, align_right, end_units, error_units, newest

FEWEST_ORIGINS = 1
"""Origins without which there is no error to learn intervals from."""
TOO_LONG = "its windows span too much of the median history, or its sums of each series take too much memory"
"""Why a member of the recipe is left out."""


@pydantic_dataclass(
    frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True)
)
class EvaluationOptions:
    """How the past is replayed when a forecaster is evaluated on files."""

    origins: int = Field(ge=1)
    """Origins before the end of the training data, one horizon apart, whose errors choose the combination and the
    intervals; fewer where the median history is too short."""
    warm_up: int = Field(ge=2)
    """Origins before the choice may differ from the simplest candidate."""
    pooling: float = Field(ge=0)
    """Weight of the pooled quantiles, counted in origins of a series' own evidence."""
    slow: tuple[MemberSettings, ...]
    """Members beyond those of the recipe that may join, in this order, where `--budget-seconds` allows it: experts and
    networks."""
    loss: Loss
    """What the choice among combinations compares: `relative` is the mean of sMAPE and MASE, each relative to the naive
    forecast at the same origins."""


class HistoriesTooShort(InvalidInput):
    """No origin fits before the end of the training data."""

    def __init__(self, median: int, horizon: int) -> None:
        """Keep the median length and the horizon."""
        super().__init__(median, horizon)
        self.median, self.horizon = median, horizon

    def __str__(self) -> str:
        """Give both and the next step."""
        return (
            f"Evaluating a forecaster failed: got a median history of {self.median} values, expected more than "
            f"{2 * self.horizon} for a horizon of {self.horizon}. Bring longer histories or a shorter --horizon."
        )


def plan_origins(lengths: Sequence[int], horizon: int, season_length: int, options: EvaluationOptions) -> int:
    """How many origins, one horizon apart, leave the median history two seasons or half of itself.

    Raises:
        HistoriesTooShort: Not even one does.
    """
    median = int(np.median(lengths))
    kept = max(horizon + 1, min(2 * season_length, median // 2))
    found = min(options.origins, (median - kept) // horizon)
    if found < FEWEST_ORIGINS:
        raise HistoriesTooShort(median, horizon)
    return found


def try_forecaster(
    histories: Sequence[Array],
    recipe: RecipeOptions,
    options: EvaluationOptions,
    *,
    scored_season: int,
    budget: Budget = NOTHING_SLOW,
    step: Callable[[str], None] = lambda _: None,
) -> Trial:
    """Train every member of a recipe on many histories and forecast the next steps of each.

    Args:
        histories: One array per series, oldest value first, gaps as `nan`.
        recipe: Members, horizon, combination.
        options: Origins and how intervals pool.
        budget: Slow members, and what everything may cost.
        scored_season: m of the scale that errors are divided by, |y[t] - y[t-m]|.
        step: Told what is done now: a member's name, then `combination`.

    Raises:
        HistoriesTooShort: The median history leaves no origin.
    """
    horizon, lengths = recipe.horizon, [len(history) for history in histories]
    origins = plan_origins(lengths, horizon, recipe.season_length, options)
    rows = -(-max(lengths) // horizon) * horizon  # refreshes of weights then fall on the origins
    values = align_right(histories, rows)
    stops = [len(values) - horizon * back for back in range(origins, -1, -1)]
    members = members_for(histories, recipe)
    points, seconds = replay_members(members, recipe, values, stops, step)
    joined = join_slow_members(budget, recipe, values, stops, step=step)
    step("combination")
    names = (*(member.name for member in members), *joined.members)
    points = np.concatenate([points, np.stack(joined.points)]) if joined.points else points
    replayed = _replayed(names, points, values, stops, error_scales(values, stops, scored_season))
    choice = combine_by_nested_choice(replayed, replace(recipe.combination, warm_up=options.warm_up, loss=options.loss))
    longest = max(recipe.seasons)
    past = [error_units(values[:stop], horizon, longest) for stop in stops[:-1]]
    return Trial(
        members=names,
        points=points,
        combined=choice.points,
        actual=replayed.actual[:-1],
        units=np.stack([*past, end_units(values, horizon, longest)]),
        last=newest(values),
        pooling=options.pooling,
        choice=choice.choice.name,
        seconds=(*seconds, *joined.seconds),
        skipped={member.name: TOO_LONG for member in recipe.members if member not in members} | joined.skipped,
    )


def members_for(histories: Sequence[Array], recipe: RecipeOptions) -> tuple[MemberOptions, ...]:
    """Members of a recipe that have something to learn from in these histories."""
    return usable(recipe, int(np.median([len(history) for history in histories])), len(histories))


def error_scales(values: Array, stops: Sequence[int], season_length: int) -> Array:
    """Mean |y[t] - y[t-m]| of each series up to each stop; shape `(stops, series)`."""
    return np.stack([error_scale(values[:stop], season_length) for stop in stops])


def _replayed(names: tuple[str, ...], points: Array, values: Array, stops: Sequence[int], scale: Array) -> Replay:
    """Everything that a combination reads."""
    horizon = points.shape[2]
    actual, resolved = outcomes(values, stops, horizon)
    return Replay(
        members=names,
        ids=tuple(map(str, range(values.shape[1]))),
        cutoffs=pd.DatetimeIndex(pd.to_datetime(np.array(stops), unit="D")),
        points=points,
        actual=actual,
        scale=scale,
        resolved=resolved,
        spacing=horizon,
    )


def replay_members(
    members: Sequence[MemberOptions],
    recipe: RecipeOptions,
    values: Array,
    stops: Sequence[int],
    step: Callable[[str], None],
) -> tuple[Array, list[float]]:
    """Forecasts of all members at every stop, `(M, stops, H, S)`, and the CPU seconds of each."""
    points = np.full((len(members), len(stops), recipe.horizon, values.shape[1]), np.nan)
    seconds = []
    for row, member in enumerate(members):
        step(member.name)
        started = cpu_seconds()
        points[row] = replay_member(member, recipe, values, stops)
        seconds.append(cpu_seconds() - started)
    return points, seconds
