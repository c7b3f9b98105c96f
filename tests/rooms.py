"""One room of the pipeline run as Kedro runs it, everything in memory and everything kept."""

from collections.abc import Mapping
from typing import Any

from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline
from kedro.runner import SequentialRunner


class Kept(MemoryDataset):
    """A dataset in memory that the runner does not empty when the last node has read it."""

    def _release(self) -> None: ...


def run_room(room: Pipeline, given: Mapping[str, object]) -> dict[str, Any]:
    """Everything the room makes of what it is given."""
    catalog = DataCatalog({name: MemoryDataset(value, copy_mode="assign") for name, value in given.items()})
    for name in room.all_outputs():
        catalog[name] = Kept(copy_mode="assign")
    SequentialRunner().run(room, catalog)
    return {name: catalog[name].load() for name in room.all_outputs()}
