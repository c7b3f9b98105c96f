"""The whole answer of a cycle: every scope judged together, with categories, a bet, and many dimensions where asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pulse_kedro.domain.metrics.drift.counts import CountChange, compare_in_time
from pulse_kedro.domain.metrics.drift.examination import REPORT_COLUMNS, Examined, examine, judge
from pulse_kedro.domain.metrics.drift.martingale import bet
from pulse_kedro.domain.metrics.drift.multivariate import Distance, compare_blocks, energy_distance
from pulse_kedro.domain.metrics.drift.options import FEWEST, DriftOptions
from pulse_kedro.domain.metrics.drift.streams import LOSS, PANEL, streams_of
from pulse_kedro.domain.panel import ID, TIME, Frequency

SILENT_AFTER = 3
"""Periods without a value that any series may have; `house.md` 4, beyond them it gets no forecast either."""
LEAST_ASSOCIATION = 0.3
"""Smallest Cramer's V that matters; Cohen (1988) calls .3 medium."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Watched:
    """What a cycle has to look at.

    `errors` has `ERROR_COLUMNS` and is of the recipe that serves, `regimes` one row per axis and period with its
    `state`. `cooling` are scopes that had an alarm a short while ago.
    """

    errors: pd.DataFrame
    panel: pd.DataFrame
    features: pd.DataFrame
    regimes: pd.DataFrame
    cooling: tuple[str, ...] = ()


def report_drift(
    watched: Watched, options: DriftOptions, freq: Frequency, *, distance: Distance = energy_distance
) -> pd.DataFrame:
    """What changed, told apart by scope.

    Args:
        watched: Tables of the cycle.
        options: How drift is looked for.
        freq: Step and season of the data.
        distance: Measures many dimensions, where that is asked for.

    Returns:
        `REPORT_COLUMNS`; see `judge`. Rows with detector `categories`, `martingale` and `energy` or `mmd` come last.
    """
    season = freq.season_length
    steps = options.window_steps(season) + options.steps(options.reference, season)
    streams = streams_of(watched.errors, watched.panel, watched.features, freq, steps=steps)
    examined = [examine(stream, options, season) for stream in streams]
    tables = [judge(examined, options, season, cooling=watched.cooling)]
    tables += list(_categories(watched, options, season, steps))
    if options.martingale:
        tables += list(_bets(examined, options, season))
    if options.multivariate:
        tables += list(_blocks(examined, options, season, distance))
    kept = [table for table in tables if len(table)]
    return pd.concat(kept, ignore_index=True) if kept else tables[0]


def alarms_by_scope(report: pd.DataFrame) -> Mapping[str, dict[str, object]]:
    """Scopes with an alarm: how many series, since when at the earliest, and by which detectors.

    Args:
        report: `REPORT_COLUMNS`.
    """
    found = {}
    for scope, rows in report[report["alarm"].astype(bool)].groupby("scope", sort=True):
        since = rows["since"].min()
        found[str(scope)] = {
            "series": int(rows.loc[~rows["series"].isin([PANEL, LOSS]), "series"].nunique()),
            "panel": bool(rows["series"].isin([PANEL, LOSS]).any()),
            "detectors": sorted(map(str, rows["detector"].unique())),
            "since": None if pd.isna(since) else since.isoformat(),
        }
    return found


def _categories(watched: Watched, options: DriftOptions, season: int, steps: int) -> Iterator[pd.DataFrame]:
    """Regimes and the series there are: a regime never seen before, a new and a silent series are findings (K4).

    A regime that is gone is none, for regimes last. Each axis has half of the false alarms of the other families.
    """
    window = options.window_steps(season)
    for axis, rows in watched.regimes.groupby("axis", sort=True, observed=True):
        ordered = rows.sort_values(TIME).tail(steps)
        labels, times = ordered["state"].astype("string").tolist(), ordered[TIME].tolist()
        change = compare_in_time(labels[:-window], labels[-window:])
        if len(labels) - window < FEWEST:
            change = replace(change, unseen=())  # of so few periods nothing is known, not even what is new
        fresh = (when for label, when in zip(labels[-window:], times[-window:], strict=True) if label in change.unseen)
        since = next(fresh, times[-window:][0])
        yield _category(f"regime {axis}", change, options.alpha(season) / 2, watched, since=since)
    yield from _membership(watched, window)


def _membership(watched: Watched, window: int) -> Iterator[pd.DataFrame]:
    """Series that appeared within the window, or went silent in it and have been so for more than `SILENT_AFTER`.

    Silence raises no alarm: such a series gets no forecast, and an alarm would mute what else changes in the data.
    """
    spans = watched.panel.groupby(ID, sort=True, observed=True)[TIME].agg(["min", "max"])
    times = np.sort(watched.panel[TIME].unique())
    if len(times) <= window:
        return
    start, late = times[-window], times[-1 - SILENT_AFTER]
    cooling = "data" in watched.cooling
    told = {"alarm": not cooling, "status": "cooling" if cooling else "drift"}  # of a new series
    for name, row in spans.iterrows():
        if row["min"] >= start:
            yield _line("data", f"new series {name}", "categories", **told, since=row["min"])
        if start <= row["max"] < late:
            first = times[times.searchsorted(row["max"].to_datetime64(), side="right")]
            yield _line("data", f"silent series {name}", "categories", since=first)


def _category(name: str, change: CountChange, alpha: float, watched: Watched, *, since: pd.Timestamp) -> pd.DataFrame:
    unseen = bool(change.unseen)
    significant = change.known and change.p <= alpha and change.effect >= LEAST_ASSOCIATION
    cooling = "data" in watched.cooling
    status = "drift" if unseen or significant else "ok" if change.known else "unknown"
    return _line(
        "data",
        name,
        "categories",
        statistic=change.statistic,
        p=change.p,
        effect=change.effect,
        threshold=alpha,
        alarm=(unseen or significant) and not cooling,
        status="cooling" if cooling and status == "drift" else status,
        since=since if status == "drift" else pd.NaT,
    )


def _bets(examined: Sequence[Examined], options: DriftOptions, season: int) -> Iterator[pd.DataFrame]:
    """Capital of a bet against unchanged errors; its inverse is a p-value at any time (Ville 1939)."""
    for found in examined:
        if found.stream.scope != "concept" or found.stream.family != "series" or found.changes is None:
            continue
        window = len(found.stream.signal) - found.start
        path = bet(found.changes.left, found.changes.white[-window:], seed=options.seed)
        most, limit = float(path.max()), 1 / options.alpha(season)
        begun = found.stream.times[found.start + int(np.argmax(path > limit))]
        yield _line(
            "concept",
            PANEL,
            "martingale",
            statistic=most,
            threshold=limit,
            p=min(1.0, 1 / most),
            alarm=most > limit,
            status="drift" if most > limit else "ok",
            since=begun if most > limit else pd.NaT,
        )


def _blocks(
    examined: Sequence[Examined], options: DriftOptions, season: int, distance: Distance
) -> Iterator[pd.DataFrame]:
    """All series of a scope together, on whitened values; shown only, for no response may rest on it."""
    name = "energy" if options.backend == "native" else "mmd"
    for found in examined:
        if found.stream.family != "series" or found.changes is None or found.stream.scope not in {"data", "label"}:
            continue
        window = len(found.stream.signal) - found.start
        complete = ~np.isnan(found.changes.white).any(axis=0)
        left, new = found.changes.left[:, complete], found.changes.white[-window:, complete]
        if left.shape[1] == 0 or len(new) < FEWEST:
            continue
        alpha = options.alpha(season)
        change = compare_blocks(left, new, distance, alpha=alpha, draws=options.draws, seed=options.seed)
        yield _line(
            found.stream.scope,
            PANEL,
            name,
            statistic=change.statistic,
            threshold=change.threshold,
            p=change.p,
            alarm=change.p <= alpha,
            status="drift" if change.p <= alpha else "ok",
            since=found.stream.times[found.start] if change.p <= alpha else pd.NaT,
        )


def _line(scope: str, series: str, detector: str, **facts: object) -> pd.DataFrame:
    """One row of the report; what is not given is missing."""
    missing: dict[str, object] = dict.fromkeys(("statistic", "threshold", "p", "effect"), float("nan"))
    row = {"scope": scope, "series": series, "detector": detector} | missing
    row |= {"alarm": False, "since": pd.NaT, "status": "drift", "rising": False} | facts
    frame = pd.DataFrame([row], columns=list(REPORT_COLUMNS))
    return frame.astype({"alarm": bool, "rising": bool, "since": "datetime64[ns]"})
