"""A network as a member: what it recalls is what it would have said, and what is stored is all it needs."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from miniature import waves
from network_samples import pupil, untaught
from pulse_kedro.forecasting import network_member
from pulse_kedro.forecasting.forecaster import Trained
from pulse_kedro.forecasting.kinds import NETWORK_KINDS, MemberKind
from pulse_kedro.forecasting.members import restore_member
from pulse_kedro.forecasting.network_member import KEPT, Network, NobodyTeaches, lesson_of

FORECAST = """
import sys
sys.path.insert(0, "tests")
from dataclasses import replace
from miniature import a_matrix, a_recipe, waves
from pulse_kedro.forecasting.backtest import fit_members
from pulse_kedro.forecasting.learning import Generation
from pulse_kedro.forecasting.recipe import MemberOptions
y = waves(0, periods=60, series=2)
(member,) = fit_members(a_recipe([MemberOptions(kind=sys.argv[1], look_back=12)]), a_matrix(y)).values()
assert "torch" not in sys.modules
from pulse_kedro.forecasting.networks import build
weights = build(sys.argv[1], member.schema, member.width).state_dict()
weights = {name: values.double().numpy() for name, values in weights.items()}
points = replace(member, generations=(Generation(trained_until=60, weights=weights),)).forecast()
assert (12, 2) == points.shape and (points == points).all()
print(*sorted({"torch", "lightning"} & set(sys.modules)))
"""
PERIODS, STOPS = 120, (70, 80, 95, 110, 120)


@pytest.fixture(scope="module")
def world() -> np.ndarray:
    y = waves(2, periods=PERIODS, series=4)
    y[[60, 100], [1, 2]] = np.nan
    y[:75, 3] = np.nan
    return y


@pytest.fixture(scope="module", params=NETWORK_KINDS)
def taught(request: pytest.FixtureRequest, world: np.ndarray) -> Network:
    """A network with a generation at 80 and one at 110 periods."""
    network = pupil(request.param, world)
    for stop in (80, 110):
        network = network.learn(world, stop)
    return replace(network, teach=None)


def as_of(network: Network, world: np.ndarray, stop: int) -> Network:
    """The state that a cycle at a stop would have had."""
    known = tuple(one for one in network.generations if one.trained_until <= stop)
    empty = replace(network, tail=np.empty((0, world.shape[1])), known=0, generations=known)
    return empty.update(world[: stop // 2], "").update(world[stop // 2 : stop], "")


def test_what_it_recalls_is_what_it_would_have_said_then(taught: Network, world: np.ndarray) -> None:
    recalled = taught.recall(world, STOPS)

    for row, stop in enumerate(STOPS):
        np.testing.assert_allclose(as_of(taught, world, stop).forecast(), recalled[row], rtol=1e-9)
    assert np.isnan(recalled[0]).all()
    assert np.isfinite(recalled[1:, :, :3]).all()
    np.testing.assert_allclose(taught.forecast(), recalled[-1], rtol=1e-9)


def test_many_windows_are_asked_in_parts_with_the_same_answer(
    taught: Network, world: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = taught.recall(world, STOPS)
    monkeypatch.setattr(network_member, "AT_ONCE", 5)

    np.testing.assert_allclose(whole, taught.recall(world, STOPS), rtol=1e-9)


def test_nothing_recalled_depends_on_what_came_later(taught: Network, world: np.ndarray) -> None:
    later = world.copy()
    later[95:] = -1e6

    np.testing.assert_array_equal(taught.recall(world, STOPS[:3]), taught.recall(later, STOPS[:3]))


def test_a_series_too_short_for_a_window_gets_no_forecast(taught: Network, world: np.ndarray) -> None:
    assert np.isnan(taught.recall(world, [85])[0, :, 3]).all()


def test_a_stored_network_is_the_same_network(taught: Network) -> None:
    again = restore_member(taught.facts(), taught.arrays())

    np.testing.assert_array_equal(taught.forecast(), again.forecast())
    assert taught.facts() == again.facts()
    assert all(values.dtype == np.float64 for values in taught.arrays().values())


def test_other_series_take_their_history_along(taught: Network) -> None:
    moved = taught.align([2, -1, 0])

    np.testing.assert_allclose(taught.forecast()[:, [2, 0]], moved.forecast()[:, [0, 2]], rtol=1e-12)
    assert np.isnan(moved.forecast()[:, 1]).all()


def test_new_periods_are_learned_nothing_from(taught: Network, world: np.ndarray) -> None:
    updated = taught.update(world[-3:], "")

    assert taught.generations is updated.generations
    assert PERIODS + 3 == updated.known


def test_a_past_that_begins_earlier_moves_the_generations_with_it(taught: Network, world: np.ndarray) -> None:
    """Periods are counted from the first one: a generation must not seem older than it is."""
    longer = np.concatenate([np.full((24, 4), np.nan), world])
    moved = taught.rebase(longer, 24 + PERIODS)

    assert [104, 134] == [one.trained_until for one in moved.generations]
    np.testing.assert_allclose(taught.recall(world, STOPS), moved.recall(longer, [24 + s for s in STOPS]), rtol=1e-9)
    np.testing.assert_allclose(taught.forecast(), moved.forecast(), rtol=1e-9)


def test_a_changed_past_is_read_again(taught: Network, world: np.ndarray) -> None:
    revised = world.copy()
    revised[-2] += 3
    read = taught.rebase(revised, PERIODS)

    assert taught.generations == read.generations
    np.testing.assert_allclose(read.recall(revised, [PERIODS])[0], read.forecast(), rtol=1e-9)
    assert not np.allclose(taught.forecast()[:, :3], read.forecast()[:, :3])


def test_learning_outside_a_retraining_is_refused_with_the_command(world: np.ndarray) -> None:
    with pytest.raises(NobodyTeaches, match=r"Training nhits_24 failed: .* `kedro run --pipelines retrain`"):
        untaught("nhits", world).learn(world, 80)


def test_too_little_to_learn_from_leaves_it_abstaining(world: np.ndarray) -> None:
    network = pupil("nhits", world).learn(world, 40)

    assert () == network.generations
    assert np.isnan(network.forecast()).all()


def test_a_lesson_goes_on_from_the_newest_generation_before_it(taught: Network, world: np.ndarray) -> None:
    from network_samples import CURRICULUM, TRAINER

    settings = {"warm_start": "weights", "trainer": TRAINER, "curriculum": CURRICULUM}
    first, second, third = (lesson_of(taught, world[:known], **settings).previous for known in (80, 110, 111))

    assert first is None
    assert second is taught.generations[0]
    assert third is taught.generations[1]


def test_learning_at_the_same_period_replaces_the_generation(world: np.ndarray) -> None:
    network = pupil("nhits", world, epochs=1).learn(world, 90).learn(world, 90)

    assert [90] == [one.trained_until for one in network.generations]


def test_only_the_newest_generations_are_kept(world: np.ndarray) -> None:
    generation = pupil("nhits", world, epochs=1).learn(world, 90).generations[0]
    network = replace(untaught("nhits", world), teach=lambda _, values: replace(generation, trained_until=len(values)))
    for known in range(80, 80 + KEPT + 2):
        network = network.learn(world, known)

    assert list(range(82, 80 + KEPT + 2)) == [one.trained_until for one in network.generations]


def test_it_is_a_member_that_learns() -> None:
    member: Trained = untaught("nhits", waves(0, periods=40, series=1))

    assert "nhits_24" == member.name


@pytest.mark.parametrize("kind", NETWORK_KINDS)
def test_a_forecast_needs_torch_but_not_lightning(kind: MemberKind) -> None:
    answer = subprocess.run([sys.executable, "-c", FORECAST, kind], capture_output=True, text=True, check=True)  # noqa: S603  # our own lines

    assert ["torch"] == answer.stdout.split()
