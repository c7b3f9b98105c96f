"""Every metric by name: what its best value is, where it is defined, how rows become one number, and in which unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from pulse_kedro.domain.errors import InvalidInput, nearest

Best = float | Literal["low", "high"]
Aggregation = Literal["mean", "median", "upper decile", "root of mean", "ratio of sums", "root of ratio", "explained"]


class UnknownMetric(InvalidInput):
    """A metric was asked for that the registry does not have."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        """Keep the facts."""
        super().__init__(name, known)
        self.name, self.known = name, known

    def __str__(self) -> str:
        """Say what was asked and which name is nearest."""
        hint = nearest(self.name, self.known) or " Choose one of them."
        return f"Looking up a metric failed: got {self.name!r}, expected one of {', '.join(self.known)}.{hint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What a score means.

    `target` is the best value, or `low` or `high` where less or more is better without a bound. `domain` says in
    words when the metric is defined; outside of it a score is `nan`, in JSON `null`.
    """

    name: str
    target: Best
    domain: str
    aggregation: Aggregation
    unit: str
    label: str


ANY, SCALED = "any values", "series whose seasonal change is above 0"
QUANTILES = "rows with all quantiles"


def _metric(name: str, target: Best, domain: str, aggregation: Aggregation, unit: str, label: str) -> Metric:  # noqa: PLR0917  # one row of the table below
    return Metric(name=name, target=target, domain=domain, aggregation=aggregation, unit=unit, label=label)


_TABLE = (
    _metric("mae", 0.0, ANY, "mean", "target", "mean absolute error"),
    _metric("rmse", 0.0, ANY, "root of mean", "target", "root mean squared error"),
    _metric("median_ae", 0.0, ANY, "median", "target", "median absolute error"),
    _metric("p90_ae", 0.0, ANY, "upper decile", "target", "absolute error of the worst tenth"),
    _metric("mbe", 0.0, ANY, "mean", "target", "bias, forecast minus actual"),
    _metric("mase", 0.0, SCALED, "mean", "none", "mean absolute scaled error"),
    _metric("rmsse", 0.0, SCALED, "root of mean", "none", "root mean squared scaled error"),
    _metric("smape", 0.0, ANY, "mean", "per cent, 0 to 200", "symmetric percentage error"),
    _metric("mape", 0.0, "actuals that are all above 0 in absolute value", "mean", "per cent", "percentage error"),
    _metric("wape", 0.0, "actuals that are not all 0", "ratio of sums", "share", "weighted percentage error"),
    _metric("r2", "high", "actuals that vary", "explained", "none", "share of variance explained"),
    _metric("theil_u2", 0.0, "actuals that left the last known value", "root of ratio", "none", "Theil's U2"),
    _metric("skill", "high", "a naive forecast with some error", "ratio of sums", "none", "skill against naive"),
    _metric("direction", "high", "actuals that moved", "mean", "share", "directions forecast right"),
    _metric("quantile_loss", 0.0, QUANTILES, "mean", "target", "mean pinball loss"),
    _metric("crps", 0.0, QUANTILES, "mean", "target", "continuous ranked probability score"),
    _metric("wis", 0.0, f"{SCALED}, {QUANTILES}", "mean", "none", "weighted interval score, scaled"),
    _metric("msis", 0.0, f"{SCALED}, {QUANTILES}", "mean", "none", "mean scaled interval score at 95 %"),
    _metric("coverage_80", 0.8, QUANTILES, "mean", "share", "outcomes in the 80 % interval"),
    _metric("coverage_95", 0.95, QUANTILES, "mean", "share", "outcomes in the 95 % interval"),
    _metric("pit", 0.5, QUANTILES, "mean", "none", "mean probability integral transform"),
)
METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _TABLE})
"""All metrics by name. Definitions: `losses`; best values are ours for `mbe` and `pit`, nominal for coverages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricChange:
    """How one metric moved from a base to a comparison: `difference` = comparison - base, `relative` to |base|.

    `relative` is `None` for a base of 0. `is_improvement` is `None` where a score is missing or both are equally near.
    """

    metric: str
    base: float | None
    comparison: float | None
    difference: float | None
    relative: float | None
    is_improvement: bool | None


def find_metric(name: str) -> Metric:
    """The metric of this name.

    Raises:
        UnknownMetric: There is none; nobody guesses that higher wins.
    """
    if name not in METRICS:
        raise UnknownMetric(name, tuple(METRICS))
    return METRICS[name]


def distance(metric: str, value: float) -> float:
    """How far a score lies from its best value, in the unit of the metric; negative values for `low` and `high`.

    Args:
        metric: Name in the registry.
        value: The score.

    Returns:
        Smaller is better. Without a target it is the value itself, or its negative.

    Raises:
        UnknownMetric: There is no such metric.

    Example:
        >>> round(distance("coverage_80", 0.83), 2), distance("mase", 0.5), distance("r2", 0.25)
        (0.03, 0.5, -0.25)
    """
    target = find_metric(metric).target
    if isinstance(target, str):
        return value if target == "low" else -value
    return abs(value - target)


def better(metric: str, a: float | None, b: float | None) -> Literal["a", "b"] | None:
    """Which of two scores is better.

    Args:
        metric: Name in the registry.
        a: One score; `None` or `nan` where there is none.
        b: The other.

    Returns:
        `None` when they are equally good, or one is missing. Nothing is said about chance.

    Raises:
        UnknownMetric: There is no such metric.

    Example:
        >>> better("mase", 0.4, 0.5), better("coverage_95", 0.99, 0.94), better("mbe", 1.0, -5.0)
        ('a', 'b', 'a')
    """
    find_metric(metric)
    if a is None or b is None:
        return None
    left, right = distance(metric, a), distance(metric, b)
    return "a" if left < right else "b" if right < left else None


def change_of(metric: str, base: float | None, comparison: float | None) -> MetricChange:
    """How a metric moved, and whether that is an improvement.

    Args:
        metric: Name in the registry.
        base: Score before.
        comparison: Score after.

    Raises:
        UnknownMetric: There is no such metric.

    Example:
        >>> change_of("mbe", 1.0, -5.0).is_improvement, change_of("mase", 0.0, 0.5).relative
        (False, None)
    """
    winner = better(metric, base, comparison)
    difference = comparison - base if base is not None and comparison is not None else None
    return MetricChange(
        metric=metric,
        base=base,
        comparison=comparison,
        difference=difference,
        relative=difference / abs(base) if difference is not None and base else None,
        is_improvement=None if winner is None else winner == "b",
    )
