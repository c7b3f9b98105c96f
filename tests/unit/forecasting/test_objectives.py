"""Losses against numbers worked by hand and against scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.metrics import mean_pinball_loss

from pulse_kedro.forecasting.objectives import huber, mase_smape, quantile


def tensor(*values: float) -> torch.Tensor:
    return torch.tensor([values], dtype=torch.float64)


def test_mase_and_smape_by_hand() -> None:
    # |4-2|/2 = 1 and |6-6|/2 = 0, mean 0.5; 2*2/(4+2) = 2/3 and 0, mean 1/3.
    assert pytest.approx(0.5 + 1 / 3) == mase_smape(tensor(4, 6), tensor(2, 6), torch.tensor([2.0])).item()


def test_two_zeros_are_no_error() -> None:
    assert 0.0 == mase_smape(tensor(0), tensor(0), torch.tensor([1.0])).item()


def test_huber_is_quadratic_inside_and_linear_outside() -> None:
    # 0.5^2/2 = 0.125 inside; 1*(3-0.5) = 2.5 outside.
    assert pytest.approx((0.125 + 2.5) / 2) == huber(tensor(0, 0), tensor(0.5, -3), 1.0).item()


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_quantile_loss_is_that_of_scikit_learn(level: float) -> None:
    rng = np.random.default_rng(0)
    actual, predicted = rng.normal(size=(2, 1, 40))
    expected = mean_pinball_loss(actual[0], predicted[0], alpha=level)

    assert pytest.approx(expected) == quantile(torch.from_numpy(actual), torch.from_numpy(predicted), level).item()
