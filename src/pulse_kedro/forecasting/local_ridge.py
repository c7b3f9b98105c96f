"""A ridge with weights of its own for each series, pulled towards the weights of all: local where data speak."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self, cast

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.ridge import (
    Ridge,
    apply_weights,
    empty_ridge,
    restored_parts,
    stream_windows,
    turn_of,
    weights_of,
)
from pulse_kedro.forecasting.solving import shrink_towards
from pulse_kedro.forecasting.sums import Sums
from pulse_kedro.forecasting.windows import WindowSchema

STRENGTH = 0.5
"""Pull towards the common weights, in windows per feature and step: overlapping windows repeat each other over the
horizon, and more features take more evidence. Ours; between .25 and 1 the error on weekly data is flat."""
CHUNK_BYTES = 64 * 2**20
"""Largest stack of matrices decomposed at once; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRidge:
    """Pooled sums and those of each series; the weights in use are refreshed once per horizon.

    `common` is the ridge over all series, whose tail and clock serve this member too. `xx` `(S, f, f)`, `xy`
    `(S, f, h)` are the sums of each series, `own` `(S, f, h)` its weights at the last refresh, `nan` before there were
    enough windows. Because that period does not depend on how data arrive, neither does the state.
    """

    common: Ridge
    xx: Array
    xy: Array
    own: Array

    @property
    def name(self) -> str:
        """Name in every table."""
        return self.common.name

    @property
    def schema(self) -> WindowSchema:
        """What one window is."""
        return self.common.schema

    def update(self, block: Array, batch: str) -> Self:
        """State after `block` of shape `(periods, series)` arrived; exact, whatever the cut into blocks."""
        turn = turn_of(self.schema, self.common.clock, len(block))
        state = self
        if turn:
            state, block = state.added(block[:turn], batch), block[turn:]
            if state.common.sums.n > self.schema.features:
                state = replace(state, own=local_weights(state.common, state.xx, state.xy))
        state = state.added(block, batch)
        return replace(state, common=replace(state.common, batches=(*self.common.batches, batch)))

    def added(self, block: Array, batch: str) -> Self:
        """State whose sums hold the windows of a block; the weights of each series stay."""
        xx, xy = grown_sums(self.common, self.xx, self.xy, block)
        return replace(self, common=self.common.update(block, batch), xx=xx, xy=xy)

    def merge(self, other: "LocalRidge") -> "LocalRidge":
        """State over the series of both shards; common weights are learned at the next refresh.

        Raises:
            SchemaDiffers: The states do not describe the same windows.
            ClockDiffers: The states end at different periods.
        """
        common = self.common.merge(other.common)
        parts = {name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in ("xx", "xy", "own")}
        return replace(self, common=common, **parts)

    def align(self, columns: Sequence[int]) -> Self:
        """State for another set of series; the common sums keep what series that left have taught.

        A new series starts with the common weights.
        """
        grown = {name: _aligned(getattr(self, name), columns, np.zeros(())) for name in ("xx", "xy")}
        own = _aligned(self.own, columns, self.common.weights)
        return replace(self, common=self.common.align(columns), own=own, **grown)

    def forecast(self) -> Array:
        """Points of shape `(horizon, series)`; `nan` before the first refresh, and where the history is incomplete."""
        return apply_weights(self.common, self.own)

    def arrays(self) -> Mapping[str, Array]:
        """Common sums and tail, the sums of each series, and the weights in use."""
        return {**self.common.arrays(), "own_xx": self.xx, "own_xy": self.xy, "own": self.own}

    def facts(self) -> dict[str, object]:
        """Schema, number of windows, clock, digests."""
        return self.common.facts() | {"kind": "local_ridge"}


def grown_sums(common: Ridge, xx: Array, xy: Array, block: Array) -> tuple[Array, Array]:
    """Sums of each series with the windows that a block completes; `common` is the state before it."""
    schema = common.schema
    keep = schema.keep ** len(block)
    xx, xy = xx * keep, xy * keep
    for windows in stream_windows(common, block, common.constants, common.extras):
        order = np.argsort(windows.series, kind="stable")
        edges = np.searchsorted(windows.series[order], np.arange(len(xx) + 1))
        weights, _ = weights_of(schema, windows, common.constants)
        for series in np.flatnonzero(np.diff(edges)):
            rows = order[edges[series] : edges[series + 1]]
            x, y = windows.design[rows], windows.targets[rows]
            weighted = x if weights is None else x * weights[rows, None]
            xx[series] += weighted.T @ x
            xy[series] += weighted.T @ y
    return xx, xy


def local_weights(common: Ridge, xx: Array, xy: Array) -> Array:
    """Weights of each series, pulled towards the common ones; shape `(S, features, horizon)`."""
    schema = common.schema
    strength = STRENGTH * schema.look_back * schema.horizon
    own = np.empty_like(xy)
    chunk = max(1, CHUNK_BYTES // (8 * schema.features**2))
    for first in range(0, len(own), chunk):
        part = slice(first, first + chunk)
        own[part] = shrink_towards(common.weights, xx[part], xy[part], strength)
    return own


def _aligned(values: Array, columns: Sequence[int], empty: Array) -> Array:
    """Rows of some columns; `empty`, broadcast to a row, for -1."""
    padded = np.concatenate([values, np.broadcast_to(empty, (1, *values.shape[1:]))])
    return np.asarray(padded[list(columns)])


def empty_local_ridge(name: str, schema: WindowSchema, *, series: int) -> LocalRidge:
    """A local ridge that has seen nothing yet, for a number of series."""
    features, horizon = schema.features, schema.horizon
    return LocalRidge(
        common=empty_ridge(name, schema, series=series),
        xx=np.zeros((series, features, features)),
        xy=np.zeros((series, features, horizon)),
        own=np.full((series, features, horizon), np.nan),
    )


def restore_local_ridge(facts: Mapping[str, object], arrays: Mapping[str, Array]) -> LocalRidge:
    """A local ridge from its stored state."""
    common = Ridge(
        name=str(facts["name"]),
        sums=Sums(n=cast("float", facts["n"]), xx=arrays["xx"], xy=arrays["xy"], yy=arrays["yy"]),
        batches=tuple(cast("list[str]", facts["batches"])),
        **restored_parts(facts, arrays),  # type: ignore[arg-type]
    )
    return LocalRidge(common=common, xx=arrays["own_xx"], xy=arrays["own_xy"], own=arrays["own"])
