"""Whether the world or the champion changed, and the cheapest response that is enough."""

from collections.abc import Mapping

import pandas as pd

from pulse_kedro.domain.cycle import LABEL, Period
from pulse_kedro.domain.data_management.events import Event
from pulse_kedro.domain.data_management.snapshots import Snapshot
from pulse_kedro.domain.history import History
from pulse_kedro.domain.metrics.drift.multivariate import Distance, energy_distance
from pulse_kedro.domain.metrics.drift.options import DriftOptions
from pulse_kedro.domain.metrics.drift.report import Watched, alarms_by_scope, report_drift
from pulse_kedro.domain.metrics.drift.streams import skill_in
from pulse_kedro.domain.panel import frequency
from pulse_kedro.domain.training.ladder import cooling_scopes, decide_action, responses

URGENT = 2
"""Priority of an event that says that errors changed; ours. Those of other scopes have 1."""


def check_drift(
    *,
    step_errors: pd.DataFrame,
    panel: pd.DataFrame,
    features: pd.DataFrame,
    regimes: pd.DataFrame,
    promotion_decision: Mapping[str, object],
    history: History,
    period: Period,
    drift: DriftOptions,
) -> pd.DataFrame:
    """What changed by more than noise does, told apart: inputs, forecasts, errors of what serves, outcomes."""
    freq = frequency(period.frequency)
    past = responses(history, period.ancestors)
    watched = Watched(
        errors=_served(step_errors, promotion_decision),
        panel=panel,
        features=features,
        regimes=regimes,
        cooling=cooling_scopes(past, drift, as_of=period.as_of, freq=freq),
    )
    return report_drift(watched, drift, freq, distance=_distance(drift))


def choose_action(
    *,
    drift_report: pd.DataFrame,
    step_errors: pd.DataFrame,
    panel: pd.DataFrame,
    promotion_decision: Mapping[str, object],
    history: History,
    period: Period,
    drift: DriftOptions,
) -> dict[str, object]:
    """The cheapest sufficient response with its reason and evidence; the next cycle carries it out where it may."""
    freq = frequency(period.frequency)
    errors = _served(step_errors, promotion_decision)
    skill = skill_in(errors, panel, freq, window=drift.window_steps(freq.season_length))
    past = responses(history, period.ancestors)
    return decide_action(drift_report, past, drift, as_of=period.as_of, freq=freq, skill=skill).to_dict()


def tell_drift(
    drift_report: pd.DataFrame,
    promotion_decision: Mapping[str, object],
    history: History,
    snapshot: Snapshot,
    period: Period,
) -> tuple[Event, ...]:
    """One event per scope that changed, with the model, the data it learned from, the new data, and the time."""
    freq = frequency(period.frequency)
    at = freq.shift(period.as_of, 1).tz_localize("UTC")
    before = history.committed(period.parent).snapshot if period.parent else snapshot.id
    return tuple(
        Event(
            kind="data_drift_detected" if scope == "data" else "drift_detected",
            at=at,
            source="drift",
            priority=URGENT if scope == "concept" else 1,
            payload={
                "scope": scope,
                "model": str(promotion_decision["bundle"]),
                "training_data_id": before,
                "new_data_id": snapshot.id,
                "series": int(str(found["series"])),
                "since": None if found["since"] is None else str(found["since"]),
            },
        )
        for scope, found in alarms_by_scope(drift_report).items()
    )


def _served(step_errors: pd.DataFrame, promotion_decision: Mapping[str, object]) -> pd.DataFrame:
    """Errors of the recipe that serves: after a promotion the new champion's, so that a swap is no drift."""
    return step_errors[step_errors["recipe"].astype(str) == str(promotion_decision["recipe"])[:LABEL]]


def _distance(drift: DriftOptions) -> Distance:
    """Who measures many dimensions; alibi-detect is imported by nobody else."""
    if drift.multivariate and drift.backend == "alibi":
        from pulse_kedro.forecasting.alibi import mmd_distance

        return mmd_distance
    return energy_distance
