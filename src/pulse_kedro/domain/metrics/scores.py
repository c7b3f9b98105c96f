"""Scores of a backtest, per (recipe, model): overall, by series and by horizon; of the combination by cutoff, too."""

import numpy as np
import pandas as pd

from pulse_kedro.domain.metrics.aggregation import (
    Layout,
    Score,
    count_score,
    group_mean,
    lay_out,
    mean_scores,
    ratio_scores,
    root_scores,
    to_frame,
)
from pulse_kedro.domain.metrics.diagnostics import spread_of_quantiles
from pulse_kedro.domain.metrics.losses import covered, scaled_absolute_error, symmetric_percentage_error, wis
from pulse_kedro.domain.panel import ID, QUANTILE_COLUMNS, QUANTILE_LEVELS, Array, Frequency, Matrix, to_matrix

INTERVALS = {"coverage_80": (0.1, 0.9), "coverage_95": (0.025, 0.975)}
METRICS = ("mase", "rmsse", "smape", "theil_u2", "wis", *INTERVALS)
COUNTS = ("series", "cutoffs", "unscaled_series", "level_form_series")
PAIRED = ("rmsse", "smape", "wis", *INTERVALS)
"""Metrics kept by cutoff, so that two cycles can be compared in pairs. MASE is kept elsewhere, on more cutoffs."""
COMBINATION = "combination"
"""The model whose forecasts are issued."""
NEAR_ZERO = 1e-3
"""A value under this share of its series' mean absolute value makes relative errors explode; ours."""


def score_rows(backtest: pd.DataFrame, panel: pd.DataFrame, freq: Frequency) -> pd.DataFrame:
    """Scores of every model of a backtest.

    Args:
        backtest: One row per (recipe, model, series, cutoff, step) with actual `y`, forecast `y_hat`, `scale` and
            quantiles, `nan` for models without intervals.
        panel: Observations the forecasts were made from; only values up to each cutoff are used.
        freq: The step of the panel.

    Returns:
        `SCORE_COLUMNS`. `value` is the mean over series, then over cutoffs (`theil_u2`: per series over all cutoffs and
        steps, then mean over series); `nan` where nothing could be scored. `n` counts the rows that entered. Scaled
        metrics leave out series without a scale, counted by the metric `unscaled_series`; `theil_u2` uses levels
        instead of relative errors for series close to 0, counted by `level_form_series`. Level `cutoff` holds `PAIRED`
        of the combination alone.
    """
    layout = lay_out(backtest)
    actual, predicted = numbers(backtest, "y"), numbers(backtest, "y_hat")
    last, squared_scale = _known_at_cutoff(layout, to_matrix(panel, freq), freq.season_length)
    scores = scaled_scores(layout, backtest)
    scores += mean_scores(layout, "smape", symmetric_percentage_error(actual, predicted))
    scores += root_scores(layout, "rmsse", (actual - predicted) ** 2 / squared_scale)
    scores += _theil_scores(layout, actual, predicted, last)
    return _without_unpaired(pd.concat([to_frame(layout, scores), interval_scores(backtest)], ignore_index=True))


def scaled_scores(layout: Layout, rows: pd.DataFrame) -> list[Score]:
    """MASE and what was counted: all that needs no more than actual, forecast and scale.

    Args:
        layout: Where the rows stand.
        rows: Columns y, y_hat, scale.
    """
    errors = scaled_absolute_error(numbers(rows, "y"), numbers(rows, "y_hat"), numbers(rows, "scale"))
    everywhere = np.ones(len(rows), dtype=bool)
    return [
        *mean_scores(layout, "mase", errors),
        count_score(layout, "series", everywhere, "series"),
        count_score(layout, "cutoffs", everywhere, "cutoff"),
        count_score(layout, "unscaled_series", ~np.isfinite(errors), "series"),
    ]


def interval_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Scaled WIS, coverage and scaled uncertainty of the rows that have all quantiles; empty when none has.

    Args:
        rows: Columns of a backtest.

    Returns:
        `SCORE_COLUMNS`; models without intervals do not occur.
    """
    quantiles = [numbers(rows, column) for column in QUANTILE_COLUMNS]
    complete = np.logical_and.reduce([np.isfinite(column) for column in quantiles])
    picked = np.flatnonzero(complete)
    if not picked.size:
        return to_frame(lay_out(rows), [])
    layout = lay_out(rows.loc[:, ["recipe", "model", ID, "cutoff", "step"]].iloc[picked])
    actual, scale = numbers(rows, "y")[picked], numbers(rows, "scale")[picked]
    quantiles = [column[picked] for column in quantiles]
    scaled = wis(actual, quantiles, QUANTILE_LEVELS) / np.where(scale > 0, scale, np.nan)
    scores = mean_scores(layout, "wis", scaled)
    by_level = dict(zip(QUANTILE_LEVELS, quantiles, strict=True))
    for metric, (low, high) in INTERVALS.items():
        scores += mean_scores(layout, metric, covered(actual, by_level[low], by_level[high]))
    spread = spread_of_quantiles(quantiles, QUANTILE_LEVELS) / np.where(scale > 0, scale, np.nan)
    scores += mean_scores(layout, "uncertainty", spread)
    return to_frame(layout, scores)


def numbers(rows: pd.DataFrame, column: str) -> Array:
    """A column as float64 array."""
    return rows[column].to_numpy(dtype=float)


def _without_unpaired(scores: pd.DataFrame) -> pd.DataFrame:
    """The same without what nobody compares by cutoff: a store has to hold every row of every cycle."""
    is_paired = scores["model"].eq(COMBINATION) & scores["metric"].isin(PAIRED)
    return scores[scores["level"].ne("cutoff") | is_paired].reset_index(drop=True)


def _theil_scores(layout: Layout, actual: Array, predicted: Array, last: Array) -> list[Score]:
    size = np.abs(last)
    by_series, _ = group_mean(layout, size, ("series",))
    near_zero = np.zeros(len(layout.ids), dtype=bool)
    near_zero[layout.series[size <= NEAR_ZERO * by_series[layout.series]]] = True
    in_levels = near_zero[layout.series]
    weight = np.where(in_levels, 1.0, 1.0 / np.where(in_levels, 1.0, last) ** 2)
    scores = ratio_scores(layout, "theil_u2", weight * (predicted - actual) ** 2, weight * (last - actual) ** 2)
    return [*scores, count_score(layout, "level_form_series", in_levels, "series")]


def _known_at_cutoff(layout: Layout, matrix: Matrix, season_length: int) -> tuple[Array, Array]:
    """Last value and mean squared seasonal difference of each row's series, both up to its cutoff; shape `(rows,)`."""
    last = pd.DataFrame(matrix.y).ffill().to_numpy()
    squared_scale = mean_squared_difference(matrix.y, season_length)
    time = matrix.times.searchsorted(layout.cutoffs, side="right") - 1
    column = pd.Index(matrix.ids).get_indexer(pd.Index(layout.ids))
    known = np.where((time >= 0)[:, None] & (column >= 0)[None, :], 1.0, np.nan)
    cells = np.ix_(time, column)
    squared = (squared_scale[cells] * known)[layout.cutoff, layout.series]
    return (last[cells] * known)[layout.cutoff, layout.series], np.where(squared > 0, squared, np.nan)


def mean_squared_difference(values: Array, season_length: int) -> Array:
    """Mean (y_t - y_{t-m})^2 over all t up to each period: the squared denominator of RMSSE.

    Args:
        values: Shape `(periods, series)`, `nan` where nothing was observed.
        season_length: m, in periods.

    Returns:
        Same shape, target unit squared; `nan` before the first seasonal difference.
    """
    squares = np.full(values.shape, np.nan)
    squares[season_length:] = (values[season_length:] - values[:-season_length]) ** 2
    counts = np.cumsum(np.isfinite(squares), axis=0)
    return np.asarray(np.nancumsum(squares, axis=0) / np.where(counts > 0, counts, np.nan))
