"""Technical indicators of one series, from trailing windows of declared length."""

from collections.abc import Callable, Mapping
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.data_management.features.columns import STEP, Column, Fitted, derived
from pulse_kedro.domain.data_management.features.sliding import decayed_means, earlier, largest, means, slopes
from pulse_kedro.domain.data_management.features.table import Table
from pulse_kedro.domain.panel import TARGET, Array

Indicator = Literal["sma", "ema", "rsi", "macd", "atr", "volatility", "momentum", "drawdown", "slope"]
FORGOTTEN = 1e-6
"""Weight beyond which a moving average with exponential weights reads nothing; ours. It makes the look-back finite, so
that one row can be computed from a tail, and moves the average by at most this share of the range of the series."""


@dataclass(frozen=True, slots=True, kw_only=True, config=STEP)
class Indicators:
    """`indicators`: averages, oscillators and spread of a trailing window.

    Makes `<column>_<indicator>_<window>`; MACD makes `<column>_macd`, `_macd_signal` and `_macd_gap`. A window with a
    gap has no indicator, except the exponential ones, which need `window` known values and their newest one.
    """

    type: Literal["indicators"]
    """The type of this step."""
    columns: tuple[str, ...] = Field(default=(TARGET,), min_length=1)
    """Columns to describe; closing prices where they are prices."""
    of: tuple[Indicator, ...] = Field(min_length=1)
    """Which: `sma` mean; `ema` mean with weights that fall by 1 - 2/(window + 1) per period; `rsi` 100 times the share
    of gains in all moves, 50 without a move; `macd` fast minus slow `ema`, its own `ema` as signal, and their
    difference; `atr` mean of the true range; `volatility` root mean square of the moves of the logarithm; `momentum`
    change over the window; `drawdown` share below the highest value of the window; `slope` of the least-squares line,
    per period. `volatility` and `drawdown` need positive values."""
    window: int = Field(default=14, ge=2)
    """Periods of each window, the own one included; `rsi`, `atr`, `volatility` and `momentum` read that many moves."""
    smoothing: Literal["simple", "wilder"] = "simple"
    """How `rsi` and `atr` average their moves: equally over the window (Cutler; equals Wilder's first value), or with
    weights that fall by 1 - 1/window (Wilder)."""
    high: str | None = None
    """Column with the highest value of the period, for `atr`; without both, the true range is the move."""
    low: str | None = None
    """Column with the lowest value of the period, for `atr`."""
    fast: int = Field(default=12, ge=1)
    """Window of the fast average of `macd`."""
    slow: int = Field(default=26, ge=2)
    """Window of the slow one."""
    signal: int = Field(default=9, ge=1)
    """Window of the signal line."""

    @model_validator(mode="after")
    def _pairs_belong_together(self) -> Self:
        if (self.high is None) != (self.low is None):
            msg = "high and low come together"
            raise ValueError(msg)
        if self.high is not None and len(self.columns) > 1:
            msg = "high and low belong to one column; give each its own step"
            raise ValueError(msg)
        if self.fast >= self.slow:
            msg = f"fast must be shorter than slow, got {self.fast} and {self.slow}"
            raise ValueError(msg)
        return self

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that it needs."""
        return (*self.columns, *(name for name in (self.high, self.low) if name is not None))

    def describe(self, known: Mapping[str, Column]) -> tuple[Column, ...]:
        """Columns that it adds."""
        return tuple(
            derived(known[name], label, self.type, unit=_UNITS.get(kind), oldest=oldest)
            for name in self.columns
            for kind in self.of
            for label, oldest in self._labels(name, kind)
        )

    def fit(self, train: Table) -> dict[str, Array]:  # noqa: ARG002  # the protocol of all steps
        """Nothing."""
        return {}

    def transform(self, table: Table, fitted: Fitted) -> dict[str, Array]:  # noqa: ARG002  # as above
        """Columns by name."""
        found: dict[str, Array] = {}
        for name in self.columns:
            for kind in self.of:
                arrays = _INDICATORS[kind](self, table, table.columns[name])
                found |= dict(zip((label for label, _ in self._labels(name, kind)), arrays, strict=True))
        return found

    def _labels(self, name: str, kind: Indicator) -> list[tuple[str, int]]:
        """Columns of one indicator, each with the periods before the own one that it reads."""
        label = f"{name}_{kind}_{self.window}"
        if kind == "macd":
            line = memory(_fall(self.slow)) - 1
            ends = (("", line), ("_signal", line + memory(_fall(self.signal)) - 1))
            return [(f"{name}_macd{end}", oldest) for end, oldest in (*ends, ("_gap", ends[1][1]))]
        if kind == "ema":
            return [(label, max(self.window, memory(_fall(self.window))) - 1)]
        if kind in {"rsi", "atr"}:
            return [(label, self._moves())]
        return [(label, self.window if kind in {"volatility", "momentum"} else self.window - 1)]

    def _moves(self) -> int:
        """Moves that `rsi` and `atr` read."""
        return self.window if self.smoothing == "simple" else max(self.window, memory(1 - 1 / self.window))


def memory(keep: float) -> int:
    """Periods after which the weight `keep ** age` falls below `FORGOTTEN`.

    Example:
        >>> memory(0.5)
        20
    """
    return max(1, int(np.ceil(np.log(FORGOTTEN) / np.log(keep)))) if keep > 0 else 1


def _fall(window: int) -> float:
    """What remains of a weight after one period, in an exponential average of a window."""
    return 1 - 2 / (window + 1)


def _exponential(values: Array, window: int) -> Array:
    """Exponential average; missing where the own value is, or where fewer than `window` values are known."""
    keep = _fall(window)
    length = max(window, memory(keep))
    _, mean = decayed_means(values, length, keep)
    known, _ = means(values, length)
    return np.where(np.isnan(values) | (known < window), np.nan, mean)


def _full_mean(values: Array, window: int) -> Array:
    n, mean = means(values, window)
    return np.where(n == window, mean, np.nan)


def _moves(values: Array) -> Array:
    return np.asarray(values - earlier(values, 1))


def _logarithms(values: Array) -> Array:
    return np.asarray(np.log(np.where(values > 0, values, np.nan)))


def _smoothed(step: Indicators, values: Array) -> Array:
    """Average of moves, as `smoothing` says."""
    if step.smoothing == "simple":
        return _full_mean(values, step.window)
    keep = 1 - 1 / step.window
    length = max(step.window, memory(keep))
    _, mean = decayed_means(values, length, keep)
    known, _ = means(values, length)
    return np.where(np.isnan(values) | (known < step.window), np.nan, mean)


def _sma(step: Indicators, _: Table, values: Array) -> list[Array]:
    return [_full_mean(values, step.window)]


def _ema(step: Indicators, _: Table, values: Array) -> list[Array]:
    return [_exponential(values, step.window)]


def _rsi(step: Indicators, _: Table, values: Array) -> list[Array]:
    """Wilder (1978), with the averages of Cutler where smoothing is simple."""
    moves = _moves(values)
    gains, losses = (_smoothed(step, part) for part in (_positive(moves), _positive(-moves)))
    total = gains + losses
    share = np.divide(gains, total, out=np.full(total.shape, 0.5), where=total > 0)
    return [np.where(np.isnan(total), np.nan, 100 * share)]


def _macd(step: Indicators, _: Table, values: Array) -> list[Array]:
    """Appel (1979): 12, 26 and 9 periods."""
    line = _exponential(values, step.fast) - _exponential(values, step.slow)
    signal = _exponential(line, step.signal)
    return [line, signal, line - signal]


def _atr(step: Indicators, table: Table, values: Array) -> list[Array]:
    """Wilder (1978): the largest of high - low, |high - close before| and |low - close before|."""
    if step.high is None or step.low is None:
        return [_smoothed(step, np.abs(_moves(values)))]
    high, low, before = table.columns[step.high], table.columns[step.low], earlier(values, 1)
    return [_smoothed(step, np.maximum(high - low, np.maximum(np.abs(high - before), np.abs(low - before))))]


def _volatility(step: Indicators, _: Table, values: Array) -> list[Array]:
    """Realised volatility per period: root of the mean squared log return (Andersen and Bollerslev 1998)."""
    return [np.sqrt(_full_mean(np.square(_moves(_logarithms(values))), step.window))]


def _momentum(step: Indicators, _: Table, values: Array) -> list[Array]:
    return [values - earlier(values, step.window)]


def _drawdown(step: Indicators, _: Table, values: Array) -> list[Array]:
    positive = np.where(values > 0, values, np.nan)
    n, _mean = means(positive, step.window)
    return [np.where(n == step.window, 1 - positive / largest(positive, step.window), np.nan)]


def _slope(step: Indicators, _: Table, values: Array) -> list[Array]:
    n, slope = slopes(values, step.window)
    return [np.where(n == step.window, slope, np.nan)]


def _positive(values: Array) -> Array:
    return np.where(np.isnan(values), np.nan, np.maximum(values, 0.0))


_INDICATORS: Mapping[str, Callable[[Indicators, Table, Array], list[Array]]] = {
    "sma": _sma,
    "ema": _ema,
    "rsi": _rsi,
    "macd": _macd,
    "atr": _atr,
    "volatility": _volatility,
    "momentum": _momentum,
    "drawdown": _drawdown,
    "slope": _slope,
}
_UNITS: Mapping[str, str] = {"rsi": "0 to 100", "volatility": "1", "drawdown": "1"}
