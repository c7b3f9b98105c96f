"""Laws of lineage: ancestors and descendants are one relation, each told once, whatever the graph."""

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.adapters.stores.ancestry import Graph, above, below
from pulse_kedro.domain.lineage import Edge, ancestors, descendants

NODES = [f"snapshot:{number:02d}" for number in range(12)]
SHARED = "rulebook:same"


@st.composite
def graphs(draw: st.DrawFn) -> list[Edge]:
    """Edges from earlier to later names, so that there is no circle; some of them twice."""
    pairs = st.tuples(st.integers(0, len(NODES) - 1), st.integers(0, len(NODES) - 1))
    drawn = draw(st.lists(pairs.filter(lambda pair: pair[0] < pair[1]), max_size=40))
    return [(NODES[first], NODES[second]) for first, second in drawn]


@given(graphs(), st.sampled_from(NODES), st.sampled_from(NODES))
def test_one_is_above_the_other_exactly_when_that_is_below_it(edges: list[Edge], one: str, other: str) -> None:
    assert (one in ancestors(edges, other)) == (other in descendants(edges, one))


@given(graphs(), st.sampled_from(NODES))
def test_each_is_told_once_and_without_the_start(edges: list[Edge], start: str) -> None:
    for found in (ancestors(edges, start), descendants(edges, start)):
        assert len(set(found)) == len(found)
        assert start not in found


@given(graphs(), st.sampled_from(NODES), st.randoms(use_true_random=False))
def test_the_order_of_edges_does_not_matter(edges: list[Edge], start: str, random: Random) -> None:
    shuffled = list(edges)
    random.shuffle(shuffled)

    assert ancestors(edges, start) == ancestors([*shuffled, *edges], start)


@given(graphs(), st.sampled_from(NODES))
def test_what_is_shown_hangs_together(edges: list[Edge], start: str) -> None:
    for look in (above, below):
        found, among = look(Graph(edges=tuple(edges)), start)
        assert {part for edge in among for part in edge} <= {start, *found}
        assert all(any(name in edge for edge in among) for name in found)


@given(st.integers(1, 8), st.integers(0, 8))
def test_above_a_forecast_stand_only_cycles_that_came_before_it(length: int, place: int) -> None:
    """Every cycle of a chain makes the same rulebook; later ones had no part in an earlier forecast."""
    place = min(place, length - 1)
    keys = [f"c{number}" for number in range(length)]
    edges = [(f"cycle:{one}", f"cycle:{two}") for one, two in pairwise(keys)]
    edges += [(f"cycle:{key}", SHARED) for key in keys]
    edges += [edge for key in keys for edge in ((f"cycle:{key}", f"forecasts:{key}"), (SHARED, f"forecasts:{key}"))]
    graph = Graph(edges=tuple(edges))

    found, _ = above(graph, f"forecasts:{keys[place]}")
    later, _ = below(graph, f"cycle:{keys[place]}")

    assert {SHARED, *(f"cycle:{key}" for key in keys[: place + 1])} == set(found)
    assert {f"forecasts:{key}" for key in keys[place:]} == {name for name in later if name.startswith("forecasts:")}
