"""The peers: methods of statsforecast, refitted at every cutoff on the whole history of each series."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from protocol.meter import Cost, metered
from pulse_kedro.domain.backtesting import CUTOFF
from pulse_kedro.domain.panel import ID, QUANTILE_LEVELS, TARGET, TIME, quantile_column

PEERS = ("AutoETS", "AutoTheta")
PROCESSES = 2
INTERVALS = {round(100 * (1 - 2 * level)): level for level in QUANTILE_LEVELS[: len(QUANTILE_LEVELS) // 2]}
"""Central intervals in per cent, with the lower quantile of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRun:
    """Forecasts of one peer at some cutoffs, what they cost, and how many series fell back to seasonal naive.

    `rows` has the columns unique_id, cutoff, ds, y_hat and all quantiles; `paths` counts (series, cutoff) pairs.
    """

    name: str
    rows: pd.DataFrame
    cost: Cost
    paths: int
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerOptions:
    """What a peer is asked: steps ahead, months in a season, months of history it may read (all when `None`)."""

    horizon: int
    season_length: int
    history: int | None


def run_peer(name: str, panel: pd.DataFrame, cutoffs: pd.DatetimeIndex, options: PeerOptions) -> PeerRun:
    """One peer, refitted at every cutoff, for every series observed there.

    Args:
        name: One of `PEERS`.
        panel: Columns unique_id, ds, y.
        cutoffs: Months after which forecasts are made.
        options: Sizes.
    """
    from statsforecast import StatsForecast, models

    fallback = models.SeasonalNaive(options.season_length)
    peer = getattr(models, name)(season_length=options.season_length)
    forecaster = StatsForecast(models=[peer], freq="MS", n_jobs=PROCESSES, fallback_model=fallback)
    levels = sorted(INTERVALS)
    histories = list(_histories(panel, cutoffs, options.history))
    forecaster.forecast(df=histories[0].groupby(ID).tail(60), h=1, level=levels)  # loads and compiles, not metered
    with metered() as cost:
        parts = [forecaster.forecast(df=history, h=options.horizon, level=levels) for history in histories]
    rows = pd.concat([part.assign(**{CUTOFF: cutoff}) for part, cutoff in zip(parts, cutoffs, strict=True)])
    failures = sum(
        _fallbacks(part, history, name, options.season_length) for part, history in zip(parts, histories, strict=True)
    )
    return PeerRun(
        name=name, rows=_with_quantiles(rows, name), cost=cost, paths=len(rows) // options.horizon, failures=failures
    )


def _histories(panel: pd.DataFrame, cutoffs: pd.DatetimeIndex, months: int | None) -> Iterator[pd.DataFrame]:
    """Newest known values at each cutoff of the series that are alive there."""
    for cutoff in cutoffs:
        known = panel[panel[TIME] <= cutoff]
        alive = known.loc[known[TIME] == cutoff, ID]
        known = known[known[ID].isin(alive)]
        yield (known if months is None else known.groupby(ID).tail(months)).reset_index(drop=True)


def _fallbacks(forecasts: pd.DataFrame, history: pd.DataFrame, name: str, season_length: int) -> int:
    """Series whose forecast repeats the last season to the last bit, or is not finite."""
    season = history.groupby(ID)[TARGET].tail(season_length).to_numpy().reshape(-1, season_length)
    points = forecasts[name].to_numpy().reshape(len(season), -1)
    repeated = season[:, np.arange(points.shape[1]) % season_length]
    return int(((points == repeated).all(axis=1) | ~np.isfinite(points).all(axis=1)).sum())


def _with_quantiles(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Bounds of the central intervals under the names of the quantiles they are; the median is the point."""
    columns = {name: "y_hat"}
    for percent, level in INTERVALS.items():
        columns[f"{name}-lo-{percent}"] = quantile_column(level)
        columns[f"{name}-hi-{percent}"] = quantile_column(1 - level)
    renamed = rows.rename(columns=columns)
    return renamed.assign(q500=renamed["y_hat"])
