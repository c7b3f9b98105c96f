"""The test on loss differences: worked by hand, against statsmodels, and its size by simulation."""

import numpy as np
import pytest

from pulse_kedro.domain.metrics.comparison import (
    MANY,
    bootstrap_improvement,
    cutoffs_needed,
    detectable_gain,
    integer_cube_root,
    long_run_variance,
    weighted_periodogram_test,
)


@pytest.mark.parametrize(("number", "root"), [(0, 0), (1, 1), (7, 1), (8, 2), (64, 4), (1000, 10), (10**18, 10**6)])
def test_cube_root_is_exact(number: int, root: int) -> None:
    assert root == integer_cube_root(number)


def test_worked_example_of_the_weighted_periodogram_test() -> None:
    """D = 1, 2, 3, 2 around 2: I_1 = |-1 + 1 * (-1) ... |^2 / (8 pi) = 4 / (8 pi), LRV = 1, T = 2 / sqrt(1 / 4) = 4."""
    test = weighted_periodogram_test(np.array([2.0, 4.0, 4.0, 3.0]), np.array([1.0, 2.0, 1.0, 1.0]))

    assert (2.0, 1, False) == (test.difference, test.frequencies, test.degenerate)
    assert round(test.long_run_variance, 12) == 1.0
    assert round(test.statistic, 12) == 4.0
    assert round(test.p, 6) == round(0.5 * (1 - 4 / np.sqrt(2 + 16)), 6)  # Student's t with 2 degrees of freedom


def test_long_run_variance_of_independent_values_is_their_variance() -> None:
    values = np.random.default_rng(3).normal(scale=2.0, size=200_000)

    assert abs(long_run_variance(values) - 4.0) < 1.0


def test_long_run_variance_of_overlapping_forecasts_exceeds_the_plain_variance() -> None:
    noise = np.random.default_rng(3).normal(size=20_011)
    overlapping = np.convolve(noise, np.ones(12), mode="valid")

    assert long_run_variance(overlapping) > 5 * overlapping.var()


def test_equal_losses_are_a_coin_flip() -> None:
    losses = np.random.default_rng(0).random(40)

    test = weighted_periodogram_test(losses, losses)

    assert (0.0, 0.5, True) == (test.statistic, test.p, test.degenerate)


@pytest.mark.parametrize(("shift", "p"), [(0.25, 0.0), (-0.25, 1.0)])
def test_difference_that_never_varies_is_flagged(shift: float, p: float) -> None:
    losses = np.random.default_rng(0).random(40) + 1

    test = weighted_periodogram_test(losses + shift, losses)

    assert (p, True) == (test.p, test.degenerate)


@pytest.mark.parametrize("gain", [-0.3, 0.3])
def test_direction_agrees_with_statsmodels_on_a_long_series(gain: float) -> None:
    from statsmodels.tsa.stattools import diebold_mariano_test

    rng = np.random.default_rng(5)
    n, horizon = 600, 6
    shared = np.convolve(rng.normal(size=n + horizon - 1), np.ones(horizon), mode="valid")
    ours, rival = shared, (1 - gain) * shared + 0.1 * rng.normal(size=n)
    lags = max(horizon - 1, int(np.ceil(n ** (1 / 3))))

    test = weighted_periodogram_test(np.abs(ours), np.abs(rival))
    theirs = diebold_mariano_test(
        np.zeros(n), ours, rival, criterion="mad", harvey_adj=True, horizon=horizon, lags=lags
    )

    assert np.sign(float(theirs.statistic)) == np.sign(test.statistic) == np.sign(gain)
    assert (float(theirs.pvalue) / 2 < 0.05) == (min(test.p, 1 - test.p) < 0.05)


@pytest.mark.parametrize(("horizon", "n"), [(1, 30), (6, 500)])
def test_equal_accuracy_is_rejected_in_about_five_per_cent(horizon: int, n: int) -> None:
    """`operations.md` 1.1: 5.2 and 4.8 %; the plain t test rejects in 19 % at horizon 6."""
    rng = np.random.default_rng(11)
    rejected = 0
    for _ in range(1500):
        noise = rng.normal(size=(2, n + horizon - 1))
        errors = np.stack([np.convolve(row, np.ones(horizon), mode="valid") for row in noise])
        rejected += weighted_periodogram_test(*np.abs(errors)).p < 0.05

    assert 0.03 < rejected / 1500 < 0.07


def test_bootstrap_keeps_pairs_together() -> None:
    losses = np.random.default_rng(0).random(50) + 0.5

    np.testing.assert_allclose(0.1, bootstrap_improvement(losses, 0.9 * losses, block=7, draws=500, seed=1))


def test_bootstrap_is_repeatable() -> None:
    first, second = np.random.default_rng(0).random((2, 50))

    once, again, other = (bootstrap_improvement(first, second, block=7, draws=99, seed=seed) for seed in (1, 1, 2))

    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


def test_bootstrap_agrees_with_a_plain_loop() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.random(23) + 1, rng.random(23) + 1
    starts = np.random.default_rng(9).integers(23, size=(40, 6))
    index = [[(start + k) % 23 for start in row for k in range(4)][:23] for row in starts]

    expected = sorted(1 - second[row].mean() / first[row].mean() for row in index)

    np.testing.assert_allclose(expected, bootstrap_improvement(first, second, block=4, draws=40, seed=9))


def test_block_longer_than_the_sample_gives_the_whole_sample() -> None:
    first, second = np.array([2.0, 4.0]), np.array([1.0, 2.0])

    np.testing.assert_allclose(0.5, bootstrap_improvement(first, second, block=12, draws=10, seed=0))


def test_stretches_without_error_of_the_first_count_as_no_gain() -> None:
    gains = bootstrap_improvement(np.array([0.0, 1.0]), np.array([0.0, 1.0]), block=1, draws=50, seed=0)

    np.testing.assert_array_equal(0.0, gains)
    assert bootstrap_improvement(np.array([0.0, 1.0]), np.array([1.0, 0.0]), block=1, draws=50, seed=0)[0] == -np.inf


def test_detectable_gain_is_found_with_the_promised_power() -> None:
    rng = np.random.default_rng(17)
    n, alpha = 125, 0.05
    gain = detectable_gain(n, alpha=alpha, power=0.8, long_run_variance=0.04, loss=1.0)
    found = sum(
        weighted_periodogram_test(1 + rng.normal(scale=0.2, size=n), np.full(n, 1 - gain)).p <= alpha
        for _ in range(1500)
    )

    assert 0.72 < found / 1500 < 0.88


def test_cutoffs_needed_is_the_smallest_sufficient_number() -> None:
    def detectable(n: int) -> float:
        return detectable_gain(n, alpha=0.05, power=0.8, long_run_variance=1.0, loss=1.0)

    needed = cutoffs_needed(0.1, detectable)

    assert needed is not None
    assert detectable(needed) <= 0.1 < detectable(needed - 1)


@pytest.mark.parametrize("gain", [0.0, -0.2, 1e-9])
def test_no_number_of_cutoffs_confirms_nothing(gain: float) -> None:
    assert cutoffs_needed(gain, lambda n: 1.0 / np.sqrt(n) + 10 / MANY) is None
