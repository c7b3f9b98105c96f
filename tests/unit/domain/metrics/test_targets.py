"""Every score knows which way it is better."""

import pytest

from pulse_kedro.domain.metrics.scores import INTERVALS, METRICS
from pulse_kedro.domain.metrics.targets import TARGETS, better, distance


def test_every_metric_has_a_target() -> None:
    assert set(METRICS) == set(TARGETS)


@pytest.mark.parametrize("metric", INTERVALS)
def test_the_target_of_a_coverage_is_the_level_of_its_interval(metric: str) -> None:
    low, high = INTERVALS[metric]

    assert high - low == pytest.approx(TARGETS[metric])


@pytest.mark.parametrize("metric", TARGETS)
def test_changing_sides_changes_the_answer_and_the_target_itself_is_never_beaten(metric: str) -> None:
    target = TARGETS[metric]

    assert ("a", "b") == (better(metric, target, target + 0.1), better(metric, target + 0.1, target))
    assert better(metric, target + 0.1, target + 0.1) is None
    assert distance(metric, target) == 0


def test_too_wide_and_too_narrow_are_equally_far() -> None:
    assert "b" == better("coverage_80", 0.95, 0.75)
    assert "a" == better("coverage_80", 0.84, 0.7)


def test_a_missing_score_is_not_compared() -> None:
    assert [None, None] == [better("mase", None, 0.5), better("mase", 0.5, None)]
