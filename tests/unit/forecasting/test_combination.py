"""Combining against NumPy, and the choice among combinations."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.backtest import Replay
from pulse_kedro.forecasting.candidates import own_errors
from pulse_kedro.forecasting.combination import Choice, candidates, combine, combine_by_nested_choice, scaled_errors
from pulse_kedro.forecasting.recipe import CombinationOptions

EVERYBODY = np.ones(5)
OPTIONS = CombinationOptions(warm_up=6, standard_errors=0.0)


def points_with_gaps(seed: int) -> Array:
    rng = np.random.default_rng(seed)
    return np.where(rng.random((5, 3, 4)) < 0.4, np.nan, rng.normal(size=(5, 3, 4)))


def trimmed(values: Array) -> float:
    """Mean without a fifth at each end, of the numbers among some values."""
    ordered = np.sort(values[~np.isnan(values)])
    cut = int(0.2 * len(ordered))
    return float(ordered[cut : len(ordered) - cut].mean()) if len(ordered) else np.nan


def a_replay(errors: Array, *, horizon: int = 2) -> Replay:
    """Two series of zeros; member `m` is wrong by `errors[m, k]` at cutoff `k`."""
    members, cutoffs = errors.shape
    resolved = np.arange(cutoffs) + horizon < cutoffs
    return Replay(
        members=tuple(f"m{row}" for row in range(members)),
        ids=("a", "b"),
        cutoffs=pd.date_range("2001-01-01", periods=cutoffs, freq="MS"),
        points=np.tile(errors[:, :, None, None], (1, 1, horizon, 2)),
        actual=np.zeros((cutoffs, horizon, 2)),
        scale=np.ones((cutoffs, 2)),
        resolved=resolved,
    )


@given(seed=st.integers(0, 10_000))
def test_the_median_is_that_of_numpy_without_those_who_abstain(seed: int) -> None:
    points = points_with_gaps(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy's, for a column of nothing but nan
        expected = np.nanmedian(points, axis=0)

    np.testing.assert_allclose(expected, combine(points, Choice(name="", rule="median", weights=EVERYBODY)))


@given(seed=st.integers(0, 10_000))
def test_the_trimmed_mean_cuts_a_fifth_at_each_end(seed: int) -> None:
    points = points_with_gaps(seed)

    combined = combine(points, Choice(name="", rule="trimmed_mean", weights=EVERYBODY))

    np.testing.assert_allclose(np.apply_along_axis(trimmed, 0, points), combined)


@given(seed=st.integers(0, 10_000))
def test_the_weighted_mean_shares_the_weight_of_those_who_abstain(seed: int) -> None:
    points, weights = points_with_gaps(seed), np.random.default_rng(seed).uniform(0.1, 1, 5)
    masked = np.ma.masked_invalid(points)

    combined = combine(points, Choice(name="", rule="mean", weights=weights))

    np.testing.assert_allclose(np.ma.average(masked, axis=0, weights=weights).filled(np.nan), combined)


@pytest.mark.parametrize("rule", ["median", "mean"])
def test_where_the_chosen_abstain_the_others_speak(rule: str) -> None:
    points = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, np.nan]])
    leader = Choice(name="best member", rule=rule, weights=np.array([0.0, 0.0, 1.0]))  # type: ignore[arg-type]

    assert [5.0, 3.0] == combine(points, leader).tolist()


def test_candidates_go_from_equal_weights_to_a_single_member() -> None:
    found = candidates(np.array([0.4, 0.2, 0.8, 0.3, 0.5, 0.6]))

    assert [
        "median",
        "trimmed mean",
        "error^-1",
        "error^-2",
        "error^-4",
        "error^-8",
        "median of best 5",
        "median of best 3",
        "best member",
    ] == [choice.name for choice in found]
    assert [0.5, 1.0, 0.25, 2 / 3, 0.4, 1 / 3] == pytest.approx(found[2].weights.tolist())
    assert [1.0, 1.0, 0.0, 1.0, 0.0, 0.0] == found[7].weights.tolist()
    assert [0.0, 1.0, 0.0, 0.0, 0.0, 0.0] == found[8].weights.tolist()


def test_without_evidence_only_equal_weights_are_possible() -> None:
    assert ["median", "trimmed mean"] == [choice.name for choice in candidates(np.full(4, np.nan))]


def test_a_member_without_errors_of_its_own_has_no_weight() -> None:
    assert [1.0, 0.0, 0.25] == candidates(np.array([1.0, np.nan, 2.0]))[3].weights.tolist()


def test_a_member_that_was_never_wrong_does_not_divide_by_zero() -> None:
    found = candidates(np.array([0.0, 1.0]))

    assert all(np.isfinite(choice.weights).all() for choice in found)
    assert [1.0, 0.0] == found[-1].weights.tolist()


def test_errors_are_averaged_over_steps_then_series() -> None:
    replayed = a_replay(np.array([[1.0, 2.0, 3.0]]))
    actual = replayed.actual.copy()
    actual[0, 0, 0], actual[1] = np.nan, np.nan

    errors = scaled_errors(replayed.points[0], replace(replayed, actual=actual, scale=np.array([[1, 2]] * 3)))

    np.testing.assert_array_equal([0.75, np.nan, 2.25], errors)


def test_until_the_warm_up_is_over_everybody_counts_alike() -> None:
    errors = np.tile([[0.1], [5.0], [5.0], [5.0]], 20)

    combination = combine_by_nested_choice(a_replay(errors), OPTIONS)

    # Weights exist from cutoff 2 on; cutoff 9 is the first at which six cutoffs with weights are resolved.
    assert ("median",) * 9 == combination.names[:9]
    assert "median" not in combination.names[9:]


def test_the_choice_moves_to_the_member_that_is_right() -> None:
    errors = np.tile([[0.0], [5.0], [6.0], [7.0]], 20)

    combination = combine_by_nested_choice(a_replay(errors), OPTIONS)

    assert 0.0 == pytest.approx(combination.points[-1].max(), abs=1e-6)
    assert 5.5 == combination.losses["median"]
    assert 0 == combination.choice.weights.argmax()


def test_equals_stay_with_the_simplest() -> None:
    combination = combine_by_nested_choice(a_replay(np.full((4, 20), 1.0)), OPTIONS)

    assert {"median"} == set(combination.names)


def test_a_panel_that_cannot_be_scaled_keeps_the_median() -> None:
    replayed = replace(a_replay(np.tile([[0.0], [1.0], [2.0]], 20)), scale=np.full((20, 2), np.nan))

    combination = combine_by_nested_choice(replayed, OPTIONS)

    assert {"median"} == set(combination.names)
    assert (combination.points == 1.0).all()


def test_the_choice_that_serves_is_the_one_of_the_newest_cutoff() -> None:
    replayed = a_replay(np.abs(np.random.default_rng(0).normal(size=(6, 30))))

    combination = combine_by_nested_choice(replayed, OPTIONS)

    assert combination.names[-1] == combination.choice.name
    np.testing.assert_array_equal(combine(replayed.points[:, -1], combination.choice), combination.points[-1])


def test_a_series_weighs_members_by_its_own_errors_as_far_as_it_has_any() -> None:
    # Sixteen horizons of own errors: two members, series 0 prefers the first, series 1 the second, each by four times.
    scaled = np.array([[[1.0, 4.0, np.nan]] * 16, [[4.0, 1.0, np.nan]] * 16]).reshape(2, 16, 3)

    own = own_errors(scaled, 1)

    # u is half of log 1/4 or log 4 for these, the panel's mean is 0; (16 u + 8 * 0) / 24.
    np.testing.assert_allclose(own[:, 0], [-np.log(2) * 16 / 24, np.log(2) * 16 / 24])
    np.testing.assert_allclose(own[:, 2], 0.0, atol=1e-12)
    four, _ = candidates(np.ones(2), ("own_powers",), own=own)
    assert ("own error^-4", (2, 1, 3)) == (four.name, four.weights.shape)
    np.testing.assert_allclose(four.weights[:, 0, 0], [1.0, 2.0 ** (-4 * 2 * 16 / 24)])
    np.testing.assert_allclose(four.weights[:, 0, 2], [1.0, 1.0])


def test_horizons_that_overlap_count_as_one() -> None:
    scaled = np.random.default_rng(0).uniform(1, 2, (3, 24, 4))

    apart, overlapping = own_errors(scaled, 1), own_errors(scaled, 12)

    panel = apart.mean(axis=1, keepdims=True)
    assert (np.abs(overlapping - panel) < np.abs(apart - panel)).all()


def test_a_member_without_any_error_gets_no_weight_of_its_own() -> None:
    scaled = np.ones((3, 4, 2))
    scaled[2] = np.nan

    first, _ = candidates(np.array([1.0, 1.0, np.nan]), ("own_powers",), own=own_errors(scaled, 1))

    assert [[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]] == first.weights[:, 0].tolist()
