"""A ridge that remembers its batches: each can be taken back, removed, rolled off or corrected, and the sums follow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.ridge import Ridge, stream_windows, weights_of
from pulse_kedro.forecasting.sums import Sums, empty_sums
from pulse_kedro.forecasting.windows import cut_windows

Changed = npt.NDArray[np.bool_]
MOST_SUBTRACTIONS = 100
"""Subtractions after which sums are accumulated again from the data (reference 2.4)."""
HEAVIEST = 1e6
"""Removed over remaining trace from which on cancellation shows."""


class UnknownBatch(InvalidInput):
    """A batch is not, or no longer, among those that are remembered."""

    def __init__(self, digest: str | None, known: Sequence[str]) -> None:
        """Keep what was asked for (`None` is the last one), and what there is."""
        super().__init__(digest, tuple(known))
        self.digest, self.known = digest, tuple(known)

    def __str__(self) -> str:
        """Name both and the way out."""
        found, asked = ", ".join(self.known[-5:]) or "none", "the last one" if self.digest is None else self.digest
        return (
            f"Removing a batch failed: got {asked}, expected one of {found}. "
            "Accumulate the state again from the data without it."
        )


class ShapeDiffers(InvalidInput):
    """Revised values do not cover the periods and series that the state has seen."""

    def __init__(self, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
        """Keep both shapes."""
        super().__init__(found, expected)
        self.found, self.expected = found, expected

    def __str__(self) -> str:
        """Give both and the way out."""
        return (
            f"Revising a state failed: got values of shape {self.found}, expected {self.expected} (periods, series). "
            "Pass the whole history, before and after the revision."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one batch added: `delta` are the sums of its windows, discounted to its own end; `before` is what it met."""

    digest: str
    start: int
    stop: int
    delta: Sums
    before: Ridge


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRidge:
    """A ridge and the batches it remembers, oldest first; `subtractions` counts what may have cost digits."""

    ridge: Ridge
    batches: tuple[Batch, ...] = ()
    subtractions: int = 0

    def add(self, block: Array, digest: str, extras: Array | None = None) -> Self:
        """State after a batch arrived; `block` has shape `(periods, series)`."""
        after = self.ridge.update(block, digest, extras)
        columns = self.ridge.extended(block, extras)
        delta = empty_sums(after.schema)
        for windows in stream_windows(self.ridge, block, after.constants, columns):
            weights = weights_of(after.schema, windows, after.constants)
            delta = delta.add(windows.design, windows.targets, *weights)
        entry = Batch(digest=digest, start=self.ridge.clock, stop=after.clock, delta=delta, before=self.ridge)
        return replace(self, ridge=after, batches=(*self.batches, entry))

    def undo(self) -> Self:
        """State before the last batch, its tail included: bit for bit what it was.

        Raises:
            UnknownBatch: None is remembered.
        """
        if not self.batches:
            raise UnknownBatch(None, ())
        return replace(self, ridge=self.batches[-1].before, batches=self.batches[:-1])

    def remove(self, digest: str) -> Self:
        """State without the windows that end in a batch; later windows keep its values as inputs.

        Raises:
            UnknownBatch: No such batch is remembered.
        """
        places = [place for place, batch in enumerate(self.batches) if batch.digest == digest]
        if not places:
            raise UnknownBatch(digest, [batch.digest for batch in self.batches])
        gone, later = self.batches[places[0]], self.batches[places[0] + 1 :]

        def without(state: Ridge) -> Ridge:
            kept = state.schema.keep ** (state.clock - gone.stop)
            names = tuple(name for name in state.batches if name != digest)
            return replace(state, sums=state.sums.minus(gone.delta.times(kept)), batches=names)

        return replace(
            self,
            ridge=without(self.ridge),
            batches=(*self.batches[: places[0]], *(replace(b, before=without(b.before)) for b in later)),
            subtractions=self.subtractions + 1,
        )

    def roll_off(self, keep: int) -> Self:
        """State that remembers, and learns from, only the newest `keep` batches."""
        state = self
        while len(state.batches) > keep:
            state = state.remove(state.batches[0].digest)
        return state

    def revise(self, old: Array, new: Array, digest: str) -> Self:
        """State as if some past values had always been the revised ones.

        Only windows that touch a changed value are cut again. The weights of a refresh are not learned again: they
        follow at the next one.

        Args:
            old: The whole history as it was learned. Shape `(clock, series)`.
            new: The same with the revision, `nan` for a value that was withdrawn.
            digest: Of the revision; it joins the batches of the state and can be taken back as the last one.

        Raises:
            ShapeDiffers: The arrays do not cover what the state has seen.
        """
        ridge = self.ridge
        for values in (old, new):
            if values.shape != (ridge.clock, ridge.tail.shape[1]):
                raise ShapeDiffers(values.shape, (ridge.clock, ridge.tail.shape[1]))
        changed = ~((old == new) | (np.isnan(old) & np.isnan(new)))
        batches = tuple(replace(b, delta=_corrected(ridge, b, old, new, changed)) for b in self.batches)
        whole = Batch(digest=digest, start=0, stop=ridge.clock, delta=ridge.sums, before=ridge)
        after = replace(
            ridge,
            sums=_corrected(ridge, whole, old, new, changed),
            tail=new[len(new) - len(ridge.tail) :],
            batches=(*ridge.batches, digest),
        )
        nothing = replace(whole, start=ridge.clock, delta=empty_sums(ridge.schema))
        return replace(self, ridge=after, batches=(*batches, nothing), subtractions=self.subtractions + 1)

    @property
    def is_worn(self) -> bool:
        """Whether the sums should be accumulated again from the data."""
        removed = max((float(np.trace(batch.delta.xx)) for batch in self.batches), default=0.0)
        left = max(float(np.trace(self.ridge.sums.xx)), float(np.finfo(float).tiny))
        return self.subtractions >= MOST_SUBTRACTIONS or removed > HEAVIEST * left or self.ridge.sums.worn()


def _corrected(ridge: Ridge, batch: Batch, old: Array, new: Array, changed: Changed) -> Sums:
    """Sums of a batch after its windows that touch a changed value were exchanged."""
    sums = batch.delta
    for sign, values in ((-1.0, old), (1.0, new)):
        for part, weights, count in _touched(ridge, batch, values, changed):
            design, targets = part
            added = empty_sums(ridge.schema).add(design, targets, weights, count)
            sums = sums.plus(added.times(sign))
    return sums


def _touched(
    ridge: Ridge, batch: Batch, values: Array, changed: Changed
) -> Iterator[tuple[tuple[Array, Array], Array | None, float | None]]:
    """Windows that end in a batch and hold a changed value, series by series, with their weights."""
    span = ridge.schema.span
    for column in np.flatnonzero(changed.any(axis=0)):
        rows = np.flatnonzero(changed[:, column])
        first = max(batch.start, int(rows[0]))
        last = min(batch.stop, int(rows[-1]) + span)
        if last <= first:
            continue
        windows = cut_windows(
            ridge.schema,
            values[:last, [column]],
            last - first,
            clock=last,
            constants=ridge.constants.of([int(column)]),
            touched=changed[:last, [column]],
        )
        windows = replace(windows, age=windows.age + batch.stop - last)
        yield (windows.design, windows.targets), *weights_of(ridge.schema, windows, ridge.constants.of([int(column)]))
