"""What the resolved part of the ledger says about trust in the recipes that served, and about their rules."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from pulse_kedro.domain.cycle import LABEL, Period
from pulse_kedro.domain.history import History
from pulse_kedro.domain.ledger import CUTOFF, CYCLE, RAW_MEDIAN, RULED_MEDIAN, STEP, Ledger, served_points
from pulse_kedro.domain.metrics.alignment import symbolic_alignment
from pulse_kedro.domain.metrics.live import resolve_now
from pulse_kedro.domain.metrics.trust import (
    ALIGNMENT,
    ALL,
    TRUST_COLUMNS,
    MetricOptions,
    TrustOptions,
    judge,
    weigh_evidence,
)
from pulse_kedro.domain.panel import ID, TIME, Array, Frequency, frequency, to_matrix

LOW, HIGH = "ruled_q100", "ruled_q900"
"""The 80 % band that people got."""


def update_trust(
    *,
    ledger: Ledger,
    outcomes: pd.DataFrame,
    history: History,
    panel: pd.DataFrame,
    features: pd.DataFrame,
    regimes: pd.DataFrame,
    series: pd.DataFrame,
    period: Period,
    trust: TrustOptions,
    metrics: MetricOptions,
) -> pd.DataFrame:
    """Trust of every recipe that served, overall and by group and regime, and the alignment of its rules.

    Judged is what people got, after rules and overlays. It is worked out anew from all resolved forecasts, so neither
    the order nor the repetition of runs changes it.
    """
    resolved = resolve_now(ledger, outcomes, period.ancestors)
    if resolved.empty:
        return _typed(pd.DataFrame(columns=list(TRUST_COLUMNS)))
    freq = frequency(period.frequency)
    rows = _as_evidence(resolved, history, panel, features, freq)
    rows["group"] = ALL if trust.group is None else _lookup(series, trust.group, rows[ID])
    rows["regime"] = _regimes(regimes, trust.axes, rows[CUTOFF])
    table = weigh_evidence(judge(rows), trust)
    if not metrics.calculate_trust_delta:
        table = table.assign(delta=np.nan)
    aligned = _align(rows, trust) if metrics.calculate_symbolic_alignment else []
    return _typed(pd.DataFrame([*table.to_dict("records"), *aligned], columns=list(TRUST_COLUMNS)))


def _as_evidence(
    resolved: pd.DataFrame, history: History, panel: pd.DataFrame, features: pd.DataFrame, freq: Frequency
) -> pd.DataFrame:
    """Resolved forecasts with their scaled losses beside those of the seasonal naive forecast of the same cutoff."""
    rows = resolved.astype({ID: str}).sort_values(CUTOFF, kind="stable", ignore_index=True)
    scales = features[[ID, TIME, "scale"]].astype({ID: str}).rename(columns={TIME: CUTOFF})
    rows = pd.merge_asof(rows, scales.sort_values(CUTOFF, kind="stable"), on=CUTOFF, by=ID)
    scale = np.where(rows["scale"] > 0, rows["scale"], np.nan)
    recipes = {cycle.key: cycle.recipe[:LABEL] for cycle in history.cycles}
    rows["entity"] = rows[CYCLE].map(recipes)
    rows["window"] = np.asarray(pd.PeriodIndex(rows[TIME], freq=freq.period).asi8)
    rows["loss"] = np.abs(rows["y"] - served_points(rows)) / scale
    rows["naive_loss"] = np.abs(rows["y"] - _seasonal_naive(rows, panel, freq)) / scale
    inside = (rows["y"] >= rows[LOW]) & (rows["y"] <= rows[HIGH])
    rows["inside"] = np.where(rows[[LOW, HIGH]].notna().all(axis=1), inside.astype(float), np.nan)
    return rows


def _seasonal_naive(rows: pd.DataFrame, panel: pd.DataFrame, freq: Frequency) -> Array:
    """Value one season before each target, or as many seasons as it takes to be known at the cutoff."""
    matrix, season = to_matrix(panel, freq), freq.season_length
    steps = rows[STEP].to_numpy(dtype=int)
    place = matrix.times.get_indexer(pd.Index(rows[CUTOFF])) + steps - season * -(-steps // season)
    column = pd.Index(matrix.ids).get_indexer(pd.Index(rows[ID]))
    known = (place >= 0) & (column >= 0) & (matrix.times.get_indexer(pd.Index(rows[CUTOFF])) >= 0)
    return np.where(known, matrix.y[np.where(known, place, 0), np.where(known, column, 0)], np.nan)


def _lookup(series: pd.DataFrame, column: str, ids: pd.Series) -> pd.Series:
    values = series.set_index(series[ID].astype(str))[column].astype(str)
    return ids.map(values).fillna("unknown")


def _regimes(regimes: pd.DataFrame, axes: tuple[str, ...], cutoffs: pd.Series) -> pd.Series:
    """State of the axes at each cutoff, filtered: what was known then."""
    chosen = regimes[regimes["axis"].isin(axes)]
    states = chosen.pivot_table(index="ds", columns="axis", values="state", aggfunc="last", observed=True).sort_index()
    if states.empty:
        return pd.Series("unknown", index=cutoffs.index)
    known = states.reindex(pd.Index(cutoffs), method="ffill").fillna("unknown").astype(str)
    return pd.Series([", ".join(row) for row in known.to_numpy()], index=cutoffs.index)


def _align(rows: pd.DataFrame, options: TrustOptions) -> list[dict[str, object]]:
    """One row per recipe: whether its rules moved forecasts the right way; without a value where none fired."""
    found = []
    for entity, own in rows.groupby("entity", sort=True):
        values = (own[name].to_numpy(dtype=float) for name in (RAW_MEDIAN, RULED_MEDIAN, "y", "scale"))
        raw, ruled, actual, scale = values
        block = int(own[STEP].max())
        aligned = symbolic_alignment(
            raw,
            ruled,
            actual,
            scale,
            own["window"].to_numpy(dtype=np.int64),
            block=block,
            draws=options.draws,
            seed=options.seed,
            interval=options.interval,
        )
        facts = asdict(aligned)
        bounds = {name: facts[name] for name in ("low", "high", "windows")}
        where = {"entity": entity, "level": "overall", "group": ALL, "regime": ALL, "event": ALIGNMENT}
        counts = {"n_eff": float(aligned.fired), "delta": np.nan, "trusted": False}
        found.append({**where, "mean": aligned.value, **bounds, **counts})
    return found


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    numbers = dict.fromkeys(("mean", "low", "high", "n_eff", "delta"), "float64")
    return table.astype(numbers | {"windows": "int64", "trusted": bool})
