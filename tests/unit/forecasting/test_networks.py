"""Networks as plain modules: they begin as their ridge, stay small, and draw straight lines."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from miniature import waves
from network_samples import RIDGE_OF, lesson, members
from pulse_kedro.forecasting.fitting import begin, gather
from pulse_kedro.forecasting.kinds import NETWORK_KINDS, MemberKind
from pulse_kedro.forecasting.learning import Generation
from pulse_kedro.forecasting.network_member import Network
from pulse_kedro.forecasting.networks import LARGEST, NetworkTooLarge, build, interpolation
from pulse_kedro.forecasting.windows import WindowSchema

every_network = pytest.mark.parametrize("kind", NETWORK_KINDS)
sizes = st.tuples(st.integers(1, 40), st.integers(1, 30), st.integers(1, 13), st.integers(1, 9))


def schema(look_back: int, horizon: int, season_length: int) -> WindowSchema:
    return WindowSchema(
        variant="seasonal",
        look_back=look_back,
        horizon=horizon,
        season_length=season_length,
        intercept=True,
        clip=6.0,
    )


@every_network
@settings(max_examples=25, deadline=None)
@given(size=sizes, seed=st.integers(0, 2**31))
def test_an_untrained_network_is_its_ridge_map_whatever_its_sizes(
    kind: MemberKind, size: tuple[int, int, int, int], seed: int
) -> None:
    look_back, horizon, season_length, width = size
    network = build(kind, schema(look_back, horizon, season_length), width)
    design = torch.randn(5, look_back + 1, generator=torch.Generator().manual_seed(seed))

    torch.testing.assert_close(network.ridge(design), network(design, torch.arange(5) % season_length), rtol=0, atol=0)


@every_network
def test_every_weight_takes_part_in_the_forecast_once_training_has_begun(kind: MemberKind) -> None:
    """Several processes wait for the gradient of each weight."""
    network = build(kind, schema(24, 12, 12), 16)
    network(torch.randn(9, 25), torch.arange(9) % 12).square().sum().backward()

    assert all(weight.grad is not None for weight in network.parameters())


@every_network
def test_the_best_weights_before_the_first_epoch_forecast_what_the_ridge_forecasts(kind: MemberKind) -> None:
    y = waves(1, periods=120, series=4)
    both = members(kind, y)
    network, ridge = both[f"{kind}_24"], both[f"{RIDGE_OF[kind]}_24"]
    assert isinstance(network, Network)
    first = begin(lesson(kind, y), until=len(y)).state_dict()
    weights = {name: values.double().numpy() for name, values in first.items()}

    started = replace(network, generations=(Generation(trained_until=len(y), weights=weights),))

    np.testing.assert_allclose(started.forecast(), ridge.forecast(), rtol=1e-5)


def test_the_ridge_it_begins_as_has_not_seen_the_windows_that_choose() -> None:
    y = waves(1, periods=120, series=4)
    taught = lesson("nhits", y)
    other = y.copy()
    other[gather(taught).until :] *= 3

    one = begin(taught, gather(taught).until).ridge.weight
    two = begin(lesson("nhits", other), gather(taught).until).ridge.weight

    torch.testing.assert_close(one, two, rtol=0, atol=0)


def test_the_cycle_is_the_part_that_depends_on_the_phase() -> None:
    network = build("cycle_linear", schema(24, 12, 12), 1)
    design = torch.randn(1, 25)
    with torch.no_grad():
        network.residual.get_parameter("cycle").copy_(torch.arange(12.0))

    moved = network(design, torch.tensor([3])) - network(design, torch.tensor([2]))

    # A phase later each step meets the next value of the cycle, which is 1 higher but where it begins anew.
    assert sorted([1.0] * 11 + [-11.0]) == pytest.approx(sorted(moved[0].tolist()))


def test_default_sizes_of_every_frequency_are_small_enough() -> None:
    for kind in NETWORK_KINDS:
        for look_back, horizon, season_length in ((36, 12, 12), (120, 48, 24), (260, 13, 52), (336, 96, 24)):
            network = build(kind, schema(look_back, horizon, season_length), 64)
            assert sum(weight.numel() for weight in network.residual.parameters()) <= LARGEST


def test_a_network_that_would_be_large_is_refused_with_the_settings_that_help() -> None:
    with pytest.raises(NetworkTooLarge, match=r"got \d{3},\d{3} parameters .* at most 200,000. Lower its look-back"):
        build("nhits", schema(600, 100, 12), 256)


def test_straight_lines_between_knots() -> None:
    expected = [0.0, 1.0, 2.0, 1.0, 0.0]

    assert expected == (torch.tensor([[0.0, 2.0, 0.0]]) @ interpolation(3, 5))[0].tolist()


@given(knots=st.integers(1, 9), points=st.integers(1, 30))
def test_a_constant_is_drawn_as_a_constant(knots: int, points: int) -> None:
    torch.testing.assert_close(torch.ones(points), interpolation(knots, points).sum(dim=0))
