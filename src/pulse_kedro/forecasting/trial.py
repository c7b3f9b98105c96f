"""What one trial of a forecaster left: forecasts at earlier origins and at the end, their intervals, their scores."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pulse_kedro.domain.metrics.competition import Accuracy, accuracy, benchmark
from pulse_kedro.domain.metrics.competition import scale as error_scale
from pulse_kedro.domain.panel import QUANTILE_LEVELS, Array
from pulse_kedro.forecasting.pooling import pooled_quantiles

INNER, OUTER = (QUANTILE_LEVELS.index(0.1), QUANTILE_LEVELS.index(0.9)), (0, len(QUANTILE_LEVELS) - 1)
"""Columns of the 80 % and the 95 % interval."""
OUTLYING = 100.0
"""Largest scaled error in units of the panel's median absolute one; ours: quantiles of a panel pool the sizes of all
series, and one broken value must not widen the intervals of the others without bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Forecasts of every member and of their combination, at K origins in the past and at the end.

    `points` `(M, K + 1, H, S)` are those of the members, `nan` where one abstains, `combined` `(K + 1, H, S)` those of
    the combination, `actual` `(K, H, S)` what followed the origins, `units` `(K + 1, S)` how far each series usually
    moves, `last` `(S,)` the newest values. `choice` names the combination, `seconds` the CPU time of each member,
    `skipped` the members that did not take part, with the reason.
    """

    members: tuple[str, ...]
    points: Array
    combined: Array
    actual: Array
    units: Array
    last: Array
    pooling: float
    choice: str
    seconds: tuple[float, ...]
    skipped: Mapping[str, str]

    @property
    def origins(self) -> int:
        """Origins in the past."""
        return len(self.actual)

    @property
    def abstained(self) -> tuple[int, ...]:
        """Series that each member does not forecast at the end; the last value stands there."""
        return tuple(int(np.isnan(made[-1]).any(axis=0).sum()) for made in self.points)

    def forecast(self) -> tuple[Array, Array]:
        """Points `(H, S)` and quantiles `(H, S, Q)` of the combination."""
        return self._issued(self.combined)

    def member_forecasts(self) -> Iterator[tuple[str, Array, Array]]:
        """Name, points and quantiles of each member, one after the other: all at once would take too much memory."""
        for name, made in zip(self.members, self.points, strict=True):
            yield (name, *self._issued(made))

    def _issued(self, made: Array) -> tuple[Array, Array]:
        """The newest forecast without gaps, and its quantiles from the errors at the origins.

        A member that was silent at every origin has no errors of its own; those of the combination stand for them.
        """
        points = np.where(np.isnan(made[-1]), self.last, made[-1])
        errors = self.actual - made[:-1]
        if np.isnan(errors).all():
            errors = self.actual - self.combined[:-1]
        return points, points[..., None] + spread(errors, self.units, self.pooling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Accuracy of every member by name, of their combination, and of the benchmark."""

    models: dict[str, Accuracy]
    combination: Accuracy
    naive2: Accuracy


def align_right(histories: Sequence[Array], rows: int | None = None) -> Array:
    """Histories as one matrix `(rows, series)` whose last row is the newest value of each, `nan` before the first."""
    longest = max(map(len, histories))
    values = np.full((max(rows or 0, longest), len(histories)), np.nan)
    for column, history in enumerate(histories):
        values[len(values) - len(history) :, column] = history
    return values


def newest(values: Array) -> Array:
    """Last known value of each series; shape `(S,)`."""
    return np.asarray(pd.DataFrame(values).ffill().to_numpy()[-1])


def error_units(values: Array, horizon: int, season_length: int, *, whole: bool = True) -> Array:
    """How far each series usually moves, to make errors of different series comparable.

    Args:
        values: What is known. Shape `(rows, series)`.
        horizon: Steps ahead.
        season_length: Longest season.
        whole: Leave out (`nan`) a series that is too young, or stood still, for one of the three views below.

    Returns:
        Shape `(series,)`: geometric mean of three mean absolute changes: from step to step over the whole history and
        over the last season, and over the horizon in the last two seasons. `nan` where nothing ever moved.

    Source:
        Ours: on weekly data the three together gave narrower intervals of the same coverage than any one.
    """
    recent, long = values[-(season_length + 1) :], values[-(2 * max(season_length, horizon) + 1) :]
    sizes = np.stack([error_scale(values, 1), error_scale(recent, 1), error_scale(long, horizon)])
    known = ~np.isnan(sizes)
    total = np.where(known, np.log(np.where(known, sizes, 1.0)), 0.0).sum(axis=0)
    count = known.sum(axis=0)
    enough = count == len(sizes) if whole else count > 0
    return np.where(enough, np.exp(total / np.maximum(count, 1)), np.nan)


def end_units(values: Array, horizon: int, season_length: int) -> Array:
    """Units at the end of the data: where a view is missing the others stand for it, `nan` where nothing ever moved.

    A series of a single value has shown no movement and no rest: it takes the panel's median unit relative to the
    newest value (ours).
    """
    units, last = error_units(values, horizon, season_length, whole=False), np.abs(newest(values))
    relative = np.divide(units, last, out=np.full(len(last), np.nan), where=last > 0)
    known = relative[~np.isnan(relative)]
    single = (~np.isnan(values)).sum(axis=0) == 1
    return np.where(single & bool(len(known)), last * (np.median(known) if len(known) else np.nan), units)


def spread(errors: Array, units: Array, pooling: float) -> Array:
    """Quantiles of the next error from those at the origins.

    Args:
        errors: Of one forecaster at each origin. Shape `(K, H, S)`.
        units: At each origin and at the end. Shape `(K + 1, S)`.
        pooling: Origins of own evidence that weigh as much as the panel.

    Returns:
        Shape `(H, S, Q)`, in the unit of the series; 0 for a series that never moved.
    """
    scaled = errors / units[:-1, None, :]
    known = np.abs(scaled[~np.isnan(scaled)])
    bound = OUTLYING * float(np.median(known)) if len(known) else 0.0
    offsets = pooled_quantiles(np.clip(scaled, -bound, bound) if bound > 0 else scaled, pooling)
    return np.asarray(offsets * np.nan_to_num(units[-1])[None, :, None])


def score(trial: Trial, actual: Array, histories: Sequence[Array], *, season_length: int) -> Scores:
    """Figures of every member, of the combination and of Naive2.

    Args:
        trial: What was forecast.
        actual: What came true; steps that are `nan` are left out. Shape `(H, S)`.
        histories: What was known.
        season_length: m of MASE, MSIS and Naive2.
    """
    values = align_right(histories)
    unit = error_scale(values, season_length)
    reference = accuracy(actual, benchmark(values, len(actual), season_length), unit, against=None, intervals=None)

    def figures(points: Array, quantiles: Array) -> Accuracy:
        inner, outer = (np.stack([quantiles[..., side] for side in sides]) for sides in (INNER, OUTER))
        return accuracy(actual, points, unit, against=reference, intervals=(inner, outer))

    return Scores(
        models={name: figures(points, quantiles) for name, points, quantiles in trial.member_forecasts()},
        combination=figures(*trial.forecast()),
        naive2=reference,
    )
