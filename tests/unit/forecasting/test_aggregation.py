"""Weights that go on learning: shares, the bound on their regret, delays, and members that sleep."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.aggregation import FIXED_SHARE, combine_replay, learn, outcome_losses, prior_weights
from pulse_kedro.forecasting.backtest import Replay
from pulse_kedro.forecasting.choice import Choice
from pulse_kedro.forecasting.combination import combine_by_nested_choice
from pulse_kedro.forecasting.recipe import CombinationOptions

SEEDS = st.integers(0, 10_000)
OPTIONS = CombinationOptions(
    warm_up=4, standard_errors=1.0, aggregation="fixed_share", aggregation_rate=1.0, aggregation_share=0.02
)


def a_replay(seed: int, *, members: int = 6, cutoffs: int = 30, horizon: int = 3, series: int = 4) -> Replay:
    rng = np.random.default_rng(seed)
    shape = cutoffs, horizon, series
    return Replay(
        members=tuple(f"m{row}" for row in range(members)),
        ids=tuple(f"s{column}" for column in range(series)),
        cutoffs=pd.date_range("2001-01-01", periods=cutoffs, freq="MS"),
        points=rng.normal(size=(members, *shape)) * rng.uniform(0.1, 1, (members, 1, 1, 1)),
        actual=rng.normal(size=shape) * 0.1,
        scale=np.ones((cutoffs, series)),
        resolved=np.arange(cutoffs) + horizon < cutoffs,
    )


@given(seed=SEEDS, rate=st.floats(0.01, 20), share=st.sampled_from([0.0, 0.05, 0.5]))
def test_weights_stay_shares_whatever_happens(seed: int, rate: float, share: float) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(5))
    for _ in range(20):
        losses = np.where(rng.random(5) < 0.3, np.nan, rng.random(5))

        weights = learn(weights, losses, rate=rate, share=share)

        assert (weights >= 0).all()
        assert 1.0 == pytest.approx(weights.sum())


@given(seed=SEEDS, rate=st.floats(0.05, 2), rounds=st.integers(1, 150))
def test_regret_stays_below_the_bound_of_exponential_weights(seed: int, rate: float, rounds: int) -> None:
    """Cesa-Bianchi & Lugosi (2006), theorem 2.2: ln M / rate + rate * T / 8 for losses between 0 and 1."""
    rng = np.random.default_rng(seed)
    losses = rng.random((rounds, 7)) ** rng.uniform(0.2, 5, 7)
    weights, suffered = np.full(7, 1 / 7), 0.0
    for loss in losses:
        suffered += float(weights @ loss)
        weights = learn(weights, loss, rate=rate, share=0.0)

    assert suffered - losses.sum(axis=0).min() <= np.log(7) / rate + rate * rounds / 8 + 1e-9


def test_a_fixed_share_finds_a_new_leader_where_pure_weights_do_not() -> None:
    losses = np.concatenate([np.tile([0.0, 1.0], (100, 1)), np.tile([1.0, 0.0], (20, 1))])
    pure, shared = np.full(2, 0.5), np.full(2, 0.5)
    for loss in losses:
        pure, shared = learn(pure, loss, rate=1.0, share=0.0), learn(shared, loss, rate=1.0, share=0.02)

    assert pure[1] < 1e-30
    assert shared[1] > 0.9


def test_a_sleeping_member_keeps_its_weight_and_the_others_share_theirs() -> None:
    weights = learn(np.array([0.2, 0.4, 0.4]), np.array([np.nan, 0.0, 1.0]), rate=np.log(3), share=0.0)

    np.testing.assert_allclose([0.2, 0.6, 0.2], weights)


def test_without_an_outcome_nothing_is_learned() -> None:
    weights = np.array([0.3, 0.7])

    assert weights.tolist() == learn(weights, np.full(2, np.nan), rate=1.0, share=0.5).tolist()


def test_a_new_member_enters_with_an_even_part_of_the_share() -> None:
    losses = np.zeros((4, 10, 2))
    losses[3] = np.nan
    choice = Choice(name="median", rule="median", weights=np.ones(4))

    np.testing.assert_allclose([0.325, 0.325, 0.325, 0.025], prior_weights(choice, losses, 8, 0.1))


@pytest.mark.parametrize(
    ("rule", "weights", "expected"),
    [
        ("mean", [3.0, 1.0], [0.75, 0.25]),
        ("median", [1.0, 0.0], [1.0, 0.0]),
        ("mean", [[1.0, 0.0], [0.0, 1.0]], [0.5, 0.5]),
        ("mean", [0.0, 0.0], [0.5, 0.5]),
    ],
)
def test_the_prior_is_the_nested_choice(rule: str, weights: list[float], expected: list[float]) -> None:
    choice = Choice(name="", rule=rule, weights=np.array(weights))  # type: ignore[arg-type]

    assert expected == prior_weights(choice, np.zeros((2, 5, 2)), 4, 0.0).tolist()


def test_losses_are_clipped_and_averaged_over_series_with_the_silent_at_the_mean() -> None:
    replayed = a_replay(0, members=2, cutoffs=4, horizon=1, series=2)
    points, actual = np.zeros((2, 4, 1, 2)), np.zeros((4, 1, 2))
    points[0, 0, 0], points[1, 0, 0] = [0.5, 9.0], [0.1, np.nan]
    actual[1] = np.nan

    losses = outcome_losses(replace(replayed, points=points, actual=actual), block=1)

    np.testing.assert_allclose([[0.75], [0.55]], losses[:, 0])
    assert np.isnan(losses[:, 1]).all()


def test_until_the_warm_up_is_over_the_nested_choice_stays() -> None:
    replayed = a_replay(1)

    nested = combine_by_nested_choice(replayed, OPTIONS)
    shared = combine_replay(replayed, OPTIONS)

    # Four cutoffs are resolved three steps ahead at the cutoff with number 6, counted from 0.
    assert nested.names[:6] == shared.names[:6]
    np.testing.assert_array_equal(nested.points[:6], shared.points[:6])
    assert {FIXED_SHARE} == set(shared.names[6:])


def test_a_short_history_keeps_the_nested_choice() -> None:
    replayed = a_replay(1, cutoffs=6)

    assert combine_by_nested_choice(replayed, OPTIONS).names == combine_replay(replayed, OPTIONS).names


def test_the_weight_goes_to_the_member_that_is_right() -> None:
    replayed = a_replay(2, cutoffs=80)
    points = np.full_like(replayed.points, 0.8)
    points[3] = replayed.actual

    combination = combine_replay(replace(replayed, points=np.nan_to_num(points)), OPTIONS)

    assert 3 == combination.choice.weights.argmax()
    assert combination.choice.weights[3] > 0.8


@settings(max_examples=40)
@given(seed=SEEDS, cut=st.integers(0, 29))
def test_weights_at_a_cutoff_know_only_outcomes_that_had_arrived(seed: int, cut: int) -> None:
    replayed = a_replay(seed)
    cutoff, step = np.indices(replayed.actual.shape[:2])
    late = (cutoff + step + 1 > cut)[..., None]
    other = replace(replayed, actual=np.where(late, 9.0, replayed.actual))

    told, untold = combine_replay(replayed, OPTIONS), combine_replay(other, OPTIONS)

    np.testing.assert_array_equal(told.points[: cut + 1], untold.points[: cut + 1])


def test_an_outcome_moves_the_weights_in_the_period_in_which_it_arrives() -> None:
    replayed = a_replay(3)
    actual = replayed.actual.copy()
    actual[10, 1] += 5  # step 2 of cutoff 10 arrives with cutoff 12

    told, changed = combine_replay(replayed, OPTIONS), combine_replay(replace(replayed, actual=actual), OPTIONS)
    moved = [bool((a.weights != b.weights).any()) for a, b in zip(told.choices, changed.choices, strict=True)]

    assert 12 == moved.index(True)


def combined_of(replayed: Replay, block: int) -> Array:
    return combine_replay(replayed, OPTIONS, block=block).points


def test_blocks_of_series_change_nothing() -> None:
    replayed = a_replay(4, series=7)

    np.testing.assert_allclose(combined_of(replayed, 100), combined_of(replayed, 3), rtol=1e-12)
