"""The entry of each metric: its name, which way is better, its unit, when it is defined, how rows become a number."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pulse_kedro.domain.metrics import losses, summaries
from pulse_kedro.domain.metrics.cases import Case

NEAR_ZERO = 1e-3
"""A last value under this share of the mean absolute one makes relative errors explode; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What is known about one metric.

    `name` is its key in `METRICS`, `label` a short name for people. `target` is `low` (best at 0), `high` (best at 1),
    or the value that is best. `unit` is that of the value, `aggregation` how rows become one number, `domain` when it
    is defined; elsewhere it is null. `needs` names columns of `Case` beside `actual`; `of` gives the number for
    complete rows, `nan` where it is not defined.
    """

    name: str
    label: str
    target: float | Literal["low", "high"]
    unit: str
    aggregation: str
    domain: str
    needs: tuple[str, ...]
    of: Callable[[Case], float]

    @property
    def best(self) -> float:
        """The value that is never beaten."""
        if isinstance(self.target, float):
            return self.target
        return 0.0 if self.target == "low" else 1.0


def _theil(case: Case) -> float:
    last = np.abs(case.column("last"))
    near = bool(last.size) and float(last.min()) <= NEAR_ZERO * float(last.mean())
    formula = losses.theil_u2_levels if near else losses.theil_u2
    return formula(case.actual, case.column("predicted"), case.column("last"))


def _wis(case: Case) -> float:
    return losses.finite_mean(losses.wis(case.actual, list(case.column("quantiles")), case.levels))


def _coverage(low: float, high: float) -> Callable[[Case], float]:
    return lambda case: losses.coverage(case.actual, case.level(low), case.level(high))


def _msis(case: Case) -> float:
    alpha, scale = summaries.MSIS_ALPHA, case.column("scale")
    bounds = case.level(alpha / 2), case.level(1 - alpha / 2)
    return losses.finite_mean(
        summaries.interval_score(case.actual, *bounds, alpha) / np.where(scale > 0, scale, np.nan)
    )


def _on(function: Callable[..., float], *needs: str) -> Callable[[Case], float]:
    return lambda case: function(case.actual, *(case.column(name) for name in needs))


_OWN, _SHARE, _PERCENT, _NONE = "target unit", "share", "per cent", "no unit"
_MEAN, _ORDER, _ROOT, _RATIO = "mean", "order statistic", "root of the mean", "ratio of sums"
_ALWAYS, _SCALED, _QUANTILES = "any rows", "rows with a positive scale", "rows with all quantiles"
_POINT, _ISSUED, _DRAWN = ("predicted",), ("quantiles",), ("sample",)
_MOVES, _RIVAL = ("predicted", "last"), ("predicted", "reference")
_MASE, _RMSSE, _MSIS = ("predicted", "scale"), ("predicted", "squared_scale"), ("quantiles", "scale")

ENTRIES = (
    Metric(
        name="mae",
        label="MAE",
        target="low",
        unit=_OWN,
        aggregation=_MEAN,
        domain=_ALWAYS,
        needs=_POINT,
        of=_on(summaries.mae, *_POINT),
    ),
    Metric(
        name="rmse",
        label="RMSE",
        target="low",
        unit=_OWN,
        aggregation=_ROOT,
        domain=_ALWAYS,
        needs=_POINT,
        of=_on(summaries.rmse, *_POINT),
    ),
    Metric(
        name="median_ae",
        label="median AE",
        target="low",
        unit=_OWN,
        aggregation=_ORDER,
        domain=_ALWAYS,
        needs=_POINT,
        of=_on(summaries.median_absolute_error, *_POINT),
    ),
    Metric(
        name="p90_ae",
        label="9th decile AE",
        target="low",
        unit=_OWN,
        aggregation=_ORDER,
        domain=_ALWAYS,
        needs=_POINT,
        of=_on(summaries.high_absolute_error, *_POINT),
    ),
    Metric(
        name="mbe",
        label="bias",
        target=0.0,
        unit=_OWN,
        aggregation=_MEAN,
        domain=_ALWAYS,
        needs=_POINT,
        of=_on(summaries.mean_bias_error, *_POINT),
    ),
    Metric(
        name="mase",
        label="MASE",
        target="low",
        unit=_NONE,
        aggregation=_MEAN,
        domain=_SCALED,
        needs=_MASE,
        of=_on(losses.mase, *_MASE),
    ),
    Metric(
        name="rmsse",
        label="RMSSE",
        target="low",
        unit=_NONE,
        aggregation=_ROOT,
        domain=_SCALED,
        needs=_RMSSE,
        of=_on(losses.rmsse, *_RMSSE),
    ),
    Metric(
        name="smape",
        label="sMAPE",
        target="low",
        unit=_PERCENT,
        aggregation=_MEAN,
        domain=_ALWAYS,
        needs=_POINT,
        of=_on(losses.smape, *_POINT),
    ),
    Metric(
        name="mape",
        label="MAPE",
        target="low",
        unit=_PERCENT,
        aggregation=_MEAN,
        domain="no actual is 0",
        needs=_POINT,
        of=_on(summaries.mape, *_POINT),
    ),
    Metric(
        name="wape",
        label="WAPE",
        target="low",
        unit=_SHARE,
        aggregation=_RATIO,
        domain="an actual differs from 0",
        needs=_POINT,
        of=_on(summaries.wape, *_POINT),
    ),
    Metric(
        name="r2",
        label="R2",
        target="high",
        unit=_SHARE,
        aggregation=_RATIO,
        domain="actuals that vary, or no error",
        needs=_POINT,
        of=_on(summaries.r2, *_POINT),
    ),
    Metric(
        name="theil_u2",
        label="Theil's U2",
        target="low",
        unit=_NONE,
        aggregation=_RATIO,
        domain="an actual moved from the last value",
        needs=_MOVES,
        of=_theil,
    ),
    Metric(
        name="directional_accuracy",
        label="directional accuracy",
        target="high",
        unit=_SHARE,
        aggregation=_MEAN,
        domain="an actual moved from the last value",
        needs=_MOVES,
        of=_on(summaries.directional_accuracy, *_MOVES),
    ),
    Metric(
        name="skill",
        label="skill",
        target="high",
        unit=_SHARE,
        aggregation=_RATIO,
        domain="the reference makes an error",
        needs=_RIVAL,
        of=_on(summaries.skill, *_RIVAL),
    ),
    Metric(
        name="pinball",
        label="pinball",
        target="low",
        unit=_OWN,
        aggregation=_MEAN,
        domain=_QUANTILES,
        needs=_ISSUED,
        of=lambda case: _wis(case) / 2,
    ),
    Metric(
        name="crps",
        label="CRPS",
        target="low",
        unit=_OWN,
        aggregation=_MEAN,
        domain=_QUANTILES,
        needs=_ISSUED,
        of=_wis,
    ),
    Metric(
        name="crps_sample",
        label="CRPS of draws",
        target="low",
        unit=_OWN,
        aggregation=_MEAN,
        domain="rows with draws",
        needs=_DRAWN,
        of=lambda case: losses.finite_mean(summaries.crps_of_sample(case.actual, case.column("sample"))),
    ),
    Metric(
        name="wis",
        label="WIS",
        target="low",
        unit=_OWN,
        aggregation=_MEAN,
        domain=_QUANTILES,
        needs=_ISSUED,
        of=_wis,
    ),
    Metric(
        name="msis",
        label="MSIS",
        target="low",
        unit=_NONE,
        aggregation=_MEAN,
        domain=_SCALED,
        needs=_MSIS,
        of=_msis,
    ),
    Metric(
        name="pit",
        label="PIT gap",
        target="low",
        unit=_SHARE,
        aggregation="largest gap over levels",
        domain=_QUANTILES,
        needs=_ISSUED,
        of=lambda case: summaries.pit_gap(case.actual, case.column("quantiles"), case.levels),
    ),
    Metric(
        name="coverage_80",
        label="coverage of 80 %",
        target=0.8,
        unit=_SHARE,
        aggregation=_MEAN,
        domain=_QUANTILES,
        needs=_ISSUED,
        of=_coverage(0.1, 0.9),
    ),
    Metric(
        name="coverage_95",
        label="coverage of 95 %",
        target=0.95,
        unit=_SHARE,
        aggregation=_MEAN,
        domain=_QUANTILES,
        needs=_ISSUED,
        of=_coverage(0.025, 0.975),
    ),
)
"""One entry per metric, losses of a point forecast first."""
