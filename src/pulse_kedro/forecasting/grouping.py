"""Groups of series and of targets: who chooses for himself, and whose errors make quantiles of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.errors import InvalidConfiguration, nearest
from pulse_kedro.domain.panel import ID, Frequency
from pulse_kedro.forecasting.aggregation import combine_replay
from pulse_kedro.forecasting.backtest import Replay
from pulse_kedro.forecasting.choice import ByGroup, plain
from pulse_kedro.forecasting.combination import Combination
from pulse_kedro.forecasting.intervals import Surroundings
from pulse_kedro.forecasting.pooling import Groups
from pulse_kedro.forecasting.recipe import CombinationOptions, RecipeOptions

PHASE = "phase"
PHASE_BLOCKS = 4
"""Parts of a season whose errors are kept apart; ours: quarters of a year or a day leave each a hundred errors soon."""
EPOCH = pd.Timestamp("2000-01-01")
"""Phases are counted from the period that holds this day; a Saturday, for months and quarters the begin of a year."""
SHOWN = 8
"""Columns that an error lists at most."""
OWN = frozenset({ID, "title", "first", "last", "n", "status"})
"""Columns of the table of series that describe no group."""


class UnknownGroups(InvalidConfiguration):
    """A recipe groups series by a column that the source does not have."""

    def __init__(self, option: str, column: str, known: Sequence[str]) -> None:
        """Keep the option, what it names, and the columns there are."""
        super().__init__(option, column, tuple(known))
        self.option, self.column, self.known = option, column, tuple(known)

    def __str__(self) -> str:
        """Name both, and the nearest column."""
        there = ", ".join(self.known[:SHOWN]) or "no such column"
        return (
            f"Grouping series failed: got `{self.option}: {self.column}`, expected a static column of the source "
            f"({there}).{nearest(self.column, self.known)} Add it to `source.static` in conf/, or take null."
        )


def series_groups(series: pd.DataFrame, ids: Sequence[str], column: str, *, option: str) -> Groups:
    """Group of each series: one number per text in a static column, in the order of the texts.

    Args:
        series: One row per series, `unique_id` and the static columns.
        ids: Series in the order that is wanted.
        column: Static column, other than the title.
        option: Setting that asks, for the error.

    Returns:
        Shape `(S,)`; -1 for a series without text.

    Raises:
        UnknownGroups: There is no such column.
    """
    known = [str(name) for name in series.columns if name not in OWN]
    if column not in known:
        raise UnknownGroups(option, column, known)
    texts = series.set_index(ID)[column].astype(object).reindex(list(ids))
    return np.asarray(pd.factorize(texts, sort=True)[0], dtype=np.int64)


def phase_groups(cutoffs: pd.DatetimeIndex, freq: Frequency, recipe: RecipeOptions) -> Groups:
    """Part of the season of each target: shape `(K, H, 1)`, from 0 to `PHASE_BLOCKS` - 1 or less in a short season."""
    season = recipe.season_length
    first = np.array([freq.distance(EPOCH, cutoff) for cutoff in cutoffs])
    targets = first[:, None] + np.arange(1, recipe.horizon + 1)
    return np.asarray((targets % season * min(PHASE_BLOCKS, season) // season)[..., None], dtype=np.int64)


def surroundings_of(recipe: RecipeOptions, replayed: Replay, series: pd.DataFrame, freq: Frequency) -> Surroundings:
    """What the intervals of a recipe may depend on besides errors.

    Raises:
        UnknownGroups: The recipe names a column that the source does not have.
    """
    column, plain = recipe.intervals.groups, Surroundings(season=recipe.season_length, spacing=replayed.spacing)
    if column is None:
        return plain
    if column == PHASE:
        return replace(plain, groups=phase_groups(replayed.cutoffs, freq, recipe))
    groups = series_groups(series, replayed.ids, column, option="recipe.intervals.groups")
    return replace(plain, groups=groups[None, None, :], clusters=groups)


def begin_anew(surroundings: Surroundings, replayed: Replay, moments: Sequence[pd.Timestamp]) -> Surroundings:
    """The same, with intervals that begin anew at some cutoffs because a response to drift said so.

    Args:
        surroundings: What the recipe asks for.
        replayed: Its cutoffs.
        moments: Cutoffs of earlier cycles at which that was decided; others are passed over.
    """
    told = np.asarray(replayed.cutoffs.isin(list(moments)))
    if not told.any():
        return surroundings
    return replace(surroundings, told=told)


def combine_as_asked(replayed: Replay, options: CombinationOptions, series: pd.DataFrame) -> Combination:
    """Combination of a replay, for each group of series apart where the options name a column.

    Raises:
        UnknownGroups: There is no such column.
    """
    if options.groups is None:
        return combine_replay(replayed, options)
    groups = series_groups(series, replayed.ids, options.groups, option="recipe.combination.groups")
    return combine_within_groups(replayed, options, groups)


def combine_within_groups(replayed: Replay, options: CombinationOptions, groups: Groups) -> Combination:
    """Combination whose weights and choice are found separately in each group of series.

    Args:
        replayed: Forecasts of the members and what came true.
        options: As for the whole panel.
        groups: Group of each series; those with -1 are a group too. Shape `(S,)`.

    Returns:
        Combined forecasts of all series; each choice is one of `ByGroup`. The losses are means over series.
    """
    labels, of = np.unique(groups, return_inverse=True)
    combined, found = np.full(replayed.points.shape[1:], np.nan), []
    for group in range(len(labels)):
        columns = np.flatnonzero(of == group)
        found.append(combine_replay(_part(replayed, columns), options))
        combined[..., columns] = found[group].points
    choices = tuple(
        ByGroup(of=of.astype(np.int64), choices=tuple(plain(one.choices[j]) for one in found))
        for j in range(len(combined))
    )
    return Combination(
        points=combined,
        names=tuple(choice.name for choice in choices),
        losses=_mean_losses([one.losses for one in found], np.bincount(of)),
        choices=choices,
    )


def _part(replayed: Replay, columns: npt.NDArray[np.intp]) -> Replay:
    """The same for some series."""
    return replace(
        replayed,
        ids=tuple(replayed.ids[column] for column in columns),
        points=replayed.points[..., columns],
        actual=replayed.actual[..., columns],
        scale=replayed.scale[..., columns],
        failures=(),
    )


def _mean_losses(losses: Sequence[Mapping[str, float]], sizes: npt.NDArray[np.int64]) -> dict[str, float]:
    """Mean loss of each candidate over groups, by their number of series; `nan` ones left out."""
    found = {}
    for name in losses[0]:
        values = np.array([part[name] for part in losses])
        known = ~np.isnan(values)
        found[name] = float(np.average(values[known], weights=sizes[known])) if known.any() else float("nan")
    return found
