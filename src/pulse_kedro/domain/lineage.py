"""Ancestors and descendants in a graph of (parent, child) edges. A circle is reported, never followed."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from pulse_kedro.domain.errors import PulseError

Edge = tuple[str, str]


class CircularLineage(PulseError):
    """Something would be its own ancestor."""

    code: ClassVar[str] = "data.invalid_input"

    def __init__(self, start: str, path: tuple[str, ...]) -> None:
        """Keep where the walk began and the circle it met, first name repeated at the end."""
        super().__init__(start, path)
        self.start, self.path = start, path

    def __str__(self) -> str:
        """Print the circle in the order in which it was walked."""
        circle = " > ".join(self.path)
        return (
            f"Following the lineage of {self.start!r} failed: got the circle {circle}, expected a graph without "
            "circles. Remove one of these edges from the table `lineage`."
        )


def ancestors(edges: Iterable[Edge], start: str) -> tuple[str, ...]:
    """Everything that `start` was made from, the nearest first.

    Args:
        edges: (parent, child) pairs in any order; repeated pairs count once.
        start: Where to begin; need not occur in the edges.

    Returns:
        Names in breadth-first order, siblings in alphabetical order, each once, without `start`.

    Raises:
        CircularLineage: A circle can be reached from `start`.

    Example:
        >>> ancestors([("a", "b"), ("b", "c"), ("x", "c")], "c")
        ('b', 'x', 'a')
    """
    return _walk(_neighbours((child, parent) for parent, child in edges), start)


def descendants(edges: Iterable[Edge], start: str) -> tuple[str, ...]:
    """Everything that was made from `start`, the nearest first.

    Args:
        edges: (parent, child) pairs in any order; repeated pairs count once.
        start: Where to begin; need not occur in the edges.

    Returns:
        Names in breadth-first order, siblings in alphabetical order, each once, without `start`.

    Raises:
        CircularLineage: A circle can be reached from `start`.

    Example:
        >>> descendants([("a", "b"), ("b", "c"), ("a", "d")], "a")
        ('b', 'd', 'c')
    """
    return _walk(_neighbours(edges), start)


def _neighbours(edges: Iterable[Edge]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for origin, target in edges:
        found.setdefault(origin, set()).add(target)
    return {origin: tuple(sorted(targets)) for origin, targets in found.items()}


def _walk(neighbours: Mapping[str, tuple[str, ...]], start: str) -> tuple[str, ...]:
    _refuse_circles(neighbours, start)
    order, seen = [start], {start}
    for name in order:  # grows while it is read: breadth first
        fresh = [found for found in neighbours.get(name, ()) if found not in seen]
        seen.update(fresh)
        order.extend(fresh)
    return tuple(order[1:])


def _refuse_circles(neighbours: Mapping[str, tuple[str, ...]], start: str) -> None:
    """Walk in depth with an explicit stack, so that a long chain does not meet the recursion limit."""
    path: dict[str, None] = {start: None}
    finished: set[str] = set()
    stack = [(start, iter(neighbours.get(start, ())))]
    while stack:
        name, rest = stack[-1]
        found = next(rest, None)
        if found is None:
            stack.pop()
            path.pop(name)
            finished.add(name)
        elif found in path:
            names = tuple(path)
            raise CircularLineage(start, (*names[names.index(found) :], found))
        elif found not in finished:
            path[found] = None
            stack.append((found, iter(neighbours.get(found, ()))))
