"""What boosted trees see of a series at an origin, and what they shall predict: residuals of another forecast."""

from collections.abc import Sequence

import numpy as np

from pulse_kedro.domain.panel import Array

SEASONS = 7
"""Longest lag in seasons (`forecasting.md`, section 3)."""
SCALE_SEASONS = 3
"""Seasons whose changes make the scale of a series; ours, recent enough to follow it."""
ROLLING = (0.5, 1.0, 2.0)
"""Windows of the rolling statistics in seasons; ours."""


def history(season_length: int) -> int:
    """Periods up to the origin that are read."""
    return SEASONS * season_length


def lags_of(season_length: int) -> list[int]:
    """Lags 1 to one season, two seasons and seven."""
    return sorted({*range(1, season_length + 1), 2 * season_length, SEASONS * season_length})


def windows_at(y: Array, stops: Sequence[int], season_length: int) -> Array:
    """Newest periods before each stop.

    Returns:
        Shape `(stops, history, series)`, `nan` before the first period of `y`.
    """
    length = history(season_length)
    padded = np.concatenate([np.full((length, y.shape[1]), np.nan), y])
    return np.stack([padded[stop : stop + length] for stop in stops])


def scales_of(windows: Array, season_length: int) -> Array:
    """Mean absolute seasonal change of the last seasons; `nan` where it is 0 or unknown.

    Args:
        windows: Newest periods. Shape `(origins, history, series)`.
        season_length: Steps in a season.

    Returns:
        Shape `(origins, series)`.
    """
    recent = windows[:, -(SCALE_SEASONS + 1) * season_length :]
    change = np.abs(recent[:, season_length:] - recent[:, :-season_length])
    scale = _mean(change)
    return np.where(scale > 0, scale, np.nan)


def design(windows: Array, base: Array, stops: Sequence[int], steps: Sequence[int], season_length: int) -> Array:
    """Inputs of some steps.

    Args:
        windows: Newest periods. Shape `(origins, history, series)`.
        base: The forecast whose residuals are learned. Shape `(origins, horizon, series)`.
        stops: Periods known at each origin; they give the phase of the target.
        steps: Steps ahead, from 1.
        season_length: Steps in a season.

    Returns:
        Shape `(origins, len(steps), series, features)`: lags, rolling means and deviations and the base forecast,
        all from the mean of the last season in units of the scale; then step and phase.
    """
    scale = scales_of(windows, season_length)
    centre = _mean(windows[:, -season_length:])
    lags = np.stack([windows[:, -lag] for lag in lags_of(season_length)])
    spans = [max(2, round(share * season_length)) for share in ROLLING]
    means = np.stack([_mean(windows[:, -span:]) for span in spans])
    moves = np.stack([_mean(np.abs(windows[:, -span:] - centre[:, None])) for span in spans])
    fixed = np.concatenate([(lags - centre) / scale, (means - centre) / scale, moves / scale])
    ahead = np.asarray(steps)
    level = (base[:, ahead - 1] - centre[:, None]) / scale[:, None]
    shape = (*level.shape, 1)
    columns = [
        np.broadcast_to(np.moveaxis(fixed, 0, -1)[:, None], (*level.shape, len(fixed))),
        level[..., None],
        np.broadcast_to(ahead[None, :, None, None], shape),
        np.broadcast_to(((np.asarray(stops)[:, None] + ahead - 1) % season_length)[:, :, None, None], shape),
    ]
    return np.concatenate(columns, axis=-1)


def _mean(values: Array) -> Array:
    """Mean over the periods of what is known, `nan` where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
