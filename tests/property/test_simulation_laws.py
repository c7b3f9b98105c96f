"""Laws of replaying policies: fast sums equal slow ones, and an exact update equals a refit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_kedro.forecasting.gram import raw_gram
from pulse_kedro.forecasting.simulation import replay
from pulse_kedro.forecasting.simulation_learners import Part, empty_pool
from pulse_kedro.forecasting.simulation_policies import Full, Never, Recursive
from pulse_kedro.forecasting.sliding import sliding_gram

Sizes = st.tuples(
    st.integers(1, 60), st.integers(1, 4), st.integers(1, 9), st.integers(1, 6), st.integers(0, 2**32 - 1)
)


@settings(max_examples=60, deadline=None)
@given(Sizes)
def test_neighbouring_windows_give_the_gram_matrix_of_all_windows(sizes: tuple[int, int, int, int, int]) -> None:
    periods, series, longest, horizon, seed = sizes
    values = np.random.default_rng(seed).normal(size=(periods, series)).cumsum(axis=0)

    expected, found = raw_gram(values, longest, horizon), sliding_gram(values, longest, horizon)

    assert expected.n == found.n
    np.testing.assert_allclose(found.gram, expected.gram, rtol=1e-9, atol=1e-9 * max(1.0, np.abs(expected.gram).max()))


def test_windows_with_a_gap_are_left_out() -> None:
    values = np.arange(40.0).reshape(20, 2)
    values[7, 1] = np.nan

    found, expected = sliding_gram(values, 4, 2), raw_gram(values, 4, 2)

    assert 15 + 9 == found.n
    np.testing.assert_array_equal(expected.gram, found.gram)


@pytest.mark.parametrize("own", [0.0, 2.0])
@pytest.mark.parametrize("centre", ["mean", "last", "none"])
def test_an_updated_pool_forecasts_as_one_that_learned_everything_at_once(own: float, centre: str) -> None:
    rng = np.random.default_rng(3)
    y = 10 + np.sin(np.arange(120)[:, None] / 2 + np.arange(2)) + rng.normal(size=(120, 2)) / 5
    parts = [Part(look_back=6, centre=centre, penalty=1e-2), Part(look_back=9, centre=centre, penalty=1e-3)]
    empty = empty_pool(y[:60], parts, horizon=4, season_length=3, own=own)

    at_once = empty.learn(y, len(y)).solve().forecast(y)
    in_steps = empty.learn(y[:60], 60).learn(y[:61], 1).learn(y, 59).solve().forecast(y)

    np.testing.assert_allclose(in_steps, at_once, rtol=1e-9)


def test_a_part_that_waits_for_history_takes_no_share() -> None:
    y = np.sin(np.arange(90.0))[:, None] + 5
    both = [Part(look_back=6, centre="mean", penalty=1e-2), Part(look_back=9, centre="last", penalty=1.0, least=91)]

    waiting = empty_pool(y, both, horizon=3, season_length=6).learn(y, 90).solve()
    alone = replace_parts(waiting.parts[:1], y)

    np.testing.assert_allclose(waiting.forecast(y), alone, rtol=1e-6)


def replace_parts(parts: tuple[Part, ...], y: np.ndarray) -> np.ndarray:
    wide = Part(look_back=9, centre="mean", penalty=1.0, least=10**6)
    return np.asarray(empty_pool(y, [*parts, wide], horizon=3, season_length=6).learn(y, 90).solve().forecast(y))


def test_what_comes_later_changes_no_earlier_forecast() -> None:
    rng = np.random.default_rng(5)
    y = rng.normal(size=(90, 2)).cumsum(axis=0)
    changed = y.copy()
    changed[70:] = rng.normal(size=(20, 2)) * 100
    stops, found = (50, 55, 60, 65, 70), []

    for values in (y, changed):
        policies = {
            name: kind(lambda known: empty_pool(known, [Part(look_back=5, centre="mean")], horizon=5, season_length=2))
            for name, kind in (("never", Never), ("full", Full), ("recursive", Recursive))
        }
        found.append(replay(policies, values, stops, horizon=5, season=2))

    for name in ("never", "full", "recursive"):
        np.testing.assert_array_equal(found[0].played[name].points, found[1].played[name].points)
