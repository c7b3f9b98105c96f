"""A network as a member of the ensemble: learned rarely, kept as arrays, asked without Lightning."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Self, cast

import numpy as np

from pulse_kedro.domain.errors import InvalidConfiguration
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.forecaster import align_tail, extend_tail, fill_gaps
from pulse_kedro.forecasting.generations import joined, moved, newest_at, waited
from pulse_kedro.forecasting.learning import Generation, Lesson, below
from pulse_kedro.forecasting.ridge import add_season
from pulse_kedro.forecasting.windows import WindowSchema, standardise

WIDTH = 64
"""Hidden units of a network whose recipe names none; ours, a tenth of the parameters that are allowed."""
AT_ONCE = 20_000
"""Windows asked at once; ours, some ten megabytes for each hundred values of a window."""
KEPT = 8
"""Newest generations that are kept: those of a retraining with all its cutoffs, and its predecessors; ours."""

Teach = Callable[["Network", Array], Generation | None]
"""Learns one more generation of a member from values `(periods, series)`; `None` where there is nothing to learn."""


class NobodyTeaches(InvalidConfiguration):
    """A network was asked to learn outside a retraining."""

    def __init__(self, member: str) -> None:
        """Keep its name."""
        super().__init__(member)
        self.member = member

    def __str__(self) -> str:
        """Say where networks learn."""
        return (
            f"Training {self.member} failed: got no settings for it, expected those of a retraining. "
            "Networks learn in `kedro run --pipelines retrain`; a plain cycle only moves them on."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Generations of weights, and the tail that the next forecast reads.

    `known` counts the periods seen, from the first one of the panel; `tail` has shape `(periods, series)`. `teach` is
    there during a retraining only and is never stored.
    """

    name: str
    kind: str
    schema: WindowSchema
    width: int
    known: int
    tail: Array
    generations: tuple[Generation, ...] = ()
    teach: Teach | None = None

    def update(self, block: Array, batch: str) -> Self:  # noqa: ARG002  (the protocol names it; nothing is summed here)
        """State after `block` of shape `(periods, series)` arrived; nothing is learned."""
        tail = extend_tail(self.tail, block, self.schema.span - 1)
        return replace(self, tail=tail, known=self.known + len(block))

    def align(self, columns: Sequence[int]) -> Self:
        """State for another set of series."""
        return replace(self, tail=align_tail(self.tail, columns))

    def rebase(self, y: Array, known: int) -> Self:
        """State over a panel whose past changed: its tail is read again, its generations keep their place in time.

        Args:
            y: The whole panel as it is now. Shape `(periods, series)`.
            known: How many of its periods this state had seen: the panel may begin earlier or later than it did.
        """
        generations = moved(self.generations, known - self.known)
        tail = extend_tail(np.empty((0, y.shape[1])), y, self.schema.span - 1)
        return replace(self, tail=tail, known=len(y), generations=generations)

    @property
    def since_lesson(self) -> int | None:
        """Periods that arrived since the newest generation; `None` before the first one."""
        return waited(self.generations, self.known)

    def learn(self, y: Array, known: int) -> Self:
        """State with one more generation, from `y[:known]`; the same state where no window there is complete.

        Raises:
            NobodyTeaches: This is no retraining.
        """
        if self.teach is None:
            raise NobodyTeaches(self.name)
        generation = self.teach(self, y[:known])
        if generation is None:
            return self
        return replace(self, generations=joined(self.generations, generation)[-KEPT:])

    def forecast(self) -> Array:
        """Points of shape `(horizon, series)` by the newest generation; `nan` before the first one, as in `recall`."""
        return np.asarray(self._forecast([self.tail], [self.known])[0])

    def recall(self, y: Array, stops: Sequence[int]) -> Array:
        """Points `(len(stops), horizon, series)` made at each stop from `y[:stop]` only.

        The generation is the newest one that was learned from data up to the stop or earlier. The member abstains
        (`nan`) before the first one, and for series whose history is incomplete.
        """
        reach = self.schema.span - 1
        tails = [y[max(0, stop - reach) : stop] for stop in stops]
        return self._forecast(tails, stops)

    def _forecast(self, tails: Sequence[Array], stops: Sequence[int]) -> Array:
        points = np.full((len(stops), self.schema.horizon, tails[0].shape[1]), np.nan)
        chosen = [newest_at(self.generations, stop) for stop in stops]
        for number, generation in enumerate(self.generations):
            rows = [row for row, of in enumerate(chosen) if of == number]
            full = [row for row in rows if len(tails[row]) >= self.schema.history]
            many = max(1, AT_ONCE // max(1, points.shape[2]))
            for part in (full[start : start + many] for start in range(0, len(full), many)):
                histories = [fill_gaps(tails[row], self.schema.season_length)[-self.schema.history :] for row in part]
                points[part] = self._answer(generation, np.stack(histories), [stops[row] for row in part])
        return points

    def _answer(self, generation: Generation, histories: Array, stops: Sequence[int]) -> Array:
        """Points `(stops, horizon, series)` from histories `(stops, history, series)` without gaps."""
        flat = histories.transpose(0, 2, 1).reshape(-1, self.schema.history)
        phase = np.repeat(np.asarray(stops) - 1, histories.shape[2]) % self.schema.season_length
        known = ~np.isnan(flat).any(axis=1)
        inputs = standardise(self.schema, flat[known])
        moves = moves_of(self, generation, inputs.design, phase[known])
        levels = inputs.scale[:, None] * moves + inputs.centre[:, None]
        if self.schema.variant == "seasonal":
            levels = add_season(levels, flat[known], self.schema)
        points = np.full((len(flat), self.schema.horizon), np.nan)
        points[known] = levels
        return points.reshape(len(histories), -1, self.schema.horizon).transpose(0, 2, 1)

    def arrays(self) -> Mapping[str, Array]:
        """Tail, and the weights of every generation under its number."""
        found = {"tail": self.tail}
        for number, one in enumerate(self.generations):
            found |= {f"{number}.weights.{name}": values for name, values in one.weights.items()}
            found |= {f"{number}.optimizer.{name}": values for name, values in one.optimizer.items()}
        return found

    def facts(self) -> dict[str, object]:
        """Sizes, and what is known about each generation."""
        return {
            "kind": self.kind,
            "name": self.name,
            "width": self.width,
            "known": self.known,
            "schema_id": self.schema.id,
            "schema": asdict(self.schema),
            "generations": [{"trained_until": one.trained_until, **one.facts} for one in self.generations],
        }


def moves_of(network: Network, generation: Generation, design: Array, phase: Array) -> Array:
    """Standardised moves `(n, horizon)` for a design `(n, features)` and the phase `(n,)` of each origin.

    In double precision, so that the answer does not depend on how many windows are asked at once.
    """
    import torch

    from pulse_kedro.forecasting.networks import build

    module = build(network.kind, network.schema, network.width).double()
    module.load_state_dict({name: torch.from_numpy(values) for name, values in generation.weights.items()})
    module.eval()
    with torch.inference_mode():
        moves = module(torch.from_numpy(design), torch.from_numpy(phase.astype(np.int64)))
    return cast("Array", moves.numpy())


def lesson_of(network: Network, values: Array, **settings: object) -> Lesson:
    """What a network would be taught from values `(periods, series)`, going on from what it learned before them."""
    known = len(values)
    before = [one for one in network.generations if one.trained_until < known]
    return Lesson(
        member=network.name,
        kind=network.kind,
        schema=network.schema,
        width=network.width,
        values=values,
        previous=before[-1] if before else None,
        **settings,  # type: ignore[arg-type]
    )


def empty_network(name: str, kind: str, schema: WindowSchema, *, width: int | None, series: int) -> Network:
    """A network that has seen and learned nothing yet, for a number of series."""
    tail = np.empty((0, series))
    return Network(name=name, kind=kind, schema=schema, width=width or WIDTH, known=0, tail=tail)


def restore_network(facts: Mapping[str, object], arrays: Mapping[str, Array]) -> Network:
    """A network from its stored state."""
    stored = cast("list[dict[str, object]]", facts["generations"])
    generations = tuple(
        Generation(
            trained_until=int(cast("int", fact["trained_until"])),
            weights=below(f"{number}.weights.", arrays),
            optimizer=below(f"{number}.optimizer.", arrays),
            facts={name: value for name, value in fact.items() if name != "trained_until"},
        )
        for number, fact in enumerate(stored)
    )
    return Network(
        name=str(facts["name"]),
        kind=str(facts["kind"]),
        schema=WindowSchema(**cast("dict[str, object]", facts["schema"])),  # type: ignore[arg-type]
        width=int(cast("int", facts["width"])),
        known=int(cast("int", facts["known"])),
        tail=arrays["tail"],
        generations=generations,
    )
