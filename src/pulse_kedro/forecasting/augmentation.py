"""Windows and series that a network is trained on besides the real ones. Imports torch.

Used by training only: what is held out, validated or forecast never comes through here. Ridges do not use it: their
state is a sum over the windows of the data, and windows drawn at random could be neither taken back nor merged.
"""

import math

import numpy as np
import torch
from torch import Tensor

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.curriculum import AugmentationOptions, Windows

_ODD, _FIRST, _SECOND = -7046029254386353131, -4658895280553007687, -7723592293110705685
"""Constants of SplitMix64 as signed 64-bit integers."""


def normal(seed: int, epoch: int, numbers: Tensor, width: int) -> Tensor:
    """Standard normal noise that depends on seed, epoch, window and place alone.

    So a batch can be cut in any way, over any number of processes, and training can be resumed.

    Args:
        seed: Of the training and the purpose.
        epoch: Number of the epoch.
        numbers: Numbers of the windows. Shape `(n,)`.
        width: Values per window.

    Returns:
        Shape `(n, width)`, single precision, on the device of `numbers`.

    Source:
        SplitMix64, Steele, Lea and Flood (2014); transform of Box and Muller (1958).
    """
    place = torch.arange(width, device=numbers.device)
    start = _mix(torch.tensor([seed, epoch], device=numbers.device))
    key = _mix(_mix(numbers.long() + start[0])[:, None] + place * _ODD + start[1])
    radius, angle = _uniform(_mix(key + _ODD)), _uniform(_mix(key + _ODD + _ODD))
    return (torch.sqrt(-2 * torch.log(radius)) * torch.cos(2 * math.pi * angle)).float()


def _mix(value: Tensor) -> Tensor:
    """The finaliser of SplitMix64; multiplication wraps around."""
    value = (value ^ _shifted(value, 30)) * _FIRST
    value = (value ^ _shifted(value, 27)) * _SECOND
    return value ^ _shifted(value, 31)


def _shifted(value: Tensor, bits: int) -> Tensor:
    """Shift to the right that fills with zeros."""
    return (value >> bits) & ((1 << (64 - bits)) - 1)


def _uniform(value: Tensor) -> Tensor:
    """Numbers between 0 and 1, both excluded, in double precision."""
    return (_shifted(value, 11).double() + 0.5) * 2.0**-53


def altered(levels: Tensor, history: int, options: AugmentationOptions, noises: tuple[Tensor, Tensor]) -> Tensor:
    """Windows warped as a whole, then with noise on what is read.

    Args:
        levels: Inputs and targets. Shape `(n, span)`.
        history: How many of them are inputs.
        options: Sizes.
        noises: Standard normal noise for knots `(n, knots)` and for inputs `(n, history)`.

    Returns:
        New levels; `levels` is left alone.
    """
    made = warped(levels, history, options.warp, noises[0]) if options.warp else levels
    return jittered(made, history, options.jitter, noises[1]) if options.jitter else made


def jittered(levels: Tensor, history: int, size: float, noise: Tensor) -> Tensor:
    """Windows with noise on their inputs; targets stay as they are.

    Args:
        levels: Inputs and targets. Shape `(n, span)`.
        history: How many of them are inputs.
        size: Standard deviation of the noise in standard deviations of the inputs of each window.
        noise: Standard normal. Shape `(n, history)`.

    Source:
        Um et al. (2017), jittering.
    """
    inputs = levels[:, :history]
    scale = inputs.std(dim=1, correction=0, keepdim=True)
    return torch.cat([inputs + size * scale * noise, levels[:, history:]], dim=1)


def warped(levels: Tensor, history: int, size: float, noise: Tensor) -> Tensor:
    """Windows whose distance from the mean of their inputs is stretched and shrunk by a slowly changing factor.

    Args:
        levels: Inputs and targets. Shape `(n, span)`.
        history: How many of them are inputs.
        size: Standard deviation of the factor's logarithm at each knot.
        noise: Standard normal, one per evenly spaced knot. Shape `(n, knots)`.

    Source:
        Um et al. (2017), magnitude warping; straight lines between the knots in place of splines are ours.
    """
    centre = levels[:, :history].mean(dim=1, keepdim=True)
    knots = (size * noise)[:, None]
    curve = torch.nn.functional.interpolate(knots, size=levels.shape[1], mode="linear", align_corners=True)[:, 0]
    return centre + (levels - centre) * torch.exp(curve)


def bootstrapped(values: Array, season: int, block: int, rng: np.random.Generator) -> Array:
    """A panel with the same trend and season, in which blocks of what is left over come in another order.

    Every series takes the same blocks, so that what moves together still does. Gaps stay gaps; a value stays as it is
    where its own or the drawn remainder is unknown, as within half a season of an end or a gap.

    Args:
        values: Levels with gaps as `nan`. Shape `(periods, series)`.
        season: Periods of a season.
        block: Periods of a block.
        rng: Decides where blocks come from.

    Returns:
        Same shape.

    Source:
        Circular block bootstrap, Politis and Romano (1992), of the remainder of a classical decomposition, as Bergmeir,
        Hyndman and Benitez (2016) do with the moving one.
    """
    smooth = _smooth(values, season)
    rest = values - smooth
    known = np.isfinite(rest)
    phase = np.arange(len(values)) % season
    total = np.stack([np.where(known, rest, 0.0)[phase == each].sum(axis=0) for each in range(season)])
    count = np.stack([known[phase == each].sum(axis=0) for each in range(season)])
    level = (total / np.maximum(count, 1))[phase]
    blocks = -(-len(values) // block)
    rows = (rng.integers(len(values), size=blocks)[:, None] + np.arange(block)) % len(values)
    made = smooth + level + (rest - level)[rows.ravel()[: len(values)]]
    return np.where(np.isfinite(made) & ~np.isnan(values), made, values)


def _smooth(values: Array, season: int) -> Array:
    """Centred mean over a season; `nan` where a value of it is missing."""
    known = ~np.isnan(values)
    sums, counts = (
        np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(part, axis=0)])
        for part in (np.where(known, values, 0.0), known.astype(float))
    )
    now = np.arange(len(values))
    low, high = np.maximum(now - season // 2, 0), np.minimum(now + (season + 1) // 2, len(values))
    whole = counts[high] - counts[low] == season
    return np.where(whole, (sums[high] - sums[low]) / season, np.nan)


def with_copies(
    values: Array, windows: Windows, options: AugmentationOptions, *, season: int, until: int, seed: int
) -> tuple[Array, Windows]:
    """Panel and windows to learn from, with bootstrapped copies of every series as further columns.

    Args:
        values: All that a lesson may see. Shape `(periods, series)`.
        windows: Windows to learn from; none reaches `until`.
        options: How many copies, and how long their blocks are.
        season: Periods of a season.
        until: Period from which on values are held out; copies know none of them.
        seed: Decides the blocks.

    Returns:
        Shape `(periods, series * (1 + copies))`, copies missing from `until` on, and the windows of all columns, each
        weighing what its original does, so that the mean weight stays as it is.
    """
    if not options.copies:
        return values, windows
    rng, block = np.random.default_rng(seed), max(1, round(options.block * season))
    copies = [np.full(values.shape, np.nan) for _ in range(options.copies)]
    for copy in copies:
        copy[:until] = bootstrapped(values[:until], season, block, rng)
    shifts = np.arange(options.copies + 1) * values.shape[1]
    many = Windows(
        origins=np.tile(windows.origins, len(shifts)),
        columns=(windows.columns + shifts[:, None]).ravel(),
        weights=np.tile(windows.weights, len(shifts)),
    )
    return np.concatenate([values, *copies], axis=1), many
