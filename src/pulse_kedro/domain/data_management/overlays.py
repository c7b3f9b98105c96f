"""Overlays: composites of the ranks of what was observed, between 0 and 1, that return to a baseline without news.

A rank says how a value compares with the past of its own series, so that series of any unit can be put together. What
an overlay is called or labelled describes it and is never evidence.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.errors import InvalidConfiguration, nearest
from pulse_kedro.domain.panel import Array, Frequency, Matrix, to_matrix

Counts = npt.NDArray[np.int64]
COLUMNS = ("ds", "overlay", "value", "inputs")
"""Columns of the frame of overlays."""


class UnknownInput(InvalidConfiguration):
    """An overlay reads a series that the panel does not have."""

    def __init__(self, overlay: str, series: str, known: Sequence[str]) -> None:
        """Keep the overlay, the series, and the series there are."""
        super().__init__(overlay, series, known)
        self.overlay, self.series, self.known = overlay, series, known

    def __str__(self) -> str:
        """Name the parameter and the nearest series."""
        return (
            f"Making the overlay {self.overlay!r} failed: got the series {self.series!r}, expected one of the "
            f"{len(self.known)} of the panel.{nearest(self.series, self.known)} Correct `overlays.definitions`."
        )


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class OverlayInput:
    """A series that an overlay reads."""

    series: str
    """Series of the panel."""
    weight: float = Field(default=1.0, gt=0)
    """Share among the inputs, before they are divided by their sum."""
    lowers: bool = False
    """Whether a high value lowers the overlay."""


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class OverlayDefinition:
    """One overlay: what it is made of, and how soon it returns to its baseline."""

    name: str = Field(pattern="^[a-z_]+$")
    """Name of the overlay, such as `fear` or `activity`."""
    inputs: tuple[OverlayInput, ...] = Field(min_length=1)
    """Series whose ranks are put together."""
    half_life: float = Field(default=3.0, gt=0)
    """Periods after which half of the distance to the baseline is gone when nothing is observed."""
    baseline: float = Field(default=0.5, ge=0, le=1)
    """Where the overlay rests; 0.5 is the middle of the past."""


def trace(panel: pd.DataFrame, freq: Frequency, definitions: Sequence[OverlayDefinition]) -> pd.DataFrame:
    """Every overlay at every period, from what was observed up to that period.

    Args:
        panel: Observations that are known.
        freq: The step of the panel.
        definitions: The overlays.

    Returns:
        Columns `ds, overlay, value, inputs`, one row per overlay and period: `value` between 0 and 1, `inputs` the
        number of inputs that were observed in the period.

    Raises:
        UnknownInput: An overlay reads a series that the panel does not have.
    """
    if not definitions:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in zip(COLUMNS, _DTYPES, strict=True)})
    matrix = to_matrix(panel, freq)
    return pd.concat([_trace(matrix, definition) for definition in definitions], ignore_index=True)[list(COLUMNS)]


_DTYPES = ("datetime64[ns]", "object", "float64", "int64")


def _trace(matrix: Matrix, definition: OverlayDefinition) -> pd.DataFrame:
    places = {name: place for place, name in enumerate(matrix.ids)}
    ranks, weights = [], []
    for read in definition.inputs:
        if read.series not in places:
            raise UnknownInput(definition.name, read.series, matrix.ids)
        rank = expanding_rank(matrix.y[:, places[read.series]])
        ranks.append(1.0 - rank if read.lowers else rank)
        weights.append(read.weight)
    composite, known = weighted_mean(np.stack(ranks, axis=1), np.array(weights))
    value = revert(composite, baseline=definition.baseline, half_life=definition.half_life)
    return pd.DataFrame({"ds": matrix.times, "overlay": definition.name, "value": value, "inputs": known})


def expanding_rank(values: Array) -> Array:
    """Where each value stands among itself and all earlier ones: 0 for the lowest, 1 for the highest.

    Args:
        values: In time order, shape `(n,)`, `nan` where unknown.

    Returns:
        Same shape; the share of known values below, ties counted half; 0.5 for the first one, `nan` where unknown.

    Source:
        Mid-rank of the empirical distribution, on an expanding window (`domain.md`, D11).

    Example:
        >>> expanding_rank(np.array([5000.0, 6000.0, np.nan, 5500.0])).tolist()
        [0.5, 1.0, nan, 0.5]
    """
    seen: list[float] = []
    ranks = np.full(len(values), np.nan)
    for place, value in enumerate(values.tolist()):
        if value == value:  # noqa: PLR0124  # not nan
            below, up_to = bisect_left(seen, value), bisect_right(seen, value)
            ranks[place] = (below + (up_to - below) / 2) / len(seen) if seen else 0.5
            insort(seen, value)
    return ranks


def weighted_mean(values: Array, weights: Array) -> tuple[Array, Counts]:
    """Mean of the known values of each period, and how many there are.

    Args:
        values: Shape `(n, inputs)`, `nan` where unknown.
        weights: Shape `(inputs,)`, positive.

    Returns:
        Shapes `(n,)`; the mean is `nan` where nothing is known.
    """
    known = np.isfinite(values)
    total = (known * weights).sum(axis=1)
    summed = (np.where(known, values, 0.0) * weights).sum(axis=1)
    return np.asarray(np.divide(summed, total, out=np.full(len(values), np.nan), where=total > 0)), known.sum(axis=1)


def revert(composite: Array, *, baseline: float, half_life: float) -> Array:
    """A composite that moves gradually, and back to its baseline while nothing is observed.

    Args:
        composite: Between 0 and 1, shape `(n,)`, `nan` where nothing was observed.
        baseline: Where it rests, between 0 and 1.
        half_life: Periods after which half of a distance is gone.

    Returns:
        `o[t] = baseline + r (o[t-1] - baseline) + (1 - r) (c[t] - baseline)`, `r = 2 ** (-1 / half_life)`; without
        news the last term is missing. Between 0 and 1.

    Source:
        Ours: exponential smoothing of the distance to the baseline.

    Example:
        >>> revert(np.array([1.0, np.nan, np.nan]), baseline=0.5, half_life=1).tolist()
        [0.75, 0.625, 0.5625]
    """
    rate = 2.0 ** (-1.0 / half_life)
    news = np.where(np.isfinite(composite), (1.0 - rate) * (composite - baseline), 0.0)
    distance, path = 0.0, []
    for step in news.tolist():
        distance = rate * distance + step
        path.append(baseline + distance)
    return np.array(path)
