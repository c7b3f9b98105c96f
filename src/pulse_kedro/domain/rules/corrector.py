"""A correction of forecasts by overlays, which has to show on later cutoffs that it is worth having.

Standardised residuals are regressed on the distance of each overlay from its baseline; what the regression says about
the next steps is shrunk, bounded, and applied only where an ablation out of sample has shown a lower loss.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass as plain_dataclass
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.data_management.overlays import OverlayDefinition
from pulse_kedro.domain.metrics.aggregation import mean
from pulse_kedro.domain.metrics.comparison import bootstrap_improvement
from pulse_kedro.domain.metrics.residuals import Residuals, residuals_of
from pulse_kedro.domain.panel import ID, TIME, Array, Frequency

PENALTY = 1.0
"""Ridge on the coefficients, in units of squared overlay distance: ours, about twenty cutoffs of usual moves."""
SEED = 20181201
"""Of the bootstrap; any number, fixed so that an ablation can be repeated."""
DRAWS = 999
COLUMNS = (ID, "step", "correction")
"""Columns of the frame of corrections, in units of the scale of each series."""


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class OverlayOptions:
    """Overlays, and the terms on which they may correct forecasts."""

    definitions: tuple[OverlayDefinition, ...]
    """The overlays; an empty list makes none."""
    strength: float = Field(ge=0.01, le=1)
    """Share of what the regression says that is applied."""
    largest: float = Field(gt=0, le=0.5)
    """Largest correction, in units of the usual seasonal change of a series."""
    breaker: float = Field(gt=0)
    """A larger answer of the regression, same unit, is taken for a breakdown: nothing is corrected there."""
    least_gain: float = Field(ge=0, lt=1)
    """Relative gain of the ablation without which nothing is corrected."""
    level: float = Field(gt=0, lt=0.5)
    """Level of the lower bound of that gain, which must be positive."""
    minimum_cutoffs: int = Field(ge=2)
    """Cutoffs before the first correction of the ablation, and cutoffs that it has to judge by."""
    suspicious_share: float = Field(gt=0, le=1)
    """Share of the variance of residuals above which an explanation is suspicious, and said to be so."""


@plain_dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """Loss with and without the correction on the same later cutoffs, and whether it is applied, with the reason.

    Losses are mean absolute errors in units of the usual seasonal change. `broken` counts forecasts at which the
    regression broke down.
    """

    kept: bool
    reason: str
    overlays: tuple[str, ...]
    cutoffs: int = 0
    without: float | None = None
    corrected: float | None = None
    gain: float | None = None
    low: float | None = None
    explained: float | None = None
    broken: int = 0
    warning: str | None = None


def weigh(
    backtest: pd.DataFrame,
    overlays: pd.DataFrame,
    options: OverlayOptions,
    *,
    recipe: str,
    freq: Frequency,
    as_of: pd.Timestamp,
) -> tuple[Ablation, pd.DataFrame]:
    """Whether overlays lower the loss of later forecasts, and the correction of the next ones if they do.

    Args:
        backtest: Rows with unique_id, cutoff, step, model, recipe, y, y_hat, scale.
        overlays: Columns ds, overlay, value.
        options: The terms.
        recipe: Digest of the recipe that serves; only its residuals count.
        freq: The step of the panel.
        as_of: Cutoff of the next forecasts.

    Returns:
        The ablation, and columns `unique_id, step, correction`: one row per series and step, in units of the scale of
        the series. The frame is empty where nothing is corrected. A series is never corrected by an overlay that
        reads it.
    """
    names = tuple(definition.name for definition in options.definitions)
    nothing = pd.DataFrame({ID: pd.Series(dtype=object), "step": pd.Series(dtype="int64"), "correction": []})
    if not names:
        return Ablation(kept=False, reason="No overlay is defined.", overlays=()), nothing
    residuals = residuals_of(backtest, recipe, freq)
    moves = _moves(overlays, options.definitions)
    own = np.array(
        [[any(read.series == name for read in d.inputs) for d in options.definitions] for name in residuals.ids]
    )
    at = moves.reindex(residuals.cutoffs).to_numpy()
    first, count = options.minimum_cutoffs, len(residuals.cutoffs)
    if count < 2 * first:
        reason = (
            f"{count} cutoffs of the backtest are too few: {first} to learn from and {first} to judge by are needed."
        )
        return Ablation(kept=False, reason=reason, overlays=names, cutoffs=max(count - first, 0)), nothing
    answers = [
        _answer(residuals, at, own, at[j], known=residuals.places[j], options=options) for j in range(first, count)
    ]
    ablation = _judge(residuals.z[first:], np.stack([answer for answer, _ in answers]), names, options)
    ablation = replace(ablation, broken=sum(broken for _, broken in answers))
    if not ablation.kept:
        return ablation, nothing
    ahead = residuals.places[-1] + len(residuals.steps) + 1  # later than every outcome there is
    now = moves.reindex(pd.DatetimeIndex([as_of])).to_numpy()[0]
    correction, _ = _answer(residuals, at, own, now, known=ahead, options=options)
    step, series = np.unravel_index(np.arange(correction.size), correction.shape)
    frame = {ID: np.array(residuals.ids)[series], "step": np.array(residuals.steps)[step]}
    return ablation, pd.DataFrame(frame | {"correction": correction.ravel()})


def correct(
    forecasts: pd.DataFrame, columns: Sequence[str], correction: pd.DataFrame, scale: Mapping[str, float]
) -> pd.DataFrame:
    """Quantiles moved by the correction of their series and step.

    Args:
        forecasts: Columns unique_id, step and `columns`.
        columns: Quantiles.
        correction: As `weigh` gives it; a row that is missing there stays as it is.
        scale: Usual seasonal change of each series, target unit.

    Returns:
        The same frame with other quantiles; their order and distances stay.
    """
    if correction.empty:
        return forecasts
    by_place = correction.set_index([ID, "step"])["correction"]
    places = pd.MultiIndex.from_arrays([forecasts[ID].astype(str), forecasts["step"]])
    units = forecasts[ID].astype(str).map(scale).fillna(0.0).to_numpy(dtype=float)
    moved = by_place.reindex(places).fillna(0.0).to_numpy() * units
    shifted = forecasts[list(columns)].add(moved, axis=0)
    return forecasts.assign(**{name: shifted[name] for name in columns})


def _moves(overlays: pd.DataFrame, definitions: Sequence[OverlayDefinition]) -> pd.DataFrame:
    """Distance of every overlay from its baseline: periods in rows, overlays in the order of their definitions."""
    wide = overlays.pivot_table(index=TIME, columns="overlay", values="value", observed=True)
    return wide[[d.name for d in definitions]] - np.array([d.baseline for d in definitions])


def _answer(
    residuals: Residuals, moves: Array, own: npt.NDArray[np.bool_], now: Array, *, known: int, options: OverlayOptions
) -> tuple[Array, int]:
    """Correction `(steps, series)` at one moment from residuals known then, and how many places broke down."""
    found = np.zeros(residuals.z.shape[1:])
    for row, step in enumerate(residuals.steps):
        learned = residuals.places + step <= known
        z, x = residuals.z[learned, row], moves[learned]
        complete = np.isfinite(x).all(axis=1)
        z, x = z[complete], x[complete]
        if len(x) > x.shape[1] + 1:
            found[row] = _regress(x, z, own, now)
    broken = np.abs(found) > options.breaker
    bounded = np.clip(options.strength * np.where(broken, 0.0, found), -options.largest, options.largest)
    return np.nan_to_num(bounded), int(broken.sum())


def _regress(x: Array, z: Array, own: npt.NDArray[np.bool_], now: Array) -> Array:
    """What overlays `now` say about each series: mean coefficients of the panel, centred, with a ridge."""
    centred = x - x.mean(axis=0)
    panel = np.nan_to_num(mean(z, 1))
    coefficients = np.linalg.solve(
        centred.T @ centred + PENALTY * np.eye(x.shape[1]), centred.T @ (panel - panel.mean())
    )
    return np.asarray(np.where(own, 0.0, coefficients * now).sum(axis=1))


def _judge(z: Array, answers: Array, names: tuple[str, ...], options: OverlayOptions) -> Ablation:
    """The ablation: mean absolute scaled error per cutoff, without and with what was said at it."""
    without, corrected = (_loss(errors) for errors in (z, z - answers))
    gains = bootstrap_improvement(without, corrected, block=z.shape[1], draws=DRAWS, seed=SEED)
    low = float(gains[max(int(options.level * (DRAWS + 1)) - 1, 0)])
    gain = float(1.0 - corrected.mean() / without.mean()) if without.mean() > 0 else 0.0
    kept = gain >= options.least_gain and low > 0
    spread = float(np.nanvar(z))
    explained = 1.0 - float(np.nanvar(z - answers)) / spread if spread > 0 else 0.0
    suspicious = explained > options.suspicious_share
    words = f"{len(without)} later cutoffs: loss {corrected.mean():.4g} with overlays, {without.mean():.4g} without"
    share = f"gain {100 * gain:.1f} %, at least {100 * low:.1f} % at level {options.level:g}"
    needed = f"{100 * options.least_gain:g} % and a positive lower bound are needed"
    return Ablation(
        kept=kept,
        reason=f"Overlays {'correct' if kept else 'do not correct'} forecasts: over {words}, {share}; {needed}.",
        overlays=names,
        cutoffs=len(without),
        without=float(without.mean()),
        corrected=float(corrected.mean()),
        gain=gain,
        low=low,
        explained=explained,
        warning=f"Overlays explain {100 * explained:.0f} % of the variance of residuals." if suspicious else None,
    )


def _loss(errors: Array) -> Array:
    """Mean over series of the mean over steps, per cutoff."""
    return np.asarray(np.nanmean(np.nanmean(np.abs(errors), axis=1), axis=1))
