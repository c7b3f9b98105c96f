"""Covering and F1 by hand-worked numbers (van den Burg and Williams 2020)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.domain.metrics.segmentation import cover, f1_score

points = st.lists(st.integers(1, 99), max_size=6).map(lambda found: sorted(set(found)))


def test_covering_by_hand() -> None:
    """Truth [0, 40), [40, 100); found [0, 50), [50, 100): Jaccard 40/50 and 50/60, weights .4 and .6."""
    assert cover([[40]], [50], 100) == pytest.approx(0.4 * 40 / 50 + 0.6 * 50 / 60)
    assert cover([[]], [50], 100) == pytest.approx(0.5)
    assert cover([[40], [50]], [50], 100) == pytest.approx((0.82 + 1.0) / 2)


def test_f1_by_hand() -> None:
    """Found 0, 52, 80; true 0, 50, 70: two of three match on both sides at a margin of 5, all three at 10."""
    assert f1_score([[50, 70]], [52, 80], margin=5).f1 == pytest.approx(2 / 3)
    assert f1_score([[50, 70]], [52, 80], margin=10).f1 == 1.0
    two = f1_score([[50], [50, 70]], [52], margin=5)
    assert (two.precision, two.recall) == (1.0, pytest.approx((1 + 2 / 3) / 2))


def test_one_found_point_serves_one_true_point() -> None:
    assert f1_score([[50, 52]], [51], margin=5).recall == pytest.approx(2 / 3)


@given(truth=points, found=points)
def test_both_are_between_0_and_1_and_1_for_equal_segmentations(truth: list[int], found: list[int]) -> None:
    assert 0 < cover([truth], found, 100) <= 1
    assert 0 < f1_score([truth], found).f1 <= 1
    assert (1.0, 1.0) == (pytest.approx(cover([truth], truth, 100)), f1_score([truth], truth).f1)


@given(truth=points, found=points)
def test_a_single_annotation_is_a_symmetric_question_for_f1(truth: list[int], found: list[int]) -> None:
    there, back = f1_score([truth], found, margin=0), f1_score([found], truth, margin=0)

    assert there.f1 == pytest.approx(back.f1)
