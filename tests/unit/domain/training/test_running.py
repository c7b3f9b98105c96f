"""The running sum of two recipes and its band: equally good ones stay inside, a better one leaves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pulse_kedro.domain.training.running import ALPHA, run_up

LOSSES = arrays(float, 12, elements=st.floats(0, 10, width=32))


@given(LOSSES, LOSSES)
def test_sides_are_exchangeable(first: np.ndarray, second: np.ndarray) -> None:
    one, other = run_up(first, second), run_up(second, first)

    np.testing.assert_allclose(one.total, -other.total, atol=1e-9)
    np.testing.assert_allclose(one.band, other.band, atol=1e-9)
    assert one.total[-1] == pytest.approx((first - second).sum(), abs=1e-9)


def test_equally_good_recipes_seldom_leave_the_band() -> None:
    rng, left = np.random.default_rng(0), 0
    for _ in range(400):
        course = run_up(rng.normal(size=300), rng.normal(size=300))
        left += bool((np.abs(course.total) > course.band)[30:].any())

    assert left / 400 <= 2 * ALPHA


def test_a_better_challenger_leaves_it_upwards() -> None:
    rng = np.random.default_rng(1)
    champion = rng.normal(1.0, 0.2, size=200)

    course = run_up(champion, champion - 0.1 + rng.normal(0, 0.1, size=200))

    assert course.total[-1] > course.band[-1]


def test_a_constant_difference_has_no_band() -> None:
    course = run_up(np.full(5, 2.0), np.full(5, 1.0))

    assert [1.0, 2.0, 3.0, 4.0, 5.0] == course.total.tolist()
    assert [0.0] * 5 == course.band.tolist()


def test_no_cutoff_makes_no_course() -> None:
    assert 0 == len(run_up(np.array([]), np.array([])).total)
