"""Training pairs cut from sliding windows: which values a window holds, how it is centred, scaled and clipped."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Literal

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.cycle import digest
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.recipe import MemberOptions, RecipeOptions

FLAT = 1e-8
"""A window whose spread is below this share of its largest absolute value counts as flat; ours, well above rounding."""
LARGEST_LOG = float(np.log(1e100))
"""Logarithm from which on a forecast is none; ours, as for values of a file."""
CLIPS = {"seasonal": 6.0, "level": 8.0}
"""Largest standardised target a window may have; see the reference of the recursive ridge, sections 2.1 and 2.5."""
LATER = ("centre", "scale", "transform", "calendar", "extras", "half_life", "refresh")
"""Fields that came after the first release: left at their defaults they are no part of a schema's id."""
SCHEMA_OF_KIND: dict[str, dict[str, object]] = {
    "seasonal_ridge": {"variant": "seasonal", "intercept": False},
    "drift_ridge": {"variant": "seasonal", "intercept": True},
    "level_ridge": {"variant": "level", "intercept": True},
    "last_ridge": {"variant": "level", "intercept": True, "centre": "last"},
    "log_ridge": {"variant": "level", "intercept": True, "centre": "last", "transform": "log"},
    "local_ridge": {"variant": "level", "intercept": True, "centre": "last"},
    "raw_ridge": {"variant": "level", "intercept": True, "centre": "none"},
    "cycle_linear": {"variant": "level", "intercept": True},
    "nhits": {"variant": "seasonal", "intercept": True},
    "tsmixer": {"variant": "seasonal", "intercept": True},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSchema:
    """What one training pair of a ridge is. Two states may be added only when their schemas are equal.

    `seasonal` windows hold differences y[t] - y[t-m] divided by their root mean square; `level` windows hold levels,
    centred on their mean or last value and divided by their standard deviation. With `scale="frozen"` the divisor is
    a constant of the series, with `"none"` it is 1. `weight="frozen"` counts each series once, `"unit"` each window.
    `stride` keeps windows that start at multiples of it, counted from the first observation of the series. `calendar`
    adds that many Fourier pairs of the phase at the origin, `extras` that many covariate columns. `half_life` is the
    number of periods after which a window counts half; `None` never forgets. Weights are solved at periods whose
    number is a multiple of `refresh`. `clip` bounds the standardised targets, `None` does not.
    """

    variant: Literal["seasonal", "level"]
    look_back: int
    horizon: int
    season_length: int
    intercept: bool
    clip: float | None
    weight: Literal["unit", "frozen"] = "unit"
    stride: int = 1
    missing: str = "drop"
    centre: Literal["mean", "last", "none"] = "mean"
    scale: Literal["window", "frozen", "none"] = "window"
    transform: Literal["none", "log"] = "none"
    calendar: int = 0
    extras: int = 0
    half_life: float | None = None
    refresh: int = 1

    @property
    def id(self) -> str:
        """Hash of all fields, 16 hexadecimal digits; the penalty is not part of it."""
        values, defaults = asdict(self), {field.name: field.default for field in fields(self)}
        return digest({k: v for k, v in values.items() if k not in LATER or v != defaults[k]})[:16]

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
        return self.look_back + 2 * self.calendar + self.extras + int(self.intercept)

    @property
    def keep(self) -> float:
        """Factor by which the weight of a window shrinks per period; 1 without a half-life."""
        return 1.0 if self.half_life is None else float(2.0 ** (-1.0 / self.half_life))


def window_schema(options: MemberOptions, recipe: RecipeOptions) -> WindowSchema:
    """Windows of a ridge or of a network."""
    fixed = dict(SCHEMA_OF_KIND[options.kind])
    clip: float | None = CLIPS[str(fixed["variant"])]
    if options.scale == "none":  # what is centred has no constant left to learn, in the unit of the data
        fixed |= {"scale": "none", "intercept": options.kind == "raw_ridge"}
        clip = None
    return WindowSchema(
        **fixed,  # type: ignore[arg-type]
        look_back=options.look_back or 1,
        horizon=recipe.horizon,
        season_length=options.season or recipe.season_length,
        clip=clip,
        half_life=options.half_life,
        refresh=options.refresh or (recipe.horizon if options.kind == "local_ridge" else 1),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Inputs of some windows: `design` `(n, features)`, `centre` and `scale` `(n,)`; flat ones have scale 0."""

    design: Array
    centre: Array
    scale: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Training pairs: `design` `(n, features)`, `targets` `(n, horizon)`.

    `age` `(n,)` counts the periods from a window's last target to the newest period, `series` `(n,)` is its column.
    """

    design: Array
    targets: Array
    age: np.ndarray[tuple[int], np.dtype[np.intp]]
    series: np.ndarray[tuple[int], np.dtype[np.intp]]


def transformed(schema: WindowSchema, values: Array) -> Array:
    """Values on the scale on which windows are cut; the logarithm of what is not positive is missing."""
    if schema.transform == "none":
        return values
    return np.log(values, out=np.full_like(values, np.nan), where=np.nan_to_num(values) > 0)


def restored(schema: WindowSchema, values: Array) -> Array:
    """Inverse of `transformed`; `nan` where a logarithm leaves the numbers, so that the member abstains."""
    if schema.transform == "none":
        return values
    return np.exp(values, out=np.full_like(values, np.nan), where=np.nan_to_num(values) < LARGEST_LOG)


def standardise(schema: WindowSchema, history: Array, unit: Array | None = None, more: Array | None = None) -> Inputs:
    """Inputs of windows that end at their origins.

    Args:
        schema: How a window is read.
        history: Transformed levels. Shape `(n, schema.history)`, oldest first.
        unit: Constant divisor of each window, read with `scale="frozen"`. Shape `(n,)`.
        more: Calendar and covariate columns of each window. Shape `(n, 2 * calendar + extras)`.

    Returns:
        The design and what undoes its scaling. A flat window has scale 0 and a finite design.

    Source:
        Centring and scaling of linear forecasters: Toner & Darlow, ICML 2024 (arXiv 2403.14587), section 3.
    """
    largest = np.abs(history).max(axis=1)
    if schema.variant == "seasonal":
        inputs = history[:, schema.season_length :] - history[:, : -schema.season_length]
        centre, spread = np.zeros(len(history)), np.sqrt((inputs * inputs).mean(axis=1))
    else:
        spread = history.std(axis=1)
        centre = {"mean": history.mean(axis=1), "last": history[:, -1], "none": np.zeros(len(history))}[schema.centre]
        inputs = history - centre[:, None]
    if schema.scale == "none":
        scale = np.ones(len(history))
    else:
        scale = spread if schema.scale == "window" or unit is None else unit
        scale = np.where(spread > FLAT * largest, scale, 0.0)
    parts = [inputs / np.where(scale > 0, scale, 1.0)[:, None]]
    if more is not None and more.shape[1]:
        parts.append(more)
    if schema.intercept:
        parts.append(np.ones((len(inputs), 1)))
    return Inputs(design=np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0], centre=centre, scale=scale)


def season_of(schema: WindowSchema, clock: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Array:
    """Fourier pairs of the phase of some periods, counted from the first one of the panel.

    Returns:
        Shape `(len(clock), 2 * calendar)`: cosine and sine of 1, 2, ... cycles per season.
    """
    angle = 2 * np.pi * np.outer(clock, np.arange(1, schema.calendar + 1)) / schema.season_length
    return np.concatenate([np.cos(angle), np.sin(angle)], axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """What is fixed for each series when its first observation arrives; shapes `(S,)`, `nan` before that.

    `first` is the number of periods before the first observation, `unit` the divisor of a frozen scale, `mass` the
    weight of each window.
    """

    first: Array
    unit: Array
    mass: Array

    def of(self, columns: Sequence[int]) -> "Constants":
        """Those of some series; -1 is a new one."""
        places = list(columns)
        first, unit, mass = (np.append(kept, np.nan)[places] for kept in (self.first, self.unit, self.mass))
        return Constants(first=first, unit=unit, mass=mass)


def cut_windows(
    schema: WindowSchema,
    values: Array,
    new: int,
    *,
    clock: int = 0,
    constants: Constants | None = None,
    more: Array | None = None,
    touched: npt.NDArray[np.bool_] | None = None,
) -> Windows:
    """Design and targets of every window whose last target lies in the newest periods.

    A window belongs to the batch that delivers its last target, so that any cut of the data into batches yields the
    same windows. Windows that touch a missing value and flat windows are dropped.

    Args:
        schema: How a window is read.
        values: Levels with gaps as `nan`. Shape `(periods, series)`.
        new: How many of the newest periods just arrived.
        clock: Number of periods, from the first one of the panel, up to and including the newest of `values`.
        constants: Of each series; needed for a frozen scale and for a stride.
        more: Covariate columns known at each period as an origin. Shape `(periods, series, extras)`.
        touched: Keeps only windows that hold a marked value. Shape of `values`.

    Returns:
        The windows, by period of their last target, then by series; none when nothing is complete.
    """
    rows, columns = min(len(values), new + schema.span - 1), values.shape[1]
    if rows < schema.span or columns == 0:
        none = np.empty(0, dtype=np.intp)
        return Windows(
            design=np.empty((0, schema.features)), targets=np.empty((0, schema.horizon)), age=none, series=none
        )
    recent = transformed(schema, values[len(values) - rows :])
    spans = np.lib.stride_tricks.sliding_window_view(recent, schema.span, axis=0).reshape(-1, schema.span)
    whole = ~np.isnan(spans).any(axis=1)
    if touched is not None:
        marks = np.lib.stride_tricks.sliding_window_view(touched[len(values) - rows :], schema.span, axis=0)
        whole &= marks.any(axis=2).reshape(-1)
    age, series = np.divmod(np.arange(len(spans)), columns)
    age = len(spans) // columns - 1 - age
    if schema.stride > 1 and constants is not None:
        start = clock - schema.span - age
        whole &= (start - constants.first[series]) % schema.stride == 0
    spans, age, series = spans[whole], age[whole], series[whole]
    unit = constants.unit[series] if schema.scale == "frozen" and constants is not None else None
    columns_more = _columns(schema, clock - age - schema.horizon, len(values) - 1 - age - schema.horizon, series, more)
    inputs = standardise(schema, spans[:, : schema.history], unit, columns_more)
    future = spans[:, schema.history :]
    if schema.variant == "seasonal":
        targets = future - spans[:, schema.look_back : schema.look_back + schema.horizon]
    else:
        targets = future - inputs.centre[:, None]
    varied = (inputs.scale > 0) & ~np.isnan(inputs.design).any(axis=1)
    scaled = targets[varied] / inputs.scale[varied, None]
    return Windows(
        design=inputs.design[varied],
        targets=scaled if schema.clip is None else np.clip(scaled, -schema.clip, schema.clip),
        age=age[varied],
        series=series[varied],
    )


def _columns(
    schema: WindowSchema,
    clock: np.ndarray[tuple[int], np.dtype[np.intp]],
    rows: np.ndarray[tuple[int], np.dtype[np.intp]],
    series: np.ndarray[tuple[int], np.dtype[np.intp]],
    more: Array | None,
) -> Array:
    """Calendar and covariate columns of windows by the period of their origin."""
    parts = [season_of(schema, clock - 1)] if schema.calendar else []
    if schema.extras:
        parts.append(np.full((len(rows), schema.extras), np.nan) if more is None else more[rows, series])
    return np.concatenate(parts, axis=1) if parts else np.empty((len(rows), 0))


def origin_columns(schema: WindowSchema, clock: int, more: Array | None, series: int) -> Array:
    """Calendar and covariate columns at the newest period, for every series; `more` has shape `(series, extras)`."""
    every = np.arange(series)
    stacked = None if more is None else more[None]
    return _columns(schema, np.full(series, clock), np.zeros(series, dtype=np.intp), every, stacked)
