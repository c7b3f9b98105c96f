"""Spectral and graph blocks: energy against scipy, neighbours against numpy."""

import numpy as np
import pytest
from scipy.signal import periodogram

from feature_samples import a_table, a_world, column, steps
from pulse_kedro.domain.data_management.features.columns import Fitted
from pulse_kedro.domain.data_management.features.fitting import fit_features, transform
from pulse_kedro.domain.panel import Array

NO_MEMORY = Fitted(ids=(), arrays={})


def energies(y: Array, **settings: object) -> dict[str, Array]:
    (step,) = steps({"type": "spectral", "enabled": True, **settings})
    return step.transform(a_table(y), NO_MEMORY)


def test_energy_shares_agree_with_a_periodogram() -> None:
    y = np.random.default_rng(0).normal(size=(40, 1)) + 1000

    found = energies(y, window=9, bands=2)

    # With an odd window every frequency counts twice in a one-sided periodogram, so the shares are the same.
    power = periodogram(y[20 - 8 : 21, 0], detrend="constant")[1][1:]
    assert power[:2].sum() / power.sum() == pytest.approx(found["y_energy1_9"][20, 0], rel=1e-8)
    assert 1.0 == pytest.approx(found["y_energy1_9"][20, 0] + found["y_energy2_9"][20, 0])


def test_a_slow_wave_has_its_energy_in_the_slow_band_and_a_fast_one_in_the_fast_band() -> None:
    t = np.arange(48)
    y = np.stack([np.sin(2 * np.pi * t / 24), np.cos(np.pi * t)], axis=1)

    found = energies(y, window=24, bands=3)

    np.testing.assert_allclose([1.0, 0.0], found["y_energy1_24"][-1], atol=1e-12)
    np.testing.assert_allclose([0.0, 1.0], found["y_energy3_24"][-1], atol=1e-12)


def test_a_constant_window_has_no_energy_and_a_window_with_a_gap_has_no_answer() -> None:
    y = column([0.1] * 6)
    gap = y.copy()
    gap[3] = np.nan

    assert [0.0] == energies(y, window=4, bands=1)["y_energy1_4"][-1].tolist()
    assert np.isnan(energies(gap, window=4, bands=1)["y_energy1_4"][-1]).all()
    assert np.isnan(energies(y, window=4, bands=1)["y_energy1_4"][2]).all()


def test_neighbours_are_those_whose_changes_correlate_most_in_the_fold() -> None:
    y = a_world(7, periods=80, series=5, gaps=0.0)[5:]
    fitted = fit_features(
        steps({"type": "graph", "enabled": True, "neighbours": 2, "correlation": 0.0}), a_table(y[:40])
    )

    found = transform(fitted, a_table(y)).columns["y_neighbours"]

    likeness = np.corrcoef(np.diff(y[:40], axis=0).T) - 9 * np.eye(5)
    best = np.argsort(-likeness, axis=1)[:, :2]
    np.testing.assert_allclose(np.stack([y[:, row].mean(axis=1) for row in best], axis=1), found, rtol=1e-12)


def test_correlations_leave_out_what_two_series_do_not_share() -> None:
    y = a_world(8, periods=60, series=3, gaps=0.2)
    fitted = fit_features(steps({"type": "graph", "enabled": True, "neighbours": 1, "correlation": 0.0}), a_table(y))

    changes = np.diff(y, axis=0)
    both = [~np.isnan(changes[:, [0, other]]).any(axis=1) for other in (1, 2)]
    oracle = [np.corrcoef(changes[k][:, [0, other]].T)[0, 1] for k, other in zip(both, (1, 2), strict=True)]
    assert 1 + int(np.argmax(oracle)) == fitted.learned[0].arrays["y.neighbours"][0, 0]


def test_a_series_unlike_all_others_has_no_neighbours() -> None:
    rng = np.random.default_rng(0)
    y = np.concatenate(
        [np.repeat(rng.normal(size=(60, 1)).cumsum(axis=0), 2, axis=1), rng.normal(size=(60, 1))], axis=1
    )
    fitted = fit_features(steps({"type": "graph", "enabled": True, "correlation": 0.9}), a_table(y))

    found = transform(fitted, a_table(y)).columns["y_neighbours"]

    np.testing.assert_array_equal(y[:, [1, 0]], found[:, :2])
    assert np.isnan(found[:, 2]).all()


def test_a_neighbour_that_the_table_lacks_does_not_count() -> None:
    y = a_world(7, periods=40, series=4, gaps=0.0)[5:]
    fitted = fit_features(steps({"type": "graph", "enabled": True, "neighbours": 1, "correlation": 0.0}), a_table(y))
    table = a_table(y[:, :1])

    found = transform(fitted, table).columns["y_neighbours"]

    assert np.isnan(found).all()
