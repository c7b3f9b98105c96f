"""CUSUM on forecast errors: when it speaks, when it stays silent, and that it knows nothing of later errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_kedro.domain.metrics.drift import CLIPPED, QUIET, Alarms, begin, find_drift, rescaled
from pulse_kedro.domain.panel import Array

SEASON = 12


def errors(seed: int, cutoffs: int, series: int, *, phi: float = 0.0, heavy: bool = False) -> Array:
    """Unit-size errors, perhaps persistent, perhaps with heavy tails; shape `(cutoffs, series)`."""
    rng = np.random.default_rng(seed)
    shocks = rng.standard_t(4, (cutoffs, series)) / np.sqrt(2) if heavy else rng.normal(size=(cutoffs, series))
    found = shocks.copy()
    for row in range(1, cutoffs):
        found[row] = phi * found[row - 1] + np.sqrt(1 - phi**2) * shocks[row]
    return found


def find(values: Array, *, least: int = 60) -> Alarms:
    return find_drift(values, season=SEASON, reference=120, least=least)


@pytest.mark.parametrize(("phi", "heavy"), [(0.0, False), (0.5, False), (0.8, False), (0.0, True)])
def test_false_alarms_are_rare_whatever_the_noise(phi: float, *, heavy: bool) -> None:
    alarms = [find(errors(seed, 300, 40, phi=phi, heavy=heavy)) for seed in range(3)]

    # Thresholds promise one in 240 cutoffs; centre and size measured from 60 to 120 errors cost some more.
    assert sum(found.panel.sum() for found in alarms) <= 6, "twice nominal: 3 in 720 cutoffs"
    assert np.mean([found.series[60:].mean() for found in alarms]) * QUIET < 3.5


@pytest.mark.parametrize(("factor", "shift"), [(2.0, 0.0), (0.4, 0.0), (1.0, 1.0), (1.0, -1.0)])
def test_a_change_of_size_or_mean_is_found_within_a_season(factor: float, shift: float) -> None:
    values = errors(1, 240, 20)
    values[200:] = factor * values[200:] + shift

    panel = find(values).panel

    assert not panel[:201].any()
    assert panel[201 : 201 + SEASON].any()


def test_after_an_alarm_the_new_errors_are_normal() -> None:
    values = errors(2, 400, 40)
    values[200:] *= 2

    assert 1 == find(values).panel.sum()


def test_a_change_of_one_series_is_its_own() -> None:
    values = errors(3, 230, 40)
    values[200:, 7] *= 4

    alarms = find(values)

    assert alarms.series[201:213, 7].any()
    assert not alarms.panel.any()
    assert alarms.series[201:213].mean() < 0.05


def test_one_broken_value_raises_no_alarm_of_the_panel() -> None:
    values = errors(4, 240, 5)
    broken = values.copy()
    broken[200, 2] = 1e9

    np.testing.assert_array_equal(find(values).panel[:202], find(broken).panel[:202])
    assert not find(broken).panel[200:203].any()


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), cut=st.integers(60, 139))
def test_an_alarm_knows_errors_before_its_cutoff_only(seed: int, cut: int) -> None:
    values = errors(seed, 140, 3)
    other = values.copy()
    other[cut:] = 50.0

    told, untold = find(values, least=30), find(other, least=30)

    np.testing.assert_array_equal(told.panel[: cut + 1], untold.panel[: cut + 1])
    np.testing.assert_array_equal(told.series[: cut + 1], untold.series[: cut + 1])


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), size=st.sampled_from([1e-6, 1.0, 1e6]))
def test_the_unit_of_errors_and_their_gaps_change_nothing_but_what_is_missing(seed: int, size: float) -> None:
    values = errors(seed, 140, 3)
    values[np.random.default_rng(seed).random(values.shape) < 0.2] = np.nan

    plain, scaled = find(values, least=30), find(size * values, least=30)

    np.testing.assert_array_equal(plain.series, scaled.series)


@pytest.mark.parametrize("value", [0.0, 3.0, np.nan])
def test_series_that_never_err_or_say_nothing_are_silent(value: float) -> None:
    alarms = find(np.full((140, 2), value), least=30)

    assert not alarms.panel.any()
    assert not alarms.series.any()


def test_too_few_errors_are_no_reason_to_watch() -> None:
    assert not find(np.full((20, 2), 9.0)).panel.any()


def test_sums_follow_page_by_hand() -> None:
    watch = begin(np.array([[-1.0], [1.0]] * 30), SEASON, 0)
    scale = float(watch.scale[0])

    moved = watch.learn(np.array([scale])).learn(np.array([2 * scale])).learn(np.array([np.nan]))

    # Upwards 1 - .25, then 2 - .25 more; downwards nothing is left; a missing error adds nothing.
    np.testing.assert_allclose(moved.sums[:2, 0], [0.75 + 1.75, 0.0])
    assert CLIPPED - 0.25 == pytest.approx(watch.learn(np.array([1e6])).sums[0, 0])


def test_a_watch_measured_anew_follows_size_and_centre() -> None:
    watch = begin(errors(0, 120, 50), SEASON, 0)

    anew = rescaled(watch, 3 * errors(1, 24, 50) + 1.5)

    assert 3.0 == pytest.approx(float(np.median(anew.scale / watch.scale)), rel=0.1)
    assert 1.5 == pytest.approx(float(np.median(anew.centre)), abs=0.3)
    np.testing.assert_array_equal(watch.limits, anew.limits)
