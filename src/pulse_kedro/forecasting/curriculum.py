"""Which windows a network learns from and how much each counts: position, split, age, replay of the past. No torch."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as pydantic_dataclass

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.windows import WindowSchema, standardise

Index = npt.NDArray[np.int64]
BLOCK_BYTES = 32 * 2**20
"""Largest block of windows looked at at once; ours, as for the ridge."""


@pydantic_dataclass(
    frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True)
)
class AugmentationOptions:
    """How windows to learn from are altered and multiplied; those held out never are."""

    jitter: float = Field(ge=0)
    """Standard deviation of noise on the inputs of a window, in standard deviations of these inputs; 0 adds none."""
    warp: float = Field(ge=0)
    """Standard deviation of the logarithm of a slowly changing factor over the window; 0 leaves it."""
    knots: int = Field(ge=2)
    """Places of a window at which this factor is drawn; it changes linearly between them."""
    copies: int = Field(ge=0)
    """Copies of every series in which blocks of the remainder come in another order; 0 makes none."""
    block: float = Field(gt=0)
    """Length of such a block in seasons."""


@pydantic_dataclass(
    frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True)
)
class CurriculumOptions:
    """Which windows a network learns from, and how much each of them counts."""

    stride: int = Field(ge=1)
    """Periods between the windows of one series; 1 takes all."""
    half_life: float | None = Field(gt=0)
    """Age, in seasons, at which a window counts half as much as the newest one; `null` weighs all alike."""
    validation: float = Field(gt=0)
    """Newest seasons that are held out to choose the best weights; at least the horizon is taken."""
    windows_per_epoch: int | None = Field(ge=1)
    """Windows seen in one epoch, drawn anew each time; `null` takes all."""
    replay: float = Field(ge=0)
    """Old windows drawn per new one where a network goes on from its last weights; 0 forgets the past."""
    strata: int = Field(ge=1)
    """Stretches of equal length from each of which the same number of old windows is drawn."""
    augmentation: AugmentationOptions | None = None
    """How windows to learn from are altered and multiplied; `null` learns from the data as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Training pairs by position: period of the origin, column of the series, and weight, each of shape `(n,)`."""

    origins: Index
    columns: Index
    weights: Array

    def __len__(self) -> int:
        """How many there are."""
        return len(self.origins)

    def take(self, rows: npt.NDArray[np.bool_] | Index) -> "Windows":
        """Some of them, by mask or number."""
        return Windows(origins=self.origins[rows], columns=self.columns[rows], weights=self.weights[rows])


def find_windows(schema: WindowSchema, values: Array, *, stride: int = 1) -> Windows:
    """Every complete window that is not flat; nothing is padded.

    Args:
        schema: How a window is cut.
        values: Levels with gaps as `nan`. Shape `(periods, series)`.
        stride: Periods between windows, counted from the first period of the panel.

    Returns:
        Windows by origin, then by series, each of weight 1.
    """
    periods, series = values.shape
    found: list[npt.NDArray[np.bool_]] = []
    count = max(0, periods - schema.span + 1)
    step = max(1, BLOCK_BYTES // (8 * schema.span * max(1, series)))
    for start in range(0, count, step):
        block = values[start : min(start + step, count) + schema.span - 1]
        spans = np.lib.stride_tricks.sliding_window_view(block, schema.span, axis=0).reshape(-1, schema.span)
        whole = ~np.isnan(spans).any(axis=1)
        whole[whole] = standardise(schema, spans[whole][:, : schema.history]).scale > 0
        found.append(whole.reshape(-1, series))
    mask = np.concatenate(found) if found else np.zeros((0, series), dtype=bool)
    mask &= (np.arange(len(mask)) % stride == 0)[:, None]
    rows, columns = np.nonzero(mask)
    return Windows(origins=rows + schema.history - 1, columns=columns, weights=np.ones(len(rows)))


def split(windows: Windows, schema: WindowSchema, *, known: int, held_out: int) -> tuple[Windows, Windows]:
    """Windows to learn from and windows to choose the best weights by; no target is in both.

    Args:
        windows: All of them.
        schema: Gives the horizon.
        known: Periods known.
        held_out: Newest periods whose targets are not learned from; the horizon is the least.
    """
    first = known - max(held_out, schema.horizon)
    learned = windows.origins + schema.horizon < first
    return windows.take(learned), windows.take(windows.origins + 1 >= first)


def decay(origins: Index, *, half_life: float | None, newest: int) -> Array:
    """Weight of windows by age, with mean 1.

    Args:
        origins: Periods of the origins. Shape `(n,)`.
        half_life: Periods after which a window counts half; `None` gives equal weights.
        newest: Period from which age is counted.

    Returns:
        2^(-age / half_life), divided by its mean. Shape `(n,)`.

    Source:
        Exponential forgetting, `forecasting.md` section 2.2.

    Example:
        >>> decay(np.array([0, 10]), half_life=10, newest=10).round(3).tolist()
        [0.667, 1.333]
    """
    if half_life is None or not len(origins):
        return np.ones(len(origins))
    weights = np.exp2(-(newest - origins) / half_life)
    return np.asarray(weights / weights.mean())


def replayed(windows: Windows, *, since: int, options: CurriculumOptions, seed: int) -> Windows:
    """New windows and a stratified sample of old ones.

    Args:
        windows: All windows to learn from.
        since: Windows whose last input lies at this period or later are new: all of them are taken.
        options: Old windows per new one, and stretches of time they come from in equal numbers.
        seed: Decides which old ones.

    Returns:
        New and old windows by origin; all windows where none is new. A stretch with too few gives all it has.

    Source:
        Stratified replay of old origins, `forecasting.md` section 3, item 4; equal stretches of time are ours.
    """
    new = np.flatnonzero(windows.origins >= since)
    old = np.flatnonzero(windows.origins < since)
    if not len(new) or not len(old):
        return windows
    each = int(np.ceil(options.replay * len(new) / options.strata))
    first = int(windows.origins[old].min())
    stratum = (windows.origins[old] - first) * options.strata // max(1, since - first)
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(old[stratum == number])[:each] for number in range(options.strata)]
    return windows.take(np.sort(np.concatenate([new, *drawn])))
