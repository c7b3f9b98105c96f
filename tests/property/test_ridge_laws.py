"""Laws of every kind of member: a state is a sum, and a forecast moves as its series moves.

A new kind of member obeys them without a test of its own. Source: the reference of the recursive ridge, section 2.8.
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundles import a_bundle
from miniature import FAMILY, a_matrix, a_recipe
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.backtest import update_members
from pulse_kedro.forecasting.bundle_files import load_bundle, save_bundle, seal
from pulse_kedro.forecasting.forecaster import Forecaster
from pulse_kedro.forecasting.kinds import RIDGE_KINDS
from pulse_kedro.forecasting.local_ridge import LocalRidge
from pulse_kedro.forecasting.members import create_member
from pulse_kedro.forecasting.recipe import MemberOptions
from pulse_kedro.forecasting.ridge import Ridge, SchemaDiffers

STATE, FORECAST = 1e-10, 1e-8
RIDGES = [member for member in FAMILY if member.kind in RIDGE_KINDS]
SHIFTED = [member for member in FAMILY if member.kind not in ("log_ridge", "raw_ridge") and member.scale != "none"]
every_member = pytest.mark.parametrize("member", FAMILY, ids=lambda member: member.name)
every_ridge = pytest.mark.parametrize("member", RIDGES, ids=lambda member: member.name)


@dataclass(frozen=True)
class World:
    """A panel of random walks with gaps, and the sizes of the member that reads it."""

    y: Array
    look_back: int
    horizon: int
    season_length: int

    def member(self, options: MemberOptions, series: int | None = None) -> Forecaster:
        """A member that has seen nothing yet."""
        sized = replace(options, look_back=options.look_back and self.look_back)
        recipe = a_recipe(FAMILY, horizon=self.horizon, season_length=self.season_length)
        return create_member(sized, recipe, series=self.y.shape[1] if series is None else series)


def build(seed: int, periods: int, series: int, gaps: float, sizes: tuple[int, int, int]) -> World:
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(periods, series)).cumsum(axis=0) * rng.uniform(0.1, 100, series)
    y[rng.random(y.shape) < gaps] = np.nan
    return World(y, *sizes)


worlds = st.builds(
    build,
    seed=st.integers(0, 2**32 - 1),
    periods=st.integers(3, 60),
    series=st.integers(1, 4),
    gaps=st.sampled_from([0.0, 0.02, 0.15]),
    sizes=st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(1, 5)),
)
cuts = st.lists(st.integers(0, 60), max_size=6).map(sorted)


def feed(member: Forecaster, y: Array, where: list[int] | None = None) -> Forecaster:
    for block in np.split(y, where or []):
        member = member.update(block, "")
    return member


def assert_same_state(expected: Forecaster, got: Forecaster) -> None:
    for name, values in expected.arrays().items():
        scale = max(1.0, np.nanmax(np.abs(values), initial=0.0))
        np.testing.assert_allclose(values, got.arrays()[name], rtol=0, atol=STATE * scale, err_msg=name)
    assert expected.facts().get("n", 0) == pytest.approx(got.facts().get("n", 0), rel=1e-12)


def assert_same_forecast(expected: Array, got: Array, y: Array) -> None:
    size = np.nanmax(np.abs(y), axis=0, initial=0.0)
    assert (np.isnan(expected) == np.isnan(got)).all()
    assert (np.nan_to_num(np.abs(expected - got)) <= FORECAST * size).all()


@every_member
@given(world=worlds, where=cuts)
def test_any_cut_into_batches_gives_the_state_of_one_pass(
    member: MemberOptions, world: World, where: list[int]
) -> None:
    whole = feed(world.member(member), world.y)

    cut = feed(world.member(member), world.y, where)

    np.testing.assert_array_equal(whole.arrays()["tail"], cut.arrays()["tail"])
    assert_same_state(whole, cut)
    assert_same_forecast(whole.forecast(), cut.forecast(), world.y)


@every_ridge
@given(world=worlds, where=cuts, seed=st.integers(0, 100))
def test_shards_added_together_are_the_whole(member: MemberOptions, world: World, where: list[int], seed: int) -> None:
    shards = np.random.default_rng(seed).integers(0, 2, world.y.shape[1]) == 0
    parts = [world.y[:, shards], world.y[:, ~shards]]
    whole = feed(world.member(member), np.concatenate(parts, axis=1))

    left, right = (feed(world.member(member, part.shape[1]), part, where) for part in parts)

    assert isinstance(left, Ridge | LocalRidge)
    assert isinstance(right, type(left))
    merged: Forecaster = left.merge(right)  # type: ignore[arg-type]
    if isinstance(left, Ridge):
        assert [*left.batches, *right.batches] == merged.facts()["batches"]
    if (
        member.kind == "local_ridge" or member.refresh
    ):  # its weights follow the merged sums when they are next refreshed
        nothing = np.full((member.refresh or world.horizon, world.y.shape[1]), np.nan)
        whole, merged = whole.update(nothing, ""), merged.update(nothing, "")
    assert_same_state(whole, merged)
    assert_same_forecast(whole.forecast(), merged.forecast(), np.concatenate(parts, axis=1))


@every_ridge
@given(world=worlds)
def test_states_of_other_windows_are_refused(member: MemberOptions, world: World) -> None:
    left, right = world.member(member), replace(world, look_back=world.look_back + 1).member(member)
    assert isinstance(left, Ridge | LocalRidge)
    assert isinstance(right, type(left))

    with pytest.raises(SchemaDiffers):
        left.merge(right)


@every_member
@given(world=worlds, seed=st.integers(0, 100))
def test_the_order_of_the_series_is_irrelevant(member: MemberOptions, world: World, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(world.y.shape[1])
    state = feed(world.member(member), world.y)

    shuffled = feed(world.member(member), world.y[:, order])

    assert_same_state(state.align(order.tolist()), shuffled)
    assert_same_forecast(state.forecast()[:, order], shuffled.forecast(), world.y[:, order])


@pytest.mark.parametrize("member", SHIFTED, ids=lambda member: member.name)
@given(world=worlds, factors=st.lists(st.floats(1e-3, 1e3), min_size=4, max_size=4), shift=st.floats(-5, 5))
def test_a_series_scaled_and_moved_scales_and_moves_its_forecast_and_no_other(
    member: MemberOptions, world: World, factors: list[float], shift: float
) -> None:
    factor = np.array(factors)[: world.y.shape[1]]
    constant = shift * np.nanmax(np.abs(world.y), axis=0, initial=0.0)

    moved = feed(world.member(member), factor * world.y + constant).forecast()

    expected = factor * feed(world.member(member), world.y).forecast() + constant
    assert_same_forecast(expected, moved, np.abs(factor * world.y) + np.abs(constant))


@every_member
@given(world=worlds, cut=st.integers(1, 59))
def test_series_come_and_go_and_what_they_taught_stays(member: MemberOptions, world: World, cut: int) -> None:
    first, last = 0, world.y.shape[1]
    newcomer = 3 * world.y[:, first] + 1
    newcomer[:cut] = np.nan
    y = np.concatenate([world.y, newcomer[:, None]], axis=1)
    y[cut:, first] = np.nan
    kept = list(range(1, last + 1))
    whole = feed(world.member(member, last + 1), y).align(kept)

    state = feed(world.member(member), world.y[:cut])
    grown = state.align([*range(1, last), -1]).update(y[cut:, 1:], "")

    assert_same_state(whole, grown)
    assert_same_forecast(whole.forecast(), grown.forecast(), y[:, kept])


@settings(max_examples=10)
@given(seed=st.integers(0, 1000), months=st.integers(1, 14))
def test_a_stored_bundle_goes_on_as_if_it_had_never_been_stored(seed: int, months: int) -> None:
    bundle = a_bundle(seed)
    rng = np.random.default_rng(seed)
    new = a_matrix(rng.normal(loc=100, size=(months, 4)), first="2006-01-01", ids=["s0", "new", "s1", "s2"])

    with tempfile.TemporaryDirectory() as folder:
        save_bundle(bundle, Path(folder) / bundle.digest)
        stored = load_bundle(Path(folder) / bundle.digest)

    straight, detour = (
        seal(replace(start, ids=new.ids, members=update_members(start.members, start.ids, new)))
        for start in (bundle, stored)
    )
    assert straight.digest == detour.digest
    for name, member in straight.members.items():
        np.testing.assert_array_equal(member.forecast(), detour.members[name].forecast())
