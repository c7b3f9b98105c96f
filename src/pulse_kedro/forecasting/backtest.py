"""Retrodiction in one pass: every member's forecasts at every cutoff, each made with what was known then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.panel import Array, Matrix
from pulse_kedro.forecasting.forecaster import Failure, Fallible, Forecaster, Rebasable, Trained
from pulse_kedro.forecasting.members import create_member
from pulse_kedro.forecasting.recipe import MemberOptions, RecipeOptions
from pulse_kedro.forecasting.ridge import batch_digest

Resolved = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Forecasts and what came true, for K cutoffs, H steps, S series and M members.

    `points` has shape `(M, K, H, S)`, `actual` `(K, H, S)` with `nan` where unknown, `scale` `(K, S)` with `nan`
    where undefined or zero, `resolved` `(K,)` tells at which cutoffs the whole horizon lies in the past. Cutoffs lie
    `spacing` periods apart. `failures` are series that a member served by a fallback; their stops count the periods of
    the panel.
    """

    members: tuple[str, ...]
    ids: tuple[str, ...]
    cutoffs: pd.DatetimeIndex
    points: Array
    actual: Array
    scale: Array
    resolved: Resolved
    spacing: int = 1
    failures: tuple[Failure, ...] = ()

    @property
    def lag(self) -> int:
        """Cutoffs after which all errors of a cutoff are known: H while they lie one period apart."""
        return -(-self.points.shape[2] // self.spacing)


def fit_members(recipe: RecipeOptions, matrix: Matrix) -> dict[str, Forecaster]:
    """Every member of a recipe after one pass over a panel, by name."""
    batch = batch_digest(matrix.y, matrix.ids, str(matrix.times[0]))
    members = [create_member(options, recipe, series=len(matrix.ids)) for options in recipe.members]
    return {member.name: member.update(matrix.y, batch) for member in members}


def update_members(members: Mapping[str, Forecaster], old: Sequence[str], new: Matrix) -> dict[str, Forecaster]:
    """Every member after new periods arrived.

    Args:
        members: States over the series `old`.
        old: Their ids, in the order of their columns.
        new: Only the new periods; series that `old` does not know start empty.

    Returns:
        States over the series of `new`, by name.
    """
    position = {name: column for column, name in enumerate(old)}
    columns = [position.get(name, -1) for name in new.ids]
    batch = batch_digest(new.y, new.ids, str(new.times[0]))
    return {name: member.align(columns).update(new.y, batch) for name, member in members.items()}


def recompute_members(
    recipe: RecipeOptions, members: Mapping[str, Forecaster], old: Sequence[str], matrix: Matrix, *, known: int
) -> dict[str, Forecaster]:
    """Every member after one pass over a panel whose past changed; what was learned rarely is kept.

    Args:
        recipe: What they are made from.
        members: States over the series `old`.
        old: Their ids, in the order of their columns.
        matrix: The whole panel as it is now.
        known: How many of its periods the states had seen.

    Returns:
        States over the series of `matrix`, by name.
    """
    position = {name: column for column, name in enumerate(old)}
    columns = [position.get(name, -1) for name in matrix.ids]
    kept: dict[str, Forecaster] = {}
    for name, member in members.items():
        aligned = member.align(columns)
        if isinstance(aligned, Rebasable):
            kept[name] = aligned.rebase(matrix.y, known)
    return {name: kept.get(name, member) for name, member in fit_members(recipe, matrix).items()}


NOTHING_LEARNED: Mapping[str, Trained] = {}


def replay(
    recipe: RecipeOptions,
    matrix: Matrix,
    scale: Array,
    cutoffs: pd.DatetimeIndex,
    learned: Mapping[str, Trained] = NOTHING_LEARNED,
) -> Replay:
    """Forecasts of every member at every cutoff, in one additive pass over the data.

    Args:
        recipe: Members, horizon and season.
        matrix: The panel. Shape `(T, S)`.
        scale: Scale of each series as known at each period. Shape `(T, S)`.
        cutoffs: Periods of the matrix, ascending.
        learned: Members whose parameters are learned rarely, by name: they recall their generation of each cutoff.

    Returns:
        Forecasts and actuals; nothing in the forecasts at a cutoff depends on a later value.
    """
    stops = [int(place) + 1 for place in matrix.times.get_indexer(cutoffs)]
    points = np.full((len(recipe.members), len(stops), recipe.horizon, len(matrix.ids)), np.nan)
    failures: list[Failure] = []
    for row, options in enumerate(recipe.members):
        if options.name in learned:
            points[row], failed = _recall(learned[options.name], matrix.y, stops)
            failures += failed
            continue
        points[row] = replay_member(options, recipe, matrix.y, stops)
    known = scale[[stop - 1 for stop in stops]]
    actual, resolved = outcomes(matrix.y, stops, recipe.horizon)
    return Replay(
        members=tuple(options.name for options in recipe.members),
        ids=matrix.ids,
        cutoffs=cutoffs,
        points=points,
        actual=actual,
        scale=np.where(known > 0, known, np.nan),
        resolved=resolved,
        failures=tuple(failures),
    )


def replay_member(options: MemberOptions, recipe: RecipeOptions, y: Array, stops: Sequence[int]) -> Array:
    """Forecasts of one member at every stop, `nan` where it abstains, in one additive pass.

    Args:
        options: Which member; it starts with nothing.
        recipe: Horizon and season.
        y: The panel from its first period on. Shape `(periods, series)`.
        stops: Numbers of periods that are known, ascending.

    Returns:
        Shape `(stops, horizon, series)`.
    """
    member, start, points = create_member(options, recipe, series=y.shape[1]), 0, []
    for stop in stops:
        member, start = member.update(y[start:stop], ""), stop
        points.append(member.forecast())
    return np.stack(points)


def outcomes(y: Array, stops: Sequence[int], horizon: int) -> tuple[Array, Resolved]:
    """What came true after every stop, `(stops, horizon, series)`, and where the whole horizon is known."""
    ahead = np.concatenate([y, np.full((horizon, y.shape[1]), np.nan)])
    actual = np.stack([ahead[stop : stop + horizon] for stop in stops])
    return actual, np.asarray(stops) + horizon <= len(y)


def _recall(member: Trained, y: Array, stops: Sequence[int]) -> tuple[Array, tuple[Failure, ...]]:
    if isinstance(member, Fallible):
        return member.recall_openly(y, stops)
    return member.recall(y, stops), ()
