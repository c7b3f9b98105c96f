"""A feature set: the frame at the rows of a panel, and the manifest that names it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from pulse_kedro.domain.data_management.features.columns import base_column, in_advance
from pulse_kedro.domain.data_management.features.definition import FeatureOptions, active, definition_hash
from pulse_kedro.domain.data_management.features.fitting import (
    NOTHING,
    FittedFeatures,
    fit_features,
    known_rows,
    restore_features,
    transform,
)
from pulse_kedro.domain.data_management.features.rows import describe_rows
from pulse_kedro.domain.data_management.features.table import cells_of, table_of, training_fold
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.panel import ID, TARGET, TIME, Array

DIGITS = 16
"""Hexadecimal digits of the name of a feature set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSet:
    """A frame with `unique_id`, `ds` and one column per feature, what made it, and the manifest that names it."""

    frame: pd.DataFrame
    fitted: FittedFeatures
    manifest: Mapping[str, object]


def make_feature_set(
    panel: pd.DataFrame, source: SourceOptions, options: FeatureOptions, *, parents: Sequence[str]
) -> FeatureSet:
    """Season, scale and the columns of the steps at every row of a panel.

    Args:
        panel: Unique and sorted (`unique_id`, `ds`) with `y` and `available_at`.
        source: Frequency, unit and release lag of the data.
        options: Steps, and how long the training fold of each series is.
        parents: Ids of the snapshots that the panel comes from.

    Raises:
        UnknownColumn: A step reads what is not there.
        RepeatedColumn: Two steps make the same column.
        TooManyFeatures: There are too many columns.
    """
    frame = describe_rows(panel, source.step)
    periods = options.train_periods or source.step.minimum_history
    fitted = NOTHING
    if active(options.steps):
        table = table_of(panel, source.step)
        known_from = known_rows(table, panel, source.release_lag_days)
        fold, inside = training_fold(table, periods, known_from)
        fitted = fit_features(options.steps, fold, inside, unit=source.unit, taken=tuple(frame.columns))
        made = cells_of(transform(fitted, table, {TARGET: known_from}), panel, fitted.names)
        frame = pd.concat([frame, made], axis=1)
    hashed = frame_hash(frame)
    newest = [column.leakage_horizon for column in fitted.columns if column.leakage_horizon is not None]
    manifest = {
        "name": options.name,
        "id": "f" + hashed[:DIGITS],
        "definition_hash": definition_hash(options.steps),
        "parents": list(parents),
        "content_hash": hashed,
        "train_periods": periods if fitted.steps else None,
        "leakage_horizon": min([0, *newest]),
        "look_back": fitted.look_back,
        "rows": len(frame),
        "series": int(frame[ID].nunique()),
        "columns": [*_always(source), *(column.as_dict() for column in fitted.columns)],
    }
    return FeatureSet(frame=frame, fitted=fitted, manifest=manifest)


def frame_hash(frame: pd.DataFrame) -> str:
    """Identity of a frame of features: SHA-256 over its rows by series and time, whatever their order.

    Args:
        frame: Unique (`unique_id`, `ds`); every other column a number.

    Returns:
        64 hexadecimal digits. Missing values are equal to each other, and 0 to -0.
    """
    codes, ids = pd.factorize(frame[ID], sort=True)
    when = frame[TIME].to_numpy(dtype="datetime64[ns]").astype("<i8")
    order = np.lexsort((when, codes))
    chosen = slice(None) if (np.diff(order) == 1).all() else order
    found = hashlib.sha256(repr((tuple(frame.columns), len(frame))).encode())
    found.update("\x1f".join(map(str, ids)).encode())
    found.update(codes[chosen].astype("<i8").tobytes())
    found.update(when[chosen].tobytes())
    for name in frame.columns.drop([ID, TIME]):
        values = frame[name].to_numpy(dtype="<f8")[chosen] + 0.0
        values[np.isnan(values)] = np.nan
        found.update(values.tobytes())
    return found.hexdigest()


def to_record(made: FeatureSet) -> dict[str, object]:
    """The manifest with what the steps learned, as JSON values: arrays as lists, missing numbers as null."""
    arrays = {name: _to_list(values) for name, values in made.fitted.arrays().items()}
    return {**made.manifest, "fitted": {**made.fitted.facts(), "arrays": arrays}}


def from_record(record: Mapping[str, object]) -> FittedFeatures:
    """Fitted steps from a stored manifest; they compute the same columns in any process.

    Raises:
        KeyError: A part is missing.
    """
    told = cast("dict[str, object]", record["fitted"])
    lists = cast("dict[str, object]", told["arrays"])
    return restore_features(told, {name: np.array(values, dtype=float) for name, values in lists.items()})


def _to_list(values: Array) -> object:
    plain = values.astype(object)
    plain[np.isnan(values)] = None
    return plain.tolist()


def _always(source: SourceOptions) -> list[dict[str, object]]:
    """Season and scale, which every feature set has; the scale reads all that lies before, without an end."""
    season, scale = in_advance("season", "rows", kind="category"), base_column("scale", source.unit)
    return [season.as_dict(), {**scale.as_dict(), "step": "rows", "look_back": None}]
