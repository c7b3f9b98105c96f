"""One forecast of the default forecaster for many histories, and what it is worth against what came true.

Histories of different lengths end at the same row, so that every origin lies the same number of steps before the end
of each. The origins lie one horizon apart and are replayed in one additive pass, as in a cycle.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as pydantic_dataclass

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.metrics.competition import Accuracy, accuracy, benchmark
from pulse_kedro.domain.metrics.competition import scale as error_scale
from pulse_kedro.domain.panel import QUANTILE_LEVELS, Array
from pulse_kedro.forecasting.backtest import Replay
from pulse_kedro.forecasting.combination import combine_by_nested_choice
from pulse_kedro.forecasting.evidence import Loss
from pulse_kedro.forecasting.members import create_member
from pulse_kedro.forecasting.pooling import pooled_quantiles
from pulse_kedro.forecasting.recipe import MemberOptions, RecipeOptions
from pulse_kedro.forecasting.sizing import usable

INNER, OUTER = (QUANTILE_LEVELS.index(0.1), QUANTILE_LEVELS.index(0.9)), (0, len(QUANTILE_LEVELS) - 1)
"""Columns of the 80 % and the 95 % interval."""
FEWEST_ORIGINS = 1
"""Origins without which there is no error to learn intervals from."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Accuracy of every member by name, of their combination, and of the benchmark."""

    models: dict[str, Accuracy]
    combination: Accuracy
    naive2: Accuracy


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Forecasts of every member and of their combination.

    `points` `(M, H, S)` and `quantiles` `(M, H, S, Q)` are those of the members, `combined` `(H, S)` and `intervals`
    `(H, S, Q)` those of the combination; no gaps: where a member abstains it takes the naive forecast, `abstained`
    `(M,)` counts the series. `choice` names the combination, `seconds` the CPU time of each member.
    """

    members: tuple[str, ...]
    points: Array
    quantiles: Array
    combined: Array
    intervals: Array
    abstained: tuple[int, ...]
    choice: str
    origins: int
    seconds: tuple[float, ...]


def align_right(histories: Sequence[Array], rows: int | None = None) -> Array:
    """Histories as one matrix `(rows, series)` whose last row is the newest value of each, `nan` before the first."""
    longest = max(map(len, histories))
    values = np.full((max(rows or 0, longest), len(histories)), np.nan)
    for column, history in enumerate(histories):
        values[len(values) - len(history) :, column] = history
    return values


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
    step: Callable[[str], None] = lambda _: None,
) -> Trial:
    """Train every member of a recipe on many histories and forecast the next steps of each.

    Args:
        histories: One array per series, oldest value first, gaps as `nan`.
        recipe: Members, horizon, combination.
        options: Origins and how intervals pool.
        scored_season: m of the scale that errors are divided by, |y[t] - y[t-m]|.
        step: Told what is done now.

    Raises:
        HistoriesTooShort: The median history leaves no origin.
    """
    horizon, lengths = recipe.horizon, [len(history) for history in histories]
    origins = plan_origins(lengths, horizon, recipe.season_length, options)
    rows = -(-max(lengths) // horizon) * horizon  # refreshes of weights then fall on the origins
    values = align_right(histories, rows)
    stops = [len(values) - horizon * back for back in range(origins, -1, -1)]
    members = usable(recipe, int(np.median(lengths)), len(lengths))
    points = np.full((len(members), len(stops), horizon, values.shape[1]), np.nan)
    seconds = []
    for row, member in enumerate(members):
        step(member.name)
        started = time.process_time()
        points[row] = _replay(member, recipe, values, stops)
        seconds.append(time.process_time() - started)
    step("combination")
    names = tuple(member.name for member in members)
    replayed = _replayed(names, points, values, stops, error_scales(values, stops, scored_season))
    choice = combine_by_nested_choice(replayed, replace(recipe.combination, warm_up=options.warm_up, loss=options.loss))
    longest = max(recipe.seasons)
    past = [error_units(values[:stop], horizon, longest) for stop in stops[:-1]]
    units = np.stack([*past, error_units(values, horizon, longest, whole=False)])
    last = fill_abstentions(np.concatenate([points[:, -1], choice.points[None, -1]]), values)
    history = np.concatenate([points[:, :-1], choice.points[None, :-1]])
    quantiles = np.stack(
        [
            forecast[..., None] + _spread(replayed.actual[:-1] - earlier, units, options.pooling)
            for forecast, earlier in zip(last, history, strict=True)
        ]
    )
    return Trial(
        members=names,
        points=last[:-1],
        quantiles=quantiles[:-1],
        combined=last[-1],
        intervals=quantiles[-1],
        abstained=tuple(int(np.isnan(made[-1]).any(axis=0).sum()) for made in points),
        choice=choice.choice.name,
        origins=origins,
        seconds=tuple(seconds),
    )


def error_scales(values: Array, stops: Sequence[int], season_length: int) -> Array:
    """Mean |y[t] - y[t-m]| of each series up to each stop; shape `(stops, series)`."""
    return np.stack([error_scale(values[:stop], season_length) for stop in stops])


def fill_abstentions(points: Array, values: Array) -> Array:
    """Forecasts `(..., H, S)` in which the last known value stands where nobody spoke."""
    last = pd.DataFrame(values).ffill().to_numpy()[-1]
    return np.where(np.isnan(points), last, points)


def _replayed(names: tuple[str, ...], points: Array, values: Array, stops: Sequence[int], scale: Array) -> Replay:
    """Everything that a combination reads."""
    horizon, rows = points.shape[2], len(values)
    ahead = np.concatenate([values, np.full((horizon, values.shape[1]), np.nan)])
    return Replay(
        members=names,
        ids=tuple(map(str, range(values.shape[1]))),
        cutoffs=pd.DatetimeIndex(pd.to_datetime(np.array(stops), unit="D")),
        points=points,
        actual=np.stack([ahead[stop : stop + horizon] for stop in stops]),
        scale=scale,
        resolved=np.array([stop + horizon <= rows for stop in stops]),
        spacing=horizon,
    )


def error_units(values: Array, horizon: int, season_length: int, *, whole: bool = True) -> Array:
    """How far each series usually moves, to make errors of different series comparable.

    Args:
        values: What is known. Shape `(rows, series)`.
        horizon: Steps ahead.
        season_length: Longest season.
        whole: Leave out (`nan`) a series that is too young, or stood still, for one of the three views below.

    Returns:
        Shape `(series,)`: geometric mean of three mean absolute changes: from step to step over the whole history and
        over the last season, and over the horizon in the last two seasons. `nan` where nothing ever moved.

    Source:
        Ours: on weekly data the three together gave narrower intervals of the same coverage than any one.
    """
    recent, long = values[-(season_length + 1) :], values[-(2 * max(season_length, horizon) + 1) :]
    sizes = np.stack([error_scale(values, 1), error_scale(recent, 1), error_scale(long, horizon)])
    known = ~np.isnan(sizes)
    total = np.where(known, np.log(np.where(known, sizes, 1.0)), 0.0).sum(axis=0)
    count = known.sum(axis=0)
    enough = count == len(sizes) if whole else count > 0
    return np.where(enough, np.exp(total / np.maximum(count, 1)), np.nan)


def _spread(errors: Array, units: Array, pooling: float) -> Array:
    """Quantiles of the next error from those at the origins.

    Args:
        errors: Of one forecaster at each origin. Shape `(K, H, S)`.
        units: At each origin and at the end. Shape `(K + 1, S)`.
        pooling: Origins of own evidence that weigh as much as the panel.

    Returns:
        Shape `(H, S, Q)`, in the unit of the series; 0 for a series that never moved.
    """
    offsets = pooled_quantiles(errors / units[:-1, None, :], pooling)
    return np.asarray(offsets * np.nan_to_num(units[-1])[None, :, None])


def _replay(options: MemberOptions, recipe: RecipeOptions, values: Array, stops: Sequence[int]) -> Array:
    """Forecasts of one member at every stop; shape `(stops, H, S)`."""
    member, start, points = create_member(options, recipe, series=values.shape[1]), 0, []
    for stop in stops:
        member, start = member.update(values[start:stop], ""), stop
        points.append(member.forecast())
    return np.stack(points)


def score(trial: Trial, actual: Array, histories: Sequence[Array], *, season_length: int) -> Scores:
    """Figures of every member, of the combination and of Naive2.

    Args:
        trial: What was forecast.
        actual: What came true. Shape `(H, S)`.
        histories: What was known.
        season_length: m of MASE, MSIS and Naive2.
    """
    values = align_right(histories)
    unit = error_scale(values, season_length)
    reference = accuracy(actual, benchmark(values, len(actual), season_length), unit, against=None, intervals=None)

    def figures(points: Array, quantiles: Array) -> Accuracy:
        inner, outer = (np.stack([quantiles[..., side] for side in sides]) for sides in (INNER, OUTER))
        return accuracy(actual, points, unit, against=reference, intervals=(inner, outer))

    return Scores(
        models={name: figures(trial.points[row], trial.quantiles[row]) for row, name in enumerate(trial.members)},
        combination=figures(trial.combined, trial.intervals),
        naive2=reference,
    )
