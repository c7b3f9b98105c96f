"""Quantiles made of errors: their order, their size, what is shared between series, and the width that learns."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.domain.panel import QUANTILE_LEVELS, Array
from pulse_kedro.forecasting.intervals import calibrate, pooled_quantiles
from pulse_kedro.forecasting.recipe import IntervalOptions

OPTIONS = IntervalOptions(calibration_cutoffs=40, tracking_start=10, pooling=20, learning_rate=0.05, widest=4.0)


def noise(seed: int, *shape: int, gaps: float = 0.0) -> Array:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(shape) < gaps, np.nan, rng.normal(size=shape))


@given(seed=st.integers(0, 10_000), gaps=st.sampled_from([0.0, 0.3, 0.9, 1.0]), pooling=st.sampled_from([0.0, 1.0, 60]))
def test_quantiles_rise_and_are_finite_whatever_is_missing(seed: int, gaps: float, pooling: float) -> None:
    quantiles = pooled_quantiles(noise(seed, 8, 3, 4, gaps=gaps), pooling)

    assert (3, 4, len(QUANTILE_LEVELS)) == quantiles.shape
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=-1) >= -1e-12).all()


def test_a_series_with_much_evidence_has_the_quantiles_of_its_own_errors() -> None:
    residuals = noise(0, 4000, 1, 2) * [1.0, 5.0]

    quantiles = pooled_quantiles(residuals, 0.0)

    np.testing.assert_allclose(np.quantile(residuals[:, 0, 1], QUANTILE_LEVELS), quantiles[0, 1], rtol=0.01, atol=0.02)


def test_a_series_without_evidence_has_the_quantiles_of_the_panel() -> None:
    residuals = noise(0, 500, 1, 3)
    residuals[:, :, 2] = np.nan

    quantiles = pooled_quantiles(residuals, 20.0)

    np.testing.assert_allclose(np.quantile(residuals[:, :, :2], QUANTILE_LEVELS), quantiles[0, 2], atol=0.08)


def test_a_series_of_large_errors_gets_wide_intervals() -> None:
    quantiles = pooled_quantiles(noise(0, 200, 2, 2) * [1.0, 10.0], 20.0)

    width = quantiles[..., -1] - quantiles[..., 0]
    assert (width[:, 1] > 5 * width[:, 0]).all()


def test_intervals_do_not_shrink_with_the_horizon() -> None:
    residuals = noise(0, 100, 4, 3) * np.array([1.0, 3.0, 2.0, 4.0])[:, None]

    quantiles = pooled_quantiles(residuals, 20.0)

    width = quantiles[..., -1] - quantiles[..., 0]
    assert (np.diff(width, axis=0) >= 0).all()
    np.testing.assert_allclose(width[1], width[2])


def test_errors_of_a_size_give_offsets_of_that_size() -> None:
    residuals = noise(0, 50, 3, 4)

    np.testing.assert_allclose(7 * pooled_quantiles(residuals, 20.0), pooled_quantiles(7 * residuals, 20.0))


def test_no_offsets_before_there_is_evidence() -> None:
    offsets = calibrate(noise(0, 30, 3, 4), 3, OPTIONS, available=100).offsets

    # Ten cutoffs are resolved three steps ahead for the first time at the thirteenth.
    assert np.isnan(offsets[:12]).all()
    assert np.isfinite(offsets[12:]).all()


def test_a_short_history_starts_at_half_of_what_it_has() -> None:
    offsets = calibrate(noise(0, 12, 3, 4), 3, OPTIONS, available=6).offsets

    assert [False] * 5 + [True] * 7 == np.isfinite(offsets).all(axis=(1, 2, 3)).tolist()


def test_only_the_newest_errors_are_read() -> None:
    residuals = noise(0, 60, 2, 3)
    other = np.concatenate([1000 * residuals[:10], residuals[10:]])
    still = replace(OPTIONS, learning_rate=0.0)

    calibration = calibrate(residuals, 2, still, available=50)

    np.testing.assert_array_equal(calibrate(other, 2, still, available=50).offsets[-1], calibration.offsets[-1])
    assert 40 == calibration.cutoffs


@pytest.mark.parametrize(("factor", "wider"), [(3.0, True), (0.3, False)])
def test_the_width_follows_a_change_in_the_size_of_errors(factor: float, *, wider: bool) -> None:
    residuals = noise(0, 120, 2, 30)
    residuals[90:] *= factor

    calibration = calibrate(residuals, 2, OPTIONS, available=80)

    assert wider == (calibration.widths > 1).all()
    assert wider == (calibration.widths[0] > calibrate(residuals[:90], 2, OPTIONS, available=80).widths[0])


def test_without_learning_the_width_stays() -> None:
    calibration = calibrate(noise(0, 60, 2, 3), 2, replace(OPTIONS, learning_rate=0.0), available=50)

    assert [1.0] * 6 == calibration.widths.tolist()


def test_offsets_rise_however_the_widths_moved() -> None:
    residuals = noise(0, 120, 2, 5) ** 3

    offsets = calibrate(residuals, 2, replace(OPTIONS, learning_rate=0.5), available=80).offsets

    assert (np.diff(offsets[60:], axis=-1) >= 0).all()


def test_a_panel_without_any_error_known_gets_points() -> None:
    calibration = calibrate(np.full((40, 2, 3), np.nan), 2, OPTIONS, available=30)

    assert (calibration.offsets[-1] == 0).all()
    assert [1.0] * 6 == calibration.widths.tolist()


def test_width_never_leaves_its_bounds() -> None:
    shocked = noise(0, 80, 2, 3)
    shocked[40:] *= 1e3
    calm = noise(0, 80, 2, 3)
    calm[40:] *= 1e-3
    quick = replace(OPTIONS, learning_rate=0.5, widest=2.0, calibration_cutoffs=200)

    widened, narrowed = (calibrate(errors, 2, quick, available=80).widths for errors in (shocked[:52], calm))

    assert 2.0 == pytest.approx(widened.max())
    assert 0.5 == pytest.approx(narrowed.min())
