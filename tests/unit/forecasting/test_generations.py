"""What was learned at different times keeps its order and its place in time."""

from dataclasses import dataclass

import numpy as np
import pytest

from expert_worlds import a_world, an_expert
from pulse_kedro.forecasting.generations import joined, moved, newest_at, waited
from pulse_kedro.forecasting.recipe import MemberOptions


@dataclass(frozen=True)
class Learned:
    """Parameters with a name."""

    trained_until: int
    name: str = ""


def test_a_new_generation_takes_its_place_and_that_of_one_of_the_same_time() -> None:
    found = joined((Learned(3, "a"), Learned(9, "b")), Learned(6, "c"))

    assert [3, 6, 9] == [one.trained_until for one in found]
    assert ["a", "d", "b"] == [one.name for one in joined(found, Learned(6, "d"))]


@pytest.mark.parametrize(("stop", "newest"), [(2, -1), (3, 0), (8, 0), (9, 1), (50, 1)])
def test_the_newest_generation_is_the_last_one_that_knew_no_more(stop: int, newest: int) -> None:
    assert newest == newest_at((Learned(3), Learned(9)), stop)


def test_generations_move_with_the_beginning_of_the_panel_and_age_with_its_end() -> None:
    assert [5, 11] == [one.trained_until for one in moved((Learned(3), Learned(9)), 2)]
    assert 4 == waited((Learned(3), Learned(9)), 13)
    assert waited((), 13) is None


def test_an_expert_forecasts_the_same_over_a_panel_that_begins_earlier() -> None:
    world = a_world()
    expert = an_expert(MemberOptions(kind="auto_theta"), 2).update(world.y, "").learn(world.y, world.known)
    longer = np.concatenate([np.full((24, world.y.shape[1]), np.nan), world.y])

    later = expert.rebase(longer, 24 + expert.seen)

    assert [24 + one.trained_until for one in expert.generations] == [one.trained_until for one in later.generations]
    assert [24 + one.start for one in expert.generations] == [one.start for one in later.generations]
    ends = [len(world.y) - 3, len(world.y)]
    np.testing.assert_array_equal(expert.recall(world.y, ends), later.recall(longer, [24 + end for end in ends]))
