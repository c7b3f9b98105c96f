"""What a network is taught and what comes of it: options, lesson, generation, and the place where it happens.

No torch here: this is what the nodes of a run know about training.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, Protocol, Self, cast

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter, model_validator
from pydantic.dataclasses import dataclass as pydantic_dataclass

from pulse_kedro.domain.cycle import digest
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.curriculum import CurriculumOptions
from pulse_kedro.forecasting.windows import WindowSchema

WarmStart = Literal["none", "weights", "weights+optimizer", "recursive"]
Precision = Literal["32-true", "bf16-mixed", "16-mixed", "64-true"]


@pydantic_dataclass(
    frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True)
)
class TrainerOptions:
    """How a network is trained: objective, steps, hardware."""

    loss: Literal["mase_smape", "quantile", "huber"]
    """What is made small: MASE plus sMAPE of the levels, or a loss of the standardised moves."""
    loss_parameter: float = Field(gt=0)
    """Level of the quantile (below 1), or Huber's delta in standardised units; `mase_smape` has none."""
    epochs: int = Field(ge=1)
    """Most passes over the windows."""
    patience: int = Field(ge=1)
    """Epochs without a better validation loss after which training ends; the best weights are kept."""
    batch_size: int | None = Field(ge=1)
    """Windows per step over all processes; `null` measures a few sizes and takes the fastest, not the largest, so that
    two machines may train differently."""
    learning_rate: float | None = Field(gt=0)
    """Step size at the end of the warm-up; `null` looks for the steepest fall of the loss within the range below."""
    learning_rate_range: tuple[float, float]
    """Smallest and largest learning rate that the search may find."""
    weight_decay: float = Field(ge=0)
    """Decoupled weight decay of the residual network; the ridge map has none."""
    warm_up: float = Field(ge=0, lt=1)
    """Share of all steps in which the learning rate grows from zero; a cosine brings it back to zero."""
    clip: float = Field(gt=0)
    """Largest norm of the gradient."""
    accumulate: int = Field(ge=1)
    """Batches whose gradients are added up before a step."""
    frozen_epochs: int = Field(ge=0)
    """First epochs in which the ridge map stays as it is."""
    pull: float = Field(ge=0)
    """Weight of the squared distance to the last generation's weights where training goes on from them."""
    checkpoint_activations: bool
    """Whether the residual network is computed twice to save memory."""
    seed: int = Field(ge=0)
    """Decides first weights, order and noise."""
    accelerator: Literal["auto", "cpu", "gpu"]
    """Where to train; `auto` takes a GPU where there is one."""
    devices: int = Field(ge=1)
    """Processes per machine; with more than one, training runs in child processes that share each batch."""
    num_nodes: int = Field(ge=1)
    """Machines; each of them starts the same command."""
    rendezvous: str | None
    """Where the machines find each other: name and port of one of them with a colon between; needed with several."""
    strategy: str
    """Lightning strategy of the processes; `auto` takes `ddp` where there are several."""
    precision: Precision | None
    """Number format; `null` takes 32-true on a CPU and bf16-mixed on a GPU."""
    threads: int | None = Field(ge=1)
    """Processor threads of one process; `null` shares the cores that may be used among the processes."""

    @model_validator(mode="after")
    def _settings_agree(self) -> Self:
        problem = self._problem()
        if problem:
            raise ValueError(problem)
        return self

    def _problem(self) -> str:
        """What contradicts what, or nothing."""
        low, high = self.learning_rate_range
        if not 0 < low <= high:
            return f"learning_rate_range {low:g}, {high:g} is not a range of positive numbers"
        if self.loss == "quantile" and self.loss_parameter >= 1:
            return f"loss quantile needs a loss_parameter below 1, got {self.loss_parameter:g}"
        if self.num_nodes > 1 and self.rendezvous is None:
            return f"num_nodes {self.num_nodes} needs a rendezvous"
        if self.batch_size is not None and self.batch_size % self.processes:
            return f"batch_size {self.batch_size} is not a multiple of the {self.processes} processes"
        return ""

    @property
    def processes(self) -> int:
        """Processes over all machines."""
        return self.devices * self.num_nodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What was learned once: from how many periods, weights by name, moments of the optimizer, and how it went.

    Weights are float64 copies of the trained ones. `optimizer` is empty unless the next training is to use it.
    """

    trained_until: int
    weights: Mapping[str, Array]
    optimizer: Mapping[str, Array] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One network to train: its shape, the data it may see, and what it goes on from.

    `values` has shape `(periods, series)`, `nan` where nothing was observed.
    """

    member: str
    kind: str
    schema: WindowSchema
    width: int
    values: Array
    previous: Generation | None
    warm_start: WarmStart
    trainer: TrainerOptions
    curriculum: CurriculumOptions

    @property
    def network_id(self) -> str:
        """Hash of everything that decides the shape of the weights and the meaning of a window."""
        return digest([self.kind, self.width, self.schema.id])[:16]

    @property
    def warm(self) -> bool:
        """Whether training goes on from the last generation."""
        return self.previous is not None and self.warm_start != "none"

    @property
    def key(self) -> str:
        """Identity of the lesson, 16 hexadecimal digits: data, settings and beginning, but not the hardware."""
        hardware = ("accelerator", "devices", "num_nodes", "rendezvous", "strategy", "threads")
        trainer = {name: value for name, value in asdict(self.trainer).items() if name not in hardware}
        curriculum = asdict(self.curriculum)
        if self.curriculum.augmentation is None:
            del curriculum["augmentation"]  # it came later: places of earlier lessons keep their keys
        head = [self.member, self.network_id, self.warm_start, trainer, curriculum]
        content = hashlib.sha256(np.ascontiguousarray(self.values, dtype="<f8").tobytes())
        for name, weights in sorted((self.previous.weights if self.previous else {}).items()):
            content.update(name.encode() + np.ascontiguousarray(weights, dtype="<f8").tobytes())
        return digest([*head, content.hexdigest()])[:16]

    def settled(self, *, batch_size: int, learning_rate: float) -> "Lesson":
        """The lesson with the two settings that may be measured."""
        trainer = replace(self.trainer, batch_size=batch_size, learning_rate=learning_rate)
        return replace(self, trainer=trainer)

    def arrays(self) -> dict[str, Array]:
        """Everything dense, by name."""
        before = self.previous or Generation(trained_until=0, weights={})
        parts = {f"weights.{name}": values for name, values in before.weights.items()}
        return {"values": self.values} | parts | {f"optimizer.{name}": of for name, of in before.optimizer.items()}

    def facts(self) -> dict[str, object]:
        """The rest as JSON values."""
        before = self.previous
        return {
            "member": self.member,
            "kind": self.kind,
            "schema": asdict(self.schema),
            "width": self.width,
            "previous": None
            if before is None
            else {"trained_until": before.trained_until, "facts": dict(before.facts)},
            "warm_start": self.warm_start,
            "trainer": asdict(self.trainer),
            "curriculum": asdict(self.curriculum),
        }


def restore_lesson(facts: Mapping[str, object], arrays: Mapping[str, Array]) -> Lesson:
    """A lesson from its two parts."""
    before = cast("Mapping[str, object] | None", facts["previous"])
    previous = None
    if before is not None:
        previous = Generation(
            trained_until=int(cast("int", before["trained_until"])),
            weights=below("weights.", arrays),
            optimizer=below("optimizer.", arrays),
            facts=cast("Mapping[str, object]", before["facts"]),
        )
    return Lesson(
        member=str(facts["member"]),
        kind=str(facts["kind"]),
        schema=WindowSchema(**cast("dict[str, object]", facts["schema"])),  # type: ignore[arg-type]
        width=int(cast("int", facts["width"])),
        values=arrays["values"],
        previous=previous,
        warm_start=cast("WarmStart", facts["warm_start"]),
        trainer=TypeAdapter(TrainerOptions).validate_python(facts["trainer"]),
        curriculum=TypeAdapter(CurriculumOptions).validate_python(facts["curriculum"]),
    )


def below(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Arrays whose name begins with a prefix, without it."""
    return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}


class Place(Protocol):
    """Where one training keeps what it needs to go on after an interruption."""

    @property
    def checkpoint(self) -> str:
        """Path of the newest checkpoint."""
        ...

    def begun(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        ...

    def plugins(self) -> Sequence[object]:
        """Lightning plugins that read and write checkpoints."""
        ...

    def settings(self) -> Mapping[str, float]:
        """What was measured before the training began; empty at first."""
        ...

    def settle(self, settings: Mapping[str, float]) -> None:
        """Keep what was measured."""
        ...


class Workshop(Protocol):
    """Where networks are trained: folders for checkpoints, processes for several devices."""

    @property
    def cores(self) -> int:
        """Processors that may be used."""
        ...

    def place(self, key: str) -> Place:
        """The place of the lesson with this key."""
        ...

    def launch(self, lesson: Lesson, key: str) -> Generation:
        """What a training in several processes learns at a place; the first of them hands back the result."""
        ...

    def keep(self, keys: Collection[str]) -> None:
        """Forget all places but those with these keys."""
        ...
