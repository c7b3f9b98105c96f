"""Steps that learn from the training fold: scaling per series, and filling what is missing."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.data_management.features.columns import FLAT, STEP, Column, Fitted, derived, flag
from pulse_kedro.domain.data_management.features.table import Table
from pulse_kedro.domain.panel import TARGET, Array

Method = Literal["z_score", "min_max", "robust"]


@dataclass(frozen=True, slots=True, kw_only=True, config=STEP)
class Scale:
    """`scale`: columns without unit, by the centre and the spread that each series had in the training fold.

    Makes `<column>_scaled`, and `<column>_flat`, which is 1 where the column was constant in the fold: there the
    scaled one is 0. Both are missing for a series without a value in the fold.
    """

    type: Literal["scale"]
    """The type of this step."""
    columns: tuple[str, ...] = Field(default=(TARGET,), min_length=1)
    """Columns to scale."""
    method: Method = "z_score"
    """`z_score`: mean and standard deviation (ddof 0). `min_max`: minimum and range, so that the fold lies in 0…1.
    `robust`: median and distance between the quartiles."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that it needs."""
        return self.columns

    def describe(self, known: Mapping[str, Column]) -> tuple[Column, ...]:
        """Columns that it adds."""
        pairs = [
            (derived(known[name], f"{name}_scaled", self.type, unit="1"), flag(known[name], f"{name}_flat", self.type))
            for name in self.columns
        ]
        return tuple(replace(column, fitted=True) for pair in pairs for column in pair)

    def fit(self, train: Table) -> dict[str, Array]:
        """Centre and spread of each series, both `nan` without a value; a spread of 0 means constant."""
        found = {}
        for name in self.columns:
            centre, spread = _CENTRES[self.method](train.columns[name])
            largest = _quietly(np.nanmax, np.abs(train.columns[name]))
            found[f"{name}.centre"] = centre
            found[f"{name}.spread"] = np.where(spread <= FLAT * largest, 0.0, spread)
        return found

    def transform(self, table: Table, fitted: Fitted) -> dict[str, Array]:
        """Scaled columns and their flags."""
        found = {}
        for name in self.columns:
            values = table.columns[name]
            centre, spread = (fitted.of(f"{name}.{part}", table.ids) for part in ("centre", "spread"))
            varied = np.where(spread > 0, spread, 1.0)
            scaled = np.where(spread == 0, 0.0, (values - centre) / varied)
            found[f"{name}_scaled"] = np.where(np.isnan(values) | np.isnan(spread), np.nan, scaled)
            flat = np.where(np.isnan(spread), np.nan, spread == 0)
            found[f"{name}_flat"] = np.broadcast_to(flat, values.shape)
        return found


@dataclass(frozen=True, slots=True, kw_only=True, config=STEP)
class Impute:
    """`impute`: gaps filled by the last value while it is fresh, then by the median of the training fold.

    Makes `<column>_filled` and `<column>_missing`, which is 1 where nothing was known. Later values never fill.
    """

    type: Literal["impute"]
    """The type of this step."""
    columns: tuple[str, ...] = Field(default=(TARGET,), min_length=1)
    """Columns to fill."""
    maximum_age: int = Field(default=3, ge=0)
    """Periods after which the last value no longer fills a gap."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that it needs."""
        return self.columns

    def describe(self, known: Mapping[str, Column]) -> tuple[Column, ...]:
        """Columns that it adds."""
        found = []
        for name in self.columns:
            filled = derived(known[name], f"{name}_filled", self.type, oldest=self.maximum_age)
            found += [replace(filled, fitted=True), flag(known[name], f"{name}_missing", self.type)]
        return tuple(found)

    def fit(self, train: Table) -> dict[str, Array]:
        """Median of each series, `nan` without a value."""
        return {f"{name}.median": _quietly(np.nanmedian, train.columns[name]) for name in self.columns}

    def transform(self, table: Table, fitted: Fitted) -> dict[str, Array]:
        """Filled columns and their flags."""
        found = {}
        for name in self.columns:
            values = table.columns[name]
            missing = np.isnan(values)
            filled = _carry(values, missing, self.maximum_age)
            median = np.broadcast_to(fitted.of(f"{name}.median", table.ids), values.shape)
            found[f"{name}_filled"] = np.where(np.isnan(filled), median, filled)
            found[f"{name}_missing"] = missing.astype(float)
        return found


def _carry(values: Array, missing: Array, age: int) -> Array:
    """Last known value where it is at most `age` periods old."""
    rows = np.arange(len(values))[:, None]
    newest = np.maximum.accumulate(np.where(missing, -1, rows), axis=0)
    carried = np.take_along_axis(values, np.maximum(newest, 0), axis=0)
    return np.where((newest >= 0) & (rows - newest <= age), carried, np.nan)


def _z_score(values: Array) -> tuple[Array, Array]:
    return _quietly(np.nanmean, values), _quietly(np.nanstd, values)


def _min_max(values: Array) -> tuple[Array, Array]:
    low = _quietly(np.nanmin, values)
    return low, _quietly(np.nanmax, values) - low


def _robust(values: Array) -> tuple[Array, Array]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice")  # as in `_quietly`
        low, middle, high = np.nanquantile(values, [0.25, 0.5, 0.75], axis=0)
    return middle, high - low


_CENTRES = {"z_score": _z_score, "min_max": _min_max, "robust": _robust}


def _quietly(statistic: Callable[..., Array], values: Array) -> Array:
    """A statistic over the periods; `nan` for a series without a value, of which numpy would warn."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN (slice|axis)|Mean of empty slice|Degrees of freedom")
        return np.asarray(statistic(values, axis=0))
