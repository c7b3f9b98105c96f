"""Steps over earlier periods: lags, and statistics of trailing windows."""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.data_management.features.columns import STEP, Column, Fitted, derived
from pulse_kedro.domain.data_management.features.sliding import (
    CELLS,
    Moments,
    earlier,
    largest,
    means,
    moments,
    windows,
)
from pulse_kedro.domain.data_management.features.table import Table
from pulse_kedro.domain.panel import TARGET, Array

Statistic = Literal["mean", "sd", "min", "max"]


@dataclass(frozen=True, slots=True, kw_only=True, config=STEP)
class Lags:
    """`lags`: the value some periods earlier, matched by calendar. Makes `<column>_lag<k>`."""

    type: Literal["lags"]
    """The type of this step."""
    columns: tuple[str, ...] = Field(default=(TARGET,), min_length=1)
    """Columns to look back in."""
    lags: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1)
    """Periods to look back, each at least 1."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that it needs."""
        return self.columns

    def describe(self, known: Mapping[str, Column]) -> tuple[Column, ...]:
        """Columns that it adds."""
        return tuple(
            derived(known[name], f"{name}_lag{lag}", self.type, newest=lag, oldest=lag)
            for name in self.columns
            for lag in self.lags
        )

    def fit(self, train: Table) -> dict[str, Array]:  # noqa: ARG002  # the protocol of all steps
        """Nothing."""
        return {}

    def transform(self, table: Table, fitted: Fitted) -> dict[str, Array]:  # noqa: ARG002  # as above
        """Columns by name."""
        return {f"{name}_lag{lag}": earlier(table.columns[name], lag) for name in self.columns for lag in self.lags}


@dataclass(frozen=True, slots=True, kw_only=True, config=STEP)
class Rolling:
    """`rolling`: statistics of the window up to each row, over what is known in it.

    Makes `<column>_<statistic>_<window>`, `<column>_q<per mille>_<window>` for quantiles, with `_shift<k>` at the end
    where the window ends earlier. The standard deviation divides by n - 1; quantiles interpolate linearly.
    """

    type: Literal["rolling"]
    """The type of this step."""
    columns: tuple[str, ...] = Field(default=(TARGET,), min_length=1)
    """Columns to summarise."""
    windows: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1)
    """Lengths of the windows, in periods."""
    statistics: tuple[Statistic, ...] = ("mean", "sd")
    """What is taken of each window."""
    quantiles: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    """Levels of quantiles that are taken too."""
    shift: int = Field(default=0, ge=0)
    """Periods before the own one at which the window ends."""
    known: int = Field(default=1, ge=1)
    """Values that a window needs; below it, the statistic is missing."""

    @model_validator(mode="after")
    def _windows_can_hold_what_is_needed(self) -> Self:
        if self.known > min(self.windows):
            msg = f"known must be at most the shortest window {min(self.windows)}, got {self.known}"
            raise ValueError(msg)
        return self

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that it needs."""
        return self.columns

    def describe(self, known: Mapping[str, Column]) -> tuple[Column, ...]:
        """Columns that it adds."""
        oldest = self.shift - 1
        return tuple(
            derived(known[name], label, self.type, newest=self.shift, oldest=oldest + window)
            for name in self.columns
            for window in self.windows
            for label in self._labels(name, window)
        )

    def fit(self, train: Table) -> dict[str, Array]:  # noqa: ARG002  # the protocol of all steps
        """Nothing."""
        return {}

    def transform(self, table: Table, fitted: Fitted) -> dict[str, Array]:  # noqa: ARG002  # as above
        """Columns by name."""
        found: dict[str, Array] = {}
        for name in self.columns:
            values = earlier(table.columns[name], self.shift) if self.shift else table.columns[name]
            for window in self.windows:
                found |= dict(zip(self._labels(name, window), self._statistics(values, window), strict=True))
        return found

    def _labels(self, name: str, window: int) -> list[str]:
        kinds = [*self.statistics, *(f"q{round(level * 1000):03d}" for level in self.quantiles)]
        end = f"_shift{self.shift}" if self.shift else ""
        return [f"{name}_{kind}_{window}{end}" for kind in kinds]

    def _statistics(self, values: Array, window: int) -> list[Array]:
        found = moments(values, window) if "sd" in self.statistics else _without_squares(values, window)
        enough = found.n >= self.known
        simple = [np.where(enough, _STATISTICS[kind](values, window, found), np.nan) for kind in self.statistics]
        if not self.quantiles:
            return simple
        return [*simple, *(np.where(enough, part, np.nan) for part in quantiles(values, window, self.quantiles))]


def quantiles(values: Array, window: int, levels: tuple[float, ...]) -> list[Array]:
    """Quantiles of what is known in each window, linear between neighbours; `nan` without a value.

    Args:
        values: Shape `(periods, series)`.
        window: Periods, the own one included.
        levels: Between 0 and 1.

    Returns:
        One array per level, of the shape of `values`.
    """
    found = [np.empty(values.shape) for _ in levels]
    width = max(1, 16 * CELLS // (window * max(1, len(values))))
    for start in range(0, values.shape[1], width):
        part = slice(start, start + width)
        ordered = np.sort(windows(values[:, part], window), axis=-1)  # nan goes to the end
        n = (~np.isnan(ordered)).sum(axis=-1)
        for level, target in zip(levels, found, strict=True):
            place = level * np.maximum(n - 1, 0)
            low = np.floor(place).astype(np.int64)
            high = np.minimum(low + 1, np.maximum(n - 1, 0))
            below, above = (np.take_along_axis(ordered, at[..., None], axis=-1)[..., 0] for at in (low, high))
            target[:, part] = below + (above - below) * (place - low)
    return found


def _without_squares(values: Array, window: int) -> Moments:
    n, mean = means(values, window)
    return Moments(n=n, mean=mean, square=mean)


def _deviation(_: Array, __: int, found: Moments) -> Array:
    free = found.n - 1
    return np.asarray(np.sqrt(np.divide(found.square, free, out=np.full(free.shape, np.nan), where=free > 0)))


def _mean(_: Array, __: int, found: Moments) -> Array:
    return found.mean


def _smallest(values: Array, window: int, _: Moments) -> Array:
    return -largest(-values, window)


def _largest(values: Array, window: int, _: Moments) -> Array:
    return largest(values, window)


_STATISTICS: Mapping[Statistic, Callable[[Array, int, Moments], Array]] = {
    "mean": _mean,
    "sd": _deviation,
    "min": _smallest,
    "max": _largest,
}
