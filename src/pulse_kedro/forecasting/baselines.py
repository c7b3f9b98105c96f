"""What everybody can forecast: the last value again, the last season again, or that plus the last yearly change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self, cast

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.forecaster import align_tail, extend_tail, fill_gaps

BaselineKind = Literal["naive", "seasonal_naive", "seasonal_drift"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A member without parameters; its state is two seasons and one more observation of each series."""

    kind: BaselineKind
    horizon: int
    season_length: int
    tail: Array

    @property
    def name(self) -> str:
        """Name in every table."""
        return self.kind

    def update(self, block: Array, batch: str) -> Self:  # noqa: ARG002  (the protocol names it; nothing is summed here)
        """State after `block` of shape `(periods, series)` arrived."""
        return replace(self, tail=extend_tail(self.tail, block, 2 * self.season_length + 1))

    def align(self, columns: Sequence[int]) -> Self:
        """State for another set of series."""
        return replace(self, tail=align_tail(self.tail, columns))

    def forecast(self) -> Array:
        """Points of shape `(horizon, series)`; `nan` for a series too short for the rule.

        Source:
            Hyndman & Athanasopoulos, Forecasting: Principles and Practice (3rd ed.), section 5.2. Seasonal drift is
            ours: y[t+k-m] + (y[t] - y[t-m]), the last season moved by the last yearly change.
        """
        m = 1 if self.kind == "naive" else self.season_length
        tail = fill_gaps(self.tail, m)
        if len(tail) < m + (self.kind == "seasonal_drift"):
            return np.full((self.horizon, tail.shape[1]), np.nan)
        season = tail[-m:][np.arange(self.horizon) % m]
        if self.kind != "seasonal_drift":
            return np.asarray(season)
        years = 1 + np.arange(self.horizon) // m
        return np.asarray(season + years[:, None] * (tail[-1] - tail[-1 - m]))

    def arrays(self) -> Mapping[str, Array]:
        """The tail."""
        return {"tail": self.tail}

    def facts(self) -> dict[str, object]:
        """Kind and sizes."""
        return {"kind": self.kind, "horizon": self.horizon, "season_length": self.season_length}


def empty_baseline(kind: BaselineKind, *, horizon: int, season_length: int, series: int) -> Baseline:
    """A baseline that has seen nothing yet, for a number of series."""
    return Baseline(kind=kind, horizon=horizon, season_length=season_length, tail=np.empty((0, series)))


def restore_baseline(facts: Mapping[str, object], arrays: Mapping[str, Array]) -> Baseline:
    """A baseline from its stored state."""
    return Baseline(
        kind=cast("BaselineKind", facts["kind"]),
        horizon=int(cast("int", facts["horizon"])),
        season_length=int(cast("int", facts["season_length"])),
        tail=arrays["tail"],
    )
