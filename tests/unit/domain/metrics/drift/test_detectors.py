"""Whitening, statistics and their calibration: size, power, and oracles for each formula."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, false_discovery_control, ks_2samp, wasserstein_distance

from drift_samples import drift_options
from pulse_kedro.domain.metrics.drift.calibration import calibrate
from pulse_kedro.domain.metrics.drift.counts import compare_counts, compare_in_time
from pulse_kedro.domain.metrics.drift.effects import stability_index, wasserstein
from pulse_kedro.domain.metrics.drift.examination import Stream, examine, judge
from pulse_kedro.domain.metrics.drift.martingale import bet, capital, conformal_p_values
from pulse_kedro.domain.metrics.drift.multiplicity import benjamini_yekutieli, persistent
from pulse_kedro.domain.metrics.drift.multivariate import compare_blocks, energy_distance
from pulse_kedro.domain.metrics.drift.statistics import cusum, distance, measure
from pulse_kedro.domain.metrics.drift.whitening import ORDERS, fit_whitening
from pulse_kedro.domain.panel import Array

SIZE, SERIES = 250, 60


def noise(seed: int, series: int, phi: float, *, length: int = 2 * SIZE) -> Array:
    """Stationary AR(1) of unit variance; shape `(length, series)`."""
    rng = np.random.default_rng(seed)
    shocks = rng.normal(size=(length + 200, series))
    values = shocks.copy()
    for at in range(1, len(values)):
        values[at] = phi * values[at - 1] + np.sqrt(1 - phi**2) * shocks[at]
    return values[200:]


def p_values(values: Array, changed: Array | None = None) -> Array:
    plain = measure(values, SIZE, 1)
    null = calibrate(plain, SIZE, SIZE, season=1, seed=3, draws=99, neighbours=1)
    return null.p_values((plain if changed is None else measure(changed, SIZE, 1)).found)


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.8, 0.9])
def test_k2_false_alarms_stay_near_nominal_where_tests_for_independent_values_fail(phi: float) -> None:
    values = noise(11, SERIES, phi)

    found = p_values(values) < 0.05

    # Three standard errors of a share of 5 % among 180: 8 % would be 10 %; the benchmark measures it on 400 series.
    assert found.mean() < 0.10
    raw = np.mean([ks_2samp(column[:SIZE], column[SIZE:]).pvalue < 0.05 for column in values.T])
    assert phi < 0.8 or raw > 0.35


@pytest.mark.parametrize(("row", "change"), [(0, "level"), (1, "size")])
def test_a_shift_of_one_deviation_and_a_doubled_variance_are_found(row: int, change: str) -> None:
    values = noise(12, SERIES, 0.5)
    moved = values.copy()
    moved[SIZE:] = moved[SIZE:] + 1 if change == "level" else np.sqrt(2) * moved[SIZE:]

    assert np.mean(p_values(values, moved)[row] < 0.05) >= 0.95


def test_k2_errors_with_a_long_memory_are_still_told_apart_by_their_cusum() -> None:
    values = noise(13, SERIES, 0.9)
    moved = values.copy()
    moved[SIZE:] += 2.0

    assert np.mean(p_values(values, moved)[0] < 0.05) > 0.8


def test_k3_twenty_clean_features_raise_few_alarms() -> None:
    terms = drift_options(window=SIZE, reference=SIZE, between_false_alarms=-SIZE / np.log(0.9), draws=99)
    times = pd.date_range("2000-01-01", periods=2 * SIZE, freq="D")
    names = tuple(map(str, range(20)))

    alarms = [
        judge(
            [examine(Stream(scope="data", signal=noise(seed, 20, 0.5), times=times, names=names), terms, 1)], terms, 1
        )
        for seed in range(12)
    ]

    assert sum(bool(report["alarm"].any()) for report in alarms) <= 1


def test_k4_short_missing_and_constant_series_are_named() -> None:
    values = noise(1, 4, 0.0, length=204)
    values[:, 1] = 5.0
    values[-24:, 2] = np.nan
    values[:, 3] = np.nan
    times = pd.date_range("2000-01-01", periods=204, freq="MS")

    found = examine(Stream(scope="data", signal=values, times=times, names=("a", "b", "c", "d")), drift_options(), 12)

    assert ("ok", "constant", "unknown", "unknown") == found.status
    report = judge([found], drift_options(), 12)
    assert {"b": "constant", "c": "unknown", "d": "unknown"} == dict(
        report.loc[report["detector"] == "any", ["series", "status"]].itertuples(index=False)
    )
    assert not report.loc[report["series"] != "a", "alarm"].any()


def test_a_shift_of_the_panel_is_seen_and_dated() -> None:
    values = noise(5, 1, 0.3, length=204)
    values[190:] += 4
    times = pd.date_range("2000-01-01", periods=204, freq="MS")
    stream = Stream(scope="concept", signal=values, times=times, names=("(panel)",), family="panel")

    report = judge([examine(stream, drift_options(), 12)], drift_options(), 12)
    silent = judge([examine(stream, drift_options(), 12)], drift_options(), 12, cooling=["concept"])

    row = report[report["detector"] == "level"].iloc[0]
    assert row["alarm"]
    assert row["rising"]
    assert abs((row["since"] - times[190]).days) < 190, "the last month in which the sum was zero"
    assert not silent["alarm"].any()
    assert "cooling" in set(silent["status"])


@settings(max_examples=10)
@given(seed=st.integers(0, 1000), size=st.sampled_from([1e-6, 1.0, 1e6]), shift=st.floats(-1e3, 1e3))
def test_unit_and_level_of_a_series_change_no_statistic(seed: int, size: float, shift: float) -> None:
    values = noise(seed, 3, 0.4, length=140)

    np.testing.assert_allclose(
        measure(values, 110, 12).found, measure(size * (values + shift), 110, 12).found, rtol=1e-5, atol=1e-6
    )


def test_whitening_reads_the_reference_only() -> None:
    values = noise(2, 3, 0.6, length=150)
    other = values.copy()
    other[120:] = 9.0

    np.testing.assert_array_equal(measure(values, 120, 12).left, measure(other, 120, 12).left)


def test_memory_is_that_of_statsmodels() -> None:
    from statsmodels.regression.linear_model import burg

    values = noise(4, 1, 0.7)

    found = fit_whitening(values, 1)

    order = int(np.flatnonzero(found.coefficients[:, 0])[-1]) + 1
    expected, _ = burg(found.standardised(values)[:, 0], order=order, demean=False)
    np.testing.assert_allclose(found.coefficients[:order, 0], expected, rtol=1e-6)
    assert ORDERS == len(found.coefficients)


def test_distance_is_that_of_kolmogorov_and_smirnov() -> None:
    left, window = noise(5, 1, 0.0, length=80), noise(6, 1, 0.0, length=30) + 0.5

    found = distance(left, window, np.unique(np.concatenate([left, window])))

    assert ks_2samp(left[:, 0], window[:, 0]).statistic * np.sqrt(80 * 30 / 110) == pytest.approx(float(found[0]))


def test_cusum_by_hand() -> None:
    most, since = cusum(np.array([[1.0], [-2.0], [0.5], [np.nan], [1.5], [-1.0]]))

    assert (2.0, 2) == (float(most[0]), int(since[0]))


def test_wasserstein_is_that_of_scipy() -> None:
    left, window = noise(7, 1, 0.0, length=2000), 1.5 * noise(8, 1, 0.0, length=2000) + 1

    assert wasserstein_distance(left[:, 0], window[:, 0]) == pytest.approx(
        float(wasserstein(left, window)[0]), rel=0.03
    )


def test_stability_index_by_hand() -> None:
    old = np.arange(100.0)

    assert 0.0 == pytest.approx(stability_index(old, old))
    # All of 100 new values in the last of ten bins; nine others hold half a value.
    expected = 9 * (0.005 - 0.1) * np.log(0.005 / 0.1) + (1 - 0.1) * np.log(1 / 0.1)
    assert expected == pytest.approx(stability_index(old, np.full(100, 1e3)))
    assert np.isnan(stability_index(old, np.full(3, np.nan)))


def test_k1_categories_are_counted_and_never_paired() -> None:
    half = ["x"] * 250 + ["y"] * 250

    assert compare_counts(half, ["p"] * 250 + ["q"] * 250).p < 1e-100
    assert compare_counts(half, ["x"] * 475 + ["y"] * 25).p < 1e-50
    assert compare_counts(half, half).p > 0.05
    unequal = compare_counts(half, ["x"] * 30 + ["z"] * 10)
    table = np.array([[250, 250, 0], [30, 0, 10]])
    oracle = chi2_contingency(table, correction=False)
    assert (oracle.statistic, oracle.pvalue) == pytest.approx((unequal.statistic, unequal.p), rel=1e-9)
    assert (("z",), ("y",)) == (unequal.unseen, unequal.gone)


def test_k4_few_labels_are_unknown_and_a_missing_label_is_one() -> None:
    assert not compare_counts(["a"] * 100, ["a"] * 9).known
    assert ("missing",) == compare_counts(["a"] * 20, ["a"] * 20 + [None]).unseen


def test_labels_that_last_need_an_unusual_stretch() -> None:
    reference = ["calm"] * 60 + ["wild"] * 30 + ["calm"] * 60 + ["wild"] * 30

    assert compare_in_time(reference, ["wild"] * 24).p > 0.05
    assert compare_counts(reference, ["wild"] * 24).p < 1e-6
    assert compare_in_time(["calm"] * 180, ["wild"] * 24).p < 0.01


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=20), alpha=st.sampled_from([0.01, 0.05, 0.2]))
def test_false_discoveries_are_controlled_as_in_scipy(p: list[float], alpha: float) -> None:
    adjusted = false_discovery_control(p, method="by")

    told = benjamini_yekutieli(np.array([*p, np.nan]), alpha)

    clear = np.abs(adjusted - alpha) > 1e-9
    np.testing.assert_array_equal((adjusted <= alpha)[clear], told[:-1][clear])
    assert not told[-1]


def test_persistence_needs_the_newest_look_and_another() -> None:
    found = np.array([[1, 1, 0, 1], [1, 0, 1, 0], [0, 0, 1, 1]], dtype=bool)

    assert [True, False, False, True] == persistent(found, 2).tolist()


def test_a_bet_never_wins_much_where_nothing_changed_and_wins_where_something_did() -> None:
    limit, ever = 20.0, []
    for seed in range(60):
        values = noise(seed, 1, 0.0, length=200)
        ever.append(bet(values[:100], values[100:], seed=seed).max() > limit)

    assert np.mean(ever) <= 1 / limit + 0.03, "Ville: at most 1 in 20"
    moved = noise(1, 5, 0.0, length=300)
    moved[100:] += 1.5
    assert bet(moved[:100], moved[100:], seed=1).max() > limit


def test_capital_by_hand() -> None:
    first = capital(np.array([[0.1]]))

    # A third of the capital bets on each slope: the mean of 1.4, 1 and .6.
    assert 1.0 == pytest.approx(float(first[0, 0]))
    assert capital(np.full((50, 1), 0.02))[-1, 0] > 50


def test_conformal_p_values_are_uniform() -> None:
    found = conformal_p_values(noise(1, 200, 0.0, length=50), noise(2, 200, 0.0, length=20), np.random.default_rng(0))

    np.testing.assert_allclose(np.quantile(found, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.03)


def test_energy_distance_by_hand_and_its_threshold() -> None:
    zero, one = np.zeros((10, 1)), np.ones((10, 1))

    assert 2.0 == pytest.approx(energy_distance(zero, one))
    assert 0.0 == pytest.approx(energy_distance(one, one))
    rows = noise(3, 4, 0.0, length=200)
    calm = compare_blocks(rows[:170], rows[170:], energy_distance, alpha=0.05, draws=99, seed=1)
    wild = compare_blocks(rows[:170], rows[170:] + 1, energy_distance, alpha=0.05, draws=99, seed=1)
    assert calm.p > 0.05
    assert 0.01 == pytest.approx(wild.p)
    assert wild.statistic > wild.threshold


def test_needed_looks_cannot_exceed_looks() -> None:
    with pytest.raises(ValueError, match="needed must not exceed looks"):
        drift_options(looks=2, needed=3)


def test_false_alarms_are_rarer_the_longer_the_wanted_time_between_them() -> None:
    assert 0.0488 == pytest.approx(drift_options().alpha(12), abs=1e-3)
    assert drift_options(between_false_alarms=400.0).alpha(12) < 0.006
