"""MFLES: boosted medians, Fourier seasons and trends; statsforecast fits it, and how it moves on is ours."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pulse_kedro.domain.panel import Array

SMOOTHING = np.arange(0.05, 1.0, 0.05)
"""Smoothing factors whose average follows the level: those of MFLES' own ensemble (`statsforecast.mfles`)."""
SCALARS = 4
"""Numbers before the season in the vector: mean, deviation, level, slope."""


def fit_mfles(y: Array, periods: Sequence[int]) -> tuple[dict[str, Any], Array]:
    """Parameters of a decomposition: words, and mean, deviation, level, slope and season in one vector.

    Args:
        y: Observations without gaps. Shape `(n,)`.
        periods: Seasons in steps; one that does not fit twice into the history is left out.

    Raises:
        ValueError: There are fewer than four observations.

    Source:
        Blume (2024), MFLES: gradient boosted time series decomposition; `statsforecast.models.MFLES`.
    """
    from statsforecast.models import MFLES

    shortest = 4
    if len(y) < shortest:
        msg = f"{len(y)} observations, and four are needed"
        raise ValueError(msg)
    seasons = [period for period in periods if period > 1 and 2 * period <= len(y)]
    model = MFLES(season_length=seasons or None).fit(y).model_["model"]
    slope = float(model.trend[1] - model.trend[0])
    if model.trend_penalty and model.penalty is not None:
        slope *= max(0.0, float(model.penalty))
    logs = model.const is not None
    mean, deviation = (0.0, 1.0) if logs else (float(model.mean), float(model.std))
    season = np.zeros(1) if model.seasonality is None else np.asarray(model.seasonality, dtype=float)
    vector = np.concatenate([[mean, deviation, float(model.trend[1]), slope], season])
    return {"logarithms": logs, "n": len(y)}, vector


def forward_mfles(facts: Mapping[str, Any], vector: Array, y: Array, *, horizon: int) -> Array:
    """Points after a longer history: trend and season go on as learned, the level follows the new observations.

    Args:
        facts: Words of `fit_mfles`.
        vector: Numbers of `fit_mfles`.
        y: The series from its first fitted observation on. Shape `(n,)`.
        horizon: Steps ahead.

    Returns:
        Shape `(horizon,)`; without new observations what `MFLES.predict` gives.

    Source:
        Ours, because statsforecast has no `forward` for MFLES: the deviations of the new observations from the path
        that was learned are smoothed exponentially, starting from zero, with the average over the smoothing factors
        that MFLES itself smooths residuals with. A value that has no logarithm leaves the level as it is.
    """
    mean, deviation, level, slope = vector[:SCALARS]
    season, new = vector[SCALARS:], y[int(facts["n"]) :]
    steps = np.arange(1, len(new) + horizon + 1)
    path = level + slope * steps + season[(steps - 1) % len(season)]
    known = (new > 0) | (not facts["logarithms"])
    seen = np.log(np.where(known, new, 1.0)) if facts["logarithms"] else (new - mean) / deviation
    gaps = np.where(known, seen - path[: len(new)], 0.0)
    weights = SMOOTHING[:, None] * (1 - SMOOTHING[:, None]) ** np.arange(len(new) - 1, -1, -1)
    shifted = path[len(new) :] + float((weights @ gaps).mean())
    return np.asarray(np.exp(shifted) if facts["logarithms"] else mean + shifted * deviation)
