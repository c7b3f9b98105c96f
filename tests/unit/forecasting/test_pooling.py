"""Who borrows from whom: series, clusters, regimes, and how much, judged by pinball loss."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.domain.panel import QUANTILE_LEVELS, Array
from pulse_kedro.forecasting.pooling import choose_pooling, pinball_loss, pool, pool_by_group, pooled_quantiles

SEEDS = st.integers(0, 10_000)


def noise(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


@given(seed=SEEDS, block=st.integers(1, 9))
def test_blocks_of_series_change_nothing(seed: int, block: int) -> None:
    residuals, clusters = noise(seed, 8, 3, 7), np.array([0, 0, 1, 1, 2, 2, 2])

    np.testing.assert_array_equal(
        pooled_quantiles(residuals, 5.0, clusters), pooled_quantiles(residuals, 5.0, clusters, block=block)
    )


@given(seed=SEEDS)
def test_one_cluster_is_the_panel(seed: int) -> None:
    residuals = noise(seed, 8, 3, 7)

    np.testing.assert_array_equal(pooled_quantiles(residuals, 5.0), pooled_quantiles(residuals, 5.0, np.full(7, 3)))


def test_a_young_series_borrows_from_its_cluster() -> None:
    residuals = noise(0, 300, 1, 9)
    residuals[:, :, 3:6] = np.abs(residuals[:, :, 3:6])
    residuals[5:, :, 5] = residuals[5:, :, 8] = np.nan

    quantiles = pooled_quantiles(residuals, 60.0, np.array([7, 7, 7, 4, 4, 4, 7, 7, 7]))

    assert (quantiles[0, 5] > -0.3).all(), "its cluster was never wrong to the other side"
    assert quantiles[0, 8, 0] < -1.2


def test_a_cluster_without_errors_borrows_from_the_panel() -> None:
    residuals = noise(0, 300, 1, 4)
    residuals[:, :, 3] = np.nan

    quantiles = pooled_quantiles(residuals, 60.0, np.array([0, 0, 0, 1]))

    np.testing.assert_allclose(np.quantile(residuals[:, 0, :3], QUANTILE_LEVELS), quantiles[0, 3], atol=0.1)


def test_clusters_differ_in_the_size_of_their_errors() -> None:
    residuals = noise(0, 40, 1, 6) * [1, 1, 1, 9, 9, 9]
    residuals[:, :, 2] = residuals[:, :, 5] = np.nan

    unit = pool(residuals, 20.0, np.array([0, 0, 0, 1, 1, 1])).unit[0]

    assert unit[5] > 5 * unit[2]


def test_the_largest_error_is_told_in_units_of_the_typical_one() -> None:
    residuals = noise(0, 50, 2, 3)
    residuals[:, :, 1] = np.nan

    pooled = pool(residuals, 20.0)

    np.testing.assert_allclose(np.abs(residuals[..., 0]).max(axis=0) / pooled.unit[:, 0], pooled.largest[:, 0])
    assert [0, 0] == pooled.largest[:, 1].tolist()


def test_a_regime_with_enough_errors_has_quantiles_of_its_own() -> None:
    rng = np.random.default_rng(0)
    regimes = rng.integers(0, 2, (400, 1, 4))
    residuals = rng.normal(size=(400, 1, 4)) * np.where(regimes, 5.0, 1.0)

    offsets = pool_by_group(residuals, regimes, np.array([[0, 1, 0, 1]]), 20.0).offsets

    width = offsets[0, :, -1] - offsets[0, :, 0]
    np.testing.assert_allclose([1, 5, 1, 5], width / (2 * 1.96), rtol=0.15)


@pytest.mark.parametrize(("cutoffs", "series", "alone"), [(49, 4, False), (50, 4, True), (199, 1, False)])
def test_a_group_needs_a_hundred_errors_whose_horizons_do_not_overlap(
    cutoffs: int, series: int, *, alone: bool
) -> None:
    residuals, groups = noise(0, 400, 2, 4), np.zeros((400, 1, 4), dtype=int)
    groups[:cutoffs, :, :series] = 1
    residuals[:cutoffs, :, :series] *= 5

    offsets = pool_by_group(residuals, groups, np.array([[1]]), 20.0).offsets

    assert alone == (not np.allclose(pool(residuals, 20.0).offsets, offsets))


def test_what_belongs_to_no_group_has_the_quantiles_of_all() -> None:
    residuals, groups = noise(0, 400, 2, 4), np.array([[[-1, -1, 0, 0]]])

    offsets = pool_by_group(residuals, groups, groups[0], 20.0).offsets

    np.testing.assert_allclose(pool(residuals, 20.0).offsets[:, :2], offsets[:, :2])


def test_of_cutoffs_a_horizon_apart_each_counts_as_independent() -> None:
    residuals = noise(0, 30, 5, 4)
    groups = np.array([[[0, 0, 0, 0]]])
    skewed = residuals.copy()
    skewed[:, :, 0] **= 3

    by_period, by_horizon = (
        pool_by_group(skewed, groups, groups[0], 20.0, np.array([0, 1, 1, 1]), overlap=overlap).offsets
        for overlap in (5, 1)
    )

    np.testing.assert_allclose(pool(skewed, 20.0, np.array([0, 1, 1, 1])).offsets, by_period)
    np.testing.assert_allclose(pool(skewed, 20.0).offsets, by_horizon)


@given(seed=SEEDS, by=st.sampled_from([(1, 1, 7), (90, 1, 7), (90, 3, 1), (90, 3, 7)]))
def test_quantiles_of_groups_rise_with_the_level_and_never_narrow_with_the_step(
    seed: int, by: tuple[int, int, int]
) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(-1, 2, by)
    residuals = noise(seed, 90, 3, 7) * np.where(groups == 1, 9.0, 1.0)
    residuals[rng.random(residuals.shape) < 0.2] = np.nan

    offsets = pool_by_group(residuals, groups, groups[-1], 20.0).offsets

    assert np.isfinite(offsets).all()
    assert (np.diff(offsets, axis=-1) >= -1e-12).all()
    assert (np.diff(offsets[..., :-7:-1] - offsets[..., :6], axis=0) >= -1e-12).all()


@given(seed=SEEDS)
def test_a_single_group_of_everything_is_the_panel(seed: int) -> None:
    residuals, groups = noise(seed, 120, 1, 7), np.zeros((1, 1, 1), dtype=int)

    offsets = pool_by_group(residuals, groups, groups[0], 20.0).offsets

    np.testing.assert_allclose(pool(residuals, 20.0).offsets, offsets, rtol=1e-12, atol=1e-12)


def test_series_that_differ_want_little_pooling_and_alike_ones_much() -> None:
    alike = noise(0, 90, 1, 30)
    skewed = np.where(np.arange(30) % 2, 1.0, -1.0) * np.abs(noise(1, 90, 1, 30)) ** 3

    assert 500.0 == choose_pooling(alike, (1.0, 500.0), 60.0)
    assert 1.0 == choose_pooling(skewed, (1.0, 500.0), 60.0)


def test_too_few_errors_leave_the_pooling_as_it_is() -> None:
    assert 60.0 == choose_pooling(noise(0, 3, 2, 4), (1.0, 5.0), 60.0)
    assert 60.0 == choose_pooling(np.full((90, 2, 4), np.nan), (1.0, 5.0), 60.0)


def test_pinball_loss_of_a_constant_is_worked_by_hand() -> None:
    outcomes, quantiles = np.array([[[2.0]], [[np.nan]], [[-1.0]]]), np.zeros((1, 1, 13))

    # Level tau costs 2 tau for the 2 and 1 - tau for the -1; over symmetric levels tau averages 1/2.
    assert (1.0 + 0.5) / 2 == pytest.approx(pinball_loss(outcomes, quantiles))
