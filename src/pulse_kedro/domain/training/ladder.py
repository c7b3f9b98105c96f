"""The cheapest response that is enough: one rung after the other, each with its evidence and time to show an effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Literal

import pandas as pd

from pulse_kedro.domain.history import History
from pulse_kedro.domain.metrics.drift.options import DriftOptions
from pulse_kedro.domain.metrics.drift.report import alarms_by_scope
from pulse_kedro.domain.metrics.drift.streams import LOSS
from pulse_kedro.domain.panel import Frequency

Rung = Literal["none", "wait", "recalibrate", "reweight", "update", "warm_retrain", "retrain", "rollback"]
LADDER: tuple[Rung, ...] = ("recalibrate", "reweight", "update", "warm_retrain", "retrain", "rollback")
"""Responses, the cheapest first (`forecasting.md` 6)."""
LEARNING: tuple[Rung, ...] = ("warm_retrain", "retrain")
"""Rungs that give the next plan a retraining."""
CONFIRMED = ("level", "size", "shape", "season")
"""Detectors that a response may rest on: each is calibrated by our own bootstrap, one series at a time."""
HIGH = 0.05
"""P-value below which the CUSUM of the loss difference is still called high on a rung; the usual level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftAction:
    """A response, why, and on what it rests.

    `acts` tells whether the next cycle carries it out by itself, `at` the period of the decision. `evidence` is plain
    JSON: alarms by scope, the CUSUM of the loss difference with its p-value, and the champion's loss over that of the
    seasonal naive forecast.
    """

    rung: Rung
    reason: str
    acts: bool
    at: pd.Timestamp
    evidence: Mapping[str, object]

    def to_dict(self) -> dict[str, object]:
        """The response as plain JSON."""
        return {
            "rung": self.rung,
            "reason": self.reason,
            "acts": self.acts,
            "at": self.at.isoformat(),
            "evidence": dict(self.evidence),
        }


def decide_action(
    report: pd.DataFrame,
    past: Sequence[Mapping[str, object]],
    options: DriftOptions,
    *,
    as_of: pd.Timestamp,
    freq: Frequency,
    skill: float,
) -> DriftAction:
    """The next response.

    The ladder begins at its first rung when errors changed, for better or worse: intervals follow either. It climbs one
    rung when the CUSUM of the loss difference between champion and seasonal naive forecast is still high after the
    probation of the last one, and is left when the loss is low again. Data, outcomes or forecasts that changed while
    errors did not need no response.

    Args:
        report: Rows of the drift report.
        past: What earlier cycles decided, the newest first, as `to_dict` wrote it.
        options: Probation, and whether anything acts.
        as_of: Newest period that is known.
        freq: Step and season of the data.
        skill: Loss of the champion over that of the seasonal naive forecast in the window; `nan` where unknown.
    """
    alarms = alarms_by_scope(report[report["detector"].isin([*CONFIRMED, "categories"])])
    loss_p, high = _loss(report)
    evidence: dict[str, object] = {
        "alarms": dict(alarms),
        "loss_p": loss_p,
        "loss_high": high,
        "skill": None if isnan(skill) else round(skill, 4),
    }
    rung, reason = _choose(alarms, past, options, high=high, now=(as_of, freq))
    acts = options.act and rung in LADDER
    return DriftAction(rung=rung, reason=reason, acts=acts, at=as_of, evidence=evidence)


def _loss(report: pd.DataFrame) -> tuple[float | None, bool]:
    """P-value of the CUSUM of the loss difference, and whether it is high: the champion loses its lead."""
    rows = report[(report["series"] == LOSS) & (report["detector"] == "level")]
    for p, rising in zip(rows["p"].astype(float), rows["rising"].astype(bool), strict=True):
        return round(p, 6), bool(p < HIGH and rising)
    return None, False


def _choose(
    alarms: Mapping[str, dict[str, object]],
    past: Sequence[Mapping[str, object]],
    options: DriftOptions,
    *,
    high: bool,
    now: tuple[pd.Timestamp, Frequency],
) -> tuple[Rung, str]:
    last = _last_response(past, options, now)
    if last is not None:
        rung, waited, probation = last
        if waited < probation:
            return "wait", f"{_spoken(rung)} was the answer {waited} periods ago and gets {probation} to show an effect"
        if high:
            return _above(rung)
        return "none", f"after {_spoken(rung)} the champion's loss is no longer high"
    if "concept" in alarms:
        return (
            "recalibrate",
            f"errors changed ({_told(alarms['concept'])}); intervals that follow are the cheapest answer",
        )
    if alarms:
        return "none", f"{' and '.join(sorted(alarms))} changed, but the errors did not: the forecasts hold"
    return "none", "nothing changed by more than noise does"


def _last_response(
    past: Sequence[Mapping[str, object]], options: DriftOptions, now: tuple[pd.Timestamp, Frequency]
) -> tuple[Rung, int, int] | None:
    """Rung that is being tried, the periods since, and its probation; `None` where the ladder was left."""
    as_of, freq = now
    probation = options.steps(options.probation, freq.season_length)
    for action in past:
        if action.get("rung") == "none":
            return None
        for rung in LADDER:
            if action.get("rung") == rung:
                return rung, freq.distance(pd.Timestamp(str(action["at"])), as_of), probation
    return None


def _above(rung: Rung) -> tuple[Rung, str]:
    place = LADDER.index(rung)
    if place + 1 == len(LADDER):
        return rung, "the champion's loss is still high and no dearer answer is left: a person must look"
    following = LADDER[place + 1]
    return following, f"the champion's loss is still high after {_spoken(rung)}: next is {_spoken(following)}"


def _spoken(rung: Rung) -> str:
    return {
        "recalibrate": "recalibrating the intervals",
        "reweight": "reweighting the members",
        "update": "forgetting and updating",
        "warm_retrain": "a warm retraining",
        "retrain": "a full retraining",
        "rollback": "a rollback",
    }[rung]


def _told(found: Mapping[str, object]) -> str:
    several = f"{found['series']} series" if found["series"] else "the panel as a whole"
    return f"{several}, by {', '.join(map(str, found['detectors'] if isinstance(found['detectors'], list) else []))}"


def cooling_scopes(
    past: Sequence[Mapping[str, object]], options: DriftOptions, *, as_of: pd.Timestamp, freq: Frequency
) -> tuple[str, ...]:
    """Scopes whose last alarm is younger than the cool-down.

    Args:
        past: What earlier cycles decided, the newest first.
        options: Length of the cool-down.
        as_of: Newest period that is known.
        freq: Step of the data.
    """
    length = options.steps(options.cooldown, freq.season_length) if options.cooldown else 0
    found: set[str] = set()
    for action in past:
        evidence = action.get("evidence")
        alarms = evidence.get("alarms") if isinstance(evidence, Mapping) else None
        if isinstance(alarms, Mapping) and freq.distance(pd.Timestamp(str(action["at"])), as_of) < length:
            found |= set(map(str, alarms))
    return tuple(sorted(found))


def responses(history: History, ancestors: Sequence[str]) -> tuple[Mapping[str, object], ...]:
    """What earlier cycles decided, the newest first; cycles from before drift was looked for are left out.

    Args:
        history: Committed cycles.
        ancestors: Keys of those that count, the newest first.
    """
    found = (history.committed(key).summary.get("drift") for key in ancestors)
    return tuple(action for action in found if isinstance(action, Mapping))


def asks_for_lesson(past: Sequence[Mapping[str, object]]) -> str | None:
    """Reason for which the newest decision gives the next plan a retraining; `None` where it does not.

    Args:
        past: What earlier cycles decided, the newest first.
    """
    if not past or not past[0].get("acts") or past[0].get("rung") not in LEARNING:
        return None
    return str(past[0]["reason"])


def resets(past: Sequence[Mapping[str, object]]) -> tuple[pd.Timestamp, ...]:
    """Periods at which intervals were told to begin anew.

    Args:
        past: What earlier cycles decided, the newest first.
    """
    return tuple(
        pd.Timestamp(str(action["at"])) for action in past if action.get("acts") and action.get("rung") == "recalibrate"
    )
