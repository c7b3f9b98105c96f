"""Training pairs cut from sliding windows: which values a window holds, how it is centred, scaled and clipped."""

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from pulse_kedro.domain.cycle import digest
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.recipe import MemberOptions, RecipeOptions

FLAT = 1e-8
"""A window whose spread is below this share of its largest absolute value counts as flat; ours, well above rounding."""

CLIPS = {"seasonal": 6.0, "level": 8.0}
"""Largest standardised target a window may have; see the reference of the recursive ridge, sections 2.1 and 2.5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSchema:
    """What one training pair of a ridge is. Two states may be added only when their schemas are equal.

    `seasonal` windows hold differences y[t] - y[t-m] divided by their root mean square; `level` windows hold levels,
    centred on their mean and divided by their standard deviation.
    """

    variant: Literal["seasonal", "level"]
    look_back: int
    horizon: int
    season_length: int
    intercept: bool
    clip: float
    weight: str = "unit"
    stride: int = 1
    missing: str = "drop"

    @property
    def id(self) -> str:
        """Hash of all fields, 16 hexadecimal digits; the penalty is not part of it."""
        return digest(asdict(self))[:16]

    @property
    def history(self) -> int:
        """Observations up to and including the origin that one forecast reads."""
        return self.look_back + (self.season_length if self.variant == "seasonal" else 0)

    @property
    def span(self) -> int:
        """Observations of one training pair, inputs and targets."""
        return self.history + self.horizon

    @property
    def features(self) -> int:
        """Columns of the design, the intercept included."""
        return self.look_back + int(self.intercept)


def window_schema(options: MemberOptions, recipe: RecipeOptions) -> WindowSchema:
    """Windows of a ridge member."""
    variant: Literal["seasonal", "level"] = "level" if options.kind == "level_ridge" else "seasonal"
    return WindowSchema(
        variant=variant,
        look_back=options.look_back or 1,
        horizon=recipe.horizon,
        season_length=recipe.season_length,
        intercept=options.kind != "seasonal_ridge",
        clip=CLIPS[variant],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Inputs of some windows: `design` `(n, features)`, `centre` and `scale` `(n,)`; flat ones have scale 0."""

    design: Array
    centre: Array
    scale: Array


def standardise(schema: WindowSchema, history: Array) -> Inputs:
    """Inputs of windows that end at their origins.

    Args:
        schema: How a window is read.
        history: Levels. Shape `(n, schema.history)`, oldest first.

    Returns:
        The design and what undoes its scaling. A flat window has scale 0 and a finite design.

    Source:
        Mean centring and scaling of linear forecasters: Toner & Darlow, ICML 2024 (arXiv 2403.14587), section 3.
    """
    largest = np.abs(history).max(axis=1)
    if schema.variant == "seasonal":
        inputs = history[:, schema.season_length :] - history[:, : -schema.season_length]
        centre, scale = np.zeros(len(history)), np.sqrt((inputs * inputs).mean(axis=1))
    else:
        centre, scale = history.mean(axis=1), history.std(axis=1)
        inputs = history - centre[:, None]
    scale = np.where(scale > FLAT * largest, scale, 0.0)
    design = inputs / np.where(scale > 0, scale, 1.0)[:, None]
    if schema.intercept:
        design = np.concatenate([design, np.ones((len(design), 1))], axis=1)
    return Inputs(design=design, centre=centre, scale=scale)


def training_pairs(schema: WindowSchema, values: Array, new: int) -> tuple[Array, Array]:
    """Design and targets of every window whose last target lies in the newest periods.

    A window belongs to the batch that delivers its last target, so that any cut of the data into batches yields the
    same windows. Windows that touch a missing value and flat windows are dropped.

    Args:
        schema: How a window is read.
        values: Levels with gaps as `nan`. Shape `(periods, series)`.
        new: How many of the newest periods just arrived.

    Returns:
        `(n, features)` and `(n, horizon)`; `n` is 0 when nothing is complete.
    """
    recent = values[-(new + schema.span - 1) :]
    if len(recent) < schema.span:
        return np.empty((0, schema.features)), np.empty((0, schema.horizon))
    spans = np.lib.stride_tricks.sliding_window_view(recent, schema.span, axis=0).reshape(-1, schema.span)
    spans = spans[~np.isnan(spans).any(axis=1)]
    inputs = standardise(schema, spans[:, : schema.history])
    future = spans[:, schema.history :]
    if schema.variant == "seasonal":
        targets = future - spans[:, schema.look_back : schema.look_back + schema.horizon]
    else:
        targets = future - inputs.centre[:, None]
    varied = inputs.scale > 0
    scaled = targets[varied] / inputs.scale[varied, None]
    return inputs.design[varied], np.clip(scaled, -schema.clip, schema.clip)
