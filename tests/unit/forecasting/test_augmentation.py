"""Augmentation: what each way of altering keeps, that it is repeatable, and that nothing held out is ever touched."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy import stats

from miniature import waves
from network_samples import CURRICULUM, lesson
from pulse_kedro.forecasting.augmentation import bootstrapped, jittered, normal, warped, with_copies
from pulse_kedro.forecasting.curriculum import AugmentationOptions, find_windows
from pulse_kedro.forecasting.fitting import gather, learn, prepare
from pulse_kedro.forecasting.learning import Lesson

OFF = {"jitter": 0.0, "warp": 0.0, "knots": 4, "copies": 0, "block": 1.0}
TENSORS = ("flat", "starts", "columns", "weights", "offset", "spread", "yard", "centre", "inverse")


def options(**changes: float) -> AugmentationOptions:
    return AugmentationOptions(**(OFF | changes))  # type: ignore[arg-type]


ALL = options(jitter=0.1, warp=0.2, copies=2)


@pytest.fixture(scope="module")
def world() -> np.ndarray:
    y = waves(3, periods=120, series=4) + 100
    y[:30, 3] = np.nan
    y[50, 1] = np.nan
    return y


def with_options(world: np.ndarray, chosen: AugmentationOptions | None, **changes: object) -> Lesson:
    return replace(lesson("nhits", world, **changes), curriculum=replace(CURRICULUM, augmentation=chosen))


def numbers(count: int = 40) -> torch.Tensor:
    return torch.arange(count)


def levels(count: int = 40, span: int = 30) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal(50, 3, size=(count, span)).astype(np.float32))


def test_noise_is_standard_normal() -> None:
    noise = normal(1, 0, numbers(2000), 50).numpy().ravel()

    assert stats.kstest(noise, "norm").pvalue > 0.001
    assert abs(np.corrcoef(noise[:-1], noise[1:])[0, 1]) < 0.01


def test_noise_of_a_window_depends_on_neither_batch_nor_order() -> None:
    whole = normal(7, 3, numbers(), 6)

    assert torch.equal(whole[5:9], normal(7, 3, torch.arange(5, 9), 6))
    assert torch.equal(whole[[9, 2]], normal(7, 3, torch.tensor([9, 2]), 6))
    assert torch.equal(whole, normal(7, 3, numbers(), 6))


@pytest.mark.parametrize(("seed", "epoch"), [(8, 3), (7, 4)])
def test_other_seeds_and_epochs_give_other_noise(seed: int, epoch: int) -> None:
    one, other = normal(7, 3, numbers(), 6), normal(seed, epoch, numbers(), 6)

    assert not torch.isclose(one, other).any()


def test_jitter_moves_inputs_by_their_own_spread_and_targets_not_at_all() -> None:
    many = levels(4000)
    moved = jittered(many, 24, 0.1, normal(1, 0, numbers(4000), 24))

    assert torch.equal(many[:, 24:], moved[:, 24:])
    ratio = (moved - many)[:, :24] / many[:, :24].std(dim=1, correction=0, keepdim=True)
    assert 0.1 == pytest.approx(float(ratio.std()), rel=0.02)


def test_warp_keeps_the_mean_of_the_inputs_as_its_centre_and_follows_its_knots() -> None:
    flat = torch.full((1, 30), 5.0)
    assert torch.equal(flat, warped(flat, 24, 0.5, torch.ones(1, 4)))

    window = levels(1)
    centre = window[:, :24].mean()
    twice = warped(window, 24, float(np.log(2)), torch.ones(1, 4))
    torch.testing.assert_close(twice, centre + 2 * (window - centre))

    rising = warped(window, 24, 1.0, torch.linspace(0, 1, 4)[None])
    torch.testing.assert_close(rising, centre + (window - centre) * torch.exp(torch.linspace(0, 1, 30)))


def test_bootstrap_keeps_trend_and_season() -> None:
    time = np.arange(120.0)[:, None]
    regular = 3 + 0.5 * time + np.sin(2 * np.pi * (time + np.arange(2)) / 12)

    np.testing.assert_allclose(regular, bootstrapped(regular, 12, 24, np.random.default_rng(1)))


def test_bootstrap_keeps_gaps_size_and_what_moves_together(world: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    common = rng.normal(size=(240, 1))
    pair = 10 + np.concatenate([common, 2 * common], axis=1)

    made = bootstrapped(pair, 12, 24, rng)

    assert np.isfinite(made).all()
    assert not np.allclose(pair, made)
    np.testing.assert_allclose(2 * (made[:, 0] - 10), made[:, 1] - 10, atol=1e-9)
    np.testing.assert_array_equal(pair[:6], made[:6])
    assert 1 == pytest.approx(made[:, 0].std() / pair[:, 0].std(), abs=0.2)
    np.testing.assert_array_equal(np.isnan(world), np.isnan(bootstrapped(world, 12, 24, rng)))


def test_copies_weigh_what_their_originals_do_and_know_nothing_of_what_is_held_out(world: np.ndarray) -> None:
    made = gather(with_options(world, ALL))
    settings = {"season": 12, "until": made.until, "seed": 3}

    values, windows = with_copies(world, made.learned, ALL, **settings)
    changed = world.copy()
    changed[made.until :] = np.random.default_rng(1).permutation(changed[made.until :])
    other, same = with_copies(changed, made.learned, ALL, **settings)

    assert ((120, 12), 3 * len(made.learned)) == (values.shape, len(windows))
    assert 1 == pytest.approx(windows.weights.mean())
    np.testing.assert_array_equal(world, values[:, :4])
    np.testing.assert_array_equal(values[:, 4:], other[:, 4:])
    assert np.isnan(values[made.until :, 4:]).all()
    np.testing.assert_array_equal(windows.columns, same.columns)


def test_copies_have_a_whole_window_where_the_original_has_one(world: np.ndarray) -> None:
    made = gather(with_options(world, ALL))
    schema = with_options(world, ALL).schema
    values, windows = with_copies(world, made.learned, ALL, season=12, until=made.until, seed=3)

    found = find_windows(schema, values)
    whole = set(zip(found.origins.tolist(), found.columns.tolist(), strict=True))
    assert set(zip(windows.origins.tolist(), windows.columns.tolist(), strict=True)) <= whole


@pytest.mark.parametrize("chosen", [options(jitter=0.1), options(warp=0.2), options(copies=2), ALL])
def test_rows_that_are_held_out_are_byte_identical_with_augmentation_on_and_off(
    world: np.ndarray, chosen: AugmentationOptions
) -> None:
    before = world.tobytes()
    off, on = (with_options(world, one) for one in (None, chosen))
    plain, augmented = (prepare(one, gather(one)) for one in (off, on))

    assert before == world.tobytes()
    for name in TENSORS:
        one, other = (getattr(made.held_out, name) for made in (plain, augmented))
        assert one.numpy().tobytes() == other.numpy().tobytes()
    assert plain.validation_loss() == augmented.validation_loss()
    batch, same = (made.held_out.batch(numbers(len(plain.held_out.starts))) for made in (plain, augmented))
    assert batch.levels.numpy().tobytes() == same.levels.numpy().tobytes()


def test_loss_of_a_batch_changes_with_the_epoch_and_is_repeated_by_the_seed(world: np.ndarray) -> None:
    one, other = (prepare(given, gather(given)) for given in [with_options(world, options(jitter=0.5))] * 2)
    plain = prepare(with_options(world, None), gather(with_options(world, None)))

    losses = [float(made.loss_of(numbers(32)).detach()) for made in (one, other, plain)]

    assert losses[0] == losses[1] != losses[2]


@pytest.mark.slow
def test_same_seed_learns_the_same_weights_and_augmentation_learns_others(world: np.ndarray) -> None:
    first, again, plain = (learn(with_options(world, chosen, epochs=2)) for chosen in (ALL, ALL, None))

    assert first is not None
    assert again is not None
    assert plain is not None
    for name, weights in first.weights.items():
        np.testing.assert_array_equal(weights, again.weights[name])
    assert first.facts["first_loss"] == plain.facts["first_loss"]


def test_key_of_a_lesson_knows_augmentation_and_is_the_old_one_without(world: np.ndarray) -> None:
    keys = {with_options(world, chosen).key for chosen in (None, ALL, options(jitter=0.1))}

    assert 3 == len(keys)
    assert lesson("nhits", world).key == with_options(world, None).key


@pytest.mark.parametrize("wrong", [{"jitter": -1}, {"knots": 1}, {"copies": -1}, {"block": 0}, {"typo": 1}])
def test_wrong_options_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        options(**wrong)
