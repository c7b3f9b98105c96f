"""Every metric knows its direction, and an unknown one is refused."""

import pickle

import pytest

from pulse_kedro.domain.metrics.registry import METRICS, UnknownMetric, better, change_of, distance


def test_names_lead_to_the_metric_of_that_name() -> None:
    assert all(name == metric.name for name, metric in METRICS.items())
    assert all(metric.label and metric.unit and metric.domain for metric in METRICS.values())


@pytest.mark.parametrize("name", METRICS)
def test_sides_can_be_changed_and_equals_are_never_better(name: str) -> None:
    target = METRICS[name].target
    best, worse = {"low": (0.1, 0.9), "high": (0.9, 0.1)}.get(str(target), (target, 0.1))

    assert ("a", "b", None) == (better(name, best, worse), better(name, worse, best), better(name, worse, worse))
    assert distance(name, best) < distance(name, worse)


def test_k16_bias_of_minus_five_is_no_improvement_over_plus_one() -> None:
    change = change_of("mbe", 1.0, -5.0)

    assert (-6.0, -6.0, False) == (change.difference, change.relative, change.is_improvement)


def test_k16_a_base_of_zero_has_no_relative_difference() -> None:
    change = change_of("mase", 0.0, 0.5)

    assert (0.5, None, False) == (change.difference, change.relative, change.is_improvement)


def test_m5_too_wide_is_worse_than_near_the_nominal_coverage() -> None:
    assert change_of("coverage_80", 0.99, 0.82).is_improvement


def test_missing_scores_are_not_compared() -> None:
    change = change_of("mase", None, 0.5)

    assert (None, None, None) == (change.difference, change.relative, change.is_improvement)
    assert better("mase", float("nan"), 0.5) is None


def test_k16_an_unknown_metric_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownMetric, match=r"got 'masse', expected one of .* Did you mean 'mase'"):
        change_of("masse", 1.0, 2.0)
    with pytest.raises(UnknownMetric):
        better("masse", None, None)


def test_the_error_survives_a_process_border() -> None:
    error = UnknownMetric("masse", ("mase",))

    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301  # our own bytes
