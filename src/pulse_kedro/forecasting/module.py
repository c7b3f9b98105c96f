"""The Lightning module that trains any of our networks, and the callbacks that keep the best weights. Imports torch."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from pulse_kedro.domain.errors import PulseError
from pulse_kedro.forecasting.augmentation import altered, normal
from pulse_kedro.forecasting.curriculum import AugmentationOptions
from pulse_kedro.forecasting.learning import TrainerOptions
from pulse_kedro.forecasting.networks import FromRidge
from pulse_kedro.forecasting.objectives import loss
from pulse_kedro.forecasting.sampling import EPOCHS_APART, Batch, EpochBatches, PanelTensor

MOMENTS = ("exp_avg", "exp_avg_sq", "step")
"""What AdamW remembers of each weight."""
CHUNK = 8192
"""Validation windows looked at in one go; ours, a few megabytes."""


class TrainingDiverged(PulseError):
    """The loss of a training is no longer a number."""

    code = "model.training_diverged"

    def __init__(self, epoch: int, step: int, value: float) -> None:
        """Keep where it happened, counted from 0, and the loss there."""
        super().__init__(epoch, step, value)
        self.epoch, self.step, self.value = epoch, step, value

    def __str__(self) -> str:
        """Say where, and what helps."""
        return (
            f"Training a network failed: got loss {self.value} in epoch {self.epoch}, step {self.step}, expected a "
            "finite number. The weights of the last good epoch are kept. Lower retrain.trainer.learning_rate or "
            "retrain.trainer.clip in conf/, or look for extreme values in the data."
        )


class NetworkTraining(LightningModule):
    """One network, its windows, its objective."""

    def __init__(
        self,
        network: FromRidge,
        *,
        learned: PanelTensor,
        held_out: PanelTensor,
        options: TrainerOptions,
        batches: Callable[[int, int], EpochBatches],
        augmentation: AugmentationOptions | None = None,
    ) -> None:
        """Take everything ready-made.

        Args:
            network: With the weights to begin with; these are also what `pull` pulls towards.
            learned: Windows to train on.
            held_out: Windows to choose the best weights by.
            options: Objective and steps; the learning rate is known.
            batches: Gives the batches of a process, from its number and the number of processes.
            augmentation: How windows to train on are altered; `None` leaves them.
        """
        super().__init__()
        self.network, self.options, self.batches = network, options, batches
        self.learned, self.held_out, self.augmentation = learned, held_out, augmentation
        self.anchor: dict[str, Tensor] = {}
        self.moments: Mapping[str, Tensor] = {}

    def go_on(self, moments: Mapping[str, Tensor]) -> None:
        """Pull towards the weights as they are now, and begin with moments of an optimizer, by weight and name."""
        self.anchor = {name: value.detach().clone() for name, value in self.network.named_parameters()}
        self.moments = moments

    def train_dataloader(self) -> EpochBatches:
        """This process's share of every batch."""
        return self.batches(self.trainer.global_rank, self.trainer.world_size)

    def on_fit_start(self) -> None:
        """Bring the panel to the device."""
        self.move(self.device)

    def move(self, device: torch.device) -> None:
        """Bring everything but the network to a device."""
        self.learned, self.held_out = self.learned.to(device), self.held_out.to(device)
        self.anchor = {name: value.to(device) for name, value in self.anchor.items()}

    def on_train_batch_start(self, batch: Tensor, batch_idx: int) -> None:  # noqa: ARG002  # Lightning names it
        """Noise depends on seed and epoch only; `on_train_epoch_start` would be too early after a resume."""
        if batch_idx == 0:
            torch.manual_seed(self.options.seed * EPOCHS_APART + self.current_epoch)

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """Loss of a batch, given by the numbers of its windows."""
        value = self.loss_of(batch)
        if not bool(torch.isfinite(value)):
            raise TrainingDiverged(self.current_epoch, batch_idx, float(value.detach()))
        return value

    def loss_of(self, numbers: Tensor) -> Tensor:
        """Weighted mean loss of windows to train on, and the pull."""
        batch = self.learned.batch(numbers, self._alter if self._alters else None)
        value = (self._losses(batch) * batch.weights).mean()
        if self.anchor:
            weights = dict(self.network.named_parameters())
            far = torch.stack([(weights[name] - value).square().sum() for name, value in self.anchor.items()])
            value = value + self.options.pull * far.sum()
        return value

    @property
    def _alters(self) -> bool:
        return self.augmentation is not None and (self.augmentation.jitter > 0 or self.augmentation.warp > 0)

    def _alter(self, levels: Tensor, numbers: Tensor) -> Tensor:
        """Levels as this epoch alters them; the seed of the knots is that of the training, of the noise the next."""
        options, history = self.augmentation, self.learned.schema.history
        assert options is not None  # noqa: S101  # `_alters` asked before
        seed, epoch = 2 * self.options.seed, self.current_epoch
        noises = normal(seed, epoch, numbers, options.knots), normal(seed + 1, epoch, numbers, history)
        return altered(levels, history, options, noises)

    def _losses(self, batch: Batch) -> Tensor:
        options, network = self.options, self.network
        if options.checkpoint_activations and self.training:
            moves = checkpoint(network, batch.design, batch.phase, use_reentrant=False)
        else:
            moves = network(batch.design, batch.phase)
        return loss(options.loss, self.learned.schema, batch, moves.float(), options.loss_parameter)

    @torch.no_grad()
    def validation_loss(self) -> float:
        """Mean loss of the windows held out; every process looks at all of them."""
        self.network.eval()
        numbers = torch.arange(len(self.held_out.starts), device=self.held_out.starts.device)
        parts = torch.split(numbers, CHUNK)
        total = math.fsum(float(self._losses(self.held_out.batch(part)).double().sum()) for part in parts)
        self.network.train()
        return total / len(numbers)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:  # noqa: ARG002  # Lightning names it
        """Leave the ridge alone in the first epochs."""
        if self.current_epoch < self.options.frozen_epochs:
            self.network.ridge.weight.grad = None

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW with warm-up and cosine; the ridge map is not decayed."""
        options = self.options
        steps = options.epochs * -(-len(self.batches(0, 1)) // options.accumulate)
        optimizer = torch.optim.AdamW(
            [
                {"params": list(self.network.ridge.parameters()), "weight_decay": 0.0},
                {"params": list(self.network.residual.parameters()), "weight_decay": options.weight_decay},
            ],
            lr=options.learning_rate or options.learning_rate_range[0],
            fused=options.precision != "16-mixed",  # a scaler of gradients and a fused step exclude clipping
        )
        for name, weight in self.network.named_parameters():
            if f"{name}.step" in self.moments:
                optimizer.state[weight] = {part: self.moments[f"{name}.{part}"].clone() for part in MOMENTS}
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, warm_cosine(steps, options.warm_up))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def warm_cosine(steps: int, warm_up: float) -> Callable[[int], float]:
    """Factor of the learning rate at each step: linear growth, then half a cosine down to zero.

    Source:
        Loshchilov & Hutter (2017), SGDR without restarts; linear warm-up as in Goyal et al. (2017).

    Example:
        >>> [round(warm_cosine(8, 0.25)(step), 2) for step in range(8)]
        [0.5, 1.0, 1.0, 0.93, 0.75, 0.5, 0.25, 0.07]
    """
    first = max(1, round(steps * warm_up)) if warm_up else 0

    def factor(step: int) -> float:
        if step < first:
            return (step + 1) / first
        return (1 + math.cos(math.pi * min(1.0, (step - first) / max(1, steps - first)))) / 2

    return factor


class KeepBest(Callback):
    """The weights with the lowest validation loss so far, the beginning included; ends a training that waits too long.

    So the weights kept are never worse on the windows held out than those the training began with.
    """

    def __init__(self, patience: int) -> None:
        """Wait so many epochs for something better."""
        self.patience, self.waited = patience, 0
        self.losses: list[float] = []
        self.weights: dict[str, Tensor] = {}
        self.moments: dict[str, Tensor] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look at the beginning, unless this training was resumed."""
        if not self.losses:
            self._look(pl_module, trainer)
        trainer.should_stop = self.waited >= self.patience

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look at what the epoch made of it."""
        self._look(pl_module, trainer)
        trainer.should_stop = self.waited >= self.patience

    def _look(self, module: Any, trainer: Trainer) -> None:  # noqa: ANN401  # Lightning's hooks know the base class only
        value = module.validation_loss()
        if not math.isfinite(value):
            raise TrainingDiverged(trainer.current_epoch, trainer.global_step, value)
        if not self.losses or value < min(self.losses):
            self.weights = {name: of.detach().cpu().clone() for name, of in module.network.state_dict().items()}
            self.moments, self.waited = _moments(module, trainer.optimizers[0]), 0
        else:
            self.waited += 1
        self.losses.append(value)

    def state_dict(self) -> dict[str, Any]:
        """Everything, so that a resumed training ends like an undisturbed one."""
        return {
            "waited": self.waited,
            "losses": list(self.losses),
            "weights": self.weights,
            "moments": self.moments,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The same, read back."""
        self.waited, self.losses = state_dict["waited"], state_dict["losses"]
        self.weights, self.moments = state_dict["weights"], state_dict["moments"]


def _moments(module: Any, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:  # noqa: ANN401  # as above
    """What the optimizer remembers, by weight and name; nothing of weights that have made no step."""
    named = module.network.named_parameters()
    state = {name: optimizer.state[weight] for name, weight in named if weight in optimizer.state}
    return {f"{name}.{part}": of[part].detach().cpu().clone() for name, of in state.items() for part in MOMENTS}


class SaveEpochs(Checkpoint):
    """One checkpoint, replaced at the end of every epoch; Lightning runs it after the other callbacks."""

    def __init__(self, path: str) -> None:
        """Keep where."""
        self.path = path

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002  # Lightning names it
        """Save everything that training goes on from."""
        trainer.save_checkpoint(self.path)
