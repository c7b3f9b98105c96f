"""Events of the one database: saving adds those that are not there yet, loading gives them all."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview

from pulse_kedro.datasets.previews import preview_values
from pulse_kedro.domain.data_management.events import Event

Events = tuple[Event, ...]


class EventsDataset(AbstractDataset[Events, Events]):
    """Events that were kept, in the order in which they were handed out; none before the first.

    Example:
        >>> EventsDataset(url="sqlite:////nowhere/pulse.db").load()
        ()
    """

    def __init__(self, *, url: str, kinds: Sequence[str] | None = None, metadata: dict[str, Any] | None = None) -> None:
        """Keep the URL; nothing is opened.

        Args:
            url: SQLAlchemy URL of the database; a SQLite path must be absolute.
            kinds: Kinds that are loaded; all by default. Any kind can be saved.
            metadata: Anything; Kedro ignores it.
        """
        self._url = url
        self._kinds = None if kinds is None else tuple(kinds)
        self.metadata = metadata

    def load(self) -> Events:
        """All events of the kinds that are loaded."""
        from pulse_kedro.adapters.stores import events
        from pulse_kedro.adapters.stores.engine import open_for_reading

        engine = open_for_reading(self._url)
        return () if engine is None else events.read(engine, kinds=self._kinds)

    def save(self, data: Events) -> None:
        """Add the events that are not there yet; the others stay as they are."""
        from pulse_kedro.adapters.stores import events
        from pulse_kedro.adapters.stores.engine import open_for_writing

        events.append(open_for_writing(self._url), data, now=datetime.now(UTC))

    def preview(self) -> JSONPreview:
        """The newest events, for kedro-viz."""
        return preview_values([event.facts() for event in self.load()[-20:]])

    def _exists(self) -> bool:
        from pulse_kedro.adapters.stores.engine import open_for_reading

        return open_for_reading(self._url) is not None

    def _describe(self) -> dict[str, Any]:
        return {"url": self._url, "kinds": self._kinds}
