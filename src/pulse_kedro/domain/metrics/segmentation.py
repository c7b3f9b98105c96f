"""How well a segmentation agrees with one or several others: covering and F1 with a margin."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Points = Sequence[int]
"""Indices at which new segments begin, without 0 and without the length of the series."""

MARGIN = 5
"""Observations by which a change point may miss; the margin of van den Burg and Williams (2020)."""


def cover(truths: Sequence[Points], found: Points, n: int) -> float:
    """Share of each annotated segment that its best counterpart covers, weighted by length, mean over annotations.

    Args:
        truths: Change points of each annotation, at least one annotation.
        found: Change points to judge.
        n: Observations.

    Returns:
        Between 0 and 1; 1 when the segmentations are equal.

    Source:
        van den Burg and Williams (2020), arXiv 2003.06222, equation 8: for each true segment the largest Jaccard index
        with a found one.

    Example:
        >>> cover([[5]], [], 10)
        0.5
    """
    return sum(_cover_of_one(truth, found, n) for truth in truths) / len(truths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Precision, recall and their harmonic mean, each between 0 and 1."""

    precision: float
    recall: float
    f1: float


def f1_score(truths: Sequence[Points], found: Points, *, margin: int = MARGIN) -> Agreement:
    """Agreement on single change points, each of which may be used once.

    Args:
        truths: Change points of each annotation, at least one annotation.
        found: Change points to judge.
        margin: Largest distance at which two change points are the same.

    Returns:
        Precision against all annotations together, recall as the mean over annotations. The index 0 belongs to every
        set, so that a series without changes is defined.

    Source:
        van den Burg and Williams (2020), arXiv 2003.06222, section 4.1, after Killick et al. (2012).

    Example:
        >>> f1_score([[50]], [52, 80]).f1
        0.8
    """
    judged = sorted({0, *found})
    everyone = sorted({0, *(point for truth in truths for point in truth)})
    precision = _matched(everyone, judged, margin) / len(judged)
    recalls = [_matched(with_start, judged, margin) / len(with_start) for with_start in map(_with_start, truths)]
    recall = sum(recalls) / len(recalls)
    return Agreement(precision=precision, recall=recall, f1=2 * precision * recall / (precision + recall))


def _with_start(points: Points) -> list[int]:
    return sorted({0, *points})


def _matched(truth: Sequence[int], found: Sequence[int], margin: int) -> int:
    """True positives: true points, in order, each with the nearest found one that is still free."""
    free, matched = list(found), 0
    for point in truth:
        near = [candidate for candidate in free if abs(candidate - point) <= margin]
        if near:
            free.remove(min(near, key=lambda candidate: abs(candidate - point)))
            matched += 1
    return matched


def _cover_of_one(truth: Points, found: Points, n: int) -> float:
    own, other = _segments(truth, n), _segments(found, n)
    return sum((stop - start) * max(_jaccard(start, stop, *segment) for segment in other) for start, stop in own) / n


def _segments(points: Points, n: int) -> list[tuple[int, int]]:
    ends = [0, *sorted(set(points) - {0, n}), n]
    return list(pairwise(ends))


def _jaccard(start: int, stop: int, other_start: int, other_stop: int) -> float:
    common = max(min(stop, other_stop) - max(start, other_start), 0)
    return common / (max(stop, other_stop) - min(start, other_start)) if common else 0.0
