"""Lags, rolling statistics and indicators against pandas, and against numbers worked out by hand."""

import warnings

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from feature_samples import a_table, a_world, column, made_by, steps
from pulse_kedro.domain.data_management.features.columns import Fitted
from pulse_kedro.domain.data_management.features.indicators import memory
from pulse_kedro.domain.data_management.features.sliding import moments, slopes
from pulse_kedro.domain.panel import Array

NAN = float("nan")
PRICES = [44.34, 44.09, 44.15, 43.61, 44.33, 44.83, 45.10, 45.42, 45.84, 46.08, 45.89, 46.03, 45.61, 46.28, 46.28]
NO_MEMORY = Fitted(ids=(), arrays={})


def features_of(y: Array, **settings: object) -> dict[str, Array]:
    (step,) = steps(settings)
    return step.transform(a_table(y), NO_MEMORY)


@pytest.mark.parametrize("window", [1, 2, 3, 7, 12, 24])
def test_rolling_statistics_agree_with_pandas(window: int) -> None:
    y = a_world(5, periods=60)
    rolled = pd.DataFrame(y).rolling(window, min_periods=1)

    found = features_of(
        y, type="rolling", windows=[window], statistics=["mean", "sd", "min", "max"], quantiles=[0.1, 0.5, 0.975]
    )

    expected = {"mean": rolled.mean(), "sd": rolled.std(), "min": rolled.min(), "max": rolled.max()}
    expected |= {f"q{round(q * 1000):03d}": rolled.quantile(q) for q in (0.1, 0.5, 0.975)}
    for name, oracle in expected.items():
        np.testing.assert_allclose(oracle, found[f"y_{name}_{window}"], rtol=1e-9, atol=1e-9, err_msg=name)


def test_a_shifted_window_ends_earlier_and_needs_enough_values() -> None:
    y = column([1.0, 2.0, NAN, 4.0, 5.0])

    found = features_of(y, type="rolling", windows=[2], statistics=["mean"], shift=1, known=2)

    assert [NAN, NAN, 1.5, NAN, NAN] == pytest.approx(found["y_mean_2_shift1"].ravel().tolist(), nan_ok=True)


def test_a_window_forgets_a_huge_value_completely() -> None:
    y = column([1.0, 1e17, 2.0, 3.0, 4.0, 5.0])

    found = moments(y, 3)

    assert [3.0, 4.0] == found.mean.ravel()[-2:].tolist()
    assert [2.0, 2.0] == found.square.ravel()[-2:].tolist()


def test_a_lag_is_the_value_of_an_earlier_period() -> None:
    found = features_of(column([1.0, NAN, 3.0]), type="lags", lags=[1, 2, 9])

    assert [NAN, 1.0, NAN] == pytest.approx(found["y_lag1"].ravel().tolist(), nan_ok=True)
    assert [NAN, NAN, 1.0] == pytest.approx(found["y_lag2"].ravel().tolist(), nan_ok=True)
    assert np.isnan(found["y_lag9"]).all()


def test_rsi_of_the_textbook_prices() -> None:
    """Gains sum to 3.34 and losses to 1.40: 100 * 3.34 / 4.74 = 70.46."""
    step = {"type": "indicators", "of": ["rsi"], "window": 14}

    found = made_by(step, PRICES, "y_rsi_14")

    assert 14 == np.isnan(found).sum()
    assert 70.464 == pytest.approx(found[-1], abs=1e-3)


@pytest.mark.parametrize(
    ("values", "expected"), [([1.0, 2.0, 3.0], 100.0), ([3.0, 2.0, 1.0], 0.0), ([2.0, 2.0, 2.0], 50.0)]
)
def test_rsi_at_its_ends(values: list[float], expected: float) -> None:
    assert expected == made_by({"type": "indicators", "of": ["rsi"], "window": 2}, values, "y_rsi_2")[-1]


def test_rsi_and_atr_after_wilder_agree_with_pandas() -> None:
    y = a_world(3, periods=400, series=1, gaps=0.0)[5:]
    moves = pd.Series(y[:, 0]).diff()
    smooth = {"alpha": 1 / 14, "adjust": True, "min_periods": 14}
    gains, losses = moves.clip(lower=0).ewm(**smooth).mean(), (-moves).clip(lower=0).ewm(**smooth).mean()

    found = features_of(y, type="indicators", of=["rsi", "atr"], window=14, smoothing="wilder")

    np.testing.assert_allclose(100 * gains / (gains + losses), found["y_rsi_14"][:, 0], atol=1e-3)
    np.testing.assert_allclose(moves.abs().ewm(**smooth).mean(), found["y_atr_14"][:, 0], atol=1e-4)


def test_macd_by_hand() -> None:
    """The average of window 3 halves a weight with every period: (4 + 2/2 + 1/4) / (1 + 1/2 + 1/4) = 3."""
    step = {"type": "indicators", "of": ["macd"], "window": 2, "fast": 1, "slow": 3, "signal": 1}

    assert 1.0 == pytest.approx(made_by(step, [1.0, 2.0, 4.0], "y_macd")[-1])
    assert 0.0 == pytest.approx(made_by(step, [1.0, 2.0, 4.0], "y_macd_gap")[-1])


def test_ema_and_macd_agree_with_pandas() -> None:
    y = a_world(4, periods=600, series=1, gaps=0.0)[5:]
    series = pd.Series(y[:, 0])
    fast, slow = (series.ewm(span=span, adjust=True, min_periods=span).mean() for span in (12, 26))
    signal = (fast - slow).ewm(span=9, adjust=True, min_periods=9).mean()

    found = features_of(y, type="indicators", of=["ema", "macd"], window=12)

    np.testing.assert_allclose(fast, found["y_ema_12"][:, 0], rtol=1e-5)
    np.testing.assert_allclose(fast - slow, found["y_macd"][:, 0], atol=1e-3)
    np.testing.assert_allclose(signal, found["y_macd_signal"][:, 0], atol=1e-3)


def test_atr_by_hand() -> None:
    """True ranges .58 (high - low) and .51 (high - low); the first row has no close before it."""
    close, high, low = (column(v) for v in ([48.16, 48.61, 48.75], [48.70, 48.72, 48.90], [47.79, 48.14, 48.39]))
    (step,) = steps({"type": "indicators", "of": ["atr"], "window": 2, "high": "high", "low": "low"})

    found = step.transform(a_table(close, high=high, low=low), NO_MEMORY)["y_atr_2"].ravel()

    assert [NAN, NAN, 0.545] == pytest.approx(found.tolist(), nan_ok=True)


def test_atr_counts_a_jump_between_periods() -> None:
    close, high, low = (column(v) for v in ([10.0, 20.0, 21.0], [10.5, 20.5, 21.5], [9.5, 19.5, 20.5]))
    (step,) = steps({"type": "indicators", "of": ["atr"], "window": 2, "high": "high", "low": "low"})

    assert (10.5 + 1.5) / 2 == step.transform(a_table(close, high=high, low=low), NO_MEMORY)["y_atr_2"][-1, 0]


def test_momentum_drawdown_volatility_slope_and_sma_by_hand() -> None:
    step = {"type": "indicators", "of": ["momentum", "drawdown", "volatility", "slope", "sma"], "window": 3}
    values = [100.0, 120.0, 90.0, 99.0]

    assert -1.0 == made_by(step, values, "y_momentum_3")[-1]
    assert 1 - 99 / 120 == pytest.approx(made_by(step, values, "y_drawdown_3")[-1])
    returns = np.diff(np.log(values))
    assert np.sqrt((returns**2).mean()) == pytest.approx(made_by(step, values, "y_volatility_3")[-1])
    assert -10.5 == pytest.approx(made_by(step, values, "y_slope_3")[-1])
    assert 103.0 == pytest.approx(made_by(step, values, "y_sma_3")[-1])


def test_slope_agrees_with_least_squares_through_what_is_known() -> None:
    y = a_world(6, periods=30, series=2)

    n, slope = slopes(y, 11)

    for row in range(12, 30):
        window = y[row - 10 : row + 1, 0]
        known = ~np.isnan(window)
        assert known.sum() == n[row, 0]
        assert np.polyfit(np.flatnonzero(known), window[known], 1)[0] == pytest.approx(slope[row, 0], rel=1e-9)


@pytest.mark.parametrize("kind", ["volatility", "drawdown"])
def test_what_needs_positive_values_is_missing_without_them(kind: str) -> None:
    step = {"type": "indicators", "of": [kind], "window": 2}

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = made_by(step, [1.0, 0.0, -1.0, 2.0, 3.0, 4.0], f"y_{kind}_2")

    assert np.isnan(found[1:4]).all()
    assert not np.isnan(found[-1])


def test_a_gap_breaks_a_window_but_not_an_exponential_average() -> None:
    values = [1.0, 2.0, NAN, 4.0, 5.0]
    step = {"type": "indicators", "of": ["sma", "ema"], "window": 2}

    assert [True, False, True, True, False] == np.isnan(made_by(step, values, "y_sma_2")).tolist()
    assert [True, False, True, False, False] == np.isnan(made_by(step, values, "y_ema_2")).tolist()


def test_memory_is_where_a_weight_is_forgotten() -> None:
    assert 0.9 ** memory(0.9) <= 1e-6 < 0.9 ** (memory(0.9) - 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"type": "indicators", "of": ["atr"], "high": "y"}, "high and low come together"),
        ({"type": "indicators", "of": ["macd"], "fast": 26, "slow": 12}, "fast must be shorter than slow"),
        ({"type": "rolling", "windows": [3], "known": 4}, "known must be at most the shortest window 3"),
        ({"type": "lags", "lags": [0]}, "greater than or equal to 1"),
        ({"type": "lags", "lags": [-1]}, "greater than or equal to 1"),
        ({"type": "rolling", "windows": [3], "shift": -1}, "greater than or equal to 0"),
        ({"type": "rolling", "windows": [3], "centre": True}, "Unexpected keyword argument"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        steps(settings)
