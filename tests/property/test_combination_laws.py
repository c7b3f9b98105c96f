"""What holds for every way to combine: shares, order, silence, blocks, the future."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_kedro.forecasting.backtest import Replay
from pulse_kedro.forecasting.candidates import candidates
from pulse_kedro.forecasting.choice import ByGroup, combine
from pulse_kedro.forecasting.combination import combine_by_nested_choice
from pulse_kedro.forecasting.evidence import NoReference
from pulse_kedro.forecasting.grouping import combine_within_groups
from pulse_kedro.forecasting.recipe import CandidateKind, CombinationOptions

SEEDS = st.integers(0, 10_000)
KINDS: tuple[CandidateKind, ...] = get_args(CandidateKind)
EVERYTHING = CombinationOptions(warm_up=3, standard_errors=0.0, candidates=KINDS)
RELATIVE = replace(EVERYTHING, loss="relative")
MEMBERS = ("naive", "b", "c", "d", "e", "f")


def a_replay(seed: int, *, gaps: float = 0.1, dtype: str = "f8") -> Replay:
    """Six members of different skill; some abstain for some series."""
    rng = np.random.default_rng(seed)
    shape = cutoffs, horizon, series = 20, 4, 7
    actual = rng.normal(size=shape) + 20
    points = actual + rng.normal(size=(6, *shape)) * rng.uniform(0.1, 1, (6, 1, 1, 1)) + rng.normal(size=(6, 1, 1, 1))
    points[:, :, :, :] = np.where(rng.random((6, 1, 1, series)) < gaps, np.nan, points)
    actual[-1, 1:] = np.nan
    return Replay(
        members=MEMBERS,
        ids=tuple(f"s{column}" for column in range(series)),
        cutoffs=pd.date_range("2001-01-01", periods=cutoffs, freq="MS"),
        points=points.astype(dtype),
        actual=actual,
        scale=rng.uniform(0.5, 2, (cutoffs, series)),
        resolved=np.arange(cutoffs) + horizon < cutoffs,
    )


@settings(max_examples=12)
@given(seed=SEEDS)
def test_weights_of_a_mean_are_shares_of_a_whole(seed: int) -> None:
    for choice in combine_by_nested_choice(a_replay(seed), EVERYTHING).choices:
        assert (choice.weights >= 0).all()
        shares = choice.weights / choice.weights.sum(axis=0)
        np.testing.assert_allclose(1.0, shares.sum(axis=0))


@settings(max_examples=12)
@given(seed=SEEDS)
def test_a_combination_lies_among_its_members(seed: int) -> None:
    replayed = a_replay(seed)
    low, high = np.nanmin(replayed.points, axis=0), np.nanmax(replayed.points, axis=0)

    points = combine_by_nested_choice(replayed, EVERYTHING).points

    assert ((points >= low - 1e-9) & (points <= high + 1e-9))[~np.isnan(points)].all()


@settings(max_examples=12)
@given(seed=SEEDS, options=st.sampled_from([EVERYTHING, RELATIVE]))
def test_the_order_of_series_is_irrelevant(seed: int, options: CombinationOptions) -> None:
    replayed = a_replay(seed, gaps=0.0)
    order = np.random.default_rng(seed).permutation(7)
    shuffled = replace(
        replayed, points=replayed.points[..., order], actual=replayed.actual[..., order], scale=replayed.scale[:, order]
    )

    told, other = combine_by_nested_choice(replayed, options), combine_by_nested_choice(shuffled, options)

    assert told.losses == pytest.approx(other.losses)
    np.testing.assert_allclose(told.points[..., order], other.points, rtol=1e-7)


@settings(max_examples=12)
@given(seed=SEEDS)
def test_a_member_that_abstains_changes_nothing(seed: int) -> None:
    replayed = a_replay(seed)
    silent = np.concatenate([replayed.points, np.full((1, *replayed.actual.shape), np.nan)])

    told = combine_by_nested_choice(replayed, EVERYTHING)
    other = combine_by_nested_choice(replace(replayed, members=(*MEMBERS, "silent"), points=silent), EVERYTHING)

    assert told.losses == pytest.approx(other.losses, nan_ok=True)
    np.testing.assert_allclose(told.points, other.points, rtol=1e-7)


@settings(max_examples=7)
@given(seed=SEEDS, block=st.integers(1, 8), options=st.sampled_from([EVERYTHING, RELATIVE]))
def test_blocks_of_series_change_nothing(seed: int, block: int, options: CombinationOptions) -> None:
    replayed = a_replay(seed)

    whole, parts = (combine_by_nested_choice(replayed, options, block=size) for size in (100, block))

    assert whole.losses == pytest.approx(parts.losses, nan_ok=True, rel=1e-9)
    np.testing.assert_allclose(whole.points, parts.points, rtol=1e-9)


@settings(max_examples=12)
@given(seed=SEEDS)
def test_float32_forecasts_are_combined_as_well(seed: int) -> None:
    usual = replace(EVERYTHING, candidates=("median",))

    whole, half = (combine_by_nested_choice(a_replay(seed, dtype=dtype), usual) for dtype in ("f8", "f4"))

    np.testing.assert_allclose(whole.points, half.points, rtol=1e-6)


@settings(max_examples=8)
@given(seed=SEEDS, cut=st.integers(0, 19), options=st.sampled_from([EVERYTHING, RELATIVE]))
def test_a_choice_is_blind_to_what_came_after_its_cutoff(seed: int, cut: int, options: CombinationOptions) -> None:
    replayed = a_replay(seed)
    cutoff, step = np.indices(replayed.actual.shape[:2])
    late = (cutoff + step + 1 > cut)[..., None]
    other = replace(replayed, actual=np.where(late, 33.0, replayed.actual))

    told, untold = combine_by_nested_choice(replayed, options), combine_by_nested_choice(other, options)

    assert told.names[: cut + 1] == untold.names[: cut + 1]
    np.testing.assert_array_equal(told.points[: cut + 1], untold.points[: cut + 1])


@settings(max_examples=4)
@given(seed=SEEDS)
def test_groups_are_panels_of_their_own(seed: int) -> None:
    replayed, groups = a_replay(seed), np.array([4, 1, 4, 1, 1, 4, 1])
    alone = groups == 1
    part = replace(
        replayed, points=replayed.points[..., alone], actual=replayed.actual[..., alone], scale=replayed.scale[:, alone]
    )

    combined = combine_within_groups(replayed, EVERYTHING, groups)

    own = combine_by_nested_choice(part, EVERYTHING)
    np.testing.assert_array_equal(own.points, combined.points[..., alone])
    assert isinstance(combined.choice, ByGroup)
    assert own.choice.name == combined.choice.choices[0].name
    np.testing.assert_array_equal(combine(replayed.points[:, -1], combined.choice), combined.points[-1])


def test_one_group_is_the_panel() -> None:
    replayed = a_replay(0)

    combined = combine_within_groups(replayed, EVERYTHING, np.zeros(7, dtype=int))

    alone = combine_by_nested_choice(replayed, EVERYTHING)
    np.testing.assert_array_equal(alone.points, combined.points)
    assert alone.losses == pytest.approx(combined.losses, nan_ok=True)


@settings(max_examples=12)
@given(seed=SEEDS)
def test_relative_losses_of_the_naive_member_are_one(seed: int) -> None:
    replayed = a_replay(seed, gaps=0.0)
    naive = np.repeat(replayed.points[:1], 6, axis=0)

    losses = combine_by_nested_choice(replace(replayed, points=naive), RELATIVE).losses

    np.testing.assert_allclose(1.0, list(losses.values()))


def test_a_relative_loss_is_the_mean_of_two_ratios() -> None:
    replayed = a_replay(0, gaps=0.0)
    points = np.repeat(replayed.points[:1], 6, axis=0)
    actual = np.full_like(replayed.actual, 20.0)
    points[:] = 22.0
    points[1:] = 21.0

    losses = combine_by_nested_choice(replace(replayed, points=points, actual=actual), RELATIVE).losses

    # Every median is 21: scaled errors are half of naive's, sMAPE 200 / 41 against 400 / 42.
    assert (0.5 + (200 / 41) / (400 / 42)) / 2 == pytest.approx(losses["median"])


def test_a_relative_loss_without_a_naive_member_is_refused_with_a_way_out() -> None:
    replayed = replace(a_replay(0), members=("a", "b", "c", "d", "e", "f"))

    with pytest.raises(NoReference, match=r"expected 'naive' among them\. Add `\{kind: naive\}`"):
        combine_by_nested_choice(replayed, RELATIVE)


def test_only_what_is_switched_on_competes() -> None:
    only = replace(EVERYTHING, candidates=("best", "nnls"))

    combination = combine_by_nested_choice(a_replay(0), only)

    assert ["least squares", "best member"] == list(combination.losses)
    assert {"median", *combination.losses} >= set(combination.names), "the median where nothing else is possible"


def test_weights_by_step_are_applied_step_by_step() -> None:
    points = np.array([[[1.0], [10.0]], [[3.0], [30.0]]])
    stack = combine_by_nested_choice(a_replay(0), replace(EVERYTHING, candidates=("nnls",))).choice

    assert (6, 4) == stack.weights.shape
    by_step = replace(stack, weights=np.array([[1.0, 0.25], [0.0, 0.75]]))
    assert [[1.0], [25.0]] == combine(points, by_step).tolist()
    assert [[3.0], [30.0]] == combine(np.where([[[True]], [[False]]], np.nan, points), by_step).tolist()


def test_candidates_come_in_one_order_however_they_are_listed() -> None:
    listed = [choice.name for choice in candidates(np.arange(1.0, 7), ("best", "powers", "median"))]

    assert ["median", "error^-1", "error^-2", "error^-4", "error^-8", "best member"] == listed


@settings(max_examples=8)
@given(seed=SEEDS, cut=st.integers(0, 9))
def test_cutoffs_a_horizon_apart_are_resolved_by_the_next_one(seed: int, cut: int) -> None:
    replayed = a_replay(seed, gaps=0.0)
    sparse = replace(
        replayed,
        points=replayed.points[:, ::2],
        actual=replayed.actual[::2],
        scale=replayed.scale[::2],
        resolved=replayed.resolved[::2],
        cutoffs=replayed.cutoffs[::2],
        spacing=4,
    )
    later = np.where(np.arange(10)[:, None, None] >= cut, 33.0, sparse.actual)

    told = combine_by_nested_choice(sparse, EVERYTHING)
    untold = combine_by_nested_choice(replace(sparse, actual=later), EVERYTHING)

    assert 1 == sparse.lag
    np.testing.assert_array_equal(told.points[: cut + 1], untold.points[: cut + 1])
    # Three cutoffs with weights are resolved at the fifth; every evidence before that keeps the simplest candidate.
    assert {"median"} == set(told.names[:4])
