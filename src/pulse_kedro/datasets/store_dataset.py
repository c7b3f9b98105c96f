"""What closes the loop between runs: committed cycles, the ledger, and the record whose saving is the commit."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Never, NoReturn

import pandas as pd
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import JSONPreview, TablePreview

from pulse_kedro.datasets.previews import preview_rows, preview_values
from pulse_kedro.domain.history import CommittedCycle, CycleRecord, History
from pulse_kedro.domain.ledger import Ledger


class HistoryDataset(AbstractDataset[Never, History]):
    """Committed cycles and the head of their main line; empty before the first cycle. Load only.

    Example:
        >>> import pandas
        >>> HistoryDataset(url="sqlite:////nowhere/pulse.db").load().ancestors(pandas.Timestamp("2019-01-01"))
        ()
    """

    def __init__(self, *, url: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep the URL; nothing is opened.

        Args:
            url: SQLAlchemy URL of the database; a SQLite path must be absolute.
            metadata: Anything; Kedro ignores it.
        """
        self._url = url
        self.metadata = metadata

    def load(self) -> History:
        """Every committed cycle at this moment."""
        from pulse_kedro.adapters.stores import cycles
        from pulse_kedro.adapters.stores.engine import open_for_reading

        engine = open_for_reading(self._url)
        return History() if engine is None else cycles.read_history(engine)

    def save(self, _: Never) -> NoReturn:
        """Refuse: a cycle is committed by saving its record."""
        message = "Saving the history failed: it grows when a cycle record is saved. Save to `cycle_record` instead."
        raise DatasetError(message)

    def preview(self) -> TablePreview:
        """The newest cycles, for kedro-viz."""
        names = ("key", "as_of", "parent", "line", "recipe", "revision", "committed_at")
        known = self.load().cycles
        return preview_rows(pd.DataFrame({name: [getattr(cycle, name) for cycle in known] for name in names}))

    def _exists(self) -> bool:
        return _is_there(self._url)

    def _describe(self) -> dict[str, Any]:
        return {"url": self._url}


class LedgerDataset(AbstractDataset[Never, Ledger]):
    """Forecasts and outcomes of the main line of cycles; empty before the first cycle. Load only.

    What replays and superseded cycles wrote stays in the database; no cycle to come may build on it. Five nodes of a
    cycle ask for the log: it is read again only when the main line is another one, for what a committed cycle wrote
    never changes.

    Example:
        >>> len(LedgerDataset(url="sqlite:////nowhere/pulse.db").load().forecasts)
        0
    """

    def __init__(self, *, url: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep the URL; nothing is opened.

        Args:
            url: SQLAlchemy URL of the database; a SQLite path must be absolute.
            metadata: Anything; Kedro ignores it.
        """
        self._url = url
        self._kept: tuple[tuple[str, ...], Ledger] | None = None
        self.metadata = metadata

    def load(self) -> Ledger:
        """The log of the main line; `Ledger.of` narrows it to the ancestors of a cycle."""
        from pulse_kedro.adapters.stores import ledger
        from pulse_kedro.adapters.stores.engine import open_for_reading
        from pulse_kedro.adapters.stores.summary import keys_of_main_line

        engine = open_for_reading(self._url)
        if engine is None:
            return ledger.EMPTY
        keys = keys_of_main_line(engine)
        if self._kept is None or self._kept[0] != keys:
            self._kept = keys, ledger.read_main_line(engine)
        return self._kept[1]

    def _release(self) -> None:
        self._kept = None

    def save(self, _: Never) -> NoReturn:
        """Refuse: forecasts and outcomes are appended by a commit."""
        message = "Saving the ledger failed: it grows when a cycle record is saved. Save to `cycle_record` instead."
        raise DatasetError(message)

    def preview(self) -> JSONPreview:
        """How much the ledger holds, for kedro-viz."""
        log = self.load()
        return preview_values({"forecasts": len(log.forecasts), "outcomes": len(log.outcomes)})

    def _exists(self) -> bool:
        return _is_there(self._url)

    def _describe(self) -> dict[str, Any]:
        return {"url": self._url}


class RulebooksDataset(AbstractDataset[Never, Callable[[str], Mapping[str, object]]]):
    """A function that reads a rulebook of a committed cycle by its hash. Load only.

    Example:
        >>> RulebooksDataset(url="sqlite:////nowhere/pulse.db").load()("0" * 64)
        {}
    """

    def __init__(self, *, url: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep the URL; nothing is opened.

        Args:
            url: SQLAlchemy URL of the database; a SQLite path must be absolute.
            metadata: Anything; Kedro ignores it.
        """
        self._url = url
        self.metadata = metadata

    def load(self) -> Callable[[str], Mapping[str, object]]:
        """The function; it gives an empty mapping for a hash that was never kept."""
        from pulse_kedro.adapters.stores import rules
        from pulse_kedro.adapters.stores.engine import open_for_reading

        engine = open_for_reading(self._url)
        return (lambda _: {}) if engine is None else partial(rules.read, engine)

    def save(self, _: Never) -> NoReturn:
        """Refuse: a rulebook is kept by a commit."""
        message = "Saving a rulebook failed: a commit keeps it. Save to `rulebook` and `cycle_record` instead."
        raise DatasetError(message)

    def _exists(self) -> bool:
        return _is_there(self._url)

    def _describe(self) -> dict[str, Any]:
        return {"url": self._url}


class CycleRecordDataset(AbstractDataset[CycleRecord, CommittedCycle]):
    """The record of a cycle. Saving it is the commit, loading it gives the cycle as the database has it."""

    def __init__(self, *, url: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep the URL; nothing is opened.

        Args:
            url: SQLAlchemy URL of the database; a SQLite path must be absolute.
            metadata: Anything; Kedro ignores it.
        """
        self._url = url
        self._key: str | None = None
        self.metadata = metadata

    def save(self, data: CycleRecord) -> None:
        """Commit the cycle in one transaction; a key that was committed before changes nothing."""
        from pulse_kedro.adapters.stores import cycles, leases
        from pulse_kedro.adapters.stores.engine import open_for_writing

        engine = open_for_writing(self._url)
        self._key = cycles.commit(engine, data, now=datetime.now(UTC), token=leases.held(engine)).key

    def load(self) -> CommittedCycle:
        """The cycle that this dataset saved; in another process, the one committed last."""
        from pulse_kedro.adapters.stores import cycles
        from pulse_kedro.adapters.stores.engine import open_for_reading

        engine = open_for_reading(self._url)
        history = History() if engine is None else cycles.read_history(engine)
        if not history.cycles:
            message = "Loading the cycle record failed: nothing was committed yet. `kedro run` makes the first cycle."
            raise DatasetError(message)
        return history.cycles[-1] if self._key is None else history.committed(self._key)

    def preview(self) -> JSONPreview:
        """The cycle that was committed last and why it decided so, for kedro-viz."""
        if not self._exists():
            return preview_values(None)
        cycle = self.load()
        names = ("key", "as_of", "parent", "line", "recipe", "revision", "bundle", "decision", "summary")
        return preview_values({name: getattr(cycle, name) for name in names})

    def _exists(self) -> bool:
        return _is_there(self._url)

    def _describe(self) -> dict[str, Any]:
        return {"url": self._url}


def _is_there(url: str) -> bool:
    from pulse_kedro.adapters.stores.engine import open_for_reading

    return open_for_reading(url) is not None
