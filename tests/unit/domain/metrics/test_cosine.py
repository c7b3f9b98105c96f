"""The cosine estimator against its definition, and what its test says of made-up gains."""

import math

import numpy as np
import pytest
from scipy.special import stdtr, stdtrit
from scipy.stats import t as student

from pulse_kedro.domain.metrics.cosine import cosine_interval, cosine_p, cosine_variance, cosines_for

SHORT = (40, 72, 145)


def by_hand(values: list[float], cosines: int) -> float:
    n, squares = len(values), 0.0
    for j in range(1, cosines + 1):
        total = sum(value * math.cos(math.pi * j * (place + 0.5) / n) for place, value in enumerate(values))
        squares += 2 / n * total**2
    return squares / cosines


def autoregression(rng: np.random.Generator, n: int, draws: int, memory: float) -> np.ndarray:
    shocks = rng.normal(size=(n + 50, draws))
    for at in range(1, len(shocks)):
        shocks[at] += memory * shocks[at - 1]
    return shocks[50:]


def moving_average(rng: np.random.Generator, n: int, draws: int, span: int) -> np.ndarray:
    sums = np.cumsum(np.concatenate([np.zeros((1, draws)), rng.normal(size=(n + span - 1, draws))]), axis=0)
    return sums[span:] - sums[:-span]


def p_values(values: np.ndarray, overlap: int = 1) -> np.ndarray:
    spread = np.sqrt(cosine_variance(values, overlap=overlap) / len(values))
    return stdtr(cosines_for(len(values), overlap), -values.mean(axis=0) / spread)


def test_variance_is_the_mean_square_of_the_cosine_sums() -> None:
    values = np.random.default_rng(1).normal(size=(40, 3))

    found = cosine_variance(values)

    np.testing.assert_allclose(found, [by_hand(list(column), 4) for column in values.T], rtol=1e-12)


def test_a_straight_line_by_hand() -> None:
    """Two values 0 and 1: the one cosine is `cos(pi / 4)` and `cos(3 pi / 4)`, its sum squared 1 / 2."""
    assert cosine_variance(np.array([[0.0], [1.0]]))[0] == pytest.approx(0.5)


def test_a_level_adds_nothing_to_the_variance() -> None:
    values = np.random.default_rng(2).normal(size=(30, 1))

    np.testing.assert_allclose(cosine_variance(values + 100), cosine_variance(values), rtol=1e-9)


@pytest.mark.parametrize(
    ("n", "overlap", "cosines"), [(1, 1, 1), (20, 1, 3), (40, 1, 4), (145, 1, 11), (40, 12, 2), (20, 12, 1), (9, 24, 1)]
)
def test_cosines_grow_with_forecasts_that_share_no_target(n: int, overlap: int, cosines: int) -> None:
    assert cosines_for(n, overlap) == cosines


def test_p_is_that_of_students_t() -> None:
    values = np.random.default_rng(3).normal(0.2, 1, size=50)
    ratio = values.mean() / math.sqrt(by_hand(list(values), 5) / 50)

    assert cosines_for(50, 1) == 5
    assert cosine_p(values) == pytest.approx(student.sf(ratio, 5), rel=1e-10)
    assert cosine_p(values) == pytest.approx(p_values(values[:, None])[0], rel=1e-12)


@pytest.mark.parametrize(
    ("values", "p"), [([], 1.0), ([3.0], 1.0), ([0.0] * 9, 1.0), ([2.0] * 9, 0.0), ([-2.0] * 9, 1.0)]
)
def test_p_without_spread(values: list[float], p: float) -> None:
    assert cosine_p(np.array(values)) == p


def test_interval_of_one_value_is_unknown() -> None:
    assert all(map(math.isnan, cosine_interval(np.array([1.0]))))


def test_interval_ends_where_p_is_half_its_rest() -> None:
    values = np.random.default_rng(4).normal(size=60)
    low, high = cosine_interval(values, level=0.9)

    assert cosine_p(values - low) == pytest.approx(0.05)
    assert cosine_p(high - values) == pytest.approx(0.05)


@pytest.mark.parametrize("memory", [0.0, 0.3])
@pytest.mark.parametrize("n", SHORT)
def test_size_and_coverage(n: int, memory: float) -> None:
    """2,000 draws: a nominal 10 % is 8 to 13 %, a nominal 90 % covers 87 to 93 % (rules reference, 11)."""
    values = autoregression(np.random.default_rng([n, int(10 * memory)]), n, 2000, memory)
    spread = np.sqrt(cosine_variance(values) / n)

    assert 0.08 <= np.mean(p_values(values) < 0.10) <= 0.13
    reach = stdtrit(cosines_for(n, 1), 0.95) * spread
    assert 0.87 <= np.mean(np.abs(values.mean(axis=0)) < reach) <= 0.93


@pytest.mark.parametrize(("overlap", "looks"), [(1, (20, 40)), (6, (20, 40)), (12, (24, 48)), (24, (48, 96))])
def test_two_looks_let_one_useless_set_in_eight_through_even_where_forecasts_overlap(
    overlap: int, looks: tuple[int, int]
) -> None:
    values = moving_average(np.random.default_rng(overlap), looks[1], 3000, overlap)

    first, second = (p_values(values[:look], overlap) for look in looks)

    assert np.mean((first < 0.03) | (second < 0.07)) <= 0.13


def test_without_the_limit_overlapping_forecasts_would_pass_too_often() -> None:
    values = moving_average(np.random.default_rng(12), 40, 3000, 12)

    first, second = (p_values(values[:look], 1) for look in (20, 40))

    assert np.mean((first < 0.03) | (second < 0.07)) > 0.16
