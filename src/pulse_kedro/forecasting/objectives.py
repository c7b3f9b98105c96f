"""What a network is trained to make small; one number per window, in torch."""

from typing import Literal

import torch
from torch import Tensor

from pulse_kedro.forecasting.sampling import Batch, unscaled
from pulse_kedro.forecasting.windows import WindowSchema

LossName = Literal["mase_smape", "quantile", "huber"]
TINY = 1e-8
"""Least denominator of a relative error, so that two zeros give no error; ours."""


def mase_smape(actual: Tensor, predicted: Tensor, yard: Tensor) -> Tensor:
    """Mean scaled error plus symmetric relative error of each window.

    Args:
        actual: Target unit. Shape `(n, horizon)`.
        predicted: The same.
        yard: Mean absolute seasonal change of the series, target unit, positive. Shape `(n,)`.

    Returns:
        Mean over steps of |a - f| / yard + 2 |a - f| / (|a| + |f|). Shape `(n,)`, no unit.

    Source:
        Hyndman & Koehler (2006) and Makridakis (1993), the two losses of the M4 competition, here added as fractions.
    """
    error = (actual - predicted).abs()
    relative = 2 * error / (actual.abs() + predicted.abs()).clamp_min(TINY)
    return (error / yard[:, None] + relative).mean(dim=1)


def quantile(actual: Tensor, predicted: Tensor, level: float) -> Tensor:
    """Mean pinball loss of each window at one level between 0 and 1; shape `(n,)`.

    Source:
        Koenker & Bassett (1978), without the factor 2.
    """
    error = actual - predicted
    return torch.maximum(level * error, (level - 1) * error).mean(dim=1)


def huber(actual: Tensor, predicted: Tensor, delta: float) -> Tensor:
    """Mean Huber loss of each window: quadratic up to `delta`, linear beyond; shape `(n,)`.

    Source:
        Huber (1964): e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2). torch has it as one operation.
    """
    return torch.nn.functional.huber_loss(predicted, actual, reduction="none", delta=delta).mean(dim=1)


def loss(name: LossName, schema: WindowSchema, batch: Batch, moves: Tensor, parameter: float) -> Tensor:
    """One of the losses for the output of a network.

    Args:
        name: Which.
        schema: How windows were standardised.
        batch: Windows.
        moves: Output of the network, standardised. Shape `(n, horizon)`.
        parameter: Level of the quantile, or Huber's delta in standardised units; not used by `mase_smape`.

    Returns:
        Shape `(n,)`. Quantile and Huber losses are those of the standardised moves.
    """
    if name == "quantile":
        return quantile(batch.targets, moves, parameter)
    if name == "huber":
        return huber(batch.targets, moves, parameter)
    actual = batch.levels[:, schema.history :] * batch.spread[:, None] + batch.offset[:, None]
    return mase_smape(actual, unscaled(schema, batch, moves), batch.yard)
