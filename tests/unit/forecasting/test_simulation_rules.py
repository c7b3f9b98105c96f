"""Policies with rules: nothing leaks, the policy stays itself, a planted lean is learned and noise is not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_kedro.domain.panel import Array
from pulse_kedro.domain.rules.options import RuleOptions
from pulse_kedro.forecasting.simulation import Simulation, fewest_periods, plan_stops, replay
from pulse_kedro.forecasting.simulation_policies import Policy, UnknownPolicy, make_policy
from pulse_kedro.forecasting.simulation_rules import Ruled, Surroundings, make_ruled

WEEK, WEEKS = 7, 140
"""Days of a horizon, a season and the way between two origins; weeks of history."""
TERMS = RuleOptions(
    enabled=True,
    mine_share=0.45,
    select_share=0.27,
    least_mine=8,
    least_select=4,
    pool=10,
    shrink=10,
    bound=1.0,
    least_gain=2e-4,
    largest_shift=1.5,
    gate_alpha=0.1,
    squared_margin=0.01,
    tries=6,
    most=3,
    looks=(20, 40),
    look_alphas=(0.03, 0.07),
    decay_slack=0.25,
    decay_limit=14.0,
)


class Level:
    """A learner that repeats the mean of the newest weeks: blind to weekdays."""

    def __init__(self, learned: float = 0.0, solved: float = 0.0) -> None:
        """Begin."""
        self.learned, self.solved = learned, solved

    def learn(self, y: Array, new: int) -> "Level":
        """Count what was learned."""
        assert 0 < new <= len(y)
        return Level(self.learned + new, self.solved)

    def forget(self, keep: float) -> "Level":
        """Count less."""
        return Level(self.learned * keep, self.solved)

    def solve(self) -> "Level":
        """Take the count."""
        return Level(self.learned, self.learned)

    def forecast(self, y: Array) -> Array:
        """The mean, and a trace of the count, so that no two ways of learning forecast the same."""
        return np.tile(np.nanmean(y[-4 * WEEK :], axis=0) + 1e-3 * np.log1p(self.solved), (WEEK, 1))


def weeks(seed: int, *, lean: float, flips: int | None = None) -> Array:
    """Two daily series of noise, whose weekends lie `lean` higher until a week, and lower after it."""
    rng, days = np.random.default_rng(seed), np.arange(WEEKS * WEEK)
    sign = np.where(days // WEEK < (WEEKS if flips is None else flips), 1.0, -1.0)
    return np.asarray(rng.normal(size=(len(days), 2)) + (lean * sign * (days % WEEK >= 5))[:, None])


def policy(name: str, terms: RuleOptions = TERMS) -> Policy:
    """A fresh one on a calendar whose first day is a Monday, for as long as any history here."""
    times = np.datetime64("2001-01-01", "s") + np.arange((WEEKS + 1) * WEEK) * np.timedelta64(86400, "s")
    around = Surroundings(
        ids=("a", "b"), season=WEEK, horizon=WEEK, every=WEEK, frequency="daily", times=times, dated=True
    )
    return make_ruled(name, lambda _: Level(), around=around, options=terms, season=4)


def play(y: Array, *policies: Policy, start: int | None = None) -> Simulation:
    stops = plan_stops(len(y), horizon=WEEK, season=WEEK, start=start, every=None)
    return replay({str(k): one for k, one in enumerate(policies)}, y, stops, horizon=WEEK, season=WEEK)


def ruled(name: str, terms: RuleOptions = TERMS) -> Ruled:
    made = policy(name, terms)
    assert isinstance(made, Ruled)
    return made


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**16), st.integers(90, 93))
def test_what_comes_after_an_origin_changes_no_forecast_made_there(seed: int, week: int) -> None:
    y = weeks(seed, lean=2.0)
    changed = y.copy()
    changed[week * WEEK :] = np.random.default_rng(seed + 1).normal(size=changed[week * WEEK :].shape) * 50

    before, after = (play(values[: 95 * WEEK], policy("recursive+rules"), start=89 * WEEK) for values in (y, changed))

    made = [stop <= week * WEEK for stop in before.stops]
    np.testing.assert_array_equal(before.played["0"].points[made], after.played["0"].points[made])
    assert (before.played["0"].points != after.played["0"].points).any()


@pytest.mark.parametrize("name", ["never", "full:4", "recursive", "recursive:60"])
def test_without_rules_it_is_the_policy_itself(name: str) -> None:
    y = weeks(0, lean=2.0)
    y[500:520, 1] = np.nan

    found = play(y, policy(name), policy(f"{name}+rules", replace(TERMS, enabled=False)))

    np.testing.assert_array_equal(found.played["0"].points, found.played["1"].points)


@pytest.mark.parametrize("name", ["never", "recursive:60", "drift"])
def test_the_policy_never_sees_what_rules_do(name: str) -> None:
    y = weeks(3, lean=2.0)
    y[-250:] += 6  # a level that a look for drift answers
    alone, with_rules = policy(name), ruled(f"{name}+rules")

    found = play(y, alone, with_rules)

    assert with_rules.ruling.applied > 0
    np.testing.assert_array_equal(found.played["0"].points, with_rules.unruled)
    assert (found.played["0"].points != found.played["1"].points).any()
    assert (alone.retrainings, alone.alarms) == (with_rules.retrainings, with_rules.alarms)


@pytest.mark.parametrize("name", ["never", "recursive"])
def test_a_lean_that_the_policy_cannot_see_is_corrected(name: str) -> None:
    with_rules = ruled(f"{name}+rules")

    found = play(weeks(1, lean=2.0), policy(name), with_rules)

    did = with_rules.ruling
    assert (1, 1, 0) == (did.tried, did.passed, did.dropped)
    assert len(found.stops) - 2 <= did.applied  # the warm-up was nearly enough to mine, choose and try
    assert any("weekday" in rule or "step" in rule for rule in did.rules)
    assert found.losses("1").mean() < 0.8 * found.losses("0").mean()


def test_the_warm_up_ends_before_the_first_origin_and_is_at_the_same_distance() -> None:
    with_rules = ruled("recursive+rules")

    found = play(weeks(1, lean=2.0), with_rules)

    least = fewest_periods(horizon=WEEK, season=WEEK)
    assert (found.stops[0] - least) // WEEK == with_rules.ruling.warm_up_origins
    assert 0 == (found.stops[0] - found.stops[1]) % WEEK


def test_rules_are_dropped_when_the_lean_turns() -> None:
    with_rules = ruled("never+rules")

    play(weeks(4, lean=2.0, flips=90), with_rules)

    did = with_rules.ruling
    assert did.dropped >= 1
    assert did.applied < WEEKS - 90 + 20


def test_noise_earns_hardly_any_rules() -> None:
    applied = []
    for seed in range(6):
        with_rules = ruled("recursive+rules")
        play(weeks(seed, lean=0.0), with_rules)
        applied.append(with_rules.ruling.applied)

    assert sum(one > 0 for one in applied) <= 1  # each trial lets one useless set in ten through


@pytest.mark.parametrize(
    "name", ["promotion+rules", "threshold+rules", "nevr+rules", "never:3+rules", "full+rules:3", "+rules"]
)
def test_rules_go_with_policies_without_a_gate(name: str) -> None:
    with pytest.raises(UnknownPolicy, match=r"\+rules after a policy without a gate") as raised:
        policy(name)

    assert name == raised.value.name


def test_the_nearest_policy_is_named_without_its_rules() -> None:
    with pytest.raises(UnknownPolicy, match="Did you mean 'never'"):
        policy("nevr+rules")


def test_a_name_without_rules_is_the_plain_policy() -> None:
    assert type(policy("never")) is type(make_policy("never", lambda _: Level(), horizon=WEEK, season=4))
