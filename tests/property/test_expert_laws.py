"""Laws of every statistical expert: it learns rarely, moves on exactly, and never knows what comes later."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from expert_worlds import CASES, HORIZON, SEASON, World, a_world, an_expert, continued
from pulse_kedro.forecasting.experts import Expert
from pulse_kedro.forecasting.members import restore_member
from pulse_kedro.forecasting.recipe import MemberOptions

every_expert = pytest.mark.parametrize("options", CASES)
worlds = st.builds(a_world, seed=st.integers(0, 2**16), gaps=st.sampled_from([0.0, 0.1]), known=st.integers(24, 36))
few = settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
cuts = st.lists(st.integers(0, 44), max_size=4).map(sorted)


def same_facts(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether two states say the same; text, so that `nan` equals `nan`."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def assert_same_state(expected: Expert, got: Expert) -> None:
    assert same_facts(expected.facts(), got.facts())
    assert list(expected.arrays()) == list(got.arrays())
    for name, values in expected.arrays().items():
        np.testing.assert_array_equal(values, got.arrays()[name], err_msg=name)


@every_expert
@few
@given(world=worlds, seed=st.integers(0, 2**16), ahead=st.integers(0, 8))
def test_nothing_after_a_stop_changes_what_is_recalled_there(
    options: MemberOptions, world: World, seed: int, ahead: int
) -> None:
    stop, other = world.known + ahead, continued(world, seed)
    other.y[:stop] = world.y[:stop]

    here = an_expert(options, 2).learn(world.y, world.known).recall(world.y, [world.known, stop])
    there = an_expert(options, 2).learn(other.y, world.known).recall(other.y, [world.known, stop, len(other.y)])

    assert np.isfinite(here).all()
    np.testing.assert_array_equal(here, there[:2])


@every_expert
@few
@given(world=worlds, where=cuts)
def test_any_cut_into_blocks_gives_the_same_state_and_the_recalled_forecast(
    options: MemberOptions, world: World, where: list[int]
) -> None:
    learned = an_expert(options, 2).learn(world.y, world.known)

    whole, cut = learned.update(world.y, ""), learned
    for block in np.split(world.y, where):
        cut = cut.update(block, "")

    assert_same_state(whole, cut)
    np.testing.assert_array_equal(whole.forecast(), cut.forecast())
    np.testing.assert_array_equal(learned.recall(world.y, [len(world.y)])[0], whole.forecast())


@every_expert
@few
@given(world=worlds, when=st.integers(0, 44))
def test_it_is_irrelevant_when_the_data_arrive(options: MemberOptions, world: World, when: int) -> None:
    seen = max(when, world.known)
    before = an_expert(options, 2).learn(world.y, world.known).update(world.y[:seen], "")

    after = an_expert(options, 2).update(world.y[:seen], "").learn(world.y[:seen], world.known)

    assert_same_state(before, after)


@every_expert
def test_before_the_first_generation_an_expert_abstains(options: MemberOptions) -> None:
    world = a_world()

    recalled = an_expert(options, 2).learn(world.y, world.known).recall(world.y, [1, world.known - 1, world.known])

    assert np.isnan(an_expert(options, 2).update(world.y, "").forecast()).all()
    assert [True, True, False] == np.isnan(recalled).all(axis=(1, 2)).tolist()


@every_expert
def test_new_periods_teach_nothing(options: MemberOptions) -> None:
    world = a_world()
    learned = an_expert(options, 2).learn(world.y, world.known)

    moved = learned.update(world.y, "").update(3 * world.y[:5], "")

    assert learned.generations == moved.generations


@every_expert
def test_each_stop_has_the_generation_of_its_time(options: MemberOptions) -> None:
    world = a_world()
    old, new = an_expert(options, 2).learn(world.y, 24), an_expert(options, 2).learn(world.y, 36)
    both = new.learn(world.y, 24)

    stops = [20, 24, 35, 36, 44]

    expected = [*old.recall(world.y, stops[:3]), *new.recall(world.y, stops[3:])]
    np.testing.assert_array_equal(expected, both.recall(world.y, stops))
    np.testing.assert_array_equal(old.forecast(), an_expert(options, 2).forecast())
    np.testing.assert_array_equal(both.update(world.y[:35], "").forecast(), expected[2])
    np.testing.assert_array_equal(both.update(world.y, "").forecast(), expected[4])


@every_expert
@few
@given(world=worlds)
def test_a_stored_expert_goes_on_as_if_it_had_never_been_stored(options: MemberOptions, world: World) -> None:
    expert = world.learned(options)
    facts, arrays = json.dumps(expert.facts(), allow_nan=False), save(dict(expert.arrays()))

    stored = restore_member(json.loads(facts), load(arrays))

    assert isinstance(stored, Expert)
    assert_same_state(expert, stored)
    new = world.y[world.known :]
    np.testing.assert_array_equal(expert.update(new, "").forecast(), stored.update(new, "").forecast())
    np.testing.assert_array_equal(expert.recall(world.y, [world.known, 44]), stored.recall(world.y, [world.known, 44]))


@every_expert
@few
@given(world=worlds, seed=st.integers(0, 100))
def test_the_order_of_the_series_is_irrelevant(options: MemberOptions, world: World, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(2).tolist()

    shuffled = an_expert(options, 2).learn(world.y[:, order], world.known).update(world.y[:, order], "")

    straight = an_expert(options, 2).learn(world.y, world.known).update(world.y, "")
    assert_same_state(straight.align(order), shuffled)
    np.testing.assert_array_equal(straight.forecast()[:, order], shuffled.forecast())


@every_expert
def test_a_series_that_is_new_is_served_by_the_season_before_and_said_so(options: MemberOptions) -> None:
    world = a_world()
    grown = world.learned(options).align([1, -1, 0])
    new = world.y[world.known : world.known + SEASON]

    moved = grown.update(np.stack([new[:, 1], new[:, 0], new[:, 0]], axis=1), "")

    expected = world.learned(options).update(new, "").forecast()
    np.testing.assert_array_equal(expected[:, [1, 0]], moved.forecast()[:, [0, 2]])
    np.testing.assert_array_equal(new[:HORIZON, 0], moved.forecast()[:, 1])
    assert [(1, "no observation")] == [(row.column, row.reason) for row in moved.failures()]
