"""Where history is replayed: how many cutoffs there are, what each is for, and what happens when history is short."""

import pickle

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pulse_kedro.domain.backtesting import FEWEST, BacktestOptions, HistoryTooShort, plan_cutoffs
from pulse_kedro.domain.panel import frequency

OPTIONS = BacktestOptions(burn_in=10, calibration=30, evaluation=20, minimum_history=24, max_gigabytes=1)
ORDER = ["burn_in", "calibration", "evaluation", "open"]


def months(count: int) -> pd.DatetimeIndex:
    return pd.date_range("1990-01-01", periods=count, freq="MS")


def plan(periods: int, *, horizon: int = 6) -> pd.DataFrame:
    return plan_cutoffs(months(periods), frequency("monthly"), horizon=horizon, options=OPTIONS)


def test_a_long_history_gives_every_purpose_what_it_asked_for() -> None:
    counts = plan(500)["purpose"].value_counts().to_dict()

    assert {"burn_in": 10, "calibration": 36, "evaluation": 20, "open": 6} == counts


def test_purposes_follow_each_other_up_to_the_newest_period() -> None:
    folds = plan(500)

    assert ORDER == folds["purpose"].drop_duplicates().tolist()
    assert months(500)[-72:].tolist() == folds["cutoff"].tolist()


def test_the_first_evaluated_cutoff_finds_its_calibration_resolved() -> None:
    folds = plan(500)
    position = folds.index[folds["purpose"] == "evaluation"][0]

    resolved = folds.iloc[: position - 6 + 1]

    assert 30 <= (resolved["purpose"] == "calibration").sum()


@given(periods=st.integers(24 + 6 + FEWEST, 200), horizon=st.integers(1, 6))
def test_however_short_history_is_no_cutoff_has_less_than_the_minimum(periods: int, horizon: int) -> None:
    folds = plan(periods, horizon=horizon)
    counts = folds["purpose"].value_counts()

    assert folds["cutoff"].is_monotonic_increasing
    assert months(periods)[23] <= folds["cutoff"].iloc[0]
    assert months(periods)[-1] == folds["cutoff"].iloc[-1]
    assert horizon == counts["open"]
    assert 1 <= counts["evaluation"] <= 20
    assert 3 <= counts["calibration"] <= 30 + horizon
    assert counts.get("burn_in", 0) <= 10


def test_a_short_history_gives_up_burn_in_before_calibration_and_calibration_before_evaluation() -> None:
    counts = [plan(periods)["purpose"].value_counts() for periods in (34, 60, 80, 100)]

    assert [1, 7, 12, 17] == [count["evaluation"] for count in counts]
    assert [3, 23, 36, 36] == [count["calibration"] for count in counts]
    assert [0, 0, 2, 10] == [count.get("burn_in", 0) for count in counts]


def test_a_history_without_room_is_refused_with_the_number_it_takes() -> None:
    with pytest.raises(HistoryTooShort, match="got 33 periods, expected at least 34") as caught:
        plan(33)

    assert (33, 34) == (caught.value.periods, caught.value.needed)
    assert 34 == pickle.loads(pickle.dumps(caught.value)).needed  # noqa: S301  (our own bytes)


WRONG = (
    {"evaluation": 5},
    {"calibration": 11},
    {"burn_in": -1},
    {"minimum_history": 1},
    {"max_gigabytes": 0},
    {"x": 1},
)


@pytest.mark.parametrize("change", WRONG)
def test_options_out_of_range_are_refused_by_name(change: dict[str, int]) -> None:
    accepted = {"burn_in": 0, "calibration": 12, "evaluation": 6, "minimum_history": 2, "max_gigabytes": 1}

    assert BacktestOptions(**accepted)
    with pytest.raises(ValidationError, match=next(iter(change))):
        BacktestOptions(**{**accepted, **change})
