"""Small typed values that rooms hand over, as JSON, so that a run can start at any room."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import JSONPreview

from pulse_kedro.datasets.previews import preview_file
from pulse_kedro.domain.cycle import Cycle, Period
from pulse_kedro.domain.training.triggers import TrainingJob, TrainingPlan
from pulse_kedro.forecasting.recipe import RecipeOptions, recipe_from_dict

Record = Period | Cycle | TrainingPlan | RecipeOptions


class RecordDataset(AbstractDataset[Record, Record]):
    """A period, a cycle, a training plan or a recipe in a JSON file that says which of them it holds.

    Example:
        >>> RecordDataset(filepath="/nowhere/period.json").exists()
        False
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep where the file is; nothing is opened.

        Args:
            filepath: JSON file.
            metadata: Anything; Kedro ignores it.
        """
        self._filepath = Path(filepath)
        self.metadata = metadata

    def save(self, data: Record) -> None:
        """Write the record, complete or not at all."""
        from pulse_kedro.adapters.stores.files import write_file

        text = json.dumps({"kind": type(data).__name__, **asdict(data)}, default=_as_text, indent=1)
        write_file(self._filepath, lambda draft: draft.write_text(text, encoding="utf-8"))

    def load(self) -> Record:
        """The record that was saved last."""
        values = json.loads(self._filepath.read_text(encoding="utf-8"))
        kind = values.pop("kind")
        if kind not in _READERS:
            message = f"Reading {self._filepath} failed: got kind {kind!r}, expected one of {', '.join(_READERS)}."
            raise DatasetError(message)
        return _READERS[kind](values)

    def preview(self) -> JSONPreview:
        """The record as it stands in the file, for kedro-viz."""
        return preview_file(self._filepath)

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath.as_posix()}


def _as_text(value: object) -> str:
    """Timestamps as ISO 8601; nothing else needs help."""
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    message = f"{type(value).__name__} is not part of a record"
    raise TypeError(message)


def _period(values: dict[str, Any]) -> Period:
    moments = {name: pd.Timestamp(values[name]) for name in ("as_of", "first_target")}
    known = values.get("known_at")
    rest = {"ancestors": tuple(values["ancestors"]), "known_at": None if known is None else pd.Timestamp(known)}
    return Period(**values | moments | rest)


def _cycle(values: dict[str, Any]) -> Cycle:
    return Cycle(**values | {"period": _period(values["period"])})


def _training_plan(values: dict[str, Any]) -> TrainingPlan:
    return TrainingPlan(jobs=tuple(TrainingJob(**job) for job in values["jobs"]))


_READERS: dict[str, Callable[[dict[str, Any]], Record]] = {
    "Period": _period,
    "Cycle": _cycle,
    "TrainingPlan": _training_plan,
    "RecipeOptions": recipe_from_dict,
}
