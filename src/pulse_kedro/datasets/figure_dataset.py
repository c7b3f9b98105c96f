"""Figures as JSON files that Plotly, kedro-viz and a browser read; neither a run nor a load needs Plotly itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kedro.io import AbstractDataset
from kedro_datasets._typing import PlotlyPreview
from kedro_datasets.json import JSONDataset

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


class Drawn(Protocol):
    """What can be saved: our own figures, and Plotly's."""

    def to_json(self) -> str | None:
        """`data` and `layout` as JSON text."""
        ...


@dataclass(frozen=True, slots=True)
class StoredFigure:
    """A figure as the file has it; a notebook shows it."""

    content: Mapping[str, object]

    def to_json(self) -> str:
        """`data` and `layout` as JSON text."""
        return json.dumps(self.content)

    def to_plotly(self) -> "Figure":
        """The same as an object of Plotly, to change it."""
        from plotly.graph_objects import Figure

        return Figure(dict(self.content))

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        return {"application/vnd.plotly.v1+json": dict(self.content)}


class FigureDataset(AbstractDataset[Drawn, StoredFigure]):
    """One figure in one JSON file.

    Plotly builds a checked object from each figure that it saves or loads; for those of a cycle that takes as long as
    all contracts together, and longer than drawing.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep where the file is; nothing is opened.

        Args:
            filepath: The JSON file, a path or a URL.
            metadata: Anything; Kedro ignores it.
        """
        self._file = JSONDataset(filepath=filepath)
        self._filepath = filepath
        self.metadata = metadata

    def save(self, data: Drawn) -> None:
        """Write the figure."""
        self._file.save(json.loads(data.to_json() or "{}"))

    def load(self) -> StoredFigure:
        """The figure."""
        return StoredFigure(self._file.load())

    def preview(self) -> PlotlyPreview:
        """The figure, for kedro-viz."""
        return PlotlyPreview(self._file.load())

    def _exists(self) -> bool:
        return bool(self._file.exists())

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath}
