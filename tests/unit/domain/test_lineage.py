"""Ancestors, descendants, circles."""

import pytest

from pulse_kedro.domain.lineage import CircularLineage, ancestors, descendants

EDGES = [("source", "s1"), ("s1", "c1"), ("c1", "c2"), ("s2", "c2"), ("source", "s2"), ("c1", "bundle")]


def test_ancestors_come_nearest_first_and_once() -> None:
    assert ("c1", "s2", "s1", "source") == ancestors(EDGES, "c2")


def test_descendants_come_nearest_first_and_once() -> None:
    assert ("s1", "s2", "c1", "c2", "bundle") == descendants(EDGES, "source")


def test_a_name_without_edges_has_neither() -> None:
    assert () == ancestors(EDGES, "stranger")
    assert () == descendants([], "stranger")


def test_a_circle_is_reported_with_its_path() -> None:
    with pytest.raises(CircularLineage, match=r"b > c > b.*without circles"):
        descendants([("a", "b"), ("b", "c"), ("c", "b")], "a")


def test_two_ways_to_the_same_ancestor_are_no_circle() -> None:
    assert ("b", "c", "a") == ancestors([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")], "d")


def test_a_chain_longer_than_the_recursion_limit_is_walked() -> None:
    chain = [(str(i), str(i + 1)) for i in range(5000)]

    assert 5000 == len(ancestors(chain, "5000"))
