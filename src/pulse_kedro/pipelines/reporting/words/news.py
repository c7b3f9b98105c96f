"""What is new since the last cycle, in numbers: what its forecasts met, and how far the forecast has moved."""

from dataclasses import dataclass

import pandas as pd

from pulse_kedro.domain.cycle import Period
from pulse_kedro.domain.ledger import POINT, Ledger, as_served
from pulse_kedro.domain.panel import ID, TARGET, TIME
from pulse_kedro.pipelines.reporting.intervals import BANDS, bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The newest value of one series beside what the last cycle had expected; bounds of its 80 % interval."""

    actual: float
    expected: float
    low: float
    high: float

    @property
    def is_inside(self) -> bool:
        """Whether the value fell into the interval."""
        return self.low <= self.actual <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What two successive cycles forecast for the last period that both of them reach; unit of the data."""

    target: pd.Timestamp
    before: float
    now: float

    @property
    def change(self) -> float:
        """Relative to the earlier forecast; `nan` where that is 0."""
        return self.now / self.before - 1 if self.before else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What the last cycle lets this one say.

    `since` is the `as_of` of the last cycle, `None` in the first. `due` counts series whose value of the newest period
    the last cycle had forecast and that is known by now, `inside` those of them within their 80 % interval. `arrival`
    and `move` are about the first series of the report, `None` where there is nothing to compare.
    """

    since: pd.Timestamp | None
    due: int
    inside: int
    arrival: Arrival | None
    move: Move | None


def compare(
    ledger: Ledger, panel: pd.DataFrame, forecasts: pd.DataFrame, period: Period, unique_id: str | None
) -> News:
    """This cycle beside the one it builds on.

    Args:
        ledger: The forecast log; only the parent's forecasts are read.
        panel: Observations.
        forecasts: What this cycle issued, as served.
        period: Where the cycle stands.
        unique_id: First series of the report; `None` without one.
    """
    before = as_served(ledger.of(period.ancestors[:1]).forecasts)
    met = before[before[TIME] == period.as_of].merge(panel[[ID, TIME, TARGET]].astype({ID: str}), on=[ID, TIME])
    low, high = (bound(met, level) for level in BANDS["80"])
    met = met.assign(low=low, high=high)
    return News(
        since=before["as_of"].max() if len(before) else None,
        due=len(met),
        inside=int(met[TARGET].between(met["low"], met["high"]).sum()),
        arrival=_arrival(met[met[ID] == unique_id]),
        move=_move(before[before[ID] == unique_id], forecasts[forecasts[ID] == unique_id]),
    )


def _arrival(met: pd.DataFrame) -> Arrival | None:
    if met.empty:
        return None
    actual, expected, low, high = (float(met[name].iloc[0]) for name in (TARGET, POINT, "low", "high"))
    return Arrival(actual=actual, expected=expected, low=low, high=high)


def _move(before: pd.DataFrame, now: pd.DataFrame) -> Move | None:
    shared = before[[TIME, POINT]].merge(now[[TIME, POINT]], on=TIME, suffixes=("_before", "_now")).sort_values(TIME)
    if shared.empty:
        return None
    last = shared.iloc[-1]
    return Move(target=last[TIME], before=float(last[f"{POINT}_before"]), now=float(last[f"{POINT}_now"]))
