"""The recursive ridge: its whole training set is a sum, so new data are an addition and merging is an addition."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Self, cast

import numpy as np

from pulse_kedro.domain.errors import InvalidConfiguration
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.forecaster import align_tail, extend_tail, fill_gaps
from pulse_kedro.forecasting.registration import register, unregistered
from pulse_kedro.forecasting.solving import solve
from pulse_kedro.forecasting.sums import Sums, empty_sums
from pulse_kedro.forecasting.windows import (
    Constants,
    Inputs,
    Windows,
    WindowSchema,
    cut_windows,
    origin_columns,
    restored,
    standardise,
    transformed,
)

BLOCK_BYTES = 32 * 2**20
"""Largest block of windows held at once; ours, small enough to keep a laptop free."""
CONSTANTS = ("first", "unit", "mass")


class SchemaDiffers(InvalidConfiguration):
    """Two ridge states with different window schemas cannot be added."""

    def __init__(self, left: str, right: str) -> None:
        """Keep both schema ids."""
        super().__init__(left, right)
        self.left, self.right = left, right

    def __str__(self) -> str:
        """Name both schemas and the way out."""
        return (
            f"Merging ridge states failed: got schema {self.right}, expected {self.left}. "
            "Accumulate the second state again with the schema of the first."
        )


class ClockDiffers(InvalidConfiguration):
    """Two ridge states that forget, or read a calendar, end at different periods."""

    def __init__(self, left: int, right: int) -> None:
        """Keep both clocks."""
        super().__init__(left, right)
        self.left, self.right = left, right

    def __str__(self) -> str:
        """Name both clocks and the way out."""
        return (
            f"Merging ridge states failed: got a state of {self.right} periods, expected {self.left}. "
            "Feed both shards the same periods first; missing values count as periods."
        )


class MissingCovariates(InvalidConfiguration):
    """A ridge with covariates was fed without them, or with another number of columns."""

    def __init__(self, found: int, expected: int) -> None:
        """Keep both numbers of columns."""
        super().__init__(found, expected)
        self.found, self.expected = found, expected

    def __str__(self) -> str:
        """Name both numbers and the way out."""
        return (
            f"Updating a ridge failed: got {self.found} covariate columns, expected {self.expected}. "
            "Build them with `forecasting.covariates` for every period, `nan` where nothing was known."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ridge:
    """A ridge over pooled windows of all series, with the tail that its next windows need.

    `clock` counts the periods seen, `constants` what was fixed for each series, `extras` `(tail, series, columns)` are
    the covariates of the tail, `weights` `(features, horizon)` those of the last refresh where the schema has one,
    else `nan`. `batches` holds the digests of everything that was added: the identity of the state, independent of
    rounding.
    """

    name: str
    schema: WindowSchema
    sums: Sums
    tail: Array
    clock: int = 0
    constants: Constants
    extras: Array
    weights: Array
    batches: tuple[str, ...] = ()

    def update(self, block: Array, batch: str, extras: Array | None = None) -> Self:
        """State after a block arrived; exact, whatever the cut into blocks.

        Args:
            block: Levels, `nan` where nothing was observed. Shape `(periods, series)`.
            batch: Digest of the block.
            extras: Covariates known at each of these periods. Shape `(periods, series, columns)`.

        Raises:
            MissingCovariates: The schema asks for another number of covariate columns.
        """
        turn = turn_of(self.schema, self.clock, len(block))
        if turn == 0:
            return self.added(block, batch, extras)
        first, rest = (None, None) if extras is None else (extras[:turn], extras[turn:])
        state = self.added(block[:turn], batch, first)
        state = replace(state, weights=common_weights(state))
        state = state.added(block[turn:], batch, rest)
        return replace(state, batches=(*self.batches, batch))

    def added(self, block: Array, batch: str, extras: Array | None) -> Self:
        """State whose sums hold the windows of a block; the weights stay."""
        columns = self.extended(block, extras)
        constants = register(self.schema, self.constants, block, self.clock)
        sums = self.sums.times(self.schema.keep ** len(block))
        for windows in stream_windows(self, block, constants, columns):
            sums = sums.add(windows.design, windows.targets, *weights_of(self.schema, windows, constants))
        length = self.schema.span - 1
        return replace(
            self,
            sums=sums,
            tail=extend_tail(self.tail, block, length),
            clock=self.clock + len(block),
            constants=constants,
            extras=columns[-length:],
            batches=(*self.batches, batch),
        )

    def extended(self, block: Array, extras: Array | None) -> Array:
        """Covariates of the tail and of a block.

        Raises:
            MissingCovariates: The block comes with another number of columns.
        """
        found = 0 if extras is None else extras.shape[2]
        if found != self.schema.extras:
            raise MissingCovariates(found, self.schema.extras)
        new = np.empty((*block.shape, 0)) if extras is None else extras
        return np.concatenate([self.extras, new])

    def merge(self, other: "Ridge") -> "Ridge":
        """State over the series of both, which must be disjoint shards of one panel.

        Raises:
            SchemaDiffers: The states do not describe the same windows.
            ClockDiffers: The states end at different periods, and their windows depend on time.
        """
        if self.schema.id != other.schema.id:
            raise SchemaDiffers(self.schema.id, other.schema.id)
        if self.clock != other.clock:
            raise ClockDiffers(self.clock, other.clock)
        return replace(
            self,
            sums=self.sums.plus(other.sums),
            tail=np.concatenate([self.tail, other.tail], axis=1),
            constants=Constants(
                **{
                    name: np.concatenate([getattr(self.constants, name), getattr(other.constants, name)])
                    for name in CONSTANTS
                }
            ),
            extras=np.concatenate([self.extras, other.extras], axis=1),
            batches=(*self.batches, *other.batches),
        )

    def align(self, columns: Sequence[int]) -> Self:
        """State for another set of series; the sums keep the windows of series that left."""
        return replace(
            self,
            tail=align_tail(self.tail, columns),
            constants=self.constants.of(columns),
            extras=align_extras(self.extras, columns),
        )

    def forecast(self) -> Array:
        """Points of shape `(horizon, series)`.

        The member abstains (`nan`) until it has more windows than features, and for series whose history is
        incomplete. A flat history is continued by its own rule: the mean level, or the last season.
        """
        return apply_weights(self, self.weights if self.schema.refresh > 1 else common_weights(self))

    def arrays(self) -> Mapping[str, Array]:
        """Sums and tail, and what was fixed for each series where the schema reads it."""
        found = {"xx": self.sums.xx, "xy": self.sums.xy, "yy": self.sums.yy, "tail": self.tail}
        weights = {"weights": self.weights} if self.schema.refresh > 1 else {}
        return found | weights | kept_arrays(self.schema, self.constants, self.extras)

    def facts(self) -> dict[str, object]:
        """Schema, number of windows, clock, digests."""
        n = int(self.sums.n) if float(self.sums.n).is_integer() else self.sums.n
        return {"kind": "ridge", "name": self.name, "n": n, "batches": list(self.batches), **seen(self)}


def turn_of(schema: WindowSchema, clock: int, periods: int) -> int:
    """How many of the next periods lead to the last refresh among them; 0 without one, or where all solve anew."""
    if schema.refresh == 1:
        return 0
    return max(0, (clock + periods) // schema.refresh * schema.refresh - clock)


def common_weights(state: "Ridge") -> Array:
    """Weights `(features, horizon)` that the sums give now; `nan` until there are more windows than features."""
    if state.sums.n <= state.schema.features:
        return np.full((state.schema.features, state.schema.horizon), np.nan)
    return solve(state.sums, intercept=state.schema.intercept).weights


def seen(state: "Ridge") -> dict[str, object]:
    """Schema and clock of a state, as JSON values."""
    return {"schema_id": state.schema.id, "schema": asdict(state.schema), "clock": state.clock}


def apply_weights(state: Ridge, weights: Array) -> Array:
    """Points of shape `(horizon, series)` from the newest history of each series.

    Args:
        state: Whose tail is read.
        weights: Common ones `(features, horizon)`, or each series' own `(series, features, horizon)`.
    """
    schema, series = state.schema, state.tail.shape[1]
    points = np.full((schema.horizon, series), np.nan)
    if len(state.tail) < schema.history:
        return points
    history = transformed(schema, fill_gaps(state.tail, schema.season_length)[-schema.history :]).T
    more = origin_columns(schema, state.clock - 1, state.extras[-1] if schema.extras else None, series)
    known = ~np.isnan(history).any(axis=1) & ~np.isnan(more).any(axis=1)
    inputs = standardise(schema, history[known], state.constants.unit[known], more[known])
    own = weights.ndim > inputs.design.ndim
    mapped = np.einsum("sd,sdh->sh", inputs.design, weights[known]) if own else inputs.design @ weights
    points[:, known] = _undone(schema, mapped, inputs, history[known]).T
    return points


def apply_to(schema: WindowSchema, weights: Array, history: Array) -> Array:
    """Points after some windows of levels, without covariates.

    Args:
        schema: How a window is read; no calendar, no frozen scale.
        weights: Common ones. Shape `(features, horizon)`.
        history: Levels, oldest first. Shape `(n, schema.history)`.

    Returns:
        Shape `(n, horizon)`; `nan` after a window with a gap.
    """
    points = np.full((len(history), schema.horizon), np.nan)
    read = transformed(schema, history)
    known = ~np.isnan(read).any(axis=1)
    inputs = standardise(schema, read[known])
    points[known] = _undone(schema, inputs.design @ weights, inputs, read[known])
    return points


def _undone(schema: WindowSchema, mapped: Array, inputs: Inputs, history: Array) -> Array:
    """Levels from what the weights gave: scale, centre, season and transformation undone."""
    moves = inputs.scale[:, None] * mapped + inputs.centre[:, None]
    return restored(schema, add_season(moves, history, schema) if schema.variant == "seasonal" else moves)


def add_season(moves: Array, history: Array, schema: WindowSchema) -> Array:
    """Levels from seasonal differences: each step adds its difference to the value one season earlier.

    Args:
        moves: Differences in the unit of the target. Shape `(n, horizon)`.
        history: Levels up to the origins, without gaps. Shape `(n, schema.history)`.
        schema: Gives horizon and season.

    Returns:
        Shape `(n, horizon)`.
    """
    levels = np.concatenate([history[:, -schema.season_length :], np.empty_like(moves)], axis=1)
    for step in range(schema.horizon):
        levels[:, schema.season_length + step] = levels[:, step] + moves[:, step]
    return np.asarray(levels[:, schema.season_length :])


def stream_windows(state: Ridge, block: Array, constants: Constants, extras: Array) -> Iterator[Windows]:
    """Windows that a block completes, in pieces that fit into little memory; ages count from the end of the block."""
    schema, tail = state.schema, state.tail
    values = np.concatenate([tail, block])
    stride = max(1, BLOCK_BYTES // (8 * schema.span * max(1, block.shape[1])))
    for start in range(0, len(block), stride):
        stop = min(start + stride, len(block))
        rows = len(tail) + stop
        windows = cut_windows(
            schema,
            values[:rows],
            stop - start,
            clock=state.clock + stop,
            constants=constants,
            more=extras[:rows] if schema.extras else None,
        )
        yield replace(windows, age=windows.age + len(block) - stop)


def weights_of(schema: WindowSchema, windows: Windows, constants: Constants) -> tuple[Array | None, float | None]:
    """Weights and count of windows as `Sums.add` takes them; both `None` where each window counts once."""
    if schema.half_life is None and schema.weight == "unit":
        return None, None
    kept = schema.keep ** windows.age.astype(float)
    mass = constants.mass[windows.series] if schema.weight == "frozen" else 1.0
    return kept * mass, float(kept.sum())


def align_extras(extras: Array, columns: Sequence[int]) -> Array:
    """Covariates of the tail for another set of series; unknown for a new one."""
    padded = np.concatenate([extras, np.full((len(extras), 1, extras.shape[2]), np.nan)], axis=1)
    return np.asarray(padded[:, list(columns)])


def kept_arrays(schema: WindowSchema, constants: Constants, extras: Array) -> dict[str, Array]:
    """What a schema needs besides sums and tail, as named arrays."""
    found: dict[str, Array] = {}
    if schema.stride > 1 or schema.scale == "frozen" or schema.weight == "frozen":
        found |= {name: getattr(constants, name) for name in CONSTANTS}
    return found | {"extras": extras} if schema.extras else found


def empty_ridge(name: str, schema: WindowSchema, *, series: int, constants: Constants | None = None) -> Ridge:
    """A ridge that has seen nothing yet, for a number of series; `constants` given now are not taken from the data."""
    return Ridge(
        name=name,
        schema=schema,
        sums=empty_sums(schema),
        tail=np.empty((0, series)),
        constants=constants or unregistered(series),
        extras=np.empty((0, series, schema.extras)),
        weights=np.full((schema.features, schema.horizon), np.nan),
    )


def restore_ridge(facts: Mapping[str, object], arrays: Mapping[str, Array]) -> Ridge:
    """A ridge from its stored state."""
    return Ridge(
        name=str(facts["name"]),
        sums=Sums(n=cast("float", facts["n"]), xx=arrays["xx"], xy=arrays["xy"], yy=arrays["yy"]),
        batches=tuple(cast("list[str]", facts["batches"])),
        **restored_parts(facts, arrays),  # type: ignore[arg-type]
    )


def restored_parts(facts: Mapping[str, object], arrays: Mapping[str, Array]) -> dict[str, object]:
    """Schema, clock, tail, constants and covariates of a stored state; states before the clock have none."""
    schema = WindowSchema(**cast("dict[str, object]", facts["schema"]))  # type: ignore[arg-type]
    series = arrays["tail"].shape[1]
    fixed = {name: arrays[name] for name in CONSTANTS if name in arrays}
    return {
        "schema": schema,
        "clock": int(cast("int", facts.get("clock", 0))),
        "tail": arrays["tail"],
        "constants": Constants(**fixed) if fixed else unregistered(series),
        "extras": arrays.get("extras", np.empty((len(arrays["tail"]), series, schema.extras))),
        "weights": arrays.get("weights", np.full((schema.features, schema.horizon), np.nan)),
    }


def merge_shards(shards: Sequence[Ridge]) -> Ridge:
    """One state from shards of one panel, added in a fixed tree so that it does not depend on which came first.

    Args:
        shards: At least one, in the order of their keys.

    Raises:
        SchemaDiffers: They do not describe the same windows.
        ClockDiffers: They end at different periods.
    """
    while len(shards) > 1:
        pairs = [left.merge(right) for left, right in zip(shards[::2], shards[1::2], strict=False)]
        shards = [*pairs, *shards[2 * len(pairs) :]]
    return shards[0]


def batch_digest(block: Array, ids: Sequence[str], first: str) -> str:
    """Identity of a block: what arrived for which series, from which period on.

    Returns:
        16 hexadecimal digits of SHA-256 over ids, first period, shape and values.
    """
    head = "\x1f".join([first, str(block.shape), *ids]).encode()
    return hashlib.sha256(head + np.ascontiguousarray(block, dtype="<f8").tobytes()).hexdigest()[:16]
