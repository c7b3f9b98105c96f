"""Long tables of a replay: one row per model, cutoff, step and series."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.backtesting import BURN_IN, CUTOFF, EVALUATION, OPEN, STEP
from pulse_kedro.domain.cycle import LABEL, digest
from pulse_kedro.domain.panel import ID, QUANTILE_COLUMNS, QUANTILE_LEVELS, TARGET, TIME, Array, quantile_column
from pulse_kedro.forecasting.backtest import Replay
from pulse_kedro.forecasting.combination import Combination, scaled_errors
from pulse_kedro.forecasting.forecaster import Forecaster
from pulse_kedro.forecasting.intervals import Calibration, Narrow, base_offsets
from pulse_kedro.forecasting.recipe import IntervalOptions, RecipeOptions

Index = npt.NDArray[np.int64]

COMBINATION = "combination"
NO_FORECAST = "no forecast: too few values, a gap among those it reads, or nothing learned by then"
"""Why a member is silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vintage:
    """What the forecasts of a table were made with: recipe, digest of each member and of the combination, snapshot."""

    recipe: str
    digests: tuple[str, ...]
    snapshot: str


def vintage_of(recipe: RecipeOptions, members: Mapping[str, Forecaster], snapshot: str) -> Vintage:
    """Identity of every model: its settings and what it learned rarely; its sums follow from snapshot and cutoff."""
    learned = {name: member.facts().get("generations", []) for name, member in members.items()}
    head = [recipe.horizon, recipe.season_length]
    own = [digest([*head, options.as_dict(), learned.get(options.name, [])])[:LABEL] for options in recipe.members]
    together = digest([recipe.digest, *own])[:LABEL]
    return Vintage(recipe=recipe.digest, digests=(*own, together), snapshot=snapshot)


def backtest_table(
    replayed: Replay,
    combination: Combination,
    calibration: Calibration,
    folds: pd.DataFrame,
    vintage: Vintage,
    *,
    of_members: IntervalOptions | None = None,
) -> pd.DataFrame:
    """Rows whose actual is known, at the evaluation cutoffs.

    Args:
        replayed: Forecasts of the members, and what came true.
        combination: What was made of them.
        calibration: Its quantiles.
        folds: Purpose of each cutoff.
        vintage: What the forecasts were made with.
        of_members: How quantiles of members are pooled; `None` leaves them out.

    Returns:
        Columns `unique_id, cutoff, ds, step, model, recipe, model_digest, snapshot, y, y_hat, scale, q025 … q975`.
    """
    at = np.flatnonzero((folds["purpose"] == EVALUATION).to_numpy())
    points = np.concatenate([replayed.points[:, at], combination.points[None, at]])
    shape = points.shape
    model, cutoff, step, series = np.unravel_index(
        np.flatnonzero(np.isfinite(points) & np.isfinite(replayed.actual[at])), shape
    )
    y_hat, scale = points[model, cutoff, step, series], replayed.scale[at][cutoff, series]
    one = np.zeros_like(model)
    return pd.DataFrame(
        {
            ID: _labels(series, replayed.ids),
            CUTOFF: replayed.cutoffs[at][cutoff],
            TIME: _targets(replayed, at, shape[2])[cutoff, step],
            STEP: (step + 1).astype(np.int16),
            "model": _labels(model, (*replayed.members, COMBINATION)),
            "recipe": _labels(one, (vintage.recipe[:LABEL],)),
            "model_digest": _labels(model, vintage.digests),
            "snapshot": _labels(one, (vintage.snapshot,)),
            TARGET: replayed.actual[at][cutoff, step, series],
            "y_hat": y_hat,
            "scale": scale,
        }
        | _quantiles(
            _offsets(replayed, calibration, at, of_members), (model, cutoff, step, series), y_hat, np.nan_to_num(scale)
        ),
        copy=False,
    )


def _offsets(
    replayed: Replay, calibration: Calibration, at: Index, of_members: IntervalOptions | None
) -> Iterator[tuple[int, Array | Narrow]]:
    """Number of each model that has quantiles, and its offsets `(cutoffs, H, S, Q)` in units of the scale."""
    if of_members is not None:
        for model, points in enumerate(replayed.points):
            residuals = (replayed.actual - points) / replayed.scale[:, None, :]
            yield model, base_offsets(residuals, at.tolist(), replayed.lag, of_members)
    yield len(replayed.members), calibration.offsets[at]


def _quantiles(
    offsets: Iterable[tuple[int, Array | Narrow]], places: tuple[Index, ...], y_hat: Array, scale: Array
) -> dict[str, Narrow]:
    """Quantile columns of the rows at `places` (model, cutoff, step, series); `nan` for a model without offsets."""
    model, *where = places
    columns = {name: np.full(len(model), np.nan, dtype=np.float32) for name in QUANTILE_COLUMNS}
    for number, of_model in offsets:
        rows = np.flatnonzero(model == number)
        mine = of_model[tuple(index[rows] for index in where)]
        for place, level in enumerate(QUANTILE_LEVELS):
            values = y_hat[rows] + mine[:, place] * scale[rows]
            columns[quantile_column(level)][rows] = _outwards(values, upwards=level > 0.5)  # noqa: PLR2004  # the median
    return columns


def _outwards(values: Array, *, upwards: bool) -> Narrow:
    """Quantiles in half the memory: rounded outwards, so that no interval loses its edge."""
    narrow = values.astype(np.float32)
    inside = (narrow < values) if upwards else (narrow > values)
    narrow[inside] = np.nextafter(narrow[inside], np.float32(np.inf if upwards else -np.inf))
    return narrow


def _labels(codes: Index, names: tuple[str, ...]) -> "pd.Categorical[str]":
    """Text column that stores each name once."""
    return pd.Categorical.from_codes(codes, pd.Index(names))


def _targets(replayed: Replay, at: Index, horizon: int) -> npt.NDArray[np.datetime64]:
    """Period of each target; shape `(cutoffs, steps)` datetime64."""
    times = replayed.cutoffs.to_numpy()
    return np.stack([times[first + 1 : first + 1 + horizon] for first in at])


def loss_table(replayed: Replay, combination: Combination, folds: pd.DataFrame, *, recipe: str) -> pd.DataFrame:
    """Mean scaled error of the combination at each resolved cutoff after the burn-in.

    Returns:
        Columns `recipe, cutoff, loss, n_series`.
    """
    kept = replayed.resolved & (folds["purpose"] != BURN_IN).to_numpy()
    scored = np.isfinite(combination.points) & np.isfinite(replayed.actual) & np.isfinite(replayed.scale)[:, None]
    return pd.DataFrame(
        {
            "recipe": recipe[:LABEL],
            CUTOFF: replayed.cutoffs[kept],
            "loss": scaled_errors(combination.points, replayed)[kept],
            "n_series": scored.any(axis=1).sum(axis=1)[kept],
        }
    )


def error_table(replayed: Replay, combination: Combination, *, recipe: str) -> pd.DataFrame:
    """Forecasts of the combination one step ahead at every cutoff, with what came true: what drift is looked for in.

    Returns:
        Columns `recipe, unique_id, cutoff, step, y, y_hat, scale`; `y` is missing where it is not known yet.
    """
    forecast, actual = combination.points[:, 0], replayed.actual[:, 0]
    cutoff, series = np.nonzero(np.isfinite(forecast) & np.isfinite(replayed.scale))
    one = np.zeros_like(series)
    return pd.DataFrame(
        {
            "recipe": _labels(one, (recipe[:LABEL],)),
            ID: _labels(series, replayed.ids),
            CUTOFF: replayed.cutoffs[cutoff],
            STEP: (one + 1).astype(np.int16),
            TARGET: actual[cutoff, series],
            "y_hat": forecast[cutoff, series],
            "scale": replayed.scale[cutoff, series],
        }
    )


def open_table(replayed: Replay, combination: Combination, folds: pd.DataFrame, *, recipe: str) -> pd.DataFrame:
    """Forecasts of the combination at the cutoffs whose targets are not all known, the newest cutoff included.

    Returns:
        Columns `recipe, unique_id, cutoff, step, y_hat, scale`; series without a scale are left out.
    """
    at = np.flatnonzero((folds["purpose"] == OPEN).to_numpy())
    points, scale = combination.points[at], replayed.scale[at]
    cutoff, step, series = np.nonzero(np.isfinite(points) & np.isfinite(scale)[:, None, :])
    return pd.DataFrame(
        {
            "recipe": _labels(np.zeros_like(series), (recipe[:LABEL],)),
            ID: _labels(series, replayed.ids),
            CUTOFF: replayed.cutoffs[at][cutoff],
            STEP: (step + 1).astype(np.int16),
            "y_hat": points[cutoff, step, series],
            "scale": scale[cutoff, series],
        }
    )


def failure_table(replayed: Replay, folds: pd.DataFrame, times: pd.DatetimeIndex, *, recipe: str) -> pd.DataFrame:
    """Forecasts that a member did not make: served by the seasonal naive forecast instead, or by nobody.

    Args:
        replayed: A replay with its failures.
        folds: Purpose of each cutoff; silence counts at the evaluated ones.
        times: Periods of the panel, from its first one on.
        recipe: Digest of the recipe.

    Returns:
        Columns `recipe, unique_id, model, trained_until, cutoff, reason`; `cutoff` is missing where the generation has
        no parameters for the series. A member that is silent at an evaluated cutoff of which an outcome is known has
        the reason `NO_FORECAST`.
    """
    rows = replayed.failures
    found = pd.DataFrame(
        {
            "recipe": pd.Series([recipe[:LABEL]] * len(rows), dtype=str),
            ID: pd.Series([replayed.ids[row.column] for row in rows], dtype=str),
            "model": pd.Series([row.member for row in rows], dtype=str),
            "trained_until": times[[row.trained_until - 1 for row in rows]],
            CUTOFF: pd.DatetimeIndex([pd.NaT if row.stop is None else times[row.stop - 1] for row in rows]),
            "reason": pd.Series([row.reason for row in rows], dtype=str),
        }
    )
    at = np.flatnonzero((folds["purpose"] == EVALUATION).to_numpy())
    silent = np.isnan(replayed.points[:, at]) & ~np.isnan(replayed.actual[at])
    member, cutoff, series = np.nonzero(silent.any(axis=2))
    abstained = pd.DataFrame(
        {
            "recipe": recipe[:LABEL],
            ID: np.array(replayed.ids, dtype=object)[series],
            "model": np.array(replayed.members, dtype=object)[member],
            "trained_until": replayed.cutoffs[at][cutoff],
            CUTOFF: replayed.cutoffs[at][cutoff],
            "reason": NO_FORECAST,
        }
    )
    return pd.concat([found, abstained], ignore_index=True) if len(abstained) else found
