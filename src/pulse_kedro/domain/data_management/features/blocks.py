"""Blocks that cost more and are off unless enabled: energy by frequency, and what similar series do."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.data_management.features.columns import FLAT, STEP, Column, Fitted, derived
from pulse_kedro.domain.data_management.features.sliding import CELLS, windows
from pulse_kedro.domain.data_management.features.table import Table
from pulse_kedro.domain.panel import TARGET, Array


@dataclass(frozen=True, slots=True, kw_only=True, config=STEP)
class Spectral:
    """`spectral`: shares of the energy of a trailing window in bands of equal width, from slow to fast.

    Makes `<column>_energy<band>_<window>`, 1 being the slowest band. The mean of the window carries no energy; a
    constant window has 0 in every band; a window with a gap has none.
    """

    type: Literal["spectral"]
    """The type of this step."""
    enabled: bool = False
    """Whether the block is computed; off, it is no part of the definition."""
    columns: tuple[str, ...] = Field(default=(TARGET,), min_length=1)
    """Columns to analyse."""
    window: int = Field(default=24, ge=4)
    """Periods of the window, the own one included."""
    bands: int = Field(default=3, ge=1)
    """Bands between the lowest and the highest frequency."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that it needs."""
        return self.columns

    def describe(self, known: Mapping[str, Column]) -> tuple[Column, ...]:
        """Columns that it adds."""
        return tuple(
            derived(known[name], label, self.type, unit="1", oldest=self.window - 1)
            for name in self.columns
            for label in self._labels(name)
        )

    def fit(self, train: Table) -> dict[str, Array]:  # noqa: ARG002  # the protocol of all steps
        """Nothing."""
        return {}

    def transform(self, table: Table, fitted: Fitted) -> dict[str, Array]:  # noqa: ARG002  # as above
        """Columns by name."""
        found: dict[str, Array] = {}
        for name in self.columns:
            found |= dict(zip(self._labels(name), self._energies(table.columns[name]), strict=True))
        return found

    def _labels(self, name: str) -> list[str]:
        return [f"{name}_energy{band}_{self.window}" for band in range(1, self.bands + 1)]

    def _energies(self, values: Array) -> list[Array]:
        frequencies = np.arange(1, self.window // 2 + 1)
        band = (frequencies - 1) * self.bands // len(frequencies)
        found = [np.empty(values.shape) for _ in range(self.bands)]
        width = max(1, 16 * CELLS // (self.window * max(1, len(values))))
        for start in range(0, values.shape[1], width):
            part = slice(start, start + width)
            cut = windows(values[:, part], self.window)
            rest = cut - cut.mean(axis=-1, keepdims=True)
            energy = np.square(np.abs(np.fft.rfft(rest, axis=-1)[..., 1:]))
            total = energy.sum(axis=-1)
            flat = np.abs(rest).max(axis=-1) <= FLAT * np.abs(cut).max(axis=-1)
            for place, target in enumerate(found):
                own = energy[..., band == place].sum(axis=-1)
                share = np.divide(own, total, out=np.zeros(own.shape), where=(total > 0) & ~flat)
                target[:, part] = np.where(np.isnan(total), np.nan, share)
        return found


@dataclass(frozen=True, slots=True, kw_only=True, config=STEP)
class Graph:
    """`graph`: mean of a column over the series that moved most alike in the training fold.

    Makes `<column>_neighbours`: the mean over what is known of the neighbours in the same period. Neighbours are the
    series whose changes from one period to the next have the largest correlation with the own ones in the fold, at
    least `correlation`. A series without neighbours has none.
    """

    type: Literal["graph"]
    """The type of this step."""
    enabled: bool = False
    """Whether the block is computed; off, it is no part of the definition."""
    columns: tuple[str, ...] = Field(default=(TARGET,), min_length=1)
    """Columns to average; scaled ones, where series differ in unit or size."""
    neighbours: int = Field(default=5, ge=1)
    """Neighbours of each series, at most."""
    correlation: float = Field(default=0.3, ge=0, lt=1)
    """Smallest correlation of a neighbour; ours."""
    overlap: int = Field(default=12, ge=3)
    """Changes that two series must share in the fold; ours."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that it needs."""
        return self.columns

    def describe(self, known: Mapping[str, Column]) -> tuple[Column, ...]:
        """Columns that it adds."""
        return tuple(
            replace(derived(known[name], f"{name}_neighbours", self.type), fitted=True) for name in self.columns
        )

    def fit(self, train: Table) -> dict[str, Array]:
        """Neighbours of each series, as places among the series of the fold; `nan` where there are fewer."""
        return {f"{name}.neighbours": self._neighbours(train.columns[name]) for name in self.columns}

    def transform(self, table: Table, fitted: Fitted) -> dict[str, Array]:
        """Columns by name; a neighbour that the table lacks does not count."""
        place = {series: column for column, series in enumerate(table.ids)}
        column_of = np.array([*(place.get(series, -1) for series in fitted.ids), -1])
        found = {}
        for name in self.columns:
            chosen = fitted.of(f"{name}.neighbours", table.ids)
            columns = column_of[np.where(np.isnan(chosen), -1, chosen).astype(np.int64)]
            found[f"{name}_neighbours"] = _mean_of(table.columns[name], columns)
        return found

    def _neighbours(self, values: Array) -> Array:
        series = values.shape[1]
        chosen = np.full((series, self.neighbours), np.nan)
        changes = np.diff(values, axis=0)
        width = max(1, 16 * CELLS // max(1, series))
        for start in range(0, series, width):
            likeness = _correlations(changes[:, start : start + width], changes, self.overlap)
            own = np.arange(likeness.shape[0])
            likeness[own, start + own] = -np.inf
            best = np.argsort(-likeness, axis=1, kind="stable")[:, : self.neighbours]  # equal ones: by id
            strong = np.take_along_axis(likeness, best, axis=1) >= max(self.correlation, FLAT)
            chosen[start : start + width, : best.shape[1]] = np.where(strong, best, np.nan)
        return chosen


def _correlations(left: Array, right: Array, overlap: int) -> Array:
    """Correlation of each left with each right series over the periods they share; -inf where these are few."""
    a, b = ~np.isnan(left), ~np.isnan(right)
    x, y = (_centred(part, known) for part, known in ((left, a), (right, b)))
    n, p, q = a.T.astype(float) @ b, x.T @ b, a.T @ y
    safe = np.maximum(n, 1.0)
    both = x.T @ y - p * q / safe
    spread = (np.square(x).T @ b - p * p / safe) * (a.T @ np.square(y) - q * q / safe)
    fine = (n >= overlap) & (spread > 0)
    return np.where(fine, both / np.sqrt(np.where(fine, spread, 1.0)), -np.inf)


def _centred(values: Array, known: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> Array:
    """Values from their own mean in units of their largest deviation, 0 where unknown: sums of squares stay exact."""
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, values, 0.0)
    rest = np.where(known, filled - filled.sum(axis=0) / count, 0.0)
    largest = np.abs(rest).max(axis=0) if len(rest) else np.zeros(values.shape[1])
    return np.asarray(rest / np.where(largest > 0, largest, 1.0))


def _mean_of(values: Array, columns: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> Array:
    """Mean of some other series for each series, over what is known; -1 is nobody."""
    total, count = np.zeros(values.shape), np.zeros(values.shape)
    for chosen in columns.T:
        part = np.where(chosen >= 0, values[:, chosen], np.nan)
        known = ~np.isnan(part)
        total += np.where(known, part, 0.0)
        count += known
    return np.divide(total, count, out=np.full(values.shape, np.nan), where=count > 0)
