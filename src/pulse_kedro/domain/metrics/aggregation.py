"""From one loss per row to panel scores: mean over series, then over cutoffs, without a loop over groups."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.history import SCORE_COLUMNS
from pulse_kedro.domain.panel import ID, Array

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where each row of a backtest stands: integer codes of (recipe, model), series, cutoff and step, and their names.

    `shape` counts them in this order; the codes have the shape `(rows,)`.
    """

    run: Codes
    series: Codes
    cutoff: Codes
    step: Codes
    runs: tuple[tuple[str, str], ...]
    ids: tuple[str, ...]
    cutoffs: pd.DatetimeIndex
    steps: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Number of (recipe, model) pairs, series, cutoffs and steps."""
        return len(self.runs), len(self.ids), len(self.cutoffs), len(self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One metric at one level: `value[run, ...]` and the rows `n` that entered it, same shape."""

    metric: str
    level: str
    value: Array
    n: Codes


def lay_out(rows: pd.DataFrame) -> Layout:
    """Codes of the rows of a backtest.

    Args:
        rows: Columns recipe, model, unique_id, cutoff, step; text may be categorical.

    Returns:
        Codes and sorted names; only names that occur.
    """
    recipe, recipes = pd.factorize(rows["recipe"], sort=True)
    model, models = pd.factorize(rows["model"], sort=True)
    pair, run = np.unique(recipe * max(len(models), 1) + model, return_inverse=True)
    series, ids = pd.factorize(rows[ID], sort=True)
    cutoff, cutoffs = pd.factorize(rows["cutoff"], sort=True)
    step, steps = pd.factorize(rows["step"], sort=True)
    return Layout(
        run=run,
        series=series,
        cutoff=cutoff,
        step=step,
        runs=tuple((str(recipes[code // len(models)]), str(models[code % len(models)])) for code in pair),
        ids=tuple(str(name) for name in ids),
        cutoffs=pd.DatetimeIndex(cutoffs),
        steps=tuple(int(number) for number in steps),
    )


def mean_scores(layout: Layout, metric: str, loss: Array) -> list[Score]:
    """Scores of a loss that is averaged: mean over the steps of a path, over series, then over cutoffs.

    Args:
        layout: Where the rows stand.
        metric: Name of the score.
        loss: One value per row; `nan` is left out and not counted in `n`.

    Returns:
        Levels overall `(runs,)`, series `(runs, series)`, horizon `(runs, steps)` and cutoff `(runs, cutoffs)`; the
        mean of the last over cutoffs is the first.
    """
    paths, counts = group_mean(layout, loss, ("run", "series", "cutoff"))
    steps, step_counts = group_mean(layout, loss, ("run", "step", "cutoff"))
    return [
        Score(metric=metric, level="cutoff", value=mean(paths, 1), n=counts.sum(axis=1)),
        Score(metric=metric, level="overall", value=mean(mean(paths, 1), 1), n=counts.sum(axis=(1, 2))),
        Score(metric=metric, level="series", value=mean(paths, 2), n=counts.sum(axis=2)),
        Score(metric=metric, level="horizon", value=mean(steps, 2), n=step_counts.sum(axis=2)),
    ]


def root_scores(layout: Layout, metric: str, squared: Array) -> list[Score]:
    """Scores of a root mean square: per path, then mean over series, then over cutoffs.

    Args:
        layout: Where the rows stand.
        metric: Name of the score.
        squared: Squared scaled error per row; `nan` is left out.

    Returns:
        As `mean_scores`; at one step the root is taken over the cutoffs of a series, for a path has one row there.
    """
    paths, counts = group_mean(layout, squared, ("run", "series", "cutoff"))
    steps, step_counts = group_mean(layout, squared, ("run", "series", "step"))
    roots = np.sqrt(paths)
    return [
        Score(metric=metric, level="cutoff", value=mean(roots, 1), n=counts.sum(axis=1)),
        Score(metric=metric, level="overall", value=mean(mean(roots, 1), 1), n=counts.sum(axis=(1, 2))),
        Score(metric=metric, level="series", value=mean(roots, 2), n=counts.sum(axis=2)),
        Score(metric=metric, level="horizon", value=mean(np.sqrt(steps), 1), n=step_counts.sum(axis=1)),
    ]


def ratio_scores(layout: Layout, metric: str, squared: Array, reference: Array) -> list[Score]:
    """Scores of a root of two sums, such as Theil's U2: per series over all its rows, then mean over series.

    Args:
        layout: Where the rows stand.
        metric: Name of the score.
        squared: Squared error per row.
        reference: Squared error of the reference forecast on the same row; `nan` in either leaves the row out.

    Returns:
        As `mean_scores`, without level cutoff, for it is no mean over cutoffs; `nan` where the reference makes no error
        at all.
    """
    known = np.isfinite(squared) & np.isfinite(reference)
    ours, base = np.where(known, squared, np.nan), np.where(known, reference, np.nan)
    scores = {}
    for level, keys in {"series": ("run", "series"), "horizon": ("run", "series", "step")}.items():
        top, n = group_mean(layout, ours, keys)
        bottom, _ = group_mean(layout, base, keys)
        scores[level] = np.sqrt(top / np.where(bottom > 0, bottom, np.nan)), n
    series, n = scores["series"]
    steps, step_n = scores["horizon"]
    return [
        Score(metric=metric, level="overall", value=mean(series, 1), n=n.sum(axis=1)),
        Score(metric=metric, level="series", value=series, n=n),
        Score(metric=metric, level="horizon", value=mean(steps, 1), n=step_n.sum(axis=1)),
    ]


def count_score(layout: Layout, metric: str, where: Mask, of: str) -> Score:
    """Number of distinct series or cutoffs with at least one marked row, per (recipe, model).

    Args:
        layout: Where the rows stand.
        metric: Name of the count.
        where: Marked rows, boolean.
        of: `series` or `cutoff`.
    """
    _, counts = group_mean(layout, np.where(where, 1.0, np.nan), ("run", of))
    return Score(metric=metric, level="overall", value=(counts > 0).sum(axis=1).astype(float), n=counts.sum(axis=1))


def group_mean(layout: Layout, values: Array, keys: tuple[str, ...]) -> tuple[Array, Codes]:
    """Mean and number of the finite values in each cell of a grid.

    Args:
        layout: Where the rows stand.
        values: One per row.
        keys: Axes of the grid, names of the codes of `Layout`.

    Returns:
        Two arrays with one axis per key; the mean is `nan` in empty cells.
    """
    lengths = dict(zip(("run", "series", "cutoff", "step"), layout.shape, strict=True))
    shape = tuple(lengths[key] for key in keys)
    cell = np.ravel_multi_index(tuple(getattr(layout, key) for key in keys), shape) if values.size else layout.run
    known = np.isfinite(values)
    cells, size = cell[known], int(np.prod(shape))
    counts = np.bincount(cells, minlength=size)
    sums = np.bincount(cells, weights=values[known], minlength=size)
    return (sums / np.where(counts > 0, counts, np.nan)).reshape(shape), counts.reshape(shape)


def mean(values: Array, axis: int) -> Array:
    """Mean of the finite values along an axis; `nan` where there is none."""
    known = np.isfinite(values)
    counts = known.sum(axis=axis)
    sums = np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(sums / np.where(counts > 0, counts, np.nan))


def to_frame(layout: Layout, scores: list[Score]) -> pd.DataFrame:
    """Long table of scores, one row per (recipe, model), level, metric and series or step.

    Returns:
        `SCORE_COLUMNS`; `unique_id` is the cutoff as ISO text at level cutoff, it is `""` and `step` is 0 where they do
        not apply.
    """
    parts = [_part(layout, score) for score in scores]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in SCORE_COLUMNS} if parts else {}
    return conform(pd.DataFrame(columns, columns=list(SCORE_COLUMNS)))


def conform(scores: pd.DataFrame) -> pd.DataFrame:
    """The same table with the column order and types of scores; right for an empty one, too."""
    types = {"step": "int64", "value": "float64", "n": "int64"}
    return scores.loc[:, list(SCORE_COLUMNS)].astype(dict.fromkeys(SCORE_COLUMNS, "object") | types)


def _part(layout: Layout, score: Score) -> Mapping[str, npt.NDArray[np.generic]]:
    _, series, cutoffs, steps_of = layout.shape
    items = {"overall": 1, "series": series, "horizon": steps_of, "cutoff": cutoffs}[score.level]
    size = len(layout.runs) * items
    ids, steps = np.full(items, "", dtype=object), np.zeros(items, dtype=np.int64)
    if score.level == "series":
        ids = np.array(layout.ids, dtype=object)
    if score.level == "cutoff":
        ids = np.array([when.isoformat() for when in layout.cutoffs], dtype=object)
    if score.level == "horizon":
        steps = np.array(layout.steps, dtype=np.int64)
    return {
        "recipe": np.repeat(np.array([recipe for recipe, _ in layout.runs], dtype=object), items),
        "model": np.repeat(np.array([model for _, model in layout.runs], dtype=object), items),
        "level": np.full(size, score.level, dtype=object),
        "unique_id": np.tile(ids, len(layout.runs)),
        "step": np.tile(steps, len(layout.runs)),
        "metric": np.full(size, score.metric, dtype=object),
        "value": score.value.reshape(-1),
        "n": score.n.reshape(-1).astype(np.int64),
    }
