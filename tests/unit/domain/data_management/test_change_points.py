"""PELT is exact, its costs are what they say, and its noise knows dependence (D14)."""

import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_kedro.domain.data_management.change_points import (
    TooShortToSegment,
    bic_penalty,
    find_change_points,
    lag_one,
    long_run_variance,
    make_cost,
    pelt,
)
from pulse_kedro.domain.data_management.segment_costs import (
    Cost,
    ar_cost,
    mean_cost,
    mean_variance_cost,
    seasonal_cost,
)

Values = npt.NDArray[np.float64]
MAKERS: dict[str, Callable[[Values], Cost]] = {
    "mean": mean_cost,
    "mean_variance": mean_variance_cost,
    "ar": lambda y: ar_cost(y, order=1),
    "ar2 known": lambda y: ar_cost(y, order=2, variance=0.5),
    "seasonal": lambda y: seasonal_cost(y, season=3),
    "seasonal known": lambda y: seasonal_cost(y, season=2, variance=2.0),
}


def one(cost: Cost, start: int, end: int) -> float:
    return float(cost.of(np.array([start]), end)[0])


def without_pruning(cost: Cost, penalty: float, minimum: int) -> tuple[float, tuple[int, ...]]:
    """Optimal partitioning by trying every start for every end."""
    shortest = max(minimum, cost.minimum)
    best, last = [-penalty] + [np.inf] * cost.size, [0] * (cost.size + 1)
    for end in range(shortest, cost.size + 1):
        totals = [best[start] + one(cost, start, end) + penalty for start in range(end - shortest + 1)]
        last[end] = int(np.argmin(totals))
        best[end] = totals[last[end]]
    found, start = [], last[cost.size]
    while start:
        found.append(start)
        start = last[start]
    return best[cost.size], tuple(reversed(found))


def ar_noise(rng: np.random.Generator, n: int, rho: float) -> Values:
    shocks = rng.normal(size=n) * np.sqrt(1 - rho**2)
    values = np.empty(n)
    values[0] = rng.normal()
    for t in range(1, n):
        values[t] = rho * values[t - 1] + shocks[t]
    return values


@pytest.mark.parametrize("name", MAKERS)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), minimum=st.integers(1, 6), penalty=st.floats(0.0, 12.0), jump=st.floats(0, 4))
def test_pruning_loses_nothing(name: str, seed: int, minimum: int, penalty: float, jump: float) -> None:
    y = np.random.default_rng(seed).normal(size=40)
    y[18:] += jump
    cost = MAKERS[name](y)

    found = pelt(cost, penalty, minimum=minimum)
    best, points = without_pruning(cost, penalty, minimum)

    assert found.best[-1] == pytest.approx(best, abs=1e-8)
    assert found.change_points() == points
    assert all(b - a >= max(minimum, cost.minimum) for a, b in zip((0, *points), (*points, 40), strict=True))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), end=st.integers(8, 59))
def test_the_partition_of_a_prefix_reads_nothing_after_it(seed: int, end: int) -> None:
    y = np.random.default_rng(seed).normal(size=60)
    y[30:] += 2.0

    whole, prefix = pelt(mean_cost(y), 6.0, minimum=3), pelt(mean_cost(y[:end]), 6.0, minimum=3)

    assert whole.change_points(end) == prefix.change_points()


@pytest.mark.parametrize("name", MAKERS)
def test_a_cut_never_makes_a_segment_dearer(name: str) -> None:
    y = np.random.default_rng(3).normal(size=60).cumsum()
    cost = MAKERS[name](y)

    for cut in range(cost.minimum, 60 - cost.minimum):
        assert one(cost, 0, cut) + one(cost, cut, 60) <= one(cost, 0, 60) + 1e-7


def test_costs_are_what_their_definitions_say() -> None:
    y = np.random.default_rng(7).normal(size=30).cumsum()
    part, lagged = y[10:25], np.column_stack([np.ones(15), y[9:24], y[8:23]])
    residuals = part - lagged @ np.linalg.lstsq(lagged, part, rcond=None)[0]
    profile = np.array([part[np.arange(10, 25) % 4 == phase].mean() for phase in range(4)])

    assert one(mean_cost(y, variance=2.0), 10, 25) == pytest.approx(((part - part.mean()) ** 2).sum() / 2)
    assert one(mean_variance_cost(y), 10, 25) == pytest.approx(15 * (np.log(part.var()) + 1))
    assert one(ar_cost(y, order=2, variance=1.0), 10, 25) == pytest.approx((residuals**2).sum(), rel=1e-5)
    assert one(ar_cost(y, order=2), 10, 25) == pytest.approx(15 * (np.log((residuals**2).mean()) + 1), rel=1e-5)
    assert one(seasonal_cost(y, season=4, variance=1.0), 10, 25) == pytest.approx(
        ((part - profile[np.arange(10, 25) % 4]) ** 2).sum()
    )


@pytest.mark.parametrize("model", ["l2", "normal"])
def test_ruptures_finds_the_same_with_the_same_cost_and_penalty(model: str) -> None:
    import ruptures

    rng = np.random.default_rng(11)
    y = np.concatenate([rng.normal(0, 1, 40), rng.normal(3, 1, 35), rng.normal(3, 4, 45)])
    cost = mean_cost(y) if model == "l2" else mean_variance_cost(y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ruptures: its normal cost tells of a change in its version 1.1.5
        oracle = ruptures.Pelt(model=model, min_size=3, jump=1).fit(y)

    for penalty in (8.0, 20.0):
        assert list(pelt(cost, penalty, minimum=3).change_points()) == oracle.predict(pen=penalty)[:-1]


def test_breaks_of_known_place_are_found() -> None:
    rng = np.random.default_rng(5)
    phases = np.arange(240) % 12
    level = np.concatenate([rng.normal(0, 1, 120), rng.normal(3, 1, 120)])
    spread = np.concatenate([rng.normal(0, 1, 120), rng.normal(0, 4, 120)])
    season = np.where(np.arange(240) < 120, np.sin(phases * np.pi / 6), np.cos(phases * np.pi / 6)) * 3
    noise = ar_noise(rng, 240, 0.6) + np.where(np.arange(240) < 120, 0, 5)
    memory = np.concatenate([ar_noise(rng, 120, 0.9), ar_noise(rng, 120, -0.8)])

    found = (
        find_change_points(level, "mean", minimum=6),
        find_change_points(spread, "mean_variance", minimum=6),
        find_change_points(season + rng.normal(size=240), "seasonal", minimum=24, season=12),
        find_change_points(noise, "mean", minimum=6),
        find_change_points(memory, "ar", minimum=12),
    )

    for points in found:
        assert len(points) == 1
        assert abs(points[0] - 120) <= 5


def test_dependent_noise_does_not_look_like_changes_of_level() -> None:
    """At ρ = .7 the usual cost, scaled by the variance, sees changes nearly everywhere; ours in few series."""
    ours = usual = 0
    for seed in range(30):
        y = ar_noise(np.random.default_rng(seed), 300, 0.7)
        ours += bool(find_change_points(y, "mean", minimum=12))
        cost = mean_cost(y, variance=float(y.var()))
        usual += bool(pelt(cost, bic_penalty(cost), minimum=12).change_points())

    assert ours <= 4
    assert usual >= 25


def test_scale_and_level_of_the_series_change_nothing() -> None:
    y = np.random.default_rng(2).normal(size=100)
    y[50:] += 3

    for name in ("mean", "mean_variance", "ar", "seasonal"):
        plain = find_change_points(y, name, minimum=8, season=4)
        assert plain == find_change_points(1e4 * y - 5e5, name, minimum=8, season=4)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_dependence_and_long_run_variance_are_estimated_through_changes_of_level(rho: float) -> None:
    y = ar_noise(np.random.default_rng(1), 4000, rho) + np.repeat([0.0, 8.0, -5.0, 3.0], 1000)

    assert lag_one(y) == pytest.approx(rho, abs=0.08)
    assert 0.5 < long_run_variance(y) / ((1 + rho) / (1 - rho)) < 2.0


def test_a_constant_series_has_no_change_and_no_warning() -> None:
    for name in ("mean", "mean_variance", "ar", "seasonal"):
        assert () == find_change_points(np.full(60, 7.0), name, minimum=6, season=4)


def test_a_penalty_counts_parameters_and_place() -> None:
    y = np.arange(100.0)

    assert bic_penalty(mean_cost(y)) == pytest.approx(2 * np.log(100))
    assert bic_penalty(make_cost(y, "mean_variance")) == pytest.approx(3 * np.log(100))
    assert bic_penalty(ar_cost(y, order=2)) == pytest.approx(5 * np.log(100))


@pytest.mark.parametrize("y", [np.array([1.0, np.nan] * 20), np.arange(5.0)])
def test_gaps_and_short_series_are_refused_with_their_numbers(y: Values) -> None:
    with pytest.raises(TooShortToSegment, match=f"got {len(y)} observations"):
        find_change_points(y, "mean", minimum=6)
