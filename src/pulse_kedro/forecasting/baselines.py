"""What everybody can forecast: the last value, the last season, their mean, a line, and the last yearly change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self, cast

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.forecaster import align_tail, extend_tail, fill_gaps

BaselineKind = Literal["naive", "seasonal_naive", "seasonal_drift", "seasonal_mean", "seasonal_decay", "drift"]
SUMMING = ("seasonal_decay", "drift")
"""Kinds that need more than their tail: three numbers of each series, in `moments`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A member without parameters; its state is two seasons and one more observation of each series.

    `moments` `(3, S)` holds first value, periods since, and nothing for `drift`; sums of d[t] d[t-1] and d[t-1]^2 over
    seasonal differences d, and nothing, for `seasonal_decay`.
    """

    kind: BaselineKind
    horizon: int
    season_length: int
    tail: Array
    moments: Array
    label: str = ""

    @property
    def name(self) -> str:
        """Name in every table."""
        return self.label or self.kind

    def update(self, block: Array, batch: str) -> Self:  # noqa: ARG002  (the protocol names it; no digest is kept here)
        """State after `block` of shape `(periods, series)` arrived."""
        moments = self.moments
        if self.kind == "drift":
            moments = _started(moments, block)
        elif self.kind == "seasonal_decay":
            moments = moments + _products(self.tail, block, self.season_length)
        return replace(self, moments=moments, tail=extend_tail(self.tail, block, 2 * self.season_length + 1))

    def align(self, columns: Sequence[int]) -> Self:
        """State for another set of series."""
        empty = np.nan if self.kind == "drift" else 0.0
        padded = np.concatenate([self.moments, np.full((len(self.moments), 1), empty)], axis=1)
        return replace(self, tail=align_tail(self.tail, columns), moments=padded[:, list(columns)])

    def forecast(self) -> Array:
        """Points of shape `(horizon, series)`; `nan` for a series too short for the rule.

        Source:
            Hyndman & Athanasopoulos, Forecasting: Principles and Practice (3rd ed.), section 5.2. Ours:
            `seasonal_drift` y[t+k-m] + (y[t] - y[t-m]), the last season moved by the last yearly change;
            `seasonal_decay` y[t+k-m] + phi^k (y[t] - y[t-m]), phi the first autocorrelation of that change.
        """
        m = self.season_length
        if self.kind in ("naive", "drift"):
            return self._line()
        tail, steps = fill_gaps(self.tail, m), np.arange(self.horizon)
        needed = {"seasonal_naive": m, "seasonal_mean": 2 * m}.get(self.kind, m + 1)
        if len(tail) < needed:
            return np.full((self.horizon, tail.shape[1]), np.nan)
        if self.kind == "seasonal_mean":
            return np.asarray((tail[-m:] + tail[-2 * m : -m])[steps % m] / 2)
        season = tail[-m:][steps % m]
        if self.kind == "seasonal_naive":
            return np.asarray(season)
        change = tail[-1] - tail[-1 - m]
        if self.kind == "seasonal_drift":
            return np.asarray(season + (1 + steps // m)[:, None] * change)
        return np.asarray(season + self._persistence() ** (1 + steps[:, None]) * change)

    def _line(self) -> Array:
        """The last value, moved for `drift` by the mean step since the first one."""
        last = fill_gaps(self.tail, 1)[-1:] if len(self.tail) else np.full((1, self.tail.shape[1]), np.nan)
        if self.kind == "naive":
            return np.repeat(last, self.horizon, axis=0)
        first, since = self.moments[0], self.moments[1]
        step = np.divide(last[0] - first, since, out=np.zeros_like(first), where=np.nan_to_num(since) > 0)
        return np.asarray(last + np.arange(1, self.horizon + 1)[:, None] * step)

    def _persistence(self) -> Array:
        """First autocorrelation of the seasonal change of each series, between 0 and 1; shape `(S,)`."""
        ratio = np.divide(
            self.moments[0], self.moments[1], out=np.zeros(len(self.moments[0])), where=self.moments[1] > 0
        )
        return np.clip(ratio, 0.0, 1.0)

    def arrays(self) -> Mapping[str, Array]:
        """The tail, and the moments of kinds that have some."""
        return {"tail": self.tail} | ({"moments": self.moments} if self.kind in SUMMING else {})

    def facts(self) -> dict[str, object]:
        """Kind and sizes."""
        named = {"name": self.label} if self.label else {}
        return {"kind": self.kind, "horizon": self.horizon, "season_length": self.season_length, **named}


def _started(moments: Array, block: Array) -> Array:
    """First value and periods since it, after a block; the third row stays empty."""
    if not len(block):
        return moments
    first, since, rest = moments
    known = ~np.isnan(block)
    new = np.isnan(first) & known.any(axis=0)
    where = known.argmax(axis=0)
    started = np.where(new, block[where, np.arange(block.shape[1])], first)
    grown = np.where(new, len(block) - 1 - where, since + len(block))
    return np.stack([started, grown, rest])


def _products(tail: Array, block: Array, season_length: int) -> Array:
    """Sums of d[t] d[t-1] and of d[t-1]^2 over the pairs of seasonal differences that a block completes."""
    values = np.concatenate([tail, block])
    change = np.full_like(values, np.nan)
    change[season_length:] = values[season_length:] - values[: max(0, len(values) - season_length)]
    now, before = change[len(tail) :], change[len(tail) - 1 : -1] if len(tail) else change[:-1]
    now = now[len(now) - len(before) :]
    both = ~np.isnan(now) & ~np.isnan(before)
    cross, square = np.where(both, now * before, 0.0).sum(axis=0), np.where(both, before * before, 0.0).sum(axis=0)
    return np.stack([cross, square, np.zeros_like(cross)])


def empty_baseline(kind: BaselineKind, *, horizon: int, season_length: int, series: int, label: str = "") -> Baseline:
    """A baseline that has seen nothing yet, for a number of series."""
    return Baseline(
        kind=kind,
        horizon=horizon,
        season_length=season_length,
        tail=np.empty((0, series)),
        moments=np.full((3, series), np.nan if kind == "drift" else 0.0),
        label=label,
    )


def restore_baseline(facts: Mapping[str, object], arrays: Mapping[str, Array]) -> Baseline:
    """A baseline from its stored state."""
    kind, tail = cast("BaselineKind", facts["kind"]), arrays["tail"]
    return Baseline(
        kind=kind,
        horizon=int(cast("int", facts["horizon"])),
        season_length=int(cast("int", facts["season_length"])),
        tail=tail,
        moments=arrays.get("moments", np.zeros((3, tail.shape[1]))),
        label=str(facts.get("name", "")),
    )
