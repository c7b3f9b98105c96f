"""The protocol of M4: its benchmark against an independent one, its errors against numbers worked by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.tsa.seasonal import seasonal_decompose
from statsmodels.tsa.stattools import acf

from pulse_kedro.domain.metrics.competition import (
    Accuracy,
    accuracy,
    benchmark,
    has_season,
    interval_score,
    naive2,
    scale,
    seasonal_indices,
)
from pulse_kedro.domain.panel import Array


def seasonal(periods: int, m: int, seed: int = 0, noise: float = 1.0) -> Array:
    rng = np.random.default_rng(seed)
    t = np.arange(periods)
    return 100 + 0.1 * t + 20 * np.sin(2 * np.pi * t / m) + rng.normal(0, noise, periods)


@pytest.mark.parametrize("m", [4, 7, 12, 24])
@pytest.mark.parametrize("periods", [3, 5])
def test_indices_are_those_of_a_classical_decomposition(m: int, periods: int) -> None:
    history = seasonal(periods * m + 1, m)

    oracle = seasonal_decompose(history, model="multiplicative", period=m).seasonal[:m]

    np.testing.assert_allclose(seasonal_indices(history, m), oracle, rtol=1e-12)


def test_indices_worked_by_hand() -> None:
    # Season of two, no trend: the moving average over (1/2, 1, 1/2) / 2 is 2 at each inner point.
    history = np.array([1.0, 3.0, 1.0, 3.0, 1.0, 3.0, 1.0])

    np.testing.assert_allclose(seasonal_indices(history, 2), [0.5, 1.5])


@pytest.mark.parametrize("m", [4, 12, 24])
@pytest.mark.parametrize("noise", [1.0, 20.0, 40.0, 60.0, 100.0])
def test_the_season_is_tested_at_ninety_per_cent(m: int, noise: float) -> None:
    for seed in range(5):
        history = seasonal(4 * m + 3, m, seed=seed, noise=noise)
        r = acf(history, nlags=m, fft=False)
        limit = 1.645 * math.sqrt((1 + 2 * (r[1:m] ** 2).sum()) / len(history))

        assert (abs(r[m]) > limit) == has_season(history, m)


@pytest.mark.parametrize(
    ("history", "m"),
    [(seasonal(35, 12), 12), (np.full(60, 5.0), 12), (np.zeros(60), 4), (seasonal(60, 12), 1)],
    ids=["shorter than three seasons", "constant", "zero", "a season of one step"],
)
def test_what_has_no_season_repeats_its_last_value(history: Array, m: int) -> None:
    assert not has_season(history, m)
    assert [history[-1]] * 5 == naive2(history, 5, m).tolist()


def loop_naive2(history: Array, horizon: int, m: int) -> list[float]:
    """The same, step by step with the library's indices."""
    indices = seasonal_decompose(history, model="multiplicative", period=m).seasonal[:m]
    adjusted = [value / indices[t % m] for t, value in enumerate(history)]
    return [adjusted[-1] * indices[(len(history) + k) % m] for k in range(horizon)]


@pytest.mark.parametrize("m", [4, 12, 24])
@pytest.mark.parametrize("extra", [0, 1, 3])
def test_naive2_equals_an_independent_loop(m: int, extra: int) -> None:
    history = seasonal(6 * m + extra, m)
    assert has_season(history, m)

    np.testing.assert_allclose(naive2(history, 2 * m + 1, m), loop_naive2(history, 2 * m + 1, m), rtol=1e-12)


def test_naive2_worked_by_hand() -> None:
    history = np.tile([1.0, 3.0], 8)  # indices .5 and 1.5, adjusted level 2
    assert has_season(history, 2)

    np.testing.assert_allclose(naive2(history, 3, 2), [1.0, 3.0, 1.0])


def test_a_season_with_an_index_of_zero_cannot_be_divided_by() -> None:
    history = np.tile([0.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0], 8)  # closed on one day of the week
    assert has_season(history, 7)

    assert [4.0, 4.0] == naive2(history, 2, 7).tolist()


def test_a_gap_does_not_move_the_season() -> None:
    whole = np.tile([1.0, 3.0], 20)
    gap = whole.copy()
    gap[5] = np.nan

    made = benchmark(np.stack([whole, gap], axis=1), 4, 2)

    assert [1.0, 3.0, 1.0, 3.0] == pytest.approx(made[:, 0])
    assert np.all(np.diff(made[:, 1])[[0, 2]] > 0)
    np.testing.assert_allclose(made[:, 1], made[:, 0], rtol=0.1)


def test_scale_is_the_mean_seasonal_change_of_what_is_known() -> None:
    values = np.array([[1.0, 5.0, np.nan], [2.0, 5.0, np.nan], [4.0, 5.0, 7.0]])

    np.testing.assert_array_equal(scale(values, 1), [1.5, np.nan, np.nan])
    np.testing.assert_array_equal(scale(values, 2), [3.0, np.nan, np.nan])
    np.testing.assert_array_equal(scale(values, 3), [np.nan] * 3)


def test_msis_worked_by_hand() -> None:
    actual = np.array([[0.0], [5.0], [-1.0]])
    lower, upper = np.zeros((3, 1)), np.full((3, 1), 4.0)

    # Width 4 each, 40 for each unit outside: (4 + 44 + 44) / 3.
    assert [92 / 3] == pytest.approx(interval_score(actual, lower, upper))
    found = accuracy(
        actual, np.full((3, 1), 2.0), np.array([2.0]), against=None, intervals=(np.stack([lower, upper]),) * 2
    )
    assert 46 / 3 == pytest.approx(found.msis)
    assert [1 / 3, 1 / 3] == pytest.approx([found.coverage_80, found.coverage_95])


def test_smape_of_zeros_is_zero_and_of_one_zero_two_hundred() -> None:
    actual, points = np.array([[0.0, 0.0], [0.0, 10.0]]), np.array([[0.0, 1.0], [0.0, 10.0]])

    found = accuracy(actual, points, np.ones(2), against=None, intervals=None)

    assert 50.0 == found.smape  # means over steps: 0 and 100


def test_owa_is_a_ratio_of_averages() -> None:
    reference = Accuracy(smape=10.0, mase=2.0, owa=1.0, msis=None, coverage_80=None, coverage_95=None)
    actual, points = np.array([[100.0], [100.0]]), np.array([[100.0], [300.0]])

    found = accuracy(actual, points, np.array([50.0]), against=reference, intervals=None)

    assert (50.0, 2.0) == (found.smape, found.mase)
    assert (50 / 10 + 2 / 2) / 2 == found.owa


def test_series_without_a_scale_count_for_smape_only() -> None:
    actual, points = np.array([[1.0, 3.0]]), np.array([[2.0, 1.0]])

    found = accuracy(actual, points, np.array([np.nan, 2.0]), against=None, intervals=None)

    assert 1.0 == found.mase
    assert 0.5 * (200 / 3 + 100) == pytest.approx(found.smape)


def test_where_nothing_ever_moved_only_smape_is_known() -> None:
    flat = np.full((3, 2), 7.0)
    reference = accuracy(flat, flat, np.full(2, np.nan), against=None, intervals=None)

    found = accuracy(flat, flat, np.full(2, np.nan), against=reference, intervals=(np.stack([flat, flat]),) * 2)

    assert [0.0, None, None, None] == [found.smape, found.mase, found.owa, found.msis]
    assert 1.0 == found.coverage_95


@given(st.integers(0, 2**16), st.integers(1, 5), st.integers(1, 4))
def test_unknown_steps_change_nothing_but_their_own_share(seed: int, horizon: int, series: int) -> None:
    rng = np.random.default_rng(seed)
    actual, points = rng.normal(size=(horizon, series)), rng.normal(size=(horizon, series))
    intervals = (np.stack([points - 1, points + 1]), np.stack([points - 2, points + 2]))
    twice = (np.tile(part, (1, 2, 1)) for part in intervals)
    unit = rng.uniform(0.5, 2, series)
    gaps = np.concatenate([actual, np.full_like(actual, np.nan)])

    whole = accuracy(actual, points, unit, against=None, intervals=intervals)
    partly = accuracy(gaps, np.tile(points, (2, 1)), unit, against=None, intervals=(next(twice), next(twice)))

    for name in ("smape", "mase", "msis", "coverage_80", "coverage_95"):
        assert getattr(whole, name) == pytest.approx(getattr(partly, name))
