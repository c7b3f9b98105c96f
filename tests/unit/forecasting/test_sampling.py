"""Batches by index arithmetic are the training pairs of the ridge; their order depends on seed and epoch alone."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from miniature import waves
from pulse_kedro.forecasting.curriculum import find_windows
from pulse_kedro.forecasting.ridge import add_season
from pulse_kedro.forecasting.sampling import EpochBatches, panel_tensor, unscaled, with_season
from pulse_kedro.forecasting.windows import WindowSchema, cut_windows


def schema(variant: str, horizon: int = 7) -> WindowSchema:
    return WindowSchema(
        variant=variant,  # type: ignore[arg-type]
        look_back=6,
        horizon=horizon,
        season_length=4,
        intercept=variant == "level",
        clip=6.0,
    )


@pytest.fixture(scope="module")
def world() -> np.ndarray:
    y = waves(3, periods=60, series=5) + 1e5
    y[[20, 33], [1, 2]] = np.nan
    return y


@pytest.mark.parametrize("variant", ["seasonal", "level"])
def test_a_batch_holds_the_training_pairs_of_the_ridge(variant: str, world: np.ndarray) -> None:
    windows = find_windows(schema(variant), world)
    batch = panel_tensor(schema(variant), world, windows).batch(torch.arange(len(windows)))
    expected = cut_windows(schema(variant), world, len(world))

    np.testing.assert_allclose(expected.design, batch.design.numpy(), atol=2e-3)
    np.testing.assert_allclose(expected.targets, batch.targets.numpy(), atol=5e-3)
    assert (windows.origins % 4).tolist() == batch.phase.tolist()


@pytest.mark.parametrize("variant", ["seasonal", "level"])
def test_true_moves_lead_back_to_the_levels(variant: str, world: np.ndarray) -> None:
    wide = WindowSchema(**{name: getattr(schema(variant), name) for name in WindowSchema.__slots__} | {"clip": 1e9})
    windows = find_windows(wide, world)
    batch = panel_tensor(wide, world, windows).batch(torch.arange(len(windows)))
    levels = unscaled(wide, batch, batch.targets).numpy()

    for row, (origin, column) in enumerate(zip(windows.origins, windows.columns, strict=True)):
        np.testing.assert_allclose(world[origin + 1 : origin + 8, column], levels[row], rtol=1e-6)


@given(horizon=st.integers(1, 13), seed=st.integers(0, 1000))
def test_seasons_add_up_as_in_the_ridge(horizon: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    moves, history = rng.normal(size=(3, horizon)), rng.normal(size=(3, 10))
    expected = add_season(moves, history, schema("seasonal", horizon))

    np.testing.assert_allclose(
        expected, with_season(torch.from_numpy(moves), torch.from_numpy(history[:, -4:])).numpy(), atol=1e-12
    )


def test_the_yard_is_the_mean_seasonal_change() -> None:
    y = np.array([[1.0], [2.0], [3.0], [4.0], [3.0], [6.0], [9.0], [12.0]] * 3)
    tensor = panel_tensor(schema("level"), y, find_windows(schema("level"), y))
    change = np.abs(y[4:] - y[:-4]).mean()

    assert change == pytest.approx(float(tensor.yard[0]))


batches = st.builds(
    EpochBatches,
    st.integers(1, 200),
    batch_size=st.integers(1, 64),
    limit=st.none() | st.integers(1, 250),
    seed=st.integers(0, 99),
)


@settings(deadline=None)
@given(one=batches, epoch=st.integers(0, 5))
def test_the_order_depends_on_seed_and_epoch_alone(one: EpochBatches, epoch: int) -> None:
    one.set_epoch(epoch)
    first = [batch.tolist() for batch in one]
    one.set_epoch(epoch + 1)
    other = [batch.tolist() for batch in one]
    one.set_epoch(epoch)

    assert first == [batch.tolist() for batch in one]
    assert one.size < 8 or first != other
    seen = [number for batch in first for number in batch]
    assert len(set(seen)) == len(seen) == len(one) * one.batch_size
    assert set(seen) <= set(range(one.size))


@pytest.mark.parametrize("world", [2, 3])
def test_processes_share_each_batch_of_one_process(world: int) -> None:
    whole = EpochBatches(100, batch_size=12, limit=None, seed=1)
    shares = [EpochBatches(100, batch_size=12, limit=None, seed=1, rank=rank, world=world) for rank in range(world)]

    for batch, *parts in zip(whole, *shares, strict=True):
        assert sorted(batch.tolist()) == sorted(number for part in parts for number in part.tolist())
        assert 1 == len({len(part) for part in parts})
