"""A page for people: one HTML file, replaced in one step."""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import HTMLPreview


class HtmlDataset(AbstractDataset[str, str]):
    """Text of one HTML file; a reader sees the old page or the new one."""

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep where the page is; nothing is opened.

        Args:
            filepath: The HTML file.
            metadata: Anything; Kedro ignores it.
        """
        self._filepath = Path(filepath)
        self.metadata = metadata

    def save(self, data: str) -> None:
        """Replace the page."""
        from pulse_kedro.adapters.stores.files import write_file

        write_file(self._filepath, lambda draft: draft.write_text(data, encoding="utf-8"))

    def load(self) -> str:
        """Text of the page."""
        return self._filepath.read_text(encoding="utf-8")

    def preview(self) -> HTMLPreview:
        """The page, for kedro-viz."""
        return HTMLPreview(self.load())

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath.as_posix()}
