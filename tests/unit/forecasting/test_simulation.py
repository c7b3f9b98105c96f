"""Replays: where origins lie, what is counted, breaks, coverage, stability, and the messages of bad input."""

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.panel import Array, frequency
from pulse_kedro.domain.training.promotion import PromotionOptions
from pulse_kedro.forecasting.simulation import (
    Played,
    ReplayTooShort,
    Simulation,
    coverage,
    gain_between,
    known_errors,
    naive_losses,
    plan_stops,
    recovery,
    replay,
    stability,
)
from pulse_kedro.forecasting.simulation_breaks import UnknownBreak, inject, parse_break
from pulse_kedro.forecasting.simulation_gate import NAIVE_ORIGINS, Gate, Threshold, served, under_naive_rule
from pulse_kedro.forecasting.simulation_policies import (
    DriftGated,
    Full,
    Never,
    Recursive,
    Thinned,
    UnknownPolicy,
    make_policy,
)


class Counting:
    """A learner that forecasts the number of periods it learned from, twice if asked after a solution."""

    def __init__(self, learned: float = 0.0, weight: float = 0.0) -> None:
        """Begin."""
        self.learned, self.weight = learned, weight

    def learn(self, y: Array, new: int) -> "Counting":
        """Count."""
        assert 0 < new <= len(y)
        return Counting(self.learned + new, self.weight)

    def forget(self, keep: float) -> "Counting":
        """Count less."""
        return Counting(self.learned * keep, self.weight)

    def solve(self) -> "Counting":
        """Take the count."""
        return Counting(self.learned, self.learned)

    def forecast(self, y: Array) -> Array:
        """Tell the count that was taken."""
        return np.full((2, y.shape[1]), self.weight)


def points_of(policy: Never | Full | Recursive | DriftGated | Thinned, stops: tuple[int, ...]) -> list[float]:
    y = np.arange(60.0).reshape(30, 2)
    found = replay({"one": policy}, y, stops, horizon=2, season=1)
    return [float(value) for value in found.played["one"].points[:, 0, 0]]


def test_each_policy_learns_what_its_name_says() -> None:
    stops = (10, 12, 14, 16)

    never, full, every = Never(lambda _: Counting()), Full(lambda _: Counting()), Full(lambda _: Counting(), every=2)
    recursive, forgetful = Recursive(lambda _: Counting()), Recursive(lambda _: Counting(), half_life=2)

    assert [10, 10, 10, 10] == points_of(never, stops)
    assert [10, 12, 14, 16] == points_of(full, stops)
    assert [10, 10, 14, 14] == points_of(every, stops)
    assert [10, 12, 14, 16] == points_of(recursive, stops)
    assert [10, 7, 5.5, 4.75] == points_of(forgetful, stops)
    assert [1, 4, 2, 1] == [policy.retrainings for policy in (never, full, every, recursive)]


def test_the_two_sides_of_an_equal_pair_share_the_windows() -> None:
    sides = [Thinned(lambda _: Counting(), 2, seed=1, side=side) for side in (True, False)]

    first, second = (points_of(side, (10, 12, 20)) for side in sides)

    assert [10, 12, 20] == [a + b for a, b in zip(first, second, strict=True)]
    assert 0 < first[-1] < 20


def test_drift_policy_takes_new_weights_only_after_a_change() -> None:
    errors, y = np.tile([[1.0], [-1.0]], (30, 3)), np.zeros((100, 3))
    errors[45:] += 8
    policy = DriftGated(lambda _: Counting(), season=4)

    found = [float(policy.act(y[: 40 + known], errors[:known])[0, 0]) for known in range(10, 60)]

    assert {50.0} == set(found[:30])
    assert 1 <= policy.alarms == policy.retrainings - 1
    assert 50.0 != found[-1]


def test_errors_are_known_when_their_last_target_is() -> None:
    points, actual = [np.zeros((4, 1))] * 2, np.arange(8.0).reshape(2, 4, 1)
    scales = np.full((2, 1), 2.0)

    before = known_errors(points, actual, scales, (10, 14), now=13, season=2)
    after = known_errors(points, actual, scales, (10, 14), now=14, season=2)

    assert (0, 1) == before.shape
    assert [[0.25], [1.25]] == after.tolist()


def test_origins_end_where_all_targets_are_known() -> None:
    assert (50, 60, 70, 80, 90) == plan_stops(100, horizon=10, season=12, start=None, every=None)
    assert (80, 85, 90) == plan_stops(100, horizon=10, season=12, start=80, every=5)


@pytest.mark.parametrize(("periods", "start"), [(20, None), (100, 85), (100, 10), (0, None)])
def test_too_short_a_history_is_refused(periods: int, start: int | None) -> None:
    with pytest.raises(ReplayTooShort, match=rf"got {periods} periods.*earlier --start"):
        plan_stops(periods, horizon=10, season=12, start=start, every=None)


def test_the_naive_loss_repeats_the_last_season() -> None:
    y = np.array([[1.0], [3.0], [1.0], [5.0], [2.0], [9.0], [4.0]])

    found = naive_losses(y, (4, 5), horizon=2, season=2)

    # scales: mean of |0|, |2| and of |0|, |2|, |1|; errors of 1, 5 repeated: 1, 4 and of 5, 2 repeated: 4, 2
    np.testing.assert_allclose([2.5, 3.0], found)


@pytest.mark.parametrize("name", ["recursve", "full:x", "full:0", "never:3", ""])
def test_an_unknown_policy_is_refused(name: str) -> None:
    with pytest.raises(UnknownPolicy, match="expected one of never, full, recursive, drift, promotion, threshold"):
        make_policy(name, lambda _: Counting(), horizon=2, season=4)


def test_the_nearest_policy_is_named() -> None:
    with pytest.raises(UnknownPolicy, match="recursive'"):
        make_policy("recursve", lambda _: Counting(), horizon=2, season=4)


def simulation(points: Array, actual: Array, stops: tuple[int, ...]) -> Simulation:
    played = Played(points=points, seconds=np.zeros(len(stops)), retrainings=1, alarms=0)
    return Simulation(stops=stops, actual=actual, scale=np.ones((len(stops), actual.shape[2])), played={"one": played})


def test_loss_is_the_mean_of_steps_then_series() -> None:
    actual = np.array([[[1.0, np.nan], [3.0, 6.0]]])

    found = simulation(np.zeros((1, 2, 2)), actual, (5,))

    assert [4.0] == found.losses("one").tolist()


def test_coverage_rests_on_earlier_errors_only() -> None:
    errors = np.random.default_rng(1).normal(size=(200, 2, 10))
    found = simulation(np.zeros((200, 2, 10)), errors, tuple(range(10, 410, 2)))

    share = coverage(found, "one")

    assert share is not None
    assert 0.78 < share < 0.82
    assert coverage(simulation(np.zeros((1, 2, 10)), errors[:1], (10,)), "one") is None


def test_stability_compares_common_targets() -> None:
    points = np.array([[[1.0], [3.0]], [[1.0], [5.0]]])

    assert 100.0 == stability(simulation(points, points, (5, 6)), "one")
    assert stability(simulation(points, points, (5, 7)), "one") is None


def test_recovery_counts_origins_after_the_break() -> None:
    assert 2 == recovery(np.array([1.0, 1.0, 9.0, 3.0, 1.05, 1.0]), 2)
    assert recovery(np.array([1.0, 9.0, 9.0]), 1) is None


def test_a_constant_gain_has_no_spread() -> None:
    first = np.array([1.0, 2.0, 3.0, 2.0])

    assert {"gain": 0.5, "low": 0.5, "high": 0.5} == gain_between(first, first / 2, overlap=1)


@pytest.mark.parametrize("kind", ["level", "variance", "season"])
def test_a_break_changes_nothing_before_it(kind: str) -> None:
    y = np.sin(np.arange(40.0))[:, None] + 5
    broken = inject(y, parse_break(f"{kind}@3", 4).kind, 20, 6)

    np.testing.assert_array_equal(y[:20], broken[:20])
    assert np.abs(broken[20:] - y[20:]).max() > 0.1


@pytest.mark.parametrize("said", ["level", "level@1", "level@5", "leval@2", "level@x"])
def test_an_unknown_break_is_refused(said: str) -> None:
    with pytest.raises(UnknownBreak, match="expected KIND@ORIGIN"):
        parse_break(said, 4)


def test_the_naive_rule_promotes_by_two_per_cent_of_the_newest_origins() -> None:
    worse, better = np.full(12, 1.0), np.full(12, 0.97)

    found = under_naive_rule(worse, better)

    assert (5,) == found.promoted
    assert 2 == found.tests
    assert () == under_naive_rule(worse, np.full(12, 0.985)).promoted


def test_after_a_promotion_the_new_champion_serves() -> None:
    assert [0, 0, 1, 1, 0] == served(np.zeros(5), np.ones(5), (2, 4)).tolist()


def options() -> PromotionOptions:
    return PromotionOptions(
        effect_floor=0.02,
        alpha=0.05,
        budget=1.0,
        decisions_per_year=None,
        min_effective_origins=30,
        min_new_origins=30,
        power=0.8,
        draws=99,
        seed=1,
        catastrophic_ratio=10,
    )


def test_the_gate_promotes_a_much_better_challenger_once_and_an_equal_one_never() -> None:
    freq = frequency("monthly")
    dates = [freq.shift(pd.Timestamp("2000-01-01"), k) for k in range(40)]
    gate = Gate(dates=dates, freq=freq, horizon=1, options=options(), series=2)
    loss = np.random.default_rng(0).uniform(0.8, 1.2, size=40)

    assert 1 == len(gate(loss, loss * 0.5).promoted)
    assert () == gate(loss, loss).promoted


def test_the_old_rule_promotes_what_beats_the_best_skill_stored() -> None:
    freq = frequency("monthly")
    dates = [freq.shift(pd.Timestamp("2000-01-01"), k) for k in range(3 * NAIVE_ORIGINS + 1)]
    gate = Gate(dates=dates, freq=freq, horizon=1, options=options(), series=2)
    rule = Threshold(gate=gate, naive=np.ones(len(dates)))
    champion, better = np.full(len(dates), 0.50), np.full(len(dates), 0.48)

    found = rule(champion, better)

    assert 3 == found.decisions
    assert (2 * NAIVE_ORIGINS,) == found.promoted  # nothing was stored at the first decision
    assert () == rule(champion, np.full(len(dates), 0.495)).promoted  # skill .505 is 1 % above .5, 2 % are needed


def test_the_old_rule_promotes_an_equal_where_a_window_is_easier() -> None:
    freq = frequency("monthly")
    dates = [freq.shift(pd.Timestamp("2000-01-01"), k) for k in range(2 * NAIVE_ORIGINS + 1)]
    gate = Gate(dates=dates, freq=freq, horizon=1, options=options(), series=2)
    loss = np.repeat([0.6, 0.3, 0.3], [NAIVE_ORIGINS, NAIVE_ORIGINS, 1])

    assert 1 == len(Threshold(gate=gate, naive=np.ones(len(dates)))(loss, loss).promoted)
    assert () == gate(loss, loss).promoted
