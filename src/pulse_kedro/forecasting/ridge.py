"""The recursive ridge: its whole training set is a sum, so new data are an addition and merging is an addition."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Self, cast

import numpy as np

from pulse_kedro.domain.errors import InvalidConfiguration
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.forecaster import align_tail, extend_tail, fill_gaps
from pulse_kedro.forecasting.windows import WindowSchema, standardise, training_pairs

PENALTIES = np.logspace(-6, 1, 15)
"""Candidate penalties relative to the mean squared input; ours, a log grid that brackets every optimum measured."""
EPSILON = float(np.finfo(float).eps)
BLOCK_BYTES = 32 * 2**20
"""Largest block of windows held at once; ours, small enough to keep a laptop free."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Additive statistics over windows: `n`, A = sum x x', B = sum x y', C = sum y*y per step, all float64."""

    n: int
    xx: Array
    xy: Array
    yy: Array

    def add(self, design: Array, targets: Array) -> "Sums":
        """Sums with some windows more."""
        xx = self.xx + design.T @ design
        return Sums(
            n=self.n + len(design),
            xx=(xx + xx.T) / 2,
            xy=self.xy + design.T @ targets,
            yy=self.yy + (targets * targets).sum(axis=0),
        )

    def plus(self, other: "Sums") -> "Sums":
        """Sums over the windows of both."""
        return Sums(n=self.n + other.n, xx=self.xx + other.xx, xy=self.xy + other.xy, yy=self.yy + other.yy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Weights `(features, horizon)` with the penalty that was chosen and the degrees of freedom it leaves."""

    weights: Array
    penalty: float
    degrees_of_freedom: float


def empty_sums(schema: WindowSchema) -> Sums:
    """Sums over no window."""
    d, h = schema.features, schema.horizon
    return Sums(n=0, xx=np.zeros((d, d)), xy=np.zeros((d, h)), yy=np.zeros(h))


def solve(sums: Sums, *, intercept: bool, penalties: Array = PENALTIES) -> Solution:
    """Ridge weights for the penalty that minimises generalised cross-validation, from one decomposition.

    Args:
        sums: Statistics of at least one window.
        intercept: Whether the last feature is the constant 1, which is not penalised.
        penalties: Candidates relative to the mean diagonal of A over the inputs; without the centring, so that inputs
            which hardly vary are not divided by rounding.

    Returns:
        Weights in the scale of the design; the intercept is their last row.

    Source:
        Golub, Heath & Wahba (1979), GCV = RSS / (1 - df/N)^2 with N the plain number of windows, summed over steps.
    """
    xx, xy, yy = sums.xx, sums.xy, sums.yy
    inputs = len(xx) - int(intercept)
    unit = float(np.trace(xx[:inputs, :inputs])) / inputs
    if intercept:
        mass, mean_x, mean_y = xx[-1, -1], xx[:-1, -1] / xx[-1, -1], xy[-1] / xx[-1, -1]
        xx, xy = xx[:-1, :-1] - mass * np.outer(mean_x, mean_x), xy[:-1] - mass * np.outer(mean_x, mean_y)
        yy = yy - mass * mean_y**2
    values, vectors = np.linalg.eigh(xx)
    values, rotated = np.maximum(values, 0.0), vectors.T @ xy
    damped = values[:, None] + penalties * unit
    power = (rotated**2).sum(axis=1)[:, None]
    rss = yy.sum() - 2 * (power / damped).sum(axis=0) + (values[:, None] * power / damped**2).sum(axis=0)
    freedom = (values[:, None] / damped).sum(axis=0)
    left = np.maximum(1 - freedom / sums.n, EPSILON)
    best = int(np.argmin(np.maximum(rss, 0.0) / left**2))
    weights = vectors @ (rotated / damped[:, best, None])
    if intercept:
        weights = np.vstack([weights, mean_y - mean_x @ weights])
    return Solution(weights=weights, penalty=float(penalties[best]), degrees_of_freedom=float(freedom[best]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ridge:
    """A ridge over pooled windows of all series, with the tail that its next windows need.

    `batches` holds the digests of everything that was added: the identity of the state, independent of rounding.
    """

    name: str
    schema: WindowSchema
    sums: Sums
    tail: Array
    batches: tuple[str, ...] = ()

    def update(self, block: Array, batch: str) -> Self:
        """State after `block` of shape `(periods, series)` arrived; exact, whatever the cut into blocks."""
        values, sums = np.concatenate([self.tail, block]), self.sums
        stride = max(1, BLOCK_BYTES // (8 * self.schema.span * max(1, block.shape[1])))
        for start in range(0, len(block), stride):
            stop = min(start + stride, len(block))
            sums = sums.add(*training_pairs(self.schema, values[: len(self.tail) + stop], stop - start))
        return replace(
            self,
            sums=sums,
            tail=extend_tail(self.tail, block, self.schema.span - 1),
            batches=(*self.batches, batch),
        )

    def merge(self, other: "Ridge") -> "Ridge":
        """State over the series of both, which must be disjoint shards of one panel.

        Raises:
            SchemaDiffers: The states do not describe the same windows.
        """
        if self.schema.id != other.schema.id:
            raise SchemaDiffers(self.schema.id, other.schema.id)
        return replace(
            self,
            sums=self.sums.plus(other.sums),
            tail=np.concatenate([self.tail, other.tail], axis=1),
            batches=(*self.batches, *other.batches),
        )

    def align(self, columns: Sequence[int]) -> Self:
        """State for another set of series; the sums keep the windows of series that left."""
        return replace(self, tail=align_tail(self.tail, columns))

    def forecast(self) -> Array:
        """Points of shape `(horizon, series)`.

        The member abstains (`nan`) until it has more windows than features, and for series whose history is
        incomplete. A flat history is continued by its own rule: the mean level, or the last season.
        """
        schema, series = self.schema, self.tail.shape[1]
        points = np.full((schema.horizon, series), np.nan)
        if self.sums.n <= schema.features or len(self.tail) < schema.history:
            return points
        history = fill_gaps(self.tail, schema.season_length)[-schema.history :].T
        known = ~np.isnan(history).any(axis=1)
        inputs = standardise(schema, history[known])
        weights = solve(self.sums, intercept=schema.intercept).weights
        moves = inputs.scale[:, None] * (inputs.design @ weights) + inputs.centre[:, None]
        points[:, known] = (_add_season(moves, history[known], schema) if schema.variant == "seasonal" else moves).T
        return points

    def arrays(self) -> Mapping[str, Array]:
        """Sums and tail."""
        return {"xx": self.sums.xx, "xy": self.sums.xy, "yy": self.sums.yy, "tail": self.tail}

    def facts(self) -> dict[str, object]:
        """Schema, number of windows, digests."""
        schema = {"schema_id": self.schema.id, "schema": asdict(self.schema)}
        return {"kind": "ridge", "name": self.name, "n": self.sums.n, "batches": list(self.batches), **schema}


def _add_season(moves: Array, history: Array, schema: WindowSchema) -> Array:
    """Levels from seasonal differences: each step adds its difference to the value one season earlier."""
    levels = np.concatenate([history[:, -schema.season_length :], np.empty_like(moves)], axis=1)
    for step in range(schema.horizon):
        levels[:, schema.season_length + step] = levels[:, step] + moves[:, step]
    return np.asarray(levels[:, schema.season_length :])


def empty_ridge(name: str, schema: WindowSchema, *, series: int) -> Ridge:
    """A ridge that has seen nothing yet, for a number of series."""
    return Ridge(name=name, schema=schema, sums=empty_sums(schema), tail=np.empty((0, series)))


def restore_ridge(facts: Mapping[str, object], arrays: Mapping[str, Array]) -> Ridge:
    """A ridge from its stored state."""
    return Ridge(
        name=str(facts["name"]),
        schema=WindowSchema(**cast("dict[str, object]", facts["schema"])),  # type: ignore[arg-type]
        sums=Sums(n=int(cast("int", facts["n"])), xx=arrays["xx"], xy=arrays["xy"], yy=arrays["yy"]),
        tail=arrays["tail"],
        batches=tuple(cast("list[str]", facts["batches"])),
    )


def batch_digest(block: Array, ids: Sequence[str], first: str) -> str:
    """Identity of a block: what arrived for which series, from which period on.

    Returns:
        16 hexadecimal digits of SHA-256 over ids, first period, shape and values.
    """
    head = "\x1f".join([first, str(block.shape), *ids]).encode()
    return hashlib.sha256(head + np.ascontiguousarray(block, dtype="<f8").tobytes()).hexdigest()[:16]
