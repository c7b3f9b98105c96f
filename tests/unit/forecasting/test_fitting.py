"""Training: never worse than the beginning, repeatable, warm where asked, stopped where the loss is no number."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from miniature import waves
from network_samples import TRAINER, lesson, pupil, trainer
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.fitting import TrainingInterrupted, begin, gather, learn, make_trainer, prepare
from pulse_kedro.forecasting.kinds import NETWORK_KINDS, MemberKind
from pulse_kedro.forecasting.learning import Generation, Lesson, TrainerOptions, restore_lesson
from pulse_kedro.forecasting.measuring import fastest_size, measure_settings, windows_per_second
from pulse_kedro.forecasting.module import KeepBest, TrainingDiverged

Y = waves(0, periods=110, series=4)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def taught(given: Lesson) -> Generation:
    found = learn(given)
    assert found is not None
    return found


def weights_equal(one: Generation, two: Generation) -> bool:
    return all(np.array_equal(values, two.weights[name]) for name, values in one.weights.items())


def curved(seed: int = 0) -> Array:
    """Series whose next value is a bent function of the last ones: a linear map leaves something to learn."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(400, 3))
    for t in range(2, len(y)):
        y[t] = 1.6 * np.abs(y[t - 1]) - 1.2 + 0.1 * rng.normal(size=3)
    return y


@pytest.mark.parametrize("kind", NETWORK_KINDS)
@pytest.mark.parametrize("loss", ["mase_smape", "quantile", "huber"])
def test_the_best_weights_are_never_worse_than_the_ridge_on_the_windows_held_out(kind: MemberKind, loss: str) -> None:
    facts = taught(lesson(kind, Y, loss=loss, loss_parameter=0.5, epochs=2)).facts

    assert facts["best_loss"] <= facts["first_loss"]
    assert facts["epochs"] >= 1


def test_a_network_learns_what_a_ridge_cannot() -> None:
    given = lesson("nhits", curved(), epochs=12, patience=12, learning_rate=1e-2)
    facts = taught(given).facts

    assert facts["best_loss"] < 0.9 * facts["first_loss"]


@pytest.mark.parametrize("kind", NETWORK_KINDS)
def test_the_same_lesson_gives_the_same_weights_to_the_last_bit(kind: MemberKind) -> None:
    torch.manual_seed(1)
    one = taught(lesson(kind, Y))
    torch.manual_seed(2)

    assert weights_equal(one, taught(lesson(kind, Y)))


def test_a_training_leaves_random_state_and_switches_as_they_were() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    before = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()

    learn(lesson("nhits", Y, epochs=1))

    torch.testing.assert_close(expected, torch.rand(3))
    assert before == (torch.are_deterministic_algorithms_enabled(), torch.get_num_threads())


def test_nothing_complete_to_learn_from_teaches_nothing() -> None:
    assert learn(lesson("nhits", Y[:30])) is None


def test_values_held_out_choose_but_are_not_learned() -> None:
    """With other values at the end the weights of the last epoch are the same."""
    given = lesson("nhits", Y)
    other = Y.copy()
    other[gather(given).until :] += 100 * np.arange(4)
    ends = [last_epoch(given), last_epoch(replace(given, values=other))]

    for name, values in ends[0].items():
        torch.testing.assert_close(values, ends[1][name], rtol=1e-5, atol=1e-6)


def last_epoch(given: Lesson, **changes: Any) -> dict[str, torch.Tensor]:  # noqa: ANN401  # any field of the trainer
    """Weights when training ends, best or not."""
    given = replace(given, trainer=replace(given.trainer, **changes))
    training = prepare(given, gather(given))
    with pytest.warns(FutureWarning, match="LeafSpec"):
        make_trainer(given.trainer, None, KeepBest(99)).fit(training)
    return {name: values.detach().clone() for name, values in training.network.state_dict().items()}


def test_the_ridge_map_stays_as_it_is_in_the_first_epochs() -> None:
    given = lesson("nhits", Y)
    first = begin(given, gather(given).until).ridge.weight

    torch.testing.assert_close(first, last_epoch(given, epochs=2, frozen_epochs=2)["ridge.weight"], rtol=0, atol=0)
    assert not torch.equal(first, last_epoch(given, epochs=2, frozen_epochs=1)["ridge.weight"])


def test_activations_computed_twice_change_nothing() -> None:
    given = lesson("nhits", Y)

    once = last_epoch(given)
    for name, values in last_epoch(given, checkpoint_activations=True).items():
        torch.testing.assert_close(values, once[name], rtol=1e-5, atol=1e-7)


def test_accumulated_batches_are_one_larger_batch() -> None:
    """Without clipping and with equal halves; steps are counted, so the schedule is the same."""
    given = lesson("nhits", Y, epochs=1, warm_up=0.0, frozen_epochs=0)
    size = len(gather(given).learned) // 2

    halves = last_epoch(given, batch_size=size, accumulate=2, clip=1e9)
    whole = last_epoch(given, batch_size=2 * size, clip=1e9)
    for name, values in whole.items():
        torch.testing.assert_close(values, halves[name], rtol=1e-3, atol=1e-4)


def test_a_loss_that_is_no_number_stops_with_epoch_and_step() -> None:
    given = lesson("nhits", Y, learning_rate=1e30, clip=1e30)

    with pytest.raises(TrainingDiverged, match=r"got loss (nan|inf) in epoch \d+, step \d+, expected a finite"):
        learn(given)


def test_words_of_an_interrupted_training() -> None:
    assert str(TrainingInterrupted("nhits_36", 4)) == (
        "Training nhits_36 failed: got SIGTERM in epoch 4, expected to reach the end. "
        "Run the same command again: it goes on from the last finished epoch."
    )


@pytest.fixture(scope="module")
def before() -> Generation:
    """What was learned when fewer periods were known, with the moments of the optimizer."""
    y = curved()[:110]
    generation = pupil("nhits", y, warm_start="weights+optimizer", learning_rate=1e-2).learn(y, 90).generations[0]
    assert generation.optimizer
    return generation


def warm(before: Generation, mode: str) -> Lesson:
    return replace(lesson("nhits", curved()[:110]), previous=before, warm_start=mode)  # type: ignore[arg-type]


def test_without_a_warm_start_the_last_generation_makes_no_difference(before: Generation) -> None:
    assert weights_equal(taught(replace(warm(before, "none"), previous=None)), taught(warm(before, "none")))


@pytest.mark.parametrize("mode", ["weights", "weights+optimizer"])
def test_a_warm_start_begins_with_the_last_weights(before: Generation, mode: str) -> None:
    given = warm(before, mode)

    for name, values in begin(given, gather(given).until).state_dict().items():
        np.testing.assert_allclose(before.weights[name], values.numpy(), rtol=1e-6)


def test_a_recursive_start_solves_the_ridge_anew_and_keeps_the_residual(before: Generation) -> None:
    given = warm(before, "recursive")
    fresh, started = lesson("nhits", given.values), begin(given, gather(given).until).state_dict()

    expected = begin(fresh, gather(fresh).until).ridge.weight
    torch.testing.assert_close(expected, started["ridge.weight"], rtol=0, atol=0)
    assert not np.allclose(before.weights["ridge.weight"], started["ridge.weight"].numpy(), rtol=1e-6)
    residual = [name for name in started if name.startswith("residual")]
    for name in residual:
        np.testing.assert_allclose(before.weights[name], started[name].numpy(), rtol=1e-6)


def test_moments_are_taken_only_where_network_and_windows_are_the_same(before: Generation) -> None:
    def moments(given: Lesson) -> int:
        return len(prepare(given, gather(given)).moments)

    other = replace(before, facts={**before.facts, "network_id": "another"})
    assert moments(warm(before, "weights+optimizer")) == len(before.optimizer) > 0
    assert 0 == moments(warm(other, "weights+optimizer")) == moments(warm(before, "weights"))


def test_moments_change_the_first_step(before: Generation) -> None:
    one, two = last_epoch(warm(before, "weights")), last_epoch(warm(before, "weights+optimizer"))

    assert not torch.equal(one["ridge.weight"], two["ridge.weight"])


def test_the_pull_keeps_weights_near_those_of_the_champion(before: Generation) -> None:
    def distance(pull: float) -> float:
        found = last_epoch(warm(before, "weights"), pull=pull)
        return sum(float(((values.numpy() - before.weights[name]) ** 2).sum()) for name, values in found.items())

    assert distance(10.0) < 0.5 * distance(0.0)


def test_a_warm_start_sees_new_windows_and_as_many_old_ones(before: Generation) -> None:
    given = warm(before, "weights")
    origins = gather(given).learned.origins
    since = int(str(before.facts["held_out_from"])) - given.schema.horizon
    new = gather(lesson("nhits", given.values)).learned.origins

    assert (new >= since).sum() == (origins >= since).sum() > 0
    assert abs(int((origins < since).sum()) - int((origins >= since).sum())) <= 4


def test_the_size_with_most_windows_per_second_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = {64: 10.0, 128: 30.0, 256: 20.0}
    monkeypatch.setattr("pulse_kedro.forecasting.measuring.windows_per_second", lambda _, size: speeds.get(size))
    training = prepare(
        lesson("nhits", waves(0, periods=200, series=9)), gather(lesson("nhits", waves(0, periods=200, series=9)))
    )

    assert 128 == fastest_size(training, least=1)
    assert 128 == fastest_size(training, least=2)


def test_settings_left_open_are_measured_within_their_bounds() -> None:
    given = lesson("nhits", Y, batch_size=None, learning_rate=None)
    found = measure_settings(given, gather(given))

    assert 1 <= found["batch_size"] <= len(gather(given).learned)
    assert 1e-4 <= found["learning_rate"] <= 1e-2
    facts = taught(given).facts
    assert facts["batch_size"] >= 1
    assert 1e-4 <= facts["learning_rate"] <= 1e-2


def test_measuring_leaves_the_network_alone() -> None:
    given = lesson("nhits", Y)
    training = prepare(given, gather(given))
    first = {name: values.clone() for name, values in training.network.state_dict().items()}

    assert windows_per_second(training, 8) > 0
    for name, values in first.items():
        torch.testing.assert_close(values, training.network.state_dict()[name], rtol=0, atol=0)


def test_a_lesson_travels_as_arrays_and_json(before: Generation) -> None:
    given = warm(before, "weights+optimizer")
    again = restore_lesson(given.facts(), given.arrays())

    assert given.key == again.key
    assert given.network_id == again.network_id
    assert given.trainer == again.trainer
    assert weights_equal(taught(given), taught(again))


def test_hardware_is_no_part_of_a_lesson_and_everything_else_is(before: Generation) -> None:
    given = lesson("nhits", Y)
    other_data = Y.copy()
    other_data[3, 1] += 1
    different = [
        replace(given, values=other_data),
        replace(given, trainer=trainer(seed=8)),
        replace(given, width=7),
        warm(before, "weights"),
    ]

    assert given.key == replace(given, trainer=trainer(devices=2, threads=2)).key
    assert 5 == len({given.key, *(one.key for one in different)})


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"learning_rate_range": (1e-2, 1e-4)}, "not a range"),
        ({"loss": "quantile", "loss_parameter": 2.0}, "below 1"),
        ({"num_nodes": 2}, "needs a rendezvous"),
        ({"devices": 3}, "not a multiple of the 3 processes"),
        ({"epochs": 0}, "epochs"),
        ({"accelerator": "abacus"}, "accelerator"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(wrong: dict[str, Any], words: str) -> None:
    values = {name: getattr(TRAINER, name) for name in TrainerOptions.__slots__}

    with pytest.raises(ValidationError, match=words):
        TrainerOptions(**(values | wrong))
