"""Networks inside a replay: which lesson is taught when, units, and learners that forecast together."""

from dataclasses import replace

import numpy as np
import pytest

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.learning import Generation
from pulse_kedro.forecasting.network_member import Network, Teach
from pulse_kedro.forecasting.simulation_learners import Part, empty_pool
from pulse_kedro.forecasting.simulation_networks import Taught, Together, empty_taught
from pulse_kedro.forecasting.simulation_policies import Never, Recursive
from pulse_kedro.forecasting.windows import WindowSchema

SCHEMA = WindowSchema(
    variant="level", look_back=4, horizon=2, season_length=2, intercept=False, clip=None, centre="none", scale="none"
)


def teacher(heard: list[tuple[str, int, int | None]], name: str) -> Teach:
    """Lessons that end at once with a map that repeats the newest value, and are written down."""

    def teach(network: Network, values: Array) -> Generation:
        before = network.generations[-1].trained_until if network.generations else None
        heard.append((name, len(values), before))
        weights = np.zeros((2, 4))
        weights[:, -1] = 1.0
        zeros = {
            "residual.cycle": np.zeros(2),
            "residual.last.weight": np.zeros((2, 4)),
            "residual.last.bias": np.zeros(2),
        }
        return Generation(trained_until=len(values), weights={"ridge.weight": weights, **zeros}, optimizer={}, facts={})

    return teach


def taught(y: Array, heard: list[tuple[str, int, int | None]]) -> Taught:
    return empty_taught(
        y, "cycle_linear", SCHEMA, width=None, first=teacher(heard, "first"), later=teacher(heard, "later")
    )


@pytest.fixture
def y() -> Array:
    return np.random.default_rng(0).normal(50.0, 5.0, size=(30, 3))


def test_the_first_lesson_is_long_and_every_later_one_goes_on(y: Array) -> None:
    heard: list[tuple[str, int, int | None]] = []
    policy = Recursive(lambda known: taught(known, heard))

    points = [policy.act(y[:stop], np.empty((0, 3))) for stop in (20, 24, 28)]

    assert [("first", 20, None), ("later", 24, 20), ("later", 28, 24)] == heard
    np.testing.assert_allclose(points[-1], np.tile(y[27], (2, 1)))


def test_fixed_weights_read_the_newest_history(y: Array) -> None:
    heard: list[tuple[str, int, int | None]] = []
    policy = Never(lambda known: taught(known, heard))

    points = [policy.act(y[:stop], np.empty((0, 3))) for stop in (20, 28)]

    assert [("first", 20, None)] == heard
    np.testing.assert_allclose(points[-1], np.tile(y[27], (2, 1)))


def test_a_network_has_nothing_to_forget(y: Array) -> None:
    learner = taught(y, [])

    assert learner.forget(0.5) is learner


def test_together_is_the_mean_of_its_learners(y: Array) -> None:
    parts = [Part(look_back=4, centre="none", penalty=0.1), Part(look_back=3, centre="mean", penalty=0.1)]
    pools = tuple(empty_pool(y, [part], horizon=2, season_length=2) for part in parts)
    team = Together(learners=pools).learn(y, len(y)).forget(0.5).solve()

    alone = [pool.learn(y, len(y)).forget(0.5).solve().forecast(y) for pool in pools]

    np.testing.assert_allclose(np.mean(alone, axis=0), team.forecast(y))


def test_a_learner_that_abstains_takes_no_share(y: Array) -> None:
    pool = empty_pool(y, [Part(look_back=4, centre="none", penalty=0.1)], horizon=2, season_length=2)
    silent = replace(taught(y, []), unit=np.full(3, np.nan))
    alone = pool.learn(y, len(y)).solve()

    team = Together(learners=(alone, silent))

    np.testing.assert_allclose(alone.forecast(y), team.forecast(y))
