"""The cheapest answer first, time for each to show an effect, and one rung up while the loss stays high."""

from collections.abc import Mapping, Sequence

import pandas as pd
import pytest

from drift_samples import NOTHING_DRIFTED, drift_options
from pulse_kedro.domain.metrics.drift.streams import LOSS
from pulse_kedro.domain.panel import frequency
from pulse_kedro.domain.training.ladder import (
    LADDER,
    DriftAction,
    asks_for_lesson,
    cooling_scopes,
    decide_action,
    resets,
)

MONTHLY = frequency("monthly")
AS_OF = pd.Timestamp("2019-01-01")
SINCE = pd.Timestamp("2018-03-01").as_unit("ns")


def report(*scopes: str, loss: float = 0.5, detector: str = "level") -> pd.DataFrame:
    """Alarms of some scopes, and the p-value of a rising loss difference."""
    alarm = {"series": "s1", "detector": detector, "alarm": True, "since": SINCE, "p": 1e-9}
    alarms = [NOTHING_DRIFTED.head(1).assign(scope=scope, **alarm) for scope in scopes]
    ours = NOTHING_DRIFTED.head(1).assign(scope="concept", series=LOSS, p=loss)
    return pd.concat([NOTHING_DRIFTED, *alarms, ours], ignore_index=True)


def decide(
    found: pd.DataFrame, past: Sequence[Mapping[str, object]] = (), *, at: pd.Timestamp = AS_OF, act: bool = True
) -> DriftAction:
    return decide_action(found, past, drift_options(act=act), as_of=at, freq=MONTHLY, skill=0.5)


def test_nothing_needs_no_answer() -> None:
    assert ("none", False) == (decide(report()).rung, decide(report()).acts)


@pytest.mark.parametrize("scope", ["data", "label", "prediction"])
def test_a_change_that_leaves_errors_alone_needs_no_answer(scope: str) -> None:
    action = decide(report(scope))

    assert "none" == action.rung
    assert "the forecasts hold" in action.reason
    assert {scope} == set(action.evidence["alarms"])  # type: ignore[call-overload]


def test_changed_errors_begin_with_the_cheapest_answer() -> None:
    assert ("recalibrate", True) == (decide(report("concept")).rung, decide(report("concept")).acts)
    assert not decide(report("concept"), act=False).acts


@pytest.mark.parametrize("detector", ["energy", "mmd", "martingale"])
def test_no_answer_rests_on_what_our_bootstrap_does_not_confirm(detector: str) -> None:
    assert "none" == decide(report("concept", detector=detector)).rung


def test_the_ladder_is_climbed_rung_by_rung_while_the_loss_is_high() -> None:
    past: list[Mapping[str, object]] = []
    rungs = []
    for month in range(12 * 8):
        action = decide(report("concept", loss=0.001), past, at=AS_OF + pd.DateOffset(months=month))
        past.insert(0, action.to_dict())
        if action.rung != "wait":
            rungs.append((month, action.rung))

    assert [(12 * place, rung) for place, rung in enumerate(LADDER)] == rungs[: len(LADDER)]
    assert "rollback" == rungs[-1][1]


def test_the_ladder_is_left_when_the_loss_is_low_again() -> None:
    first = decide(report("concept"), at=AS_OF - pd.DateOffset(months=12)).to_dict()

    assert "none" == decide(report("concept", loss=0.4), [first]).rung
    assert "recalibrate" == decide(report("concept"), [decide(report()).to_dict(), first]).rung


def test_a_scope_with_an_alarm_cools_down() -> None:
    alarm = decide(report("data"), at=AS_OF - pd.DateOffset(months=3)).to_dict()

    assert ("data",) == cooling_scopes([alarm], drift_options(), as_of=AS_OF, freq=MONTHLY)
    assert () == cooling_scopes([alarm], drift_options(), as_of=AS_OF + pd.DateOffset(months=12), freq=MONTHLY)
    assert () == cooling_scopes([alarm], drift_options(cooldown=0.0), as_of=AS_OF, freq=MONTHLY)


def test_only_what_acts_has_consequences() -> None:
    told = {"rung": "retrain", "reason": "loss is high", "acts": True, "at": "2019-01-01"}
    reset = told | {"rung": "recalibrate"}

    assert "loss is high" == asks_for_lesson([told])
    assert asks_for_lesson([]) is None
    assert asks_for_lesson([told | {"acts": False}]) is None
    assert asks_for_lesson([reset, told]) is None
    assert (AS_OF,) == resets([told, reset])
    assert () == resets([reset | {"acts": False}])
