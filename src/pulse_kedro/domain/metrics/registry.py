"""Every metric the project knows: which way is better, when it is defined, how rows become one number, and its unit.

`score` is the one way from rows to a number; `compare` and `targets.better` are the one way from two numbers to a
verdict, so that nobody asks whether higher wins. Nothing here is about chance: that is in `comparison` and
`comparison_tests`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.metrics.cases import Case
from pulse_kedro.domain.metrics.entries import ENTRIES, Metric
from pulse_kedro.domain.metrics.targets import UnknownMetric, better

METRICS: Mapping[str, Metric] = {entry.name: entry for entry in ENTRIES}
"""Every metric by name."""


class MissingEvidence(InvalidInput):
    """A metric was asked for without a column that it needs."""

    def __init__(self, metric: str, column: str) -> None:
        """Keep the metric and the first column it lacks."""
        super().__init__(metric, column)
        self.metric, self.column = metric, column

    def __str__(self) -> str:
        """Say what is missing."""
        return f"Scoring {self.metric} failed: got no {self.column!r}, expected one value per row. Pass it in the case."


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two values of one metric: `absolute` is comparison minus base, `relative` is that over |base|.

    A difference is `None` where a value is missing, the relative one also where the base is 0. `is_improvement` is
    `None` where a value is missing.
    """

    metric: str
    base: float | None
    comparison: float | None
    absolute: float | None
    relative: float | None
    is_improvement: bool | None


def metric_of(name: str) -> Metric:
    """The entry of a metric.

    Raises:
        UnknownMetric: With the nearest name.
    """
    if name not in METRICS:
        raise UnknownMetric(name)
    return METRICS[name]


def score(metric: str, case: Case) -> float | None:
    """One metric of many rows.

    Args:
        metric: A key of `METRICS`.
        case: The rows; those with a missing value in a column that the metric needs are left out.

    Returns:
        A finite number, or `None` where the metric is not defined; never `nan`, so that it is always valid JSON.

    Raises:
        UnknownMetric: With the nearest name.
        MissingEvidence: When the case lacks a column.

    Example:
        >>> case = Case(actual=np.array([10.0, 0.0]), predicted=np.array([9.0, 2.0]))
        >>> score("mae", case), score("mape", case)
        (1.5, None)
    """
    entry = metric_of(metric)
    for name in entry.needs:
        if getattr(case, name) is None:
            raise MissingEvidence(metric, name)
    value = entry.of(case.complete(entry.needs))
    return float(value) if np.isfinite(value) else None


def compare(metric: str, base: float | None, other: float | None) -> Comparison:
    """Base against comparison, with both differences and whether the comparison is nearer to the best value.

    Args:
        metric: A key of `METRICS`.
        base: The value to start from; `None` where there is none.
        other: The value to compare.

    Raises:
        UnknownMetric: With the nearest name.

    Example:
        >>> (
        ...     compare("mbe", 1.0, -5.0).is_improvement,
        ...     compare("mae", 0.0, 1.0).relative,
        ...     compare("mae", 4.0, 3.0).relative,
        ... )
        (False, None, -0.25)
    """
    nearer = better(metric, base, other)
    known = base is not None and other is not None
    absolute = other - base if base is not None and other is not None else None
    return Comparison(
        metric=metric,
        base=base,
        comparison=other,
        absolute=absolute,
        relative=absolute / abs(base) if absolute is not None and base else None,
        is_improvement=nearer == "b" if known else None,
    )
