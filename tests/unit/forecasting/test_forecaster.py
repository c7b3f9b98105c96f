"""The tail that all members keep: how it grows, how it follows the series, how its gaps are filled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.forecasting.forecaster import align_tail, extend_tail, fill_gaps

NAN = np.nan


def column(*values: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.array(values)[:, None]


@pytest.mark.parametrize(
    ("expected", "tail", "block"),
    [
        ([3.0, 4.0, 5.0], column(1, 2, 3), column(4, 5)),
        ([4.0, 5.0, 6.0], column(), column(1, 2, 3, 4, 5, 6)),
        ([1.0, 2.0], column(1), column(2)),
        ([1.0, 2.0], column(1, 2), column()),
    ],
)
def test_the_tail_keeps_the_newest_periods(
    expected: list[float],
    tail: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    block: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> None:
    assert expected == extend_tail(tail, block, 3).ravel().tolist()


def test_series_move_to_their_new_columns_and_new_ones_start_empty() -> None:
    aligned = align_tail(np.array([[1.0, 2.0], [3.0, 4.0]]), [1, -1, 0])

    np.testing.assert_array_equal([[2.0, NAN, 1.0], [4.0, NAN, 3.0]], aligned)


@pytest.mark.parametrize(
    ("expected", "values"),
    [
        ([1.0, 2.0, 3.0, 1.0, 2.0], column(1, 2, 3, NAN, NAN)),
        ([1.0, 1.0, 3.0, 1.0, 1.0], column(1, NAN, 3, NAN, NAN)),
        ([NAN, NAN, 3.0, 3.0, 3.0, 3.0], column(NAN, NAN, 3, NAN, NAN, NAN)),
        ([1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 1.0], column(1, 2, 3, NAN, NAN, NAN, NAN)),
        ([NAN, NAN], column(NAN, NAN)),
    ],
    ids=["last season", "last value where the season has none", "start", "longer than a season", "nothing known"],
)
def test_a_gap_holds_the_value_one_season_earlier_else_the_last_known(
    expected: list[float], values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> None:
    np.testing.assert_array_equal(expected, fill_gaps(values, 3).ravel())


def test_a_tail_without_gaps_is_left_alone() -> None:
    tail = column(1, 2, 3)

    assert tail is fill_gaps(tail, 2)


@given(seed=st.integers(0, 10_000), known=st.integers(1, 20), season_length=st.integers(1, 5))
def test_a_filled_gap_knows_nothing_that_came_later(seed: int, known: int, season_length: int) -> None:
    rng = np.random.default_rng(seed)
    tail = np.where(rng.random((20, 2)) < 0.4, NAN, rng.normal(size=(20, 2)))
    other = np.concatenate([tail[:known], rng.normal(size=(20 - known, 2))])

    np.testing.assert_array_equal(fill_gaps(tail, season_length)[:known], fill_gaps(other, season_length)[:known])
