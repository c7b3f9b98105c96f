"""Laws that each dataset of ours obeys. A new one joins by a line in `ENTRIES`."""

import inspect
import pickle
from pathlib import Path
from typing import Any

import pytest
from kedro.io import AbstractDataset, DataCatalog, DatasetError

from pulse_kedro.datasets.client_dataset import BundleCheckDataset, CodeVersionDataset
from pulse_kedro.datasets.figure_dataset import FigureDataset
from pulse_kedro.datasets.html_dataset import HtmlDataset
from pulse_kedro.datasets.record_dataset import RecordDataset
from pulse_kedro.datasets.registry_dataset import CandidatesDataset, ChampionDataset
from pulse_kedro.datasets.snapshot_dataset import SnapshotDataset
from pulse_kedro.datasets.store_dataset import CycleRecordDataset, HistoryDataset, LedgerDataset

Kind = type[AbstractDataset[Any, Any]]
Settings = dict[str, Any]

URL = "sqlite:////nowhere/data/pulse.db"
FOLDER = "/nowhere/data/06_models"
ENTRIES: dict[Kind, Settings] = {
    HistoryDataset: {"url": URL},
    LedgerDataset: {"url": URL},
    CycleRecordDataset: {"url": URL},
    SnapshotDataset: {"filepath": "/nowhere/data/snapshot.json", "url": URL},
    ChampionDataset: {"path": FOLDER, "url": URL},
    CandidatesDataset: {"filepath": f"{FOLDER}/candidates.json"},
    CodeVersionDataset: {},
    BundleCheckDataset: {"path": FOLDER, "seconds": 9},
    RecordDataset: {"filepath": "/nowhere/data/period.json"},
    HtmlDataset: {"filepath": "/nowhere/data/report.html"},
    FigureDataset: {"filepath": "/nowhere/data/figure.json"},
}
LOAD_ONLY = (HistoryDataset, LedgerDataset, ChampionDataset, CodeVersionDataset, BundleCheckDataset)
ALWAYS_THERE = (CodeVersionDataset, BundleCheckDataset)


@pytest.mark.parametrize(("kind", "settings"), ENTRIES.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_catalog_builds_it_and_nothing_is_opened(kind: Kind, settings: Settings) -> None:
    entry = {"type": f"{kind.__module__}.{kind.__name__}", **settings, "metadata": {"kedro-viz": {"layer": "x"}}}

    dataset = DataCatalog.from_config({"entry": entry}).get("entry")

    assert isinstance(dataset, kind)
    assert {"kedro-viz": {"layer": "x"}} == dataset.metadata
    assert not Path("/nowhere").exists()


@pytest.mark.parametrize(("kind", "settings"), ENTRIES.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_it_survives_pickling_and_describes_its_settings(kind: Kind, settings: Settings) -> None:
    copy = pickle.loads(pickle.dumps(kind(**settings)))  # noqa: S301  # our own bytes

    assert set(settings.values()) <= set(copy._describe().values())  # noqa: SLF001  # what Kedro prints


@pytest.mark.parametrize("kind", ENTRIES, ids=lambda kind: kind.__name__)
def test_its_settings_have_names_only(kind: Kind) -> None:
    own = list(inspect.signature(inspect.unwrap(kind.__init__)).parameters.values())[1:]

    assert {inspect.Parameter.KEYWORD_ONLY} == {parameter.kind for parameter in own}


@pytest.mark.parametrize(("kind", "settings"), ENTRIES.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_it_knows_that_there_is_nothing_yet(kind: Kind, settings: Settings) -> None:
    assert (kind in ALWAYS_THERE) == kind(**settings).exists()


@pytest.mark.parametrize("kind", LOAD_ONLY, ids=lambda kind: kind.__name__)
def test_what_is_load_only_refuses_saving_and_says_what_to_do(kind: Kind) -> None:
    with pytest.raises(DatasetError, match=r"failed: .*(instead|Remove)"):
        kind(**ENTRIES[kind]).save("anything")


@pytest.mark.parametrize(
    "kind", [CycleRecordDataset, SnapshotDataset, CandidatesDataset, RecordDataset, HtmlDataset, FigureDataset]
)
def test_loading_what_was_never_saved_is_an_error(kind: Kind) -> None:
    with pytest.raises(DatasetError, match=r"nothing was committed|No such file"):
        kind(**ENTRIES[kind]).load()


@pytest.mark.parametrize(("kind", "empty"), [(HistoryDataset, "head"), (ChampionDataset, None)])
def test_before_the_first_cycle_there_is_an_empty_answer(kind: Kind, empty: str | None) -> None:
    found = kind(**ENTRIES[kind]).load()

    assert not (getattr(found, empty) if empty else found)
