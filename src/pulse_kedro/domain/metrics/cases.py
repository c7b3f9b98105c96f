"""Rows to score: what came true and everything that was said about it, as arrays of one length."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pulse_kedro.domain.metrics.losses import LengthMismatch, same_shape
from pulse_kedro.domain.panel import QUANTILE_LEVELS, Array

SAME_LEVEL = 1e-9
"""Levels that differ by less are one level written twice; ours."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """Rows to score; what a metric does not need may be `None`. Columns have the shape `(rows,)` unless said.

    `actual` and the point forecasts `predicted` are in target unit, `quantiles` has the shape `(levels, rows)`,
    `levels` are their probabilities, symmetric about the median, `sample` holds draws of the forecast, `(rows, draws)`.
    `last` is the value known at the cutoff of each row, `scale` the mean absolute seasonal change up to it,
    `squared_scale` the mean squared one, `reference` the point forecasts that `skill` is against, such as the seasonal
    naive ones.

    Raises:
        LengthMismatch: When two columns differ in their number of rows.
    """

    actual: Array
    predicted: Array | None = None
    quantiles: Array | None = None
    levels: Sequence[float] = QUANTILE_LEVELS
    sample: Array | None = None
    last: Array | None = None
    scale: Array | None = None
    squared_scale: Array | None = None
    reference: Array | None = None

    def __post_init__(self) -> None:
        """Refuse columns of different length."""
        for name in ("predicted", "last", "scale", "squared_scale", "reference"):
            column = getattr(self, name)
            if column is not None:
                same_shape(self.actual, column)
        if self.quantiles is not None:
            expected = (len(self.levels), *self.actual.shape)
            if self.quantiles.shape != expected:
                raise LengthMismatch(expected, self.quantiles.shape)
        if self.sample is not None:
            same_shape(self.actual, self.sample[:, 0])

    def column(self, name: str) -> Array:
        """A column that the metric needs; `score` has checked that it is there."""
        found: Array = getattr(self, name)
        return found

    def complete(self, needs: Sequence[str]) -> "Case":
        """The rows that have the actual and every value in some columns; other columns are dropped."""
        known = np.isfinite(self.actual)
        for name in needs:
            finite = np.isfinite(self.column(name))
            known = known & (finite if finite.ndim == 1 else finite.all(axis=0 if name == "quantiles" else 1))
        if known.all():
            return self
        picked = {name: self.column(name)[..., known] for name in needs if name != "sample"}
        if self.sample is not None and "sample" in needs:
            picked["sample"] = self.sample[known]
        return Case(actual=self.actual[known], levels=self.levels, **picked)

    def level(self, level: float) -> Array:
        """The quantile of a level; `nan` where it is not among the levels. Shape `(rows,)`."""
        place = next((index for index, known in enumerate(self.levels) if abs(known - level) < SAME_LEVEL), None)
        quantiles = self.column("quantiles")
        return np.full(self.actual.shape, np.nan) if place is None else np.asarray(quantiles[place])
