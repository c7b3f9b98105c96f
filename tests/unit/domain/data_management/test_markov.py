"""The filter and the estimates of two-state models against statsmodels, and the laws they keep (D14)."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_kedro.domain.data_management.markov import MarkovModel, estimate, filter_states

Values = npt.NDArray[np.float64]
MEANS = MarkovModel(means=(-0.5, 0.4), deviations=(0.5, 0.5), lags=(), stay=(0.9, 0.96))
SPREADS = MarkovModel(means=(0.1, 0.1), deviations=(0.5, 1.5), lags=(0.3,), stay=(0.97, 0.93))


def simulate(model: MarkovModel, n: int, seed: int) -> Values:
    rng = np.random.default_rng(seed)
    state, before, values = 0, 0.0, []
    for _ in range(n):
        state = state if rng.random() < model.stay[state] else 1 - state
        before = model.means[state] + sum(model.lags) * before + model.deviations[state] * rng.normal()
        values.append(before)
    return np.array(values)


def test_filter_and_likelihood_of_switching_means_are_those_of_statsmodels() -> None:
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

    z = simulate(MEANS, 300, 1)
    model = MarkovRegression(z, k_regimes=2)
    stay, means, variance = MEANS.stay, MEANS.means, MEANS.deviations[0] ** 2
    oracle = model.smooth(np.array([stay[0], 1 - stay[1], *means, variance]))

    ours = filter_states(MEANS, z)

    assert ours.likelihood.sum() == pytest.approx(oracle.llf, rel=1e-10)
    np.testing.assert_allclose(ours.probability, oracle.filtered_marginal_probabilities[:, 1], atol=1e-12)


def test_filter_and_likelihood_of_switching_variances_with_a_lag_are_those_of_statsmodels() -> None:
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

    z = simulate(SPREADS, 300, 2)
    model = MarkovRegression(
        z[1:], k_regimes=2, exog=z[:-1, None], switching_trend=False, switching_exog=False, switching_variance=True
    )
    stay, spreads = SPREADS.stay, np.square(SPREADS.deviations)
    oracle = model.smooth(np.array([stay[0], 1 - stay[1], SPREADS.means[0], SPREADS.lags[0], *spreads]))

    ours = filter_states(SPREADS, z)

    assert ours.likelihood.sum() == pytest.approx(oracle.llf, rel=1e-10)
    np.testing.assert_allclose(ours.probability[1:], oracle.filtered_marginal_probabilities[:, 1], atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("truth", "switching"), [(MEANS, "mean"), (SPREADS, "variance")])
def test_estimates_are_as_likely_as_those_of_statsmodels(truth: MarkovModel, switching: str) -> None:
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

    z, lags = simulate(truth, 400, 3), len(truth.lags)
    shared = {} if switching == "mean" else {"switching_trend": False, "switching_exog": False}
    exog = z[:-1, None] if lags else None
    oracle = MarkovRegression(
        z[lags:], k_regimes=2, exog=exog, switching_variance=switching == "variance", **shared
    ).fit(disp=False)

    ours = estimate(z, switching, lags=lags)  # type: ignore[arg-type]

    assert ours.likelihood >= oracle.llf - 0.1
    assert ours.gain > 0
    np.testing.assert_allclose(ours.model.deviations, truth.deviations, rtol=0.25)
    np.testing.assert_allclose(ours.model.stay, truth.stay, atol=0.06)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), cut=st.integers(1, 79))
def test_the_filter_reads_nothing_after_its_moment(seed: int, cut: int) -> None:
    z = simulate(MEANS, 80, seed)
    other = z.copy()
    other[cut:] = np.random.default_rng(seed + 1).normal(size=80 - cut) * 5

    one, two = filter_states(MEANS, z), filter_states(MEANS, other)

    np.testing.assert_array_equal(one.probability[:cut], two.probability[:cut])


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 999), steps=st.integers(1, 6))
def test_a_further_step_never_makes_the_data_less_likely(seed: int, steps: int) -> None:
    z = simulate(MEANS, 120, seed)

    few, more = estimate(z, "mean", iterations=steps), estimate(z, "mean", iterations=steps + 1)

    assert more.likelihood >= few.likelihood - 0.05  # the start from the long-run share is not part of the step


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 99), factor=st.floats(0.01, 100), shift=st.floats(-50, 50))
def test_the_unit_changes_no_probability(seed: int, factor: float, shift: float) -> None:
    z = simulate(MEANS, 120, seed)

    plain, moved = estimate(z, "mean", iterations=5), estimate(factor * z + shift, "mean", iterations=5)

    np.testing.assert_allclose(
        filter_states(plain.model, z).probability,
        filter_states(moved.model, factor * z + shift).probability,
        atol=1e-4,
    )


def test_a_missing_value_teaches_nothing_and_the_state_moves_on() -> None:
    z = simulate(MEANS, 50, 4)
    z[20] = np.nan

    found = filter_states(MEANS, z)

    assert found.likelihood[20] == 0.0
    expected = found.probability[19] * MEANS.stay[1] + (1 - found.probability[19]) * (1 - MEANS.stay[0])
    assert found.probability[20] == pytest.approx(expected)


def test_a_constant_series_gives_finite_numbers() -> None:
    found = estimate(np.full(60, 3.0), "variance", lags=1)

    assert np.isfinite([*found.model.means, *found.model.deviations, *found.model.stay, found.likelihood]).all()
