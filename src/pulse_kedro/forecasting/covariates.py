"""Columns that a window gets besides its own past: known future, other series' past, and what never changes.

Each value carries the period at which it became known. An origin reads only what was known at its own period; where
something is missing it reads `nan`, and the window is dropped or the member abstains.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.windows import FLAT

Periods = npt.NDArray[np.int64]


class CovariatesMissing(InvalidInput):
    """A covariate is not known for the whole horizon."""

    def __init__(self, column: str, step: int, horizon: int) -> None:
        """Keep the column and the first step without a value."""
        super().__init__(column, step, horizon)
        self.column, self.step, self.horizon = column, step, horizon

    def __str__(self) -> str:
        """Name both and the way out."""
        return (
            f"Reading covariates failed: got no value of {self.column!r} for step {self.step} that was known at the "
            f"origin, expected all {self.horizon} steps. Supply its future, or declare it a past covariate."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariate:
    """One column over time: `values` and `known_from`, both `(periods, series)`.

    `known_from[t, s]` is the number of the period from which on `values[t, s]` was known: t for what is observed with
    the series itself, earlier for a plan or a calendar, later for a release lag.
    """

    name: str
    values: Array
    known_from: Periods


def calendar_covariate(name: str, values: Array, series: int) -> Covariate:
    """A column that was known for ever; `values` has shape `(periods,)`."""
    spread = np.repeat(values[:, None], series, axis=1)
    return Covariate(name=name, values=spread, known_from=np.full(spread.shape, -1, dtype=np.int64))


def future_columns(covariate: Covariate, origins: Periods, horizon: int) -> Array:
    """Values over the horizon of each origin.

    Args:
        covariate: Reaches at least to the last origin.
        origins: Numbers of periods.
        horizon: Steps ahead.

    Returns:
        Shape `(origins, series, horizon)`; `nan` where nothing was known at the origin.
    """
    rows = origins[:, None] + np.arange(1, horizon + 1)
    return _known(covariate, rows, origins)


def past_columns(covariate: Covariate, origins: Periods, look_back: int) -> Array:
    """Values up to each origin, centred and scaled as the series' own window is.

    Returns:
        Shape `(origins, series, look_back)`, oldest first; a flat window is 0.
    """
    rows = origins[:, None] + np.arange(-look_back + 1, 1)
    values = _known(covariate, rows, origins)
    centred = values - values.mean(axis=2, keepdims=True)
    scale = values.std(axis=2, keepdims=True)
    varied = scale > FLAT * np.abs(values).max(axis=2, keepdims=True)
    return np.where(np.isnan(centred), np.nan, np.where(varied, centred / np.where(varied, scale, 1.0), 0.0))


def static_columns(values: Array, origins: Periods) -> Array:
    """What never changes, `(series, columns)`, at every origin; shape `(origins, series, columns)`."""
    return np.repeat(values[None], len(origins), axis=0)


def _known(covariate: Covariate, rows: Periods, origins: Periods) -> Array:
    """Values at some rows of each origin; `nan` outside the table and where they were not yet known."""
    periods = len(covariate.values)
    inside = (rows >= 0) & (rows < periods)
    safe = np.clip(rows, 0, periods - 1)
    values, known_from = covariate.values[safe], covariate.known_from[safe]
    usable = inside[..., None] & (known_from <= origins[:, None, None])
    return np.where(usable, values, np.nan).transpose(0, 2, 1)


def require_future(covariate: Covariate, origin: int, horizon: int) -> None:
    """Refuse a forecast for which a covariate is not known.

    Raises:
        CovariatesMissing: Some step of some series has no value that was known at the origin.
    """
    columns = future_columns(covariate, np.array([origin]), horizon)[0]
    missing = np.isnan(columns).any(axis=0)
    if missing.any():
        raise CovariatesMissing(covariate.name, int(missing.argmax()) + 1, horizon)


def remove_effects(values: Array, drivers: Array) -> tuple[Array, Array]:
    """First of two additive parts: y = Z b + rest, by least squares over what is known.

    Args:
        values: One series, `nan` for gaps. Shape `(periods,)`.
        drivers: Z, known for every period and for the horizon. Shape `(periods + horizon, columns)`.

    Returns:
        The rest `(periods,)`, which a ridge forecasts, and Z b over the horizon, which is added to its forecast.
    """
    known = ~np.isnan(values) & ~np.isnan(drivers[: len(values)]).any(axis=1)
    effects = np.linalg.lstsq(drivers[: len(values)][known], values[known], rcond=None)[0]
    return values - drivers[: len(values)] @ effects, np.asarray(drivers[len(values) :] @ effects)
