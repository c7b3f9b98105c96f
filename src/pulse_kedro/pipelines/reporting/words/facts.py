"""The numbers that words, tiles and warnings of the report rest on, taken from the tables once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from pulse_kedro.domain.cycle import Period
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.history import CommittedCycle
from pulse_kedro.domain.ledger import POINT, Ledger
from pulse_kedro.domain.panel import ID, TARGET, TIME, Frequency, frequency
from pulse_kedro.pipelines.reporting.curves import BY_CUTOFF, MISS, value_of
from pulse_kedro.pipelines.reporting.intervals import BANDS, bound
from pulse_kedro.pipelines.reporting.options import ReportingOptions
from pulse_kedro.pipelines.reporting.scores import Scores
from pulse_kedro.pipelines.reporting.wording import COMBINATION, digits_for
from pulse_kedro.pipelines.reporting.words.news import News


class Shown(NamedTuple):
    """One row of the series that the report shows: place 1 has the smallest backtest error, 0 is the aggregate."""

    unique_id: str
    title: str
    place: int
    mase: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """One series in numbers: what it was, what is expected at the end of the horizon, how far such forecasts missed.

    `change` is relative to one season before the target; `miss` and `miss_at_end` are mean absolute errors of the
    backtest over all steps and at the last one; `nan` where unknown. Unit of the data.
    """

    unique_id: str
    title: str
    place: int
    mase: float
    last_period: pd.Timestamp
    last: float
    target: pd.Timestamp
    forecast: float
    low: float
    high: float
    change: float
    miss: float
    miss_at_end: float
    digits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Forecasts of ancestor cycles: how many there are, how many have come due, and what they reached.

    `scores` holds values by metric, empty while nothing is due. `expected` is the MASE that the backtest has at the
    same steps ahead: the first outcomes belong to short leads, which are easier.
    """

    issued: int
    due: int
    scores: Mapping[str, float]
    expected: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything the report says in sentences.

    `held_by_step` is the share of outcomes inside the 80 % intervals of the backtest, one value per step; `leaning`
    says how many slices of it are biased, empty when none is. `features` is the manifest of the feature set.
    """

    period: Period
    source: SourceOptions
    options: ReportingOptions
    cycle: CommittedCycle
    decision: Mapping[str, object]
    quality: Mapping[str, object]
    features: Mapping[str, object]
    scores: Scores
    cutoffs: tuple[pd.Timestamp, ...]
    horizon: int
    forecast_series: int
    outlooks: tuple[Outlook, ...]
    earlier: Earlier
    news: News
    held_by_step: tuple[float, ...]
    leaning: str

    @property
    def frequency(self) -> str:
        """Name of the frequency."""
        return self.period.frequency

    def score(self, model: str, metric: str) -> float:
        """A panel score of the backtest; `nan` where it was not measured."""
        return self.scores.get(model, {}).get(metric, float("nan"))

    def skill(self, baseline: str) -> float:
        """Share of a baseline's MASE that the combination avoids; `nan` without both."""
        return 1 - self.score(COMBINATION, "mase") / (self.score(baseline, "mase") or float("nan"))


def backtest_cutoffs(curves: pd.DataFrame) -> tuple[pd.Timestamp, ...]:
    """Cutoffs at which the combination was scored, in time order."""
    rows = curves[(curves["curve"] == BY_CUTOFF) & (curves["model"] == COMBINATION)]
    return tuple(sorted(rows["cutoff"]))


def look_out(
    chosen: pd.DataFrame, panel: pd.DataFrame, forecasts: pd.DataFrame, curves: pd.DataFrame, period: Period
) -> tuple[Outlook, ...]:
    """One outlook for each chosen series that has both a past and a forecast.

    Args:
        chosen: `REPORT_SERIES`.
        panel: Observations.
        forecasts: What this cycle issued.
        curves: As `trace_curves` returns them.
        period: Where the cycle stands.
    """
    past = dict(iter(panel[panel[ID].isin(chosen[ID])].groupby(ID, observed=True)))
    future = dict(iter(forecasts[forecasts[ID].isin(chosen[ID])].groupby(ID, observed=True)))
    season = frequency(period.frequency)
    outlooks = []
    for values in zip(chosen[ID], chosen["title"], chosen["place"], chosen["mase"], strict=True):
        row = Shown(*values)
        if row.unique_id in past and row.unique_id in future:
            own = past[row.unique_id].set_index(TIME)[TARGET]
            end = future[row.unique_id].sort_values("step").tail(1)
            outlooks.append(_outlook(row, own, end, curves[curves[ID] == row.unique_id], season))
    return tuple(outlooks)


def _outlook(row: Shown, own: pd.Series, end: pd.DataFrame, curves: pd.DataFrame, freq: Frequency) -> Outlook:
    """Numbers of one series from its past, its last forecast step and its curves."""
    forecast, target = float(end[POINT].iloc[0]), end[TIME].iloc[0]
    before = float(own.get(freq.shift(target, -freq.season_length), float("nan")))
    low, high = (float(bound(end, level).iloc[0]) for level in BANDS["80"])
    return Outlook(
        unique_id=row.unique_id,
        title=row.title,
        place=row.place,
        mase=row.mase,
        last_period=own.index[-1],
        last=float(own.iloc[-1]),
        target=target,
        forecast=forecast,
        low=low,
        high=high,
        change=forecast / before - 1 if before else float("nan"),
        miss=value_of(curves, MISS, step=0),
        miss_at_end=value_of(curves, MISS, step=int(end["step"].iloc[0])),
        digits=digits_for([*own.tail(60).tolist(), low, high]),
    )


def look_back(ledger: Ledger, period: Period, live_scores: pd.DataFrame, backtest_by_step: pd.Series) -> Earlier:
    """What became of the forecasts that ancestor cycles issued.

    Args:
        ledger: The forecast log.
        period: Where the cycle stands.
        live_scores: Scores of the resolved forecasts, one model; may be empty.
        backtest_by_step: MASE of the combination in the backtest, by step.
    """
    forecasts = ledger.of(period.ancestors).forecasts
    overall = live_scores[live_scores["level"] == "overall"]
    scores = {str(metric): float(value) for metric, value in zip(overall["metric"], overall["value"], strict=True)}
    by_step = live_scores[(live_scores["level"] == "horizon") & (live_scores["metric"] == "mase")]
    counts = by_step.set_index("step")["n"].astype(float)
    weights = counts[counts.index.isin(backtest_by_step.dropna().index)]
    expected = (
        float((backtest_by_step.reindex(weights.index) * weights).sum() / weights.sum())
        if len(weights)
        else float("nan")
    )
    due = int(overall.loc[overall["metric"] == "mase", "n"].sum())
    return Earlier(issued=len(forecasts), due=due, scores=scores, expected=expected)


def section(mapping: Mapping[str, object], key: str) -> Mapping[str, object]:
    """A part of a JSON document; empty where it is missing.

    Args:
        mapping: The document.
        key: Name of the part.
    """
    value = mapping.get(key)
    return value if isinstance(value, Mapping) else {}


def count_of(mapping: Mapping[str, object], key: str) -> int:
    """A count in a JSON document; 0 where it is missing.

    Args:
        mapping: The document.
        key: Name of the count.
    """
    value = mapping.get(key)
    return value if isinstance(value, int) else 0


def titles_of(series: pd.DataFrame) -> dict[str, str]:
    """Title of each series by its id."""
    return dict(zip(map(str, series[ID]), map(str, series["title"]), strict=True))


def names_of(series: pd.DataFrame, ids: Sequence[object]) -> list[str]:
    """Titles of series, each with its id where the two differ."""
    titles = titles_of(series)
    found = [(titles.get(str(name), str(name)), str(name)) for name in ids]
    return [title if title == name else f"{title} ({name})" for title, name in found]
