"""Feature steps for boosted trees: which may be asked for, learned anew for each generation, read at each origin.

A member gets an array of levels and no dates, so steps of the calendar cannot be asked for here.
"""

from collections.abc import Mapping, Sequence
from itertools import count

import numpy as np
import pandas as pd

from pulse_kedro.domain.data_management.features.calendar import Calendar, Fourier, Holidays
from pulse_kedro.domain.data_management.features.definition import StepOptions, active, plan
from pulse_kedro.domain.data_management.features.fitting import (
    FittedFeatures,
    fit_features,
    restore_features,
    table_of_levels,
    transform,
)
from pulse_kedro.domain.errors import InvalidConfiguration
from pulse_kedro.domain.panel import Array, frequency

DATED = (Calendar, Fourier, Holidays)
_NO_DATES = frequency("monthly"), pd.Timestamp("2000-01-01")
"""What a table needs and no step here reads."""


class StepNeedsDates(InvalidConfiguration):
    """A member was given a feature step that reads the calendar."""

    def __init__(self, member: str, step: str) -> None:
        """Keep the member and the type of the step."""
        super().__init__(member, step)
        self.member, self.step = member, step

    def __str__(self) -> str:
        """Name both, and what a member can read."""
        return (
            f"Reading the recipe failed: got a feature step of type {self.step!r} for member {self.member!r}, expected "
            "steps that read values only: a member gets no dates. Take the step out; the member knows the phase of the "
            "season by itself."
        )


def require_undated(member: str, steps: Sequence[StepOptions]) -> None:
    """Refuse steps that a member cannot compute, and plans that cannot be carried out.

    Raises:
        StepNeedsDates: A step reads the calendar.
        UnknownColumn: A step reads what is not there.
        RepeatedColumn: Two steps make the same column.
        TooManyFeatures: There are too many columns.
    """
    for step in active(steps):
        if isinstance(step, DATED):
            raise StepNeedsDates(member, step.type)
    plan(steps, unit="1", taken=())


def look_back_of(steps: Sequence[StepOptions]) -> int:
    """Periods before an origin that the steps read."""
    columns = [column for _, own in plan(steps, unit="1", taken=()) for column in own]
    return max((column.look_back for column in columns), default=0)


def learn_features(steps: Sequence[StepOptions], y: Array, names: Sequence[str]) -> FittedFeatures:
    """Steps learned from levels of shape `(periods, series)`; `names` says which series each column is."""
    freq, begins = _NO_DATES
    return fit_features(steps, table_of_levels(y, freq, names, begins))


def features_at(fitted: FittedFeatures, y: Array, names: Sequence[str], stops: Sequence[int]) -> Array:
    """Columns at the newest known period of each stop.

    Args:
        fitted: Steps and what they learned.
        y: Levels. Shape `(periods, series)`; what lies after a stop does not enter.
        names: Which series each column is.
        stops: Numbers of periods that are known, each at least 1.

    Returns:
        Shape `(stops, series, features)`.
    """
    freq, begins = _NO_DATES
    made = transform(fitted, table_of_levels(y, freq, names, begins)).columns
    rows = [stop - 1 for stop in stops]
    return np.stack([made[name][rows] for name in fitted.names], axis=-1)


def moved_names(
    names: Sequence[str], columns: Sequence[int], learned: Sequence[FittedFeatures | None]
) -> tuple[str, ...]:
    """Names after the columns moved: old series keep theirs, new ones get one that no generation has learned from.

    Args:
        names: As they were.
        columns: For each new column the old one that it continues, -1 for a new series.
        learned: Fitted steps of all generations.
    """
    taken = [int(name) for own in (names, *(part.ids for part in learned if part is not None)) for name in own]
    fresh = count(1 + max(taken, default=-1))
    return tuple(names[column] if column >= 0 else str(next(fresh)) for column in columns)


def joined_rows(rows: Array, features: Array) -> Array:
    """Inputs of some steps, with the features of the origin after them.

    Args:
        rows: Shape `(origins, steps, series, columns)`.
        features: Shape `(origins, series, features)`.
    """
    shape = (*rows.shape[:-1], features.shape[-1])
    return np.concatenate([rows, np.broadcast_to(features[:, None], shape)], axis=-1)


def packed(features: Sequence[FittedFeatures | None]) -> tuple[list[dict[str, object] | None], dict[str, Array]]:
    """Fitted steps of all generations, as JSON values and named arrays."""
    facts = [None if own is None else own.facts() for own in features]
    arrays = {
        f"features{place}.{name}": values
        for place, own in enumerate(features)
        if own is not None
        for name, values in own.arrays().items()
    }
    return facts, arrays


def unpacked(place: int, facts: Mapping[str, object] | None, arrays: Mapping[str, Array]) -> FittedFeatures | None:
    """Fitted steps of one generation from what `packed` gave; `None` where it had none."""
    if facts is None:
        return None
    prefix = f"features{place}."
    own = {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}
    return restore_features(facts, own)
