"""Bundles, each in a folder named by its digest: those that served committed cycles, and this cycle's candidates."""

import json
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never, NoReturn

import pandas as pd
from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import JSONPreview, TablePreview

from pulse_kedro.datasets.previews import preview_rows, preview_values
from pulse_kedro.domain.errors import CorruptArtifact

if TYPE_CHECKING:
    from pulse_kedro.domain.history import CommittedCycle
    from pulse_kedro.forecasting.bundle import Bundle


_DESCRIBED = ("frequency", "known_until", "snapshot", "parent", "choice", "members", "recipe", "recipe_digest")


class LostChampion(CorruptArtifact):
    """The bundle that served a committed cycle cannot be read any more."""

    def __init__(self, cycle: str, as_of: str, problem: str) -> None:
        """Keep the cycle, its period, and what is wrong with the bundle."""
        super().__init__(cycle, as_of, problem)
        self.cycle, self.as_of, self.problem = cycle, as_of, problem

    def __str__(self) -> str:
        """Name the cycle and the problem, and the run that makes the bundle anew."""
        return (
            f"Reading the champion of cycle {self.cycle} failed: got {self.problem}, expected the bundle as it was "
            f"sealed. Run that cycle again, `kedro run --params as_of={self.as_of}`, which makes its bundle anew; "
            "then run this one."
        )


class ChampionDataset(AbstractDataset[Never, "Mapping[str, Callable[[], Bundle]]"]):
    """For each committed cycle, a function that loads and verifies the bundle which served it. Load only.

    For the head it is the bundle that serves now, which a person may have put in charge since. Every bundle that a
    committed cycle decided on is there, too, under its own digest.

    Example:
        >>> ChampionDataset(path="/nowhere/bundles", url="sqlite:////nowhere/pulse.db").load()
        {}
    """

    def __init__(self, *, path: str, url: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep where things are; nothing is opened.

        Args:
            path: Folder of all bundles.
            url: SQLAlchemy URL of the database; a SQLite path must be absolute.
            metadata: Anything; Kedro ignores it.
        """
        self._path = Path(path)
        self._url = url
        self.metadata = metadata

    def load(self) -> "Mapping[str, Callable[[], Bundle]]":
        """Functions under the keys of their cycles; no bundle is read before one is called."""
        from pulse_kedro.adapters.stores import cycles
        from pulse_kedro.adapters.stores.engine import open_for_reading
        from pulse_kedro.domain.history import candidates_of

        engine = open_for_reading(self._url)
        if engine is None:
            return {}
        history = cycles.read_history(engine)
        digests = {cycle.key: history.stand_in(cycle.key) or cycle.bundle for cycle in history.cycles}
        made = {
            digest: partial(_load_champion, self._path / digest, cycle)
            for cycle in history.cycles
            for digest in (cycle.bundle, *(one["bundle"] for one in candidates_of(cycle.decision)))
        }
        served = {
            cycle.key: partial(_load_champion, self._path / digests[cycle.key], cycle) for cycle in history.cycles
        }
        return made | served

    def save(self, _: Never) -> NoReturn:
        """Refuse: a champion is made by a commit."""
        message = "Saving the champion failed: a commit moves it. Save to `candidates` and `cycle_record` instead."
        raise DatasetError(message)

    def preview(self) -> TablePreview:
        """Which bundle served which cycle, the newest last, for kedro-viz."""
        from pulse_kedro.adapters.stores import cycles
        from pulse_kedro.adapters.stores.engine import open_for_reading

        engine = open_for_reading(self._url)
        known = () if engine is None else cycles.read_history(engine).cycles
        names = ("key", "as_of", "recipe", "revision", "bundle")
        return preview_rows(pd.DataFrame({name: [getattr(cycle, name) for cycle in known] for name in names}))

    def _exists(self) -> bool:
        return self._path.exists()

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix(), "url": self._url}


class CandidatesDataset(AbstractDataset["dict[str, Bundle]", "dict[str, Bundle]"]):
    """Bundles by role: a pointer file, and one folder per bundle in `bundles/` beside it."""

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep where things are; nothing is opened.

        Args:
            filepath: Pointer file (JSON): the digest of each role.
            metadata: Anything; Kedro ignores it.
        """
        self._filepath = Path(filepath)
        self.metadata = metadata

    def save(self, data: "dict[str, Bundle]") -> None:
        """Keep each bundle under its digest, then let the pointer name them."""
        from pulse_kedro.adapters.stores.files import write_file

        folder = self._filepath.parent / "bundles"
        digests = {role: _keep(bundle, folder) for role, bundle in data.items()}
        write_file(self._filepath, lambda draft: draft.write_text(json.dumps(digests, indent=1), encoding="utf-8"))

    def load(self) -> "dict[str, Bundle]":
        """The bundles that were saved last, each verified."""
        digests = json.loads(self._filepath.read_text(encoding="utf-8"))
        return {role: _load(self._filepath.parent / "bundles" / digest) for role, digest in digests.items()}

    def preview(self) -> JSONPreview:
        """Each bundle by role: its digest, and what its manifest says about how it was made, for kedro-viz."""
        if not self._filepath.exists():
            return preview_values(None)
        digests = json.loads(self._filepath.read_text(encoding="utf-8"))
        folder = self._filepath.parent / "bundles"
        return preview_values({role: _manifest(folder / digest) for role, digest in digests.items()})

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath.as_posix()}


class BundleDataset(AbstractDataset["Bundle", "Bundle"]):
    """One bundle: a pointer file, and its folder in `bundles/` beside it."""

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep where things are; nothing is opened.

        Args:
            filepath: Pointer file (JSON): the digest.
            metadata: Anything; Kedro ignores it.
        """
        self._candidates = CandidatesDataset(filepath=filepath)
        self.metadata = metadata

    def save(self, data: "Bundle") -> None:
        """Keep the bundle under its digest, then let the pointer name it."""
        self._candidates.save({"serving": data})

    def load(self) -> "Bundle":
        """The bundle that was saved last, verified."""
        return self._candidates.load()["serving"]

    def preview(self) -> JSONPreview:
        """The bundle that serves, as its manifest describes it, for kedro-viz."""
        return self._candidates.preview()

    def _exists(self) -> bool:
        return self._candidates.exists()

    def _describe(self) -> dict[str, Any]:
        return self._candidates._describe()  # noqa: SLF001 the two differ in nothing but the number of bundles


def _manifest(folder: Path) -> dict[str, object]:
    """What a reader wants to know of a bundle; only the digest where its folder is gone."""
    path = folder / "manifest.json"
    held = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {"digest": folder.name} | {name: held[name] for name in _DESCRIBED if name in held}


def _keep(bundle: "Bundle", folder: Path) -> str:
    """Digest of a bundle that stands in the folder afterwards; a damaged copy gives way."""
    from pulse_kedro.forecasting.bundle_files import DamagedBundle, save_bundle, seal

    home = folder / seal(bundle).digest
    try:
        _load(home)
    except DamagedBundle:
        shutil.rmtree(home, ignore_errors=True)
        save_bundle(bundle, home)
    return home.name


def _load_champion(folder: Path, cycle: "CommittedCycle") -> "Bundle":
    """The bundle that served a cycle; an error says which run brings it back."""
    from pulse_kedro.domain.data_management.steps import spell
    from pulse_kedro.forecasting.bundle_files import DamagedBundle

    try:
        return _load(folder)
    except DamagedBundle as error:
        raise LostChampion(cycle.key, spell(cycle.as_of), f"{error.folder}, where {error.problem}") from error


def _load(folder: Path) -> "Bundle":
    """The bundle in a folder, every hash verified, the folder's name included."""
    from pulse_kedro.forecasting.bundle_files import load_bundle

    return load_bundle(folder)
