"""Scores of forecasts that were really issued, once their outcome is known."""

import pandas as pd

from pulse_kedro.domain.history import SCORE_COLUMNS
from pulse_kedro.domain.ledger import CUTOFF, CYCLE, OUTCOME_COLUMNS, POINT, Ledger, as_served, resolve
from pulse_kedro.domain.metrics.aggregation import conform, lay_out, to_frame
from pulse_kedro.domain.metrics.scores import interval_scores, scaled_scores
from pulse_kedro.domain.panel import ID, QUANTILE_COLUMNS, TIME

NOW = "now"
"""Stands for the cycle that is running, which has no outcomes in the ledger yet; real keys start with `c`."""
METRICS = ("mase", "wis", "coverage_80", "coverage_95")


def score_ledger(
    ledger: Ledger, outcomes: pd.DataFrame, features: pd.DataFrame, ancestors: tuple[str, ...]
) -> pd.DataFrame:
    """How the forecasts of earlier cycles did.

    Args:
        ledger: Forecasts issued and outcomes recorded so far.
        outcomes: What became known in this cycle, `OUTCOME_COLUMNS`; it replaces older values of the same period.
        features: `scale` per series and period, known at that period.
        ancestors: Keys of the cycles that this one builds on, the parent first; nothing else is read.

    Returns:
        `SCORE_COLUMNS` with model `champion` and recipe `""`, for several recipes may have served. Levels `overall`
        and `horizon` cover every resolved forecast, points and quantiles as people got them, after rules and overlays.
        `newest` is the MASE by step of what became known in this cycle, of the points before rules: decisions compare
        it with the backtest, which knows no rules. Empty when nothing is resolved.
    """
    resolved = resolve_now(ledger, outcomes, ancestors)
    if resolved.empty:
        return _nothing()
    rows = _as_backtest(resolved, features)
    is_new = pd.MultiIndex.from_frame(rows[[ID, TIME]]).isin(pd.MultiIndex.from_frame(outcomes[[ID, TIME]]))
    newest = _score(rows[is_new].assign(**{POINT: rows["unruled"]}))
    newest = newest[(newest["level"] == "horizon") & (newest["metric"] == "mase")].assign(level="newest")
    scores = _score(rows)
    wanted = scores["level"].isin(["overall", "horizon"]) & scores["metric"].isin(METRICS)
    return conform(pd.concat([part for part in (scores[wanted], newest) if len(part)], ignore_index=True))


def resolve_now(ledger: Ledger, outcomes: pd.DataFrame, ancestors: tuple[str, ...]) -> pd.DataFrame:
    """Forecasts of earlier cycles whose outcome is known by now, those of the running cycle included.

    Args:
        ledger: Forecasts issued and outcomes recorded so far.
        outcomes: What became known in this cycle, `OUTCOME_COLUMNS`.
        ancestors: Keys of the cycles that this one builds on, the parent first.

    Returns:
        Rows of `ledger.resolve`; empty when nothing is resolved.
    """
    recorded = [frame for frame in (ledger.outcomes, outcomes.assign(**{CYCLE: NOW})) if len(frame)]
    if not recorded:
        return ledger.forecasts.iloc[:0]
    columns = [*OUTCOME_COLUMNS, CYCLE]
    known = Ledger(forecasts=ledger.forecasts, outcomes=pd.concat([frame[columns] for frame in recorded]))
    return resolve(known, (NOW, *ancestors))


def _score(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        return _nothing()
    layout = lay_out(rows)
    parts = (to_frame(layout, scaled_scores(layout, rows)), interval_scores(rows))
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def _as_backtest(resolved: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Resolved forecasts in the shape of a backtest, with the scale that was known at each cutoff."""
    ruled = {f"ruled_{name}": name for name in QUANTILE_COLUMNS}
    rows = as_served(resolved.assign(unruled=resolved[POINT], recipe="", model="champion"))
    rows = rows.rename(columns=ruled).astype({ID: str})
    scales = features[[ID, TIME, "scale"]].astype({ID: str}).rename(columns={TIME: CUTOFF})
    return pd.merge_asof(
        rows.sort_values(CUTOFF, kind="stable"), scales.sort_values(CUTOFF, kind="stable"), on=CUTOFF, by=ID
    )


def _nothing() -> pd.DataFrame:
    return conform(pd.DataFrame(columns=list(SCORE_COLUMNS)))
