"""Values that contradict the past of their series are found, new levels told apart, and clean data left alone."""

import numpy as np
import pytest

from pulse_kedro.domain.data_management.quality.grid import Block
from pulse_kedro.domain.data_management.quality.options import QualityOptions
from pulse_kedro.domain.data_management.quality.screening import MEMORY, REFRESH, Screen, screen
from quality_samples import YEAR, thresholds, usual


def look(values: np.ndarray, options: QualityOptions | None = None) -> Screen:
    """Verdicts about one series or several."""
    block = values[:, None] if values.ndim == 1 else values
    return screen(Block(y=block, first=0, offset=0), YEAR, options or thresholds())


def by_hand(y: np.ndarray, options: QualityOptions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expectation, spread and verdict of one series without gaps, shifts and changes of unit, value by value."""
    fits, errors, slope, spread = [], [], None, np.nan
    expected, spreads, odd = np.full(len(y), np.nan), np.full(len(y), np.nan), np.zeros(len(y), dtype=bool)
    for now, value in enumerate(y):
        if now % REFRESH == 0:
            newest = [abs(error) for error in errors[-(options.window) :]]
            spread = np.median(newest) / 0.6745 if len(newest) >= options.minimum_errors else np.nan
        spreads[now] = spread
        if now < YEAR or slope is None:
            fits.append(value)
            if now >= YEAR:
                slope = value - fits[now - YEAR]
            continue
        expected[now] = fits[now - YEAR] + slope
        odd[now] = abs(value - expected[now]) > options.threshold * spread
        before = fits[now - YEAR]
        if odd[now] and odd[now - YEAR] and abs(value - y[now - YEAR] - slope) <= options.threshold * spread:
            before, odd[now] = y[now - YEAR], False
            expected[now] = before + slope
        errors.append(value - expected[now])
        fits.append(expected[now] if odd[now] else value)
        slope += MEMORY * (fits[now] - before - slope)
    return expected, spreads, odd


def test_pass_over_many_series_is_what_one_does_by_hand() -> None:
    options = thresholds(threshold=4.0)
    series = [usual(seed=seed) for seed in range(4)]
    for place, values in enumerate(series):
        values[[90 + place, 102 + place, 130]] += 30

    found = look(np.column_stack(series), options)

    for column, values in enumerate(series):
        expected, spread, odd = by_hand(values, options)
        np.testing.assert_allclose(found.expected[:, column], expected)
        np.testing.assert_allclose(found.spread[:, column], spread)
        np.testing.assert_array_equal(found.odd[:, column], odd)
        assert odd[[90 + column, 130]].all()
        assert not odd[102 + column]


def test_outlier_is_found_once_and_leaves_no_echo_a_season_later() -> None:
    values = usual()
    values[100] += 25

    found = look(values)

    assert [100] == np.flatnonzero(found.odd[:, 0]).tolist()
    assert 0 == np.count_nonzero(found.level)


def test_what_comes_again_every_season_is_odd_once() -> None:
    values = usual()
    values[100::YEAR] += 25

    assert [100] == np.flatnonzero(look(values).odd[:, 0]).tolist()


def test_lasting_shift_is_one_level_and_no_row_of_outliers() -> None:
    values = usual()
    values[100:] += 25

    found = look(values)

    assert [100] == np.flatnonzero(found.level[:, 0]).tolist()
    assert 25 == pytest.approx(found.level[100, 0], abs=3)
    assert list(range(100, 106)) == np.flatnonzero(found.moved[:, 0]).tolist()
    assert not (found.odd & ~found.moved).any()


def test_shift_that_does_not_last_is_outliers() -> None:
    values = usual()
    values[100:105] += 25

    found = look(values)

    assert 0 == np.count_nonzero(found.level)
    assert list(range(100, 105)) == np.flatnonzero(found.odd[:, 0]).tolist()


@pytest.mark.parametrize("factor", [100.0, 1000.0, 0.01, 0.001, -1.0])
@pytest.mark.parametrize("length", [1, 30])
def test_change_of_unit_is_explained_and_not_taken_for_an_outlier(factor: float, length: int) -> None:
    values = usual(level=500)
    values[100 : 100 + length] *= factor

    found = look(values)

    assert set(np.flatnonzero(found.factor[:, 0] != 1)) == set(range(100, 100 + length))
    assert {factor} == set(found.factor[100 : 100 + length, 0])
    assert not found.odd.any()
    assert 0 == np.count_nonzero(found.level)


def test_rate_that_did_not_move_and_turns_into_percent_is_explained() -> None:
    values = np.full(100, 0.062)
    values[60:] = 6.2

    assert {100.0} == set(look(values).factor[60:, 0])


def test_series_around_zero_changes_its_sign_without_suspicion() -> None:
    values = np.random.default_rng(3).normal(size=(240, 50))

    found = look(values)

    assert 0 == np.count_nonzero(found.factor != 1)


def test_gap_is_bridged_for_a_season_and_then_nothing_is_said_until_there_is_a_past_again() -> None:
    short, long = usual(), usual()
    short[100:106] = np.nan
    long[100:130] = np.nan

    assert not np.isnan(look(short).expected[106:, 0]).any()
    assert np.isnan(look(long).expected[130:142, 0]).all()
    assert not look(long).odd.any()


def test_series_that_rarely_moves_is_compared_with_the_moves_it_makes() -> None:
    steps = np.random.default_rng(4).choice([-0.25, 0.0, 0.0, 0.0, 0.25], size=240)
    values = 5 + steps.cumsum()

    assert look(values).odd.mean() < 0.01
    values[200] = 60.0
    assert look(values).odd[200, 0]


def test_constant_series_says_nothing() -> None:
    found = look(np.full(100, 7.0))

    assert np.isnan(found.spread).all()
    assert not found.odd.any()


@pytest.mark.parametrize("world", ["noise", "walk", "season"])
def test_clean_data_give_few_alarms(world: str) -> None:
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(360, 200))
    season = 10 * np.sin(2 * np.pi * np.arange(360) / YEAR)[:, None]
    values = {"noise": 100 + noise, "walk": 1000 + noise.cumsum(axis=0), "season": 100 + season + noise}[world]

    found = look(values)

    checked = ~np.isnan(found.expected) & ~np.isnan(found.spread)
    assert checked.sum() > 60_000
    assert found.odd[checked].mean() < 2e-4
    assert np.count_nonzero(found.level) <= 1
    assert np.count_nonzero(found.factor != 1) == 0
