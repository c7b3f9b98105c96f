"""Slow members join while a budget lasts: the cost of a few series is known before all of them are begun."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.forecasting.costs import cpu_seconds
from pulse_kedro.forecasting.recipe import CombinationOptions, IntervalOptions, MemberOptions, RecipeOptions
from pulse_kedro.forecasting.slow_members import (
    NO_BUDGET,
    SAMPLE,
    WARM_UP,
    Budget,
    OverBudget,
    join_slow_members,
    order_of,
    spend,
    unfit,
    within,
)

H, M = 2, 4
THETA, ETS = MemberOptions(kind="auto_theta"), MemberOptions(kind="auto_ets")


def recipe(season_length: int = M) -> RecipeOptions:
    return RecipeOptions(
        horizon=H,
        season_length=season_length,
        members=(MemberOptions(kind="naive"),),
        combination=CombinationOptions(warm_up=24, standard_errors=1.0),
        intervals=IntervalOptions(calibration_cutoffs=12, tracking_start=2, pooling=10, learning_rate=0.1, widest=4.0),
    )


class Purse:
    """CPU seconds that go by only when work is done: a price for each series."""

    def __init__(self, seconds: float, price: Callable[[int], float]) -> None:
        """Fill it."""
        self.rest, self.price, self.done = seconds, price, list[int]()

    def left(self) -> float:
        """What is left."""
        return self.rest

    def work(self, columns: np.ndarray) -> np.ndarray:
        """Forecasts that are the number of the series, for their price."""
        self.done += columns.tolist()
        self.rest -= sum(self.price(column) for column in columns.tolist())
        return np.broadcast_to(columns.astype(float), (3, H, len(columns))).copy()


@given(st.integers(1, 80))
def test_with_enough_every_series_is_worked_on_once(series: int) -> None:
    purse = Purse(1e9, lambda _: 1.0)
    order = order_of(np.ones((5, series)))

    made = spend(purse.work, order, purse.left, shape=(3, H))

    assert isinstance(made, np.ndarray)
    assert sorted(purse.done) == list(range(series))
    np.testing.assert_array_equal(made[0, 0], np.arange(series))


def test_what_would_not_fit_is_not_begun_beyond_its_sample() -> None:
    purse = Purse(50.0, lambda _: 1.0)

    found = spend(purse.work, np.arange(100), purse.left, shape=(3, H))

    assert OverBudget(reason="the rest would take about 95.0 CPU s, 45.0 are left") == found
    assert WARM_UP + SAMPLE == len(purse.done)


def test_what_grows_dearer_than_its_sample_is_stopped_at_the_cap() -> None:
    purse = Purse(50.0, lambda column: 0.1 if column < 5 else 1.0)

    found = spend(purse.work, np.arange(100), purse.left, shape=(3, H))

    assert OverBudget(reason="the budget was spent after 69 of 100 series") == found


def test_the_first_series_pays_for_what_is_loaded_once_and_predicts_nothing() -> None:
    purse = Purse(50.0, lambda column: 30.0 if column == 0 else 0.1)

    assert not isinstance(spend(purse.work, np.arange(100), purse.left, shape=(3, H)), OverBudget)


def test_a_spent_purse_begins_nothing() -> None:
    purse = Purse(0.0, lambda _: 1.0)

    found = spend(purse.work, np.arange(9), purse.left, shape=(3, H))

    assert [OverBudget(reason="the budget was spent after 0 of 9 series"), []] == [found, purse.done]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40))
def test_the_first_series_are_short_and_long_ones(lengths: list[int]) -> None:
    values = np.full((30, len(lengths)), np.nan)
    for column, length in enumerate(lengths):
        values[30 - length :, column] = 1.0

    order = order_of(values).tolist()

    assert sorted(order) == list(range(len(lengths)))
    first = [lengths[column] for column in order[: WARM_UP + SAMPLE]]
    assert [min(lengths), max(lengths)] == [min(first), max(first)]


def test_without_a_budget_nothing_slow_begins_and_each_is_named() -> None:
    told: list[str] = []
    budget = Budget(members=(THETA, ETS), seconds=0.0, started=cpu_seconds())

    joined = join_slow_members(budget, recipe(), np.ones((20, 2)), [10, 20], step=told.append)

    assert {"auto_theta": NO_BUDGET, "auto_ets": NO_BUDGET} == joined.skipped
    assert [(), [], 0] == [joined.members, told, within(budget)]


def test_exponential_smoothing_keeps_out_of_long_seasons() -> None:
    budget, values = Budget(members=(THETA, ETS), seconds=1.0, started=cpu_seconds()), np.ones((200, 1))

    assert "a season of 52 steps is longer than the 24 it can follow" == unfit(ETS, recipe(52), budget, values)
    assert ["", ""] == [unfit(ETS, recipe(24), budget, values), unfit(THETA, recipe(52), budget, values)]
    assert 2 == within(budget)


@pytest.mark.slow
def test_an_expert_joins_looks_at_nothing_later_and_abstains_where_it_cannot_learn() -> None:
    rng = np.random.default_rng(0)
    values = 100 + np.cumsum(rng.normal(size=(48, 3)), axis=0)
    values[:46, 2] = np.nan  # one series begins after the first origin
    changed = values.copy()
    changed[44:] += 50
    stops = [40, 44, 48]

    def joined(seen: np.ndarray) -> np.ndarray:
        budget = Budget(members=(THETA,), seconds=1e6, started=cpu_seconds())
        found = join_slow_members(budget, recipe(), seen, stops)
        assert (("auto_theta",), {}) == (found.members, found.skipped)
        assert found.seconds[0] > 0
        return found.points[0]

    before, after = joined(values), joined(changed)

    np.testing.assert_array_equal(before[:2], after[:2])
    assert not np.isnan(before[:, :, :2]).any()
    assert np.isnan(before[:2, :, 2]).all()
    assert np.abs(before[2, :, :2] - values[-1, :2]).max() < 10
