"""What statsforecast fits, reduced to what `forward` needs: a few words and one vector per series.

Fitting and moving on happen here, one series at a time and without state; `experts` makes members of it.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.kinds import SHORT_SEASON
from pulse_kedro.forecasting.mfles import fit_mfles, forward_mfles

Facts = Mapping[str, Any]
"""Words and numbers of a fitted model, as JSON values."""

FOURIER_PAIRS = 5
"""Sine and cosine pairs for a season longer than that in ARIMA; ours: five describe a smooth season, and those of 24
and 168 steps do not coincide."""
LONG_ARIMA = 150
"""Observations beyond which orders of ARIMA are chosen by conditional sums of squares: the rule of R's `auto.arima`."""
LONG_SEASON = 12
"""Steps of a season beyond which the same holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Parameters of one series: words as JSON values, numbers in a vector."""

    facts: Facts
    vector: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What an expert is told about its series: steps ahead, and the lengths of its seasons, shortest first."""

    horizon: int
    periods: tuple[int, ...]

    @property
    def season(self) -> int:
        """The shortest season."""
        return self.periods[0]


Fit = Callable[[Array, Sizes], Fitted]
Forward = Callable[[Fitted, Array, Sizes], Array]


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings of a search that tries unsuitable models; floating point errors stay inside it too."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _fit_ets(y: Array, sizes: Sizes) -> Fitted:
    from statsforecast.models import AutoETS

    model = AutoETS(season_length=sizes.season).fit(y).model_
    facts = {"components": model["components"], "m": int(model["m"]), "n_params": int(model["n_params"])}
    return Fitted(facts=facts, vector=np.asarray(model["par"], dtype=float))


def _forward_ets(fitted: Fitted, y: Array, sizes: Sizes) -> Array:
    from statsforecast.models import AutoETS

    model = AutoETS(season_length=sizes.season)
    model.model_ = {**fitted.facts, "par": fitted.vector, "fit": None}
    return np.asarray(model.forward(y, sizes.horizon)["mean"])


def _fit_theta(y: Array, sizes: Sizes) -> Fitted:
    from statsforecast.models import DynamicOptimizedTheta

    model = DynamicOptimizedTheta(season_length=sizes.season).fit(y).model_
    names = ("initial_smoothed", "alpha", "theta")
    vector = np.array([model["par"][name] for name in names], dtype=float)
    return Fitted(facts={"m": int(model["m"]), "modeltype": model["modeltype"]}, vector=vector)


def _forward_theta(fitted: Fitted, y: Array, sizes: Sizes) -> Array:
    from statsforecast.models import DynamicOptimizedTheta

    model = DynamicOptimizedTheta(season_length=sizes.season)
    par = dict(zip(("initial_smoothed", "alpha", "theta"), fitted.vector.tolist(), strict=True))
    model.model_ = {**fitted.facts, "par": par}
    return np.asarray(model.forward(y, sizes.horizon)["mean"])


CES_PARAMETERS = ("alpha_0", "alpha_1", "beta_0", "beta_1")


def _fit_ces(y: Array, sizes: Sizes) -> Fitted:
    from statsforecast.models import AutoCES

    model = AutoCES(season_length=sizes.season).fit(y).model_
    vector = np.array([model["par"][name] for name in CES_PARAMETERS], dtype=float)
    return Fitted(facts={"m": int(model["m"]), "seasontype": model["seasontype"]}, vector=vector)


def _forward_ces(fitted: Fitted, y: Array, sizes: Sizes) -> Array:
    from statsforecast.models import AutoCES

    model = AutoCES(season_length=sizes.season)
    model.model_ = {**fitted.facts, "par": dict(zip(CES_PARAMETERS, fitted.vector.tolist(), strict=True))}
    return np.asarray(model.forward(y, sizes.horizon)["mean"])


def fourier_terms(first: int, last: int, periods: Sequence[int]) -> Array:
    """Sine and cosine of the steps `first` to `last - 1` for each period.

    Returns:
        Shape `(last - first, 2 * FOURIER_PAIRS * len(periods))`.
    """
    angle = 2 * np.pi * np.arange(first, last)[:, None] / np.repeat(periods, FOURIER_PAIRS)
    angle = angle * np.tile(np.arange(1, FOURIER_PAIRS + 1), len(periods))
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)


def _fit_arima(y: Array, sizes: Sizes) -> Fitted:
    from statsforecast.models import AutoARIMA

    season = sizes.season if sizes.season <= SHORT_SEASON else 1
    waves = [period for period in sizes.periods if period > SHORT_SEASON and 2 * period <= len(y)]
    regressors = fourier_terms(0, len(y), waves) if waves else None
    quick = len(y) > LONG_ARIMA or season > LONG_SEASON
    model = AutoARIMA(season_length=season, approximation=quick).fit(y, X=regressors).model_
    facts = {
        "arma": [int(order) for order in model["arma"]],
        "coefficients": list(model["coef"]),
        "n": len(y),
        "regressors": 0 if model["xreg"] is None else int(model["xreg"].shape[1]),
        "waves": waves,
    }
    return Fitted(facts=facts, vector=np.array([model["sigma2"], *model["coef"].values()], dtype=float))


def _forward_arima(fitted: Fitted, y: Array, sizes: Sizes) -> Array:
    from statsforecast.models import AutoARIMA

    facts, n, waves = fitted.facts, int(fitted.facts["n"]), cast("list[int]", fitted.facts["waves"])
    model = AutoARIMA(season_length=int(facts["arma"][4]))
    # `forward` reads only how many regressors there were, and how the first one, the drift, grew.
    trained = np.repeat(np.arange(1.0, n + 1)[:, None], facts["regressors"], axis=1) if facts["regressors"] else None
    model.model_ = {
        "arma": tuple(facts["arma"]),
        "coef": dict(zip(facts["coefficients"], fitted.vector[1:].tolist(), strict=True)),
        "sigma2": float(fitted.vector[0]),
        "xreg": trained,
        "x": np.zeros(n),
        "lambda": None,
    }
    regressors, ahead = None, None
    if waves:
        regressors = fourier_terms(0, len(y), waves)
        ahead = fourier_terms(len(y), len(y) + sizes.horizon, waves)
    return np.asarray(model.forward(y, sizes.horizon, X=regressors, X_future=ahead)["mean"])


def _fit_waves(y: Array, sizes: Sizes) -> Fitted:
    facts, vector = fit_mfles(y, sizes.periods)
    return Fitted(facts=facts, vector=vector)


def _forward_waves(fitted: Fitted, y: Array, sizes: Sizes) -> Array:
    return forward_mfles(fitted.facts, fitted.vector, y, horizon=sizes.horizon)


MODELS: Mapping[str, tuple[Fit, Forward]] = {
    "auto_ets": (_fit_ets, _forward_ets),
    "auto_theta": (_fit_theta, _forward_theta),
    "auto_ces": (_fit_ces, _forward_ces),
    "mfles": (_fit_waves, _forward_waves),
    "auto_arima": (_fit_arima, _forward_arima),
}
"""How each kind is fitted, and how its parameters are applied to a longer history of the same series."""


def fit_series(kind: str, y: Array, sizes: Sizes) -> Fitted:
    """Parameters of one series.

    Args:
        kind: One of `MODELS`.
        y: Observations without gaps, oldest first. Shape `(n,)`.
        sizes: Steps ahead and seasons.

    Raises:
        ValueError: The series is constant, or the fit is not finite. Whatever statsforecast raises comes through too.
    """
    if y.min() == y.max():
        msg = "the history is constant"
        raise ValueError(msg)
    with quiet():
        fitted = MODELS[kind][0](y, sizes)
    forward_series(kind, fitted, y, sizes)
    return fitted


def forward_series(kind: str, fitted: Fitted, y: Array, sizes: Sizes) -> Array:
    """Points of one series: the parameters as they are, applied to its history.

    Args:
        kind: One of `MODELS`.
        fitted: Parameters learned from the beginning of `y`.
        y: Observations without gaps, from the first one that the parameters have seen. Shape `(n,)`.
        sizes: Steps ahead and seasons.

    Returns:
        Shape `(horizon,)`.

    Raises:
        ValueError: A point is not finite. Whatever statsforecast raises comes through too.
    """
    with quiet():
        points = MODELS[kind][1](fitted, y, sizes)
    if not np.isfinite(points).all():
        msg = "a point is not finite"
        raise ValueError(msg)
    return points
