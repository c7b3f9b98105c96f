"""Laws of a ridge that remembers its batches: forgetting, taking back, removing, rolling off, correcting."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.batches import MOST_SUBTRACTIONS, RecordedRidge, ShapeDiffers, UnknownBatch
from pulse_kedro.forecasting.registration import unregistered
from pulse_kedro.forecasting.ridge import Ridge, empty_ridge, merge_shards
from pulse_kedro.forecasting.sums import Sums, empty_sums
from pulse_kedro.forecasting.windows import Constants, WindowSchema, cut_windows

LAST = WindowSchema(variant="level", look_back=3, horizon=2, season_length=2, intercept=True, clip=8.0, centre="last")
SCHEMAS = {
    "last": LAST,
    "seasonal": replace(LAST, variant="seasonal", intercept=False, centre="mean"),
    "forgetting": replace(LAST, half_life=5.0),
    "strided": replace(LAST, stride=3),
    "frozen": replace(LAST, scale="frozen", weight="frozen", half_life=11.0),
    "calendar": replace(LAST, calendar=1, season_length=5),
    "refreshed": replace(LAST, refresh=4),
    "free": replace(LAST, centre="none", scale="none", intercept=False, clip=None),
}
every_schema = pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
TOLERANCE = 1e-10


def panel(seed: int, periods: int, series: int, gaps: float) -> Array:
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(periods, series)).cumsum(axis=0) + rng.normal(size=series)
    y[rng.random(y.shape) < gaps] = np.nan
    return np.asarray(y)


panels = st.builds(
    panel,
    seed=st.integers(0, 2**32 - 1),
    periods=st.integers(8, 40),
    series=st.integers(1, 3),
    gaps=st.sampled_from([0.0, 0.1]),
)
cuts = st.lists(st.integers(1, 39), min_size=1, max_size=5, unique=True).map(sorted)


def constants_of(y: Array) -> Constants:
    """Constants that are given before the first batch, so that they do not depend on the cut."""
    known = ~np.isnan(y)
    first = np.where(known.any(axis=0), known.argmax(axis=0), np.nan)
    return Constants(first=first, unit=1.0 + np.arange(y.shape[1]), mass=1.0 / (2.0 + np.arange(y.shape[1])))


def start(schema: WindowSchema, y: Array) -> RecordedRidge:
    return RecordedRidge(ridge=empty_ridge("r", schema, series=y.shape[1], constants=constants_of(y)))


def feed(schema: WindowSchema, y: Array, where: list[int]) -> RecordedRidge:
    state = start(schema, y)
    for place, block in enumerate(np.split(y, [cut for cut in where if cut < len(y)])):
        state = state.add(block, f"b{place}")
    return state


def sums_by_definition(schema: WindowSchema, y: Array, keep: Array) -> Sums:
    """One window at a time; `keep` marks the periods whose windows count."""
    sums, constants = empty_sums(schema), constants_of(y)
    for last in range(len(y)):
        windows = cut_windows(schema, y[: last + 1], 1, clock=last + 1, constants=constants)
        for row in range(len(windows.design)):
            decay = schema.keep ** (len(y) - 1 - last)
            mass = constants.mass[windows.series[row]] if schema.weight == "frozen" else 1.0
            if keep[last]:
                one = windows.design[[row]], windows.targets[[row]]
                sums = sums.add(*one, np.array([decay * mass]), decay)
    return sums


def assert_same(expected: Sums, got: Sums, *, size: Sums | None = None) -> None:
    scale = max(1.0, float(np.abs((size or expected).xx).max(initial=0.0)))
    for name in ("xx", "xy", "yy"):
        np.testing.assert_allclose(getattr(expected, name), getattr(got, name), rtol=0, atol=TOLERANCE * scale)
    assert expected.n == pytest.approx(got.n, abs=1e-9)


@every_schema
@settings(max_examples=25)
@given(y=panels, where=cuts)
def test_batches_add_up_to_the_discounted_windows_of_one_pass(schema: WindowSchema, y: Array, where: list[int]) -> None:
    state = feed(schema, y, where)

    assert_same(sums_by_definition(schema, y, np.ones(len(y), dtype=bool)), state.ridge.sums)


@every_schema
@settings(max_examples=25)
@given(y=panels, where=cuts)
def test_taking_back_a_batch_restores_every_bit(schema: WindowSchema, y: Array, where: list[int]) -> None:
    state = feed(schema, y[:-3], where)

    back = state.add(y[-3:], "late").undo()

    for name, values in state.ridge.arrays().items():
        np.testing.assert_array_equal(values, back.ridge.arrays()[name], err_msg=name)
    assert state.ridge.facts() == back.ridge.facts()


@every_schema
@settings(max_examples=25)
@given(y=panels, where=cuts, pick=st.integers(0, 5))
def test_removing_a_batch_leaves_the_windows_that_end_elsewhere(
    schema: WindowSchema, y: Array, where: list[int], pick: int
) -> None:
    state = feed(schema, y, where)
    batch = state.batches[pick % len(state.batches)]
    keep = np.ones(len(y), dtype=bool)
    keep[batch.start : batch.stop] = False

    without = state.remove(batch.digest)

    assert_same(sums_by_definition(schema, y, keep), without.ridge.sums, size=state.ridge.sums)
    assert batch.digest not in without.ridge.batches


@every_schema
@settings(max_examples=15)
@given(y=panels, where=cuts, kept=st.integers(1, 3))
def test_rolling_off_leaves_the_windows_of_the_newest_batches(
    schema: WindowSchema, y: Array, where: list[int], kept: int
) -> None:
    state = feed(schema, y, where)
    keep = np.arange(len(y)) >= state.batches[-min(kept, len(state.batches))].start

    rolled = state.roll_off(kept)

    assert_same(sums_by_definition(schema, y, keep), rolled.ridge.sums, size=state.ridge.sums)


@every_schema
@settings(max_examples=25)
@given(y=panels, where=cuts, seed=st.integers(0, 100), share=st.sampled_from([0.02, 0.3]))
def test_a_revision_equals_learning_the_revised_data(
    schema: WindowSchema, y: Array, where: list[int], seed: int, share: float
) -> None:
    rng, revised = np.random.default_rng(seed), y.copy()
    hit = rng.random(y.shape) < share
    revised[hit] = np.where(rng.random(hit.sum()) < 0.3, np.nan, rng.normal(size=hit.sum()))
    state = feed(schema, y, where)
    frozen = replace(start(schema, y).ridge)
    expected = frozen.update(revised, "")

    corrected = state.revise(y, revised, "revision")

    assert_same(expected.sums, corrected.ridge.sums, size=state.ridge.sums)
    np.testing.assert_array_equal(expected.tail, corrected.ridge.tail)
    total = empty_sums(schema)
    for batch in corrected.batches:
        total = total.plus(batch.delta.times(schema.keep ** (corrected.ridge.clock - batch.stop)))
    assert_same(corrected.ridge.sums, total, size=state.ridge.sums)
    np.testing.assert_array_equal(state.ridge.tail, corrected.undo().ridge.tail)


@given(y=panels, times=st.integers(1, 30))
def test_adding_and_removing_a_batch_again_and_again_does_not_drift(y: Array, times: int) -> None:
    before = feed(LAST, y, [5])
    sums = before.ridge.sums
    delta = before.batches[-1].delta
    for _ in range(times):
        sums = sums.plus(delta).minus(delta)

    assert_same(before.ridge.sums, sums)


@given(seed=st.integers(0, 100), parts=st.integers(1, 7))
def test_shards_are_added_in_a_fixed_tree(seed: int, parts: int) -> None:
    shards = [feed(LAST, panel(seed + k, 20, 2, 0.0), []).ridge for k in range(parts)]

    merged = merge_shards(shards)

    assert merged.sums.n == sum(shard.sums.n for shard in shards)
    assert merged.tail.shape[1] == 2 * parts
    np.testing.assert_allclose(sum(shard.sums.xx for shard in shards), merged.sums.xx, rtol=1e-12)


@given(y=panels, seed=st.integers(0, 50))
def test_the_error_of_any_weights_needs_no_second_pass(y: Array, seed: int) -> None:
    windows = cut_windows(LAST, y, len(y))
    weights = np.random.default_rng(seed).normal(size=(LAST.features, LAST.horizon))
    sums = empty_sums(LAST).add(windows.design, windows.targets)

    expected = ((windows.targets - windows.design @ weights) ** 2).sum(axis=0)

    np.testing.assert_allclose(expected, sums.error(weights), atol=1e-7 * max(1.0, expected.max(initial=0.0)))


def test_an_unknown_batch_is_named() -> None:
    state = feed(LAST, panel(0, 20, 1, 0.0), [10])

    with pytest.raises(UnknownBatch, match="got b7, expected one of b0, b1"):
        state.remove("b7")
    with pytest.raises(UnknownBatch, match="got the last one, expected one of none"):
        start(LAST, panel(0, 20, 1, 0.0)).undo()


def test_a_revision_covers_the_whole_history() -> None:
    y = panel(0, 20, 2, 0.0)

    with pytest.raises(ShapeDiffers, match=r"got values of shape \(19, 2\), expected \(20, 2\)"):
        feed(LAST, y, []).revise(y[:-1], y[:-1], "r")


def test_worn_sums_ask_for_a_new_pass() -> None:
    y = panel(0, 40, 2, 0.0)
    state = feed(LAST, y, [20])

    assert not state.is_worn
    assert replace(state, subtractions=MOST_SUBTRACTIONS).is_worn
    negative = replace(state.ridge.sums, xx=-state.ridge.sums.xx)
    assert replace(state, ridge=replace(state.ridge, sums=negative)).is_worn


def test_states_of_different_clocks_are_not_added() -> None:
    y = panel(0, 20, 2, 0.0)
    left, right = (empty_ridge("r", LAST, series=2).update(y[:stop], "") for stop in (20, 19))

    with pytest.raises(Exception, match="got a state of 19 periods, expected 20"):
        left.merge(right)


def test_constants_are_fixed_when_the_first_value_arrives() -> None:
    schema = SCHEMAS["frozen"]
    y = panel(0, 30, 2, 0.0)
    y[:10, 1] = np.nan
    state: Ridge = empty_ridge("r", schema, series=2, constants=unregistered(2))

    state = state.update(y[:5], "").update(y[5:20], "").update(y[20:], "")

    assert [0.0, 10.0] == state.constants.first.tolist()
    assert state.constants.unit[0] == pytest.approx(y[:5, 0].std())
    assert state.constants.unit[1] == pytest.approx(y[10:20, 1].std())
