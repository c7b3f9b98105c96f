"""Networks join a trial when all their epochs fit into the budget, and see nothing later than an origin."""

import numpy as np
import pytest

from network_samples import CURRICULUM, trainer
from pulse_kedro.forecasting.costs import cpu_seconds
from pulse_kedro.forecasting.recipe import CombinationOptions, IntervalOptions, MemberOptions, RecipeOptions
from pulse_kedro.forecasting.slow_members import Budget, join_slow_members, unfit
from pulse_kedro.forecasting.slow_networks import Lessons

pytestmark = pytest.mark.slow

MEMBER = MemberOptions(kind="cycle_linear", look_back=12)
RECIPE = RecipeOptions(
    horizon=4,
    season_length=12,
    members=(MemberOptions(kind="naive"),),
    combination=CombinationOptions(warm_up=24, standard_errors=1.0),
    intervals=IntervalOptions(calibration_cutoffs=12, tracking_start=2, pooling=10, learning_rate=0.1, widest=4.0),
)
STOPS = [72, 76, 80]


def panel() -> np.ndarray:
    rng = np.random.default_rng(0)
    t = np.arange(80)[:, None]
    return 100 + 10 * np.sin(2 * np.pi * (t / 12 + rng.random(4))) + np.cumsum(rng.normal(0, 0.3, (80, 4)), axis=0)


def budget(seconds: float, **changes: object) -> Budget:
    lessons = Lessons(trainer=trainer(**changes), curriculum=CURRICULUM)
    return Budget(members=(MEMBER,), seconds=seconds, started=cpu_seconds(), lessons=lessons)


def test_a_network_that_fits_joins_and_sees_nothing_later() -> None:
    values = panel()
    changed = values.copy()
    changed[76:] += 40

    before, after = (join_slow_members(budget(1e6), RECIPE, seen, STOPS) for seen in (values, changed))

    assert (("cycle_linear_12",), {}) == (before.members, before.skipped)
    np.testing.assert_array_equal(before.points[0][:2], after.points[0][:2])
    assert not np.array_equal(before.points[0][2], after.points[0][2])
    assert np.abs(before.points[0][0] - values[72:76]).max() < 15
    assert before.seconds[0] > 0


def test_what_all_epochs_would_cost_is_told_by_a_short_lesson() -> None:
    joined = join_slow_members(budget(120, epochs=1_000_000, patience=1_000_000), RECIPE, panel(), STOPS)

    assert () == joined.members
    assert joined.skipped["cycle_linear_12"].startswith("it would take about ")
    assert joined.skipped["cycle_linear_12"].endswith(" are left")


def test_a_lesson_ends_where_the_budget_does() -> None:
    joined = join_slow_members(budget(0.01), RECIPE, panel(), STOPS)

    assert {"cycle_linear_12": "the budget was spent before it had learned"} == joined.skipped


def test_a_network_without_a_whole_window_to_learn_from_is_named() -> None:
    short = panel()[-22:]

    joined = join_slow_members(budget(1e6), RECIPE, short, [18, 22])

    assert {"cycle_linear_12": "it had too little to learn from"} == joined.skipped
    assert "windows of 12 steps are too long here" == unfit(MEMBER, RECIPE, budget(1.0), panel()[-15:])
