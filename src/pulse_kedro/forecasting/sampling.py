"""The panel as one tensor, and batches of its windows by index arithmetic: nothing is copied per sample in Python."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.curriculum import Windows
from pulse_kedro.forecasting.windows import WindowSchema

EPOCHS_APART = 1_000_003
"""Distance of the seeds of two trainings, so that no epoch of one has the order of an epoch of the other; a prime."""
WINDOWS_AT_ONCE = 16_384
"""Windows whose scales are worked out in one go; ours, a few dozen megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Windows ready for a network.

    `design` `(n, features)` and `targets` `(n, horizon)` are standardised, targets clipped; `levels` `(n, span)` are in
    units of the series, `centre` and `scale` `(n,)` undo the standardising within them, `offset` and `spread` `(n,)`
    lead to the unit of the target, `yard` `(n,)` is the mean seasonal change there, `phase` `(n,)` the season's phase
    of the origin, `weights` `(n,)` how much each window counts.
    """

    design: Tensor
    targets: Tensor
    levels: Tensor
    centre: Tensor
    scale: Tensor
    offset: Tensor
    spread: Tensor
    yard: Tensor
    phase: Tensor
    weights: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelTensor:
    """All series one after the other, each moved and divided by constants of its own, on one device.

    `flat` has shape `(series * periods,)`; `starts`, `columns`, `weights` `(n,)` place and weigh the windows; `offset`,
    `spread`, `yard` `(series,)` are those of each series. `centre` and `inverse` `(n,)`, one over the scale,
    standardise each window; they are worked out once. Single precision: series are centred in double first.
    """

    schema: WindowSchema
    flat: Tensor
    periods: int
    starts: Tensor
    columns: Tensor
    weights: Tensor
    offset: Tensor
    spread: Tensor
    yard: Tensor
    centre: Tensor
    inverse: Tensor

    def to(self, device: torch.device) -> "PanelTensor":
        """The same on another device."""
        names = ("flat", "starts", "columns", "weights", "offset", "spread", "yard", "centre", "inverse")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})

    def batch(self, numbers: Tensor, alter: Callable[[Tensor, Tensor], Tensor] | None = None) -> Batch:
        """Windows by their numbers.

        Args:
            numbers: `(n,)` integers on the device of the panel.
            alter: Makes other levels of levels `(n, span)` and numbers `(n,)`; these are standardised anew.
        """
        starts, columns, schema = self.starts[numbers], self.columns[numbers], self.schema
        levels = self.flat.unfold(0, schema.span, 1).index_select(0, starts)
        if alter is None:
            centre, inverse = self.centre[numbers], self.inverse[numbers]
        else:
            levels = alter(levels, numbers)
            centre, inverse = _standard(schema, levels)
        design, targets = standardised(schema, levels, centre, inverse)
        origin = starts - columns * self.periods + schema.history - 1
        return Batch(
            design=design,
            targets=targets,
            levels=levels,
            centre=centre,
            scale=1.0 / inverse,
            offset=self.offset[columns],
            spread=self.spread[columns],
            yard=self.yard[columns],
            phase=origin % schema.season_length,
            weights=self.weights[numbers],
        )


def standardised(schema: WindowSchema, levels: Tensor, centre: Tensor, inverse: Tensor) -> tuple[Tensor, Tensor]:
    """Design and clipped targets of windows, as `windows.cut_windows` has them.

    Args:
        schema: How a window is read.
        levels: Inputs and targets. Shape `(n, span)`, none of them flat.
        centre: What is subtracted. Shape `(n,)`.
        inverse: One over the scale. Shape `(n,)`.
    """
    season, look_back = schema.season_length, schema.look_back
    history, future = levels[:, : schema.history], levels[:, schema.history :]
    factor = inverse[:, None]
    design = levels.new_empty(len(levels), schema.features)
    design[:, look_back:] = 1.0
    if schema.variant == "seasonal":
        torch.mul(history[:, season:] - history[:, :-season], factor, out=design[:, :look_back])
        targets = (future - levels[:, look_back : look_back + schema.horizon]) * factor
    else:
        shift = -centre[:, None] * factor
        torch.addcmul(shift, history, factor, out=design[:, :look_back])
        targets = torch.addcmul(shift, future, factor)
    if schema.clip is not None:
        targets.clamp_(-schema.clip, schema.clip)
    return design, targets


def _standards(schema: WindowSchema, flat: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
    """Centre and one over the scale of every window; both `(n,)`."""
    spans = flat.unfold(0, schema.span, 1)
    parts = [_standard(schema, spans.index_select(0, some)) for some in torch.split(starts, WINDOWS_AT_ONCE)]
    if not parts:
        return flat.new_empty(0), flat.new_empty(0)
    return torch.cat([centre for centre, _ in parts]), torch.cat([inverse for _, inverse in parts])


def _standard(schema: WindowSchema, levels: Tensor) -> tuple[Tensor, Tensor]:
    history = levels[:, : schema.history].double()
    if schema.variant == "seasonal":
        inputs = history[:, schema.season_length :] - history[:, : -schema.season_length]
        centre = inputs.new_zeros(len(inputs))
    else:
        centre = history.mean(dim=1)
        inputs = history - centre[:, None]
    return centre.float(), inputs.square().mean(dim=1).rsqrt().float()


def unscaled(schema: WindowSchema, batch: Batch, moves: Tensor) -> Tensor:
    """Levels that standardised moves mean, in the unit of the target; shape `(n, horizon)`."""
    levels = batch.scale[:, None] * moves + batch.centre[:, None]
    if schema.variant == "seasonal":
        levels = with_season(levels, batch.levels[:, schema.history - schema.season_length : schema.history])
    return levels * batch.spread[:, None] + batch.offset[:, None]


def with_season(differences: Tensor, season: Tensor) -> Tensor:
    """Levels from seasonal differences: each step adds its difference to the value one season earlier.

    Args:
        differences: Shape `(n, horizon)`.
        season: Last known season. Shape `(n, season_length)`.
    """
    horizon, length = differences.shape[1], season.shape[1]
    seasons = -(-horizon // length)
    padded = torch.nn.functional.pad(differences, (0, seasons * length - horizon))
    summed = padded.reshape(-1, seasons, length).cumsum(dim=1) + season[:, None]
    return summed.reshape(-1, seasons * length)[:, :horizon]


def panel_tensor(schema: WindowSchema, values: Array, windows: Windows, *, until: int | None = None) -> PanelTensor:
    """Panel and windows on the CPU.

    Args:
        schema: How windows are cut.
        values: Levels with gaps as `nan`. Shape `(periods, series)`.
        windows: What is trained on; they touch no gap.
        until: Periods from which the constants of a series are taken, if it has values there; `None` takes all.
    """
    begun = ~np.isnan(values[:until]).all(axis=0)
    offset, spread, yard = _constants(np.where(begun, values[:until], np.nan), schema.season_length)
    if not begun.all():
        late = _constants(values[:, ~begun], schema.season_length)
        offset[~begun], spread[~begun], yard[~begun] = late
    centred = np.nan_to_num(values - offset)
    flat = torch.from_numpy((centred / spread).T.astype(np.float32).reshape(-1))
    starts = torch.from_numpy(windows.columns * len(values) + windows.origins - schema.history + 1)
    centre, inverse = _standards(schema, flat, starts)
    return PanelTensor(
        schema=schema,
        flat=flat,
        periods=len(values),
        starts=starts,
        centre=centre,
        inverse=inverse,
        columns=torch.from_numpy(windows.columns),
        weights=torch.from_numpy(windows.weights.astype(np.float32)),
        offset=torch.from_numpy(offset.astype(np.float32)),
        spread=torch.from_numpy(spread.astype(np.float32)),
        yard=torch.from_numpy(yard.astype(np.float32)),
    )


def _constants(values: Array, season_length: int) -> tuple[Array, Array, Array]:
    """Mean, standard deviation and mean seasonal change of each series; positive where they divide."""
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    offset = np.where(known, values, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, values - offset, 0.0) ** 2).sum(axis=0) / count)
    spread = np.where(spread > 0, spread, 1.0)
    change = np.abs(values[season_length:] - values[:-season_length])
    yard = np.nan_to_num(change).sum(axis=0) / np.maximum((~np.isnan(change)).sum(axis=0), 1)
    return offset, spread, np.where(yard > 0, yard, spread)


class EpochBatches:
    """Batches of window numbers in an order that depends on the seed and the epoch alone.

    Several processes share each batch: process `rank` of `world` takes every `world`-th window of it, so that together
    they see what one process would see. The last, incomplete batch of an epoch is left out; other windows each time.
    """

    def __init__(
        self, size: int, *, batch_size: int, limit: int | None, seed: int, rank: int = 0, world: int = 1
    ) -> None:
        """Plan epochs.

        Args:
            size: Number of windows.
            batch_size: Windows of one step over all processes.
            limit: Windows of one epoch; `None` takes all.
            seed: Of the training.
            rank: Number of this process.
            world: Number of processes.
        """
        self.size, self.seed, self.rank, self.world, self.epoch = size, seed, rank, world, 0
        self.batch_size = max(world, min(batch_size, size) // world * world)
        self.steps = max(1, min(size, limit or size) // self.batch_size)

    @property
    def sampler(self) -> "EpochBatches":
        """Where Lightning looks for `set_epoch`."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; Lightning calls this before each one, also after a resume."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Steps of an epoch."""
        return self.steps

    def __iter__(self) -> Iterator[Tensor]:
        """Numbers of the windows of each step, `(batch_size // world,)` integers."""
        generator = torch.Generator().manual_seed(self.seed * EPOCHS_APART + self.epoch)
        order = torch.randperm(self.size, generator=generator)[: self.steps * self.batch_size]
        for batch in torch.split(order, self.batch_size):
            yield batch[self.rank :: self.world]
